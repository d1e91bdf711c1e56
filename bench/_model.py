"""A model and a catalogue of any size for measuring how pages are served: the sizes and densities are a real one's, the
tastes are made up. Rows only: no film and no picture stands behind them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

_GENRES = (
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History",
    "Horror", "Music", "Mystery", "Romance", "Science fiction", "Thriller", "War", "Western",
)  # fmt: skip
_BATCH = 2000


def model(titles: Sequence[UUID], *, width: int = 500, seed: int = 3) -> Any:
    """Taste and following rows of `width` weights each, popularity as in real catalogues, content of ten features."""
    from recommend.engine import content
    from recommend.engine.content import Features
    from recommend.engine.model import Model, Rows, indexed

    chance, n = np.random.default_rng(seed), len(titles)
    width = min(width, n - 1)
    places = np.minimum((n * chance.random((n, width)) ** 2.5).astype(np.int32), n - 1)

    def rows() -> Rows:
        weights = (chance.pareto(2.0, (n, width)) * 0.02).astype(np.float16)
        return Rows(chance.permuted(places, axis=1), weights)

    features = [
        Features(
            genres=tuple(_GENRES[each] for each in chance.integers(0, len(_GENRES), 2)),
            people=tuple(f"p{each}" for each in chance.integers(0, max(10, n), 6)),
            words=tuple(f"w{each}" for each in chance.integers(0, 4000, 6)),
            year=int(chance.integers(1930, 2025)),
        )
        for _each in range(n)
    ]
    popularity = (1000 / np.arange(1, n + 1) ** 0.8).astype(np.float32)
    return Model(
        tuple(titles), indexed(titles), rows(), (rows(),), (5.0,), popularity, content.content(features)
    )


def catalogue(count: int, *, seed: int = 5) -> list[UUID]:
    """Put so many films with pictures and something to play into the (empty) database; → their ids."""
    from catalog import models

    chance, now = random.Random(seed), datetime(2026, 1, 1, tzinfo=UTC)
    genres = [models.Genre(slug=name.lower().replace(" ", "-"), name=name) for name in _GENRES]
    models.Genre.objects.bulk_create(genres)
    made: list[UUID] = []
    for start in range(0, count, _BATCH):
        titles = [
            models.Title(
                slug=f"t-{number}", name=f"Film {number}", year=1930 + number % 95, synopsis="A film. " * 20,
                maturity=chance.choice((0, 0, 6, 12, 16, 18)), published_at=now - timedelta(minutes=number),
            )
            for number in range(start, min(count, start + _BATCH))
        ]  # fmt: skip
        models.Title.objects.bulk_create(titles)
        shelved = models.Title.genres.through
        shelved.objects.bulk_create(
            shelved(title_id=one.id, genre_id=genre.id)
            for one in titles
            for genre in chance.sample(genres, 2)
        )
        models.Artwork.objects.bulk_create(
            models.Artwork(title=one, kind=kind, widths=[480, 960], width=960, height=540, accent="#335577")
            for one in titles
            for kind in ("poster", "backdrop")
        )
        videos = [models.Video(title=one, state="ready", duration=timedelta(hours=1)) for one in titles]
        models.Video.objects.bulk_create(videos)
        packages = [
            models.Package(id=one.id.hex, video=one, manifest="{}", duration=one.duration, bytes=1)
            for one in videos
        ]
        models.Package.objects.bulk_create(packages)
        for one, package in zip(videos, packages, strict=True):
            one.current_package = package
        models.Video.objects.bulk_update(videos, ["current_package"], batch_size=500)
        made += [one.id for one in titles]
    return made


def audience(count: int, titles: Sequence[UUID], *, seed: int = 9) -> list[UUID]:
    """So many profiles with tastes of sixty titles, places in three films and what is watched here; → their ids."""
    from django.utils import timezone

    from accounts.tests.factories import make_operator, make_profile, make_user
    from catalog.models import Video
    from playback.models import Bookmark
    from recommend.signals import models, packing
    from recommend.signals.shapes import Kind, TasteEntry

    make_operator()
    chance, now = random.Random(seed), timezone.now()
    videos = dict(Video.objects.values_list("title_id", "id"))
    user = make_user()
    first = make_profile("Somebody", user=user, maturity=18)
    manager = type(_profile_row(first.id)).objects
    columns = [f.attname for f in manager.model._meta.concrete_fields]
    template = {name: getattr(_profile_row(first.id), name) for name in columns}
    rows = []
    for number in range(count - 1):
        child = number % 5 == 4
        more = {"id": uuid4(), "name": f"Somebody {number}", "is_kid": child, "maturity": 7 if child else 18}
        rows.append(manager.model(**(template | more)))
    manager.bulk_create(rows, batch_size=_BATCH)
    ids = [first.id, *(row.id for row in rows)]
    tastes, marks = [], []
    for profile_id in ids:
        seen = [
            titles[min(int(len(titles) * chance.random() ** 2.5), len(titles) - 1)] for _each in range(60)
        ]
        entries = [
            TasteEntry(
                each, chance.choice((1.0, 1.0, 0.5, 0.3, -0.3)), now - timedelta(hours=age), Kind.FINISHED
            )
            for age, each in enumerate(dict.fromkeys(seen))
        ]
        tastes.append(
            models.Taste(
                profile_id=profile_id, version=1, entries=packing.pack(entries),
                seen=packing.pack_ids(dict.fromkeys(seen)),
            )
        )  # fmt: skip
        for title_id in list(dict.fromkeys(seen))[:3]:
            marks.append(
                Bookmark(
                    profile_id=profile_id, video_id=videos[title_id], title_id=title_id,
                    position=timedelta(minutes=20), duration=timedelta(hours=1), updated_at=now,
                )
            )  # fmt: skip
    models.Taste.objects.bulk_create(tastes, batch_size=_BATCH)
    Bookmark.objects.bulk_create(marks, batch_size=_BATCH)
    for title_id in titles[:400]:
        models.TrendCell.objects.create(title_id=title_id, day=5.0, week=9.0, month=20.0, at=now)
    return ids


def _profile_row(profile_id: UUID) -> Any:
    from accounts.models import Profile

    return Profile.objects.get(id=profile_id)

"""Everything beside titles that pages show: pictures, films that can be played, episodes, people who watch.

Rows only: no picture and no film stands behind them, and none is asked for by what is measured.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

#: Profiles of one household.
_PROFILES = 5
_BATCH = 2000


def furnish(*, seed: int = 11) -> None:
    """Give every title in the database a poster, a backdrop and something to play; a series two seasons of four."""
    from catalog import models

    chance = random.Random(seed)
    for start in range(0, models.Title.objects.count(), _BATCH):
        rows = list(models.Title.objects.order_by("slug")[start : start + _BATCH])
        models.Artwork.objects.bulk_create(
            models.Artwork(
                title=row,
                kind=kind,
                widths=list(widths),
                width=widths[-1],
                height=height,
                accent=_colour(chance),
            )
            for row in rows
            for kind, widths, height in (
                ("poster", (240, 480, 720), 1080),
                ("backdrop", (480, 960, 1440, 1920), 1080),
            )
        )
        videos = [models.Video(title=row) for row in rows if row.kind == "film"]
        seasons = [models.Season(title=row, number=n) for row in rows if row.kind == "series" for n in (1, 2)]
        models.Season.objects.bulk_create(seasons)
        episodes = [
            models.Episode(season=one, number=n, name=f"Part {n}") for one in seasons for n in range(1, 5)
        ]
        models.Episode.objects.bulk_create(episodes)
        videos += [models.Video(episode=one) for one in episodes]
        _play(models, videos, chance)


def _play(models: Any, videos: Sequence[Any], chance: random.Random) -> None:
    for video in videos:
        video.state, video.duration = "ready", timedelta(minutes=chance.randint(20, 150))
    models.Video.objects.bulk_create(videos)
    packages = [
        models.Package(id=video.id.hex, video=video, manifest="{}", duration=video.duration, bytes=1)
        for video in videos
    ]
    models.Package.objects.bulk_create(packages, batch_size=_BATCH)
    for video, package in zip(videos, packages, strict=True):
        video.current_package = package
    models.Video.objects.bulk_update(videos, ["current_package"], batch_size=500)


def move_in(profiles: int, *, seed: int = 13) -> list[Any]:
    """Households of five with histories, places, lists and thumbs; → the profiles."""
    from django.utils import timezone

    from accounts.tests.factories import make_operator, make_profile, make_user
    from catalog.models import Video
    from playback.models import Bookmark, Viewing
    from recommend.models import ListEntry, Thumb

    make_operator()  # without one the site only shows its first page
    chance, now = random.Random(seed), timezone.now()
    films = list(Video.objects.filter(title__isnull=False).values_list("id", "title_id", "duration"))
    parts = list(
        Video.objects.filter(episode__isnull=False).values_list("id", "episode__season__title_id", "duration")
    )
    made, viewings, marks, entries, thumbs = [], [], [], [], []
    for number in range(profiles):
        if number % _PROFILES == 0:
            user = make_user()
        child = number % _PROFILES == 4
        maturity = chance.choice((7, 10)) if child else chance.choice((18, 18, 16))
        profile = make_profile(f"Somebody {number}", user=user, is_kid=child, maturity=maturity)
        made.append(profile)
        # Some titles are watched by many, most by few.
        seen = [*_popular(chance, films, 35), *_popular(chance, parts, 15)]
        for video_id, title_id, duration in seen:
            ended, fraction = now - timedelta(days=chance.paretovariate(0.7)), chance.random() ** 0.5
            common = {"profile_id": profile.id, "video_id": video_id, "title_id": title_id}
            viewings.append(
                Viewing(
                    id=uuid4(), user_id=user.id, watched=duration * fraction, fraction=fraction,
                    started_at=ended - duration, ended_at=ended, **common,
                )
            )  # fmt: skip
            marks.append(
                Bookmark(
                    position=duration * fraction, duration=duration, finished=fraction > 0.92, updated_at=ended,
                    **common,
                )
            )  # fmt: skip
        entries += [ListEntry(profile_id=profile.id, title_id=one) for one in _titles(chance, films, 20)]
        thumbs += [
            Thumb(profile_id=profile.id, title_id=one, value=chance.choice(("up", "up", "double_up", "down")))
            for one in _titles(chance, films, 12)
        ]
    Viewing.objects.bulk_create(viewings, batch_size=_BATCH)
    Bookmark.objects.bulk_create(marks, batch_size=_BATCH, ignore_conflicts=True)
    ListEntry.objects.bulk_create(entries, batch_size=_BATCH)
    Thumb.objects.bulk_create(thumbs, batch_size=_BATCH)
    return made


def learn() -> Any:
    """Take in what everybody did, and serve a model of a real one's size from now on, in this process; → the patches.

    Its weights are made up: what a page costs does not hang on them.
    """
    from contextlib import ExitStack
    from pathlib import Path
    from unittest import mock

    from django.conf import settings

    from bench import _model
    from catalog.models import Title
    from recommend.engine import artefact
    from recommend.learning import serving
    from recommend.learning.serving import ModelState
    from recommend.signals import reconciling

    while reconciling.catch_up():
        pass
    folder = Path(settings.HOME) / "bench-model"
    artefact.write(_model.model(list(Title.objects.order_by("slug").values_list("id", flat=True))), folder)
    model, state = artefact.read(folder), ModelState(version="bench", source="live")
    patches = ExitStack()
    patches.enter_context(mock.patch.object(serving, "current_state", return_value=(model, state)))
    patches.enter_context(mock.patch.object(serving, "current", return_value=model))
    return patches


def _popular(chance: random.Random, rows: Sequence[Any], count: int) -> list[Any]:
    picked = {min(int(chance.paretovariate(0.35)), len(rows)) - 1 for _each in range(count)}
    return [rows[place] for place in picked]


def _titles(chance: random.Random, rows: Sequence[Any], count: int) -> set[UUID]:
    return {title_id for _video, title_id, _duration in chance.sample(rows, min(count, len(rows)))}


def _colour(chance: random.Random) -> str:
    return f"#{chance.randrange(0x400000, 0xFFFFFF):06x}"

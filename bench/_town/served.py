"""The real site as a town's shop: its catalogue, its profiles, its services, its training, by the town's calendar.

The clock is moved to each evening (time-machine), so all that counts days counts the town's. What is watched is told as
playback tells it when a session ends; a night that has something to learn trains as the worker's job does.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import time_machine

from bench._town.people import Person
from bench._town.season import Play, Shelf
from bench._town.titles import Titles

START = datetime(2026, 3, 1, tzinfo=UTC)
#: Rows of the viewer's own: what is in them was begun or kept by somebody, not suggested.
OWN = ("continue", "my-list", "again", "next-episode")
_LENGTH = timedelta(minutes=90)
_EPISODE = timedelta(minutes=30)


class Served:
    """The site, in a database that is there already (an empty one)."""

    def __init__(self, titles: Titles, people: list[Person], *, learns: bool = True, every: int = 7) -> None:
        self.titles, self.people = titles, people
        self._learns, self._every = learns, every
        self._shown_until = -1000.0
        self.ids: list[UUID] = []
        self._videos: list[list[UUID]] = []
        self.verdicts: list[str] = []
        with time_machine.travel(START, tick=False):
            self._stock()
            self.profiles = self._move_in()
        self._number = {title_id: number for number, title_id in enumerate(self.ids)}
        self.reasons: set[str] = set()
        self.sources: dict[str, int] = {}

    def page(self, who: int, day: float) -> Sequence[Shelf]:
        """The home page, as the site makes it."""
        from recommend import services

        self.publish(day)
        with time_machine.travel(_at(day), tick=False):
            home = services.home(self.profiles[who].id, now=_at(day))
        shelves = []
        for row in home.rows:
            self.reasons.add(row.key.split("-")[0])
            source = str(getattr(row, "source", ""))
            self.sources[source] = self.sources.get(source, 0) + 1
            own = row.key.startswith(OWN)
            shelves.append(Shelf(row.key, [self._number[card.title.id] for card in row.cards], own=own))
        return shelves

    def turned(self, who: int, day: float, knobs: Mapping[str, float]) -> Sequence[Shelf]:
        """The page as an experiment with these knobs would make it at the same moment."""
        from recommend.trials import experiments

        with mock.patch.object(experiments, "turned", return_value=dict(knobs)):
            return self.page(who, day)

    def publish(self, day: float) -> None:
        """What has arrived by now is there to be seen."""
        from catalog import models

        due = [
            number
            for number in range(len(self.titles))
            if self._shown_until < self.titles.arrives[number] <= day
        ]
        for number in due:
            at = _at(float(self.titles.arrives[number]))
            models.Title.objects.filter(id=self.ids[number]).update(published_at=at)
        self._shown_until = day

    def watched(self, play: Play) -> None:
        """A session has ended: a viewing, a bookmark, and the news."""
        from playback.events import playback_ended
        from playback.tests.factories import make_viewing
        from playback.types import PlaybackEnded

        profile = self.profiles[play.who]
        videos = self._videos[play.title]
        video = videos[min(play.episode, len(videos) - 1)]
        length = _EPISODE if self.titles.episodes[play.title] else _LENGTH
        ended = _at(play.day) + length * play.fraction
        with time_machine.travel(ended, tick=False):
            viewing = make_viewing(
                profile_id=profile.id, user_id=profile.user_id, video_id=video, title_id=self.ids[play.title],
                fraction=play.fraction, watched=length * play.fraction, ended_at=ended,
            )  # fmt: skip
            self._bookmark(profile.id, video, self.ids[play.title], play.fraction, length, ended)
            told = PlaybackEnded(viewing, length, length * 0.95)
            # Not the robust way: what a receiver stumbles over is what this is to find.
            playback_ended.send(sender=PlaybackEnded, event=told)

    def scripted(self, play: Play) -> None:
        """A play as taste takes it in, without what playback does for a real one: for many of them."""
        from recommend.signals import writing
        from recommend.signals.shapes import Act, Did

        length = _EPISODE if self.titles.episodes[play.title] else _LENGTH
        at = _at(play.day)
        act = Act(
            self.profiles[play.who].id, self.ids[play.title], Did.WATCHED, at=at, ref=uuid4(), value=play.fraction,
            video_id=self._videos[play.title][0], watched=length * play.fraction, length=length,
        )  # fmt: skip
        with time_machine.travel(at, tick=False):
            writing.record(act, now=at)

    def night(self, day: int) -> None:
        """What has something to learn, learns."""
        if self._learns and (day + 1) % self._every == 0:
            with time_machine.travel(_at(day + 0.99), tick=False):
                self.verdicts.append(train())

    def _stock(self) -> None:
        from catalog import models

        genres = {
            name: models.Genre(slug=name.lower().replace(" ", "-"), name=name)
            for name in _all(self.titles.genres)
        }
        models.Genre.objects.bulk_create(genres.values())
        people = {
            name: models.Person(name=name, slug=name.lower().replace(" ", "-"))
            for name in _all(self.titles.people)
        }
        models.Person.objects.bulk_create(people.values())
        rows, shelved, parts = [], [], []
        for number in range(len(self.titles)):
            row = models.Title(
                slug=f"t-{number}", name=f"Title {number}", year=int(self.titles.year[number]),
                kind="series" if self.titles.episodes[number] else "film", synopsis="",
                maturity=int(self.titles.maturity[number]),
            )  # fmt: skip
            rows.append(row)
            shelved += [
                models.Title.genres.through(title_id=row.id, genre_id=genres[name].id)
                for name in self.titles.genres[number]
            ]
            parts += [
                models.Credit(title=row, person=people[name], role="cast", position=place)
                for place, name in enumerate(self.titles.people[number])
            ]
        models.Title.objects.bulk_create(rows)
        models.Title.genres.through.objects.bulk_create(shelved)
        models.Credit.objects.bulk_create(parts)
        models.Artwork.objects.bulk_create(
            models.Artwork(title=row, kind=kind, widths=[480], width=480, height=270, accent="#445566")
            for row in rows
            for kind in ("poster", "backdrop")
        )
        self.ids = [row.id for row in rows]
        self._videos = [_playable(models, row, int(self.titles.episodes[n])) for n, row in enumerate(rows)]

    def _move_in(self) -> list[Any]:
        from accounts.tests.factories import make_profile, make_user

        users: dict[int, Any] = {}
        made = []
        for number, person in enumerate(self.people):
            user = users.get(person.household) or users.setdefault(person.household, make_user())
            made.append(
                make_profile(f"Somebody {number}", user=user, is_kid=person.kid, maturity=person.maturity)
            )
        return made

    def _bookmark(
        self, profile: UUID, video: UUID, title: UUID, fraction: float, length: timedelta, at: datetime
    ) -> None:
        from playback.models import Bookmark

        Bookmark.objects.update_or_create(
            profile_id=profile,
            video_id=video,
            defaults={
                "title_id": title,
                "position": length * fraction,
                "duration": length,
                "finished": fraction > 0.92,
                "updated_at": at,
            },
        )


def train() -> str:
    """Learn everything anew at once, as the worker's job does; returns what the gate said."""
    from netflixlite.jobs import services
    from recommend.learning import serving
    from recommend.learning.deciding import Occasion
    from recommend.learning.models import ModelVersion
    from recommend.learning.training import ask

    before = ModelVersion.objects.count()
    done = services.run_here(ask(Occasion.ASKED).id)
    serving.refresh()
    version = ModelVersion.objects.order_by("-pk").first()
    if version is None or ModelVersion.objects.count() == before:
        return f"failed: {done.error}"
    return f"{version.state}: {version.verdict}"


def _playable(models: Any, row: Any, episodes: int) -> list[UUID]:
    if episodes:
        season = models.Season.objects.create(title=row, number=1)
        parts = [models.Episode(season=season, number=n + 1, name=f"Part {n + 1}") for n in range(episodes)]
        models.Episode.objects.bulk_create(parts)
        videos = [models.Video(episode=part, state="ready", duration=_EPISODE) for part in parts]
    else:
        videos = [models.Video(title=row, state="ready", duration=_LENGTH)]
    models.Video.objects.bulk_create(videos)
    packages = [
        models.Package(id=video.id.hex, video=video, manifest="{}", duration=video.duration, bytes=1)
        for video in videos
    ]
    models.Package.objects.bulk_create(packages)
    for video, package in zip(videos, packages, strict=True):
        video.current_package = package
    models.Video.objects.bulk_update(videos, ["current_package"])
    return [video.id for video in videos]


def _at(day: float) -> datetime:
    return START + timedelta(days=day)


def _all(named: Sequence[Sequence[str]]) -> list[str]:
    return sorted({name for names in named for name in names})


def site(home: Path, *, seed: int) -> None:
    """Django over an empty database in this folder. Ids come from the seed too: what a page draws goes by them."""
    import os
    import random

    os.urandom = random.Random(seed).randbytes
    os.environ |= {
        "NETFLIXLITE_HOME": str(home),
        "NETFLIXLITE_DEBUG": "1",
        "NETFLIXLITE_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
    }
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from recommend.page import planning

    # Seconds in memory are months of the town, and a busy machine leaves no row out.
    settings.PAGES_REMEMBER_SECONDS = 0
    planning.BUDGET = float("inf")
    for name in connections:
        call_command("migrate", verbosity=0, database=name)
    call_command("createcachetable", verbosity=0)

"""A part of an AV1 ladder lets go of its place when a film arrives."""

from types import SimpleNamespace
from typing import Any

import pytest

from catalog.media import chunks, courtesy
from netflixlite.jobs import services as jobs

pytestmark = pytest.mark.django_db
KINDS = (chunks.CHUNK_KIND, chunks.EARLY_KIND)
AV1, FILM = -2500, 20


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "_LOOK", 0.0)


def part(priority: int) -> courtesy.Courtesy:
    context: Any = SimpleNamespace(priority=priority)
    return courtesy.Courtesy(context, KINDS)


def test_a_film_that_waits_is_given_the_place() -> None:
    running = part(AV1)
    running.check(0.1)
    jobs.enqueue(chunks.EARLY_KIND, payload={}, priority=50)
    with pytest.raises(courtesy.GivesWay):
        running.check(0.1)


def test_what_is_nearly_done_is_finished_first() -> None:
    jobs.enqueue(chunks.EARLY_KIND, payload={}, priority=50)
    part(AV1).check(0.9)


def test_parts_of_other_av1_ladders_and_other_work_take_no_place() -> None:
    jobs.enqueue(chunks.CHUNK_KIND, payload={}, priority=AV1)
    jobs.enqueue("catalog.find_pictures", payload={}, priority=50)
    part(AV1).check(0.1)


def test_a_film_gives_way_to_nobody() -> None:
    jobs.enqueue(chunks.EARLY_KIND, payload={}, priority=50)
    part(FILM).check(0.1)
    part(FILM - 1000).check(0.1)  # wanted later is wanted all the same

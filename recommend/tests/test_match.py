"""The figure that says how a title suits a profile, and why."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from catalog.tests.factories import make_title
from playback.tests.factories import make_viewing
from recommend import services
from recommend.match import Match, match
from recommend.scoring import Features, Signal
from recommend.types import Thumb

NOW = datetime(2026, 3, 1, 20, tzinfo=UTC)


def _title(*genres: str, people: tuple[str, ...] = ()) -> Features:
    return Features(id=uuid4(), kind="film", genres=frozenset(genres), people=frozenset(people))


def _said(*pairs: tuple[Features, float], ago: timedelta = timedelta()) -> list[Signal]:
    return [Signal(about.id, weight, NOW - ago) for about, weight in pairs]


def _known(*titles: Features) -> dict[UUID, Features]:
    return {each.id: each for each in titles}


def test_nothing_is_said_while_nothing_is_known() -> None:
    new, seen, other = _title("drama"), _title("drama"), _title("comedy")
    assert match(new, [], {}, now=NOW) is None
    assert match(new, _said((seen, 0.5)), _known(seen), now=NOW) is None, "half a film is too little"
    finished = _said((other, 1.0), (other, 1.0))
    assert match(new, finished, _known(other), now=NOW) is None, "comedies say nothing of dramas"


def test_more_of_what_was_enjoyed_suits_better_and_the_genre_is_the_reason() -> None:
    new, one, two, three = (_title("drama") for _each in range(4))
    once = match(new, _said((one, 1.0)), _known(one), now=NOW)
    thrice = match(new, _said((one, 1.0), (two, 1.0), (three, 1.0)), _known(one, two, three), now=NOW)
    assert once is not None
    assert thrice is not None
    assert 60 < once.percent < 80 < thrice.percent <= 99
    assert (thrice.genre, thrice.person) == ("drama", "")


def test_a_person_is_the_reason_where_the_genre_is_another() -> None:
    new, seen = _title("western", people=("Ida Lupino",)), _title("drama", people=("Ida Lupino",))
    found = match(new, _said((seen, 1.5), (seen, 1.0)), _known(seen), now=NOW)
    assert found is not None
    assert found.person == "Ida Lupino"
    assert found.percent > 55


def test_what_was_not_liked_lowers_the_figure_and_says_so() -> None:
    new, one, two = _title("horror"), _title("horror"), _title("horror", "drama")
    found = match(new, _said((one, -0.6), (two, -0.6)), _known(one, two), now=NOW)
    assert found is not None
    assert found.percent < 45
    assert found.genre == "horror"


def test_the_title_itself_and_what_is_long_ago_do_not_count() -> None:
    new, old = _title("drama"), _title("drama")
    assert match(new, _said((new, 1.5), (new, 1.0)), _known(new), now=NOW) is None
    assert match(new, _said((old, 1.0), ago=timedelta(days=120)), _known(old), now=NOW) is None


def test_the_reason_is_on_the_side_of_the_figure() -> None:
    new = _title("drama", "horror")
    dramas, horrors = [_title("drama") for _each in range(3)], _title("horror")
    signals = _said(*((each, 1.0) for each in dramas), (horrors, -0.6))
    assert match(new, signals, _known(*dramas, horrors), now=NOW) == Match(84, genre="drama")


@pytest.mark.django_db
def test_a_profile_is_told_how_a_title_suits_it_and_why(ada, ben):
    new, one, two = (make_title(name=name, genres=("Drama",), maturity=16) for name in ("New", "One", "Two"))
    assert services.suits(new.id, profile_id=ada.id) is None
    now = datetime.now(UTC)
    for seen in (one, two):
        make_viewing(profile_id=ada.id, video_id=seen.video_id, title_id=seen.id, fraction=0.97, ended_at=now)
    found = services.suits(new.id, profile_id=ada.id)
    assert found is not None
    assert found.percent > 70
    assert found.reason == "You have been enjoying Drama."
    services.rate(profile_id=ada.id, title_id=new.id, thumb=Thumb.UP)
    assert services.suits(new.id, profile_id=ada.id) is None, "it has said so itself"
    assert services.suits(new.id, profile_id=ben.id) is None, "nothing about what a child may not see"
    assert services.suits(new.id, profile_id=uuid4()) is None

"""The whole site in a small town: what holds on every page of everybody, whatever they do."""

import pytest
import time_machine

from bench._town import poison, served
from bench._town.season import Play, Season
from recommend import services
from recommend.signals import reading

pytestmark = pytest.mark.django_db(databases="__all__")


def at(day):
    return time_machine.travel(served._at(day), tick=False)


def watch(town, who, title, day, fraction=1.0):
    town.watched(Play(who, title, 0, fraction, day, heard=False))


def grown_up(town, household_other_than=None):
    return next(
        who
        for who, person in enumerate(town.people)
        if not person.kid and person.household != household_other_than
    )


def test_ten_days_of_a_town_show_no_child_what_it_may_not_and_no_title_twice_at_first_sight(town):
    log = Season(town.titles, town.people, town, seed=3).run(10)
    assert log.pages > 20
    assert log.plays
    assert log.unfit == []
    assert log.twice == 0


def test_a_script_that_plays_a_film_two_hundred_times_moves_nobody_further_than_one_play(town):
    figures = poison.measure(town, 200, day=2.0)
    assert figures["poison_rows"] > 10
    assert figures["poison_rows_moved"] == 0


def test_a_script_is_one_event_of_training_for_each_title_and_no_heavier(town):
    who = grown_up(town)
    for number in range(120):
        watch(town, who, 3, 2.0 + number / 500)
    with at(3.0):
        found = [row for row in reading.events_for_training() if row[0] == town.profiles[who].id]
    assert len(found) == 1
    assert found[0][2] <= 1.5


def test_who_is_not_to_count_for_others_does_not(town):
    who = grown_up(town)
    profile = town.profiles[who].id
    for title in range(0, 60, 5):
        watch(town, who, title, 2.0)
    with at(3.0):
        chosen = services.switches(profile)
        from recommend.signals.shapes import Switches

        services.set_switches(
            profile_id=profile, switches=Switches(chosen.personal, chosen.learn, False, chosen.steady)
        )
        assert not reading.trend(18, kids=False)
        assert not any(row[0] == profile for row in reading.events_for_training())
        assert reading.taste(profile).entries

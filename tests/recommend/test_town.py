"""The whole site in a small town: what holds on every page of everybody, whatever they do."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
import time_machine

from accounts import services as accounts
from bench._town import poison, served
from bench._town.season import Play, Season
from catalog import services as catalog
from recommend import services
from recommend.learning import gathering
from recommend.signals import reading
from recommend.types import Switches, Thumb

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.slow]


def at(day):
    return time_machine.travel(served._at(day), tick=False)


def page(town, who, day):
    """The home page of somebody, with what has arrived by that day."""
    town.publish(day)
    with at(day):
        return services.home(town.profiles[who].id, now=served._at(day))


def shown(home):
    """Every title that a page shows, the big picture's too."""
    found = [card.title for row in home.rows for card in row.cards]
    return [*found, home.billboard.title] if home.billboard else found


def watch(town, who, title, day, fraction=1.0):
    town.watched(Play(who, title, 0, fraction, day, heard=False))


def grown_up(town):
    return next(who for who, person in enumerate(town.people) if not person.kid)


def kid(town):
    return next(who for who, person in enumerate(town.people) if person.kid)


def test_ten_days_of_a_town_show_no_child_what_it_may_not_and_no_title_twice_at_first_sight(town):
    log = Season(town.titles, town.people, town, seed=3).run(10)
    assert log.pages > 20
    assert log.plays
    assert log.unfit == []
    assert log.twice == 0


def test_what_is_asked_for_beside_the_page_is_not_for_children_either(town):
    child = kid(town)
    profile = town.profiles[child]
    for title in range(0, 60, 7):
        watch(town, grown_up(town), title, 1.0)
    town.publish(2.0)
    found = 0
    with at(2.0):
        for number, title_id in enumerate(town.ids):
            may = town.titles.maturity[number] <= profile.maturity and town.titles.arrives[number] <= 2.0
            alike = services.more_like(title_id, profile_id=profile.id)
            assert all(card.title.maturity <= profile.maturity for card in alike)
            found += len(alike)
            if not may:
                assert alike == []
                assert services.suits(title_id, profile_id=profile.id) is None
    assert found


def test_a_title_that_is_made_for_older_ones_is_gone_from_the_next_page(town):
    child = kid(town)
    before = {title.id for title in shown(page(town, child, 1.0))}
    assert before
    taken = sorted(before)[: len(before) // 2]
    with at(1.1):
        for each in taken:
            catalog.update_title(title_id=each, maturity=18)
    assert {title.id for title in shown(page(town, child, 1.2))}.isdisjoint(taken)


def test_a_thumb_down_hides_and_taking_it_back_shows_again(town):
    who = grown_up(town)
    profile = town.profiles[who]
    title = shown(page(town, who, 1.0))[0]
    with at(1.1):
        services.rate(profile_id=profile.id, title_id=title.id, thumb=Thumb.DOWN)
    assert title.id not in {each.id for each in shown(page(town, who, 1.2))}
    with at(1.3):
        services.rate(profile_id=profile.id, title_id=title.id, thumb=None)
    assert title.id in {each.id for each in shown(page(town, who, 1.4))}


def test_the_same_town_has_the_same_page_twice(town):
    for number, title in enumerate(range(0, 60, 9)):
        watch(town, number % 8, title, 1.0 + number / 10)
    for who in range(8):
        one, two = page(town, who, 3.0), page(town, who, 3.0)
        assert shown(one)
        assert [(row.key, [card.title.id for card in row.cards]) for row in one.rows] == [
            (row.key, [card.title.id for card in row.cards]) for row in two.rows
        ]


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


def test_erasing_a_profile_leaves_trends_and_training_as_if_it_had_never_been(town, tmp_path):
    gone = grown_up(town)
    for who, person in enumerate(town.people):
        if who != gone:
            for title in range(who, 60, 6):
                if town.titles.maturity[title] <= person.maturity:
                    watch(town, who, title, 1.0 + title / 100)
    with at(3.0):
        never = _learnt(tmp_path / "never"), dict(reading.trend(18, kids=False))
    for title in range(0, 60, 5):
        watch(town, gone, title, 2.0 + title / 100)
    with at(3.0):
        with_it = _learnt(tmp_path / "with"), dict(reading.trend(18, kids=False))
        services.erase_taste(profile_id=town.profiles[gone].id)
        without = _learnt(tmp_path / "without"), dict(reading.trend(18, kids=False))
        taste = reading.taste(town.profiles[gone].id)
    assert with_it[0] != never[0]
    assert with_it[1] != never[1]
    assert without[0] == never[0]
    assert without[1] == pytest.approx(never[1], abs=1e-6)
    assert taste.entries == ()
    assert taste.seen == frozenset()


def test_who_is_not_to_count_for_others_does_not(town):
    who = grown_up(town)
    profile = town.profiles[who].id
    for title in range(0, 60, 5):
        watch(town, who, title, 2.0)
    with at(3.0):
        chosen = services.switches(profile)
        services.set_switches(
            profile_id=profile, switches=Switches(chosen.personal, chosen.learn, False, chosen.steady)
        )
        assert not reading.trend(18, kids=False)
        assert not any(row[0] == profile for row in reading.events_for_training())
        assert reading.taste(profile).entries


def test_what_is_watched_changes_ones_own_next_page(town):
    who = grown_up(town)
    for other in range(8):
        for title in range(other, 60, 7):
            watch(town, other, title, 1.0)
    before = page(town, who, 2.0)
    version = reading.version(town.profiles[who].id)
    assert before.billboard
    watch(town, who, town.ids.index(before.billboard.title.id), 2.1)
    assert reading.version(town.profiles[who].id) > version
    after = page(town, who, 2.2)
    assert [row.key for row in after.rows] != [row.key for row in before.rows] or Counter(
        title.id for title in shown(after)
    ) != Counter(title.id for title in shown(before))


def test_a_blocked_title_is_nowhere(town):
    who = kid(town)
    profile = town.profiles[who]
    titles = {title.id for title in shown(page(town, who, 1.0))}
    with at(1.0):
        alike = {card.title.id for each in titles for card in services.more_like(each, profile_id=profile.id)}
    blocked = sorted(titles & alike)[:3]
    assert blocked
    with at(1.1):
        for each in blocked:
            accounts.block_title(profile_id=profile.id, title_id=each)
    assert {title.id for title in shown(page(town, who, 1.2))}.isdisjoint(blocked)
    with at(1.2):
        for each in titles.difference(blocked):
            cards = services.more_like(each, profile_id=profile.id)
            assert {card.title.id for card in cards}.isdisjoint(blocked)


def _learnt(folder):
    """What a training would be given, without who it was."""
    folder.mkdir()
    gathering.gather(folder, check=lambda: None, now=served._at(3.0) + timedelta(hours=1))
    held = np.load(folder / "events.npz")
    return {name: held[name].tolist() for name in held.files if name not in ("viewer", "account")} | {
        "viewers": len(np.unique(held["viewer"])),
    }

"""Who holds what: enough copies, apart, the most played first, and little moved."""

import random
from collections import Counter

import pytest

from cdn.allocation import Allotment, Host, Item, allot, allowance, lost, preferences
from cdn.placement import Place, owners, spread

GB = 10**9
GBIT = 10**9


def items(count: int, *, size: int = GB, rate: float = 1e-4) -> list[Item]:
    """Films of one rendition, the first the most popular."""
    return [Item(number, f"{number:032x}", size, rate / (number + 1)) for number in range(count)]


def hosts(count: int, *, room: int, sites: int = 3, allowance: int = 0) -> list[Host]:
    return [
        Host(Place(f"n{number}", site=f"s{number % sites}"), GBIT, room * GB, allowance=allowance)
        for number in range(count)
    ]


def after(before: list[Host], decided: list[Allotment], **changes: int) -> list[Host]:
    return [
        Host(host.place, host.capacity_bps, host.budget, frozenset(one.bundles), changes.get("allowance", 0))
        for host, one in zip(before, decided, strict=True)
    ]


def copies(decided: list[Allotment]) -> Counter[int]:
    return Counter(bundle for one in decided for bundle in one.bundles)


def test_arrays_and_numbers_rank_alike() -> None:
    places = [Place(f"n{n}", site=f"s{n % 4}", weight=1 + n % 3) for n in range(13)]
    packages = [f"{n * 7919:032x}" for n in range(200)]
    for package, row in zip(packages, preferences(packages, places), strict=True):
        assert [places[n] for n in row] == spread(owners(package.encode(), places, 13), 13)


def test_what_fits_is_held_by_everybody() -> None:
    decided = allot(items(10), hosts(3, room=10))
    assert all(one.everything and set(one.bundles) == set(range(10)) for one in decided)
    assert next(iter(decided[0].bundles)) == 0, "the most played first"
    assert "holds everything" in decided[0].bundles[0]


def test_a_large_host_holds_everything_and_the_small_ones_what_is_played_most() -> None:
    large = Host(Place("large", site="s0"), GBIT, 50 * GB)
    decided = allot(items(40), [large, *hosts(2, room=10)])
    assert decided[0].everything
    assert not decided[1].everything
    assert set(range(8)) < set(decided[1].bundles) | set(decided[2].bundles)
    assert len(decided[1].bundles) == len(decided[2].bundles) == 10


def test_everything_has_two_copies_in_sites_apart() -> None:
    place = hosts(9, room=30)
    decided = allot(items(100), place)
    assert min(copies(decided)[n] for n in range(100)) >= 2
    for bundle in range(100):
        sites = [host.place.site for host, one in zip(place, decided, strict=True) if bundle in one.bundles]
        assert len(set(sites)) >= 2
    assert all(len(one.bundles) <= 30 for one in decided)


def test_what_is_asked_for_much_has_more_copies() -> None:
    # 1 GB, 0.25 plays a second: 2 Gb/s at its peak; one copy for each 250 Mb/s
    hot = Item(0, "a" * 32, GB, 0.25)
    decided = allot([hot, *items(50)[1:]], hosts(12, room=20))
    assert copies(decided)[0] >= 8
    assert any("of 8 for its load" in one.bundles.get(0, "") for one in decided)


def test_when_room_is_short_the_most_played_stays() -> None:
    decided = allot(items(100), hosts(4, room=10))
    held = copies(decided)
    assert all(held[n] >= 1 for n in range(15))
    assert held[99] == 0
    assert sum(held.values()) == 40


def test_renditions_of_a_film_meet_on_the_same_hosts() -> None:
    films = [Item(n * 2 + rung, f"{n:032x}", GB, 1e-4 / (n + 1)) for n in range(30) for rung in (0, 1)]
    decided = allot(films, hosts(6, room=30))
    for one in decided:
        together = sum((n * 2 in one.bundles) == (n * 2 + 1 in one.bundles) for n in range(30))
        assert together >= 27


def test_nothing_moves_while_nothing_changes() -> None:
    first = hosts(6, room=20)
    decided = allot(items(80), first)
    again = allot(items(80), after(first, decided))
    assert [set(one.bundles) for one in again] == [set(one.bundles) for one in decided]
    assert not any(one.dropped or one.deferred for one in again)


def test_a_little_more_popular_is_not_enough_to_move() -> None:
    first = [Host(Place("n0"), GBIT, GB, frozenset({0}), 10 * GB)]
    assert list(allot([Item(0, "a" * 32, GB, 1.0), Item(1, "b" * 32, GB, 1.2)], first)[0].bundles) == [0]
    assert list(allot([Item(0, "a" * 32, GB, 1.0), Item(1, "b" * 32, GB, 1.4)], first)[0].bundles) == [1]


def test_no_more_than_the_allowance_is_replaced_but_releases_are() -> None:
    old = [Item(n, f"{n:032x}", GB, 0.001) for n in range(20)]
    new = [Item(100 + n, f"{100 + n:032x}", GB, 1.0) for n in range(20)]
    host = Host(Place("n0"), GBIT, 20 * GB, frozenset(range(20)), 3 * GB)
    (decided,) = allot([*old, *new], [host])
    assert len(decided.dropped) == 3
    assert decided.replaced == 3 * GB
    assert any("replaced today" in why for why in decided.deferred.values())
    urgent = [Item(item.id, item.package, item.bytes, item.rate, urgent=True) for item in new]
    (decided,) = allot([*old, *urgent], [host])
    assert set(decided.bundles) == set(range(100, 120))
    assert decided.replaced == 0


def test_free_room_is_filled_whatever_the_allowance() -> None:
    (decided,) = allot(items(30), [Host(Place("n0"), GBIT, 20 * GB)])
    assert len(decided.bundles) == 20


def test_plans_come_to_rest() -> None:
    for seed in range(25):
        chance = random.Random(seed)
        films = [
            Item(n, f"{chance.randrange(1 << 60):032x}", chance.randrange(1, 9) * GB, chance.expovariate(1e5))
            for n in range(40)
        ]
        place = hosts(5, room=chance.randrange(30, 120), allowance=10**15)
        for _turn in range(8):
            before = [host.held for host in place]
            place = after(place, allot(films, place), allowance=10**15)
            if before == [host.held for host in place]:
                break
        else:
            pytest.fail(f"plans of seed {seed} go on changing")


def test_a_disk_that_became_smaller_keeps_the_best() -> None:
    (decided,) = allot(items(30), [Host(Place("n0"), GBIT, 5 * GB, frozenset(range(20)))])
    assert set(decided.bundles) == set(range(5))


def test_a_lost_host_moves_only_what_it_held() -> None:
    place = hosts(9, room=30, allowance=100 * GB)
    decided = allot(items(100), place)
    left = after(place, decided, allowance=100 * GB)[:-1]
    again = allot(items(100), left)
    assert min(copies(again)[n] for n in range(100)) >= 2
    moved = sum(len(set(one.bundles) - set(host.held)) for one, host in zip(again, left, strict=True))
    assert moved <= len(decided[-1].bundles) * 1.5


def test_what_was_lost_is_known() -> None:
    assert lost([{1, 2, 3}, {1, 2}, {4}], [{1, 2}, {4, 1}]) == {2, 3}


@pytest.mark.parametrize(
    ("left", "seconds", "says"), [(0, 0, 0), (0, 43200, 25), (40, 43200, 50), (-5, 86400, 50)]
)
def test_the_allowance_grows_with_time_up_to_a_day(left: float, seconds: float, says: int) -> None:
    assert allowance(1000, left, seconds) == says

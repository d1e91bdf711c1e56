"""Whom a node is told of."""

from typing import NamedTuple

from cdn.neighbours import MOST, Ring, version


class Row(NamedTuple):
    slot: int
    site: str
    region: str


def fleet(count: int, *, sites: int, regions: int) -> list[Row]:
    return [Row(n, f"s{n % sites:03}", f"r{n % sites % regions}") for n in range(1, count + 1)]


def test_in_a_small_fleet_everybody_knows_everybody() -> None:
    rows = fleet(40, sites=7, regions=2)
    ring = Ring(rows)
    for row in rows:
        assert {one.slot for one in ring.around(row)} == {one.slot for one in rows} - {row.slot}


def test_the_nearest_come_first() -> None:
    rows = fleet(40, sites=7, regions=2)
    me = rows[11]
    found = Ring(rows).around(me)
    tiers = [0 if one.site == me.site else 1 if one.region == me.region else 2 for one in found]
    assert tiers == sorted(tiers)
    assert tiers.count(0) == 5


def test_in_a_large_fleet_whom_i_know_knows_me() -> None:
    rows = fleet(1000, sites=100, regions=10)
    ring = Ring(rows)
    known = {row.slot: {one.slot for one in ring.around(row)} for row in rows}
    assert all(len(found) == MOST for found in known.values())
    assert all(me in known[other] for me, found in known.items() for other in found)
    site = {row.slot for row in rows if row.site == rows[0].site}
    assert site - {rows[0].slot} <= known[rows[0].slot]


def test_who_is_no_member_has_no_neighbours() -> None:
    rows = fleet(3, sites=1, regions=1)
    assert Ring(rows).around(Row(9, "s000", "r0")) == []
    assert Ring(rows[:1]).around(rows[0]) == []


def test_the_version_is_that_of_the_list() -> None:
    assert version([1]) == version([1]) != version([2])
    assert version([]) != 0

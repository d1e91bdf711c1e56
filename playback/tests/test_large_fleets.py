"""Of a large fleet each session is shown some dozens of nodes: the rules hold all the same. And how near they are."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from cdn.types import Node, NodeState
from playback import nearness
from playback.appointments import Appointments
from playback.live import Live
from playback.picture import WHOLE, Holding, Picture
from playback.steering import SHIELD, Failure, Ranking, Viewer, rank
from playback.tests.test_steering import GBIT, NOW, SITE_URL, node

PARIS, LYON, TOKYO = (48.86, 2.35), (45.76, 4.84), (35.68, 139.69)


def large(count: int = 400, **changes: object) -> list[Node]:
    """Nodes at a tenth as many sites, in four regions."""
    return [
        node(slot, site=f"s{slot // 10}", region=f"r{slot % 4}", egress_bps=300_000_000, **changes)
        for slot in range(1, count + 1)
    ]


def asked(picture: Picture, viewer: Viewer, **more: object) -> Ranking:
    return rank(picture, viewer, shield_url=SITE_URL, now=NOW, **more)  # type: ignore[arg-type]


def first(ranking: Ranking) -> str:
    return ranking.order[0].id


def test_the_rules_hold_in_a_large_fleet() -> None:
    picture = Picture(large())
    assert len(picture.nodes) > WHOLE
    for number in range(100):
        viewer = Viewer(seed=f"v{number}", site="s7", region="r1")
        answer = asked(picture, viewer)
        assert [one.rank for one in answer.order] == [1, 2, 3, 4]
        assert answer.order[-1].id == SHIELD
        assert answer.order[0].site == "s7"
        assert len({one.site for one in answer.order[:3]}) >= 2, "not all of it at one site"
        assert answer == asked(picture, viewer), "asking again moves nobody"


def test_everybody_is_spread_over_all_of_it() -> None:
    picture, loads = Picture(large(200)), Live()
    for number in range(5000):
        name = first(asked(picture, Viewer(seed=f"v{number}"), assigned=loads.assigned(NOW)))
        loads.assign(name, bps=4_000_000, now=NOW)
    shares = [load / GBIT for load in loads.assigned(NOW).values()]
    assert len(shares) == 200
    assert max(shares) / (sum(shares) / 200) < 1.6


def test_a_node_that_leaves_a_large_fleet_moves_few() -> None:
    nodes = large()
    before, after = Picture(nodes), Picture([one for one in nodes if one.slot != 77])
    moved = 0
    for number in range(300):
        viewer = Viewer(seed=f"v{number}")
        was = first(asked(before, viewer))
        moved += was not in ("n77", first(asked(after, viewer)))
    assert moved < 15


def test_the_node_in_use_and_those_that_failed_are_always_looked_at() -> None:
    picture = Picture(large())
    failed = {f"n{slot}": Failure(at=NOW - timedelta(seconds=2)) for slot in (3, 300)}
    for slot in range(1, 401, 14):
        answer = asked(picture, Viewer(seed="x", current=f"n{slot}", failures=failed))
        assert first(answer) == f"n{slot}"
        assert {"n3", "n300"} <= {one.id for one in answer.passed}


def test_who_holds_the_film_is_found_among_many() -> None:
    nodes = large()
    holding = Holding({"n11": "full", "n222": "full", "n333": "head"})
    picture = Picture(nodes)
    names = Counter(first(asked(picture, Viewer(seed=f"v{n}"), held=holding)) for n in range(100))
    assert set(names) == {"n11", "n222"}
    # In another picture the same holders are other nodes.
    busy = Picture([replace(one, egress_bps=GBIT) if one.slot in (11, 222) else one for one in nodes])
    assert {first(asked(busy, Viewer(seed=f"v{n}"), held=holding)) for n in range(50)} == {"n333"}


def test_a_picture_made_of_the_one_before_is_as_one_made_anew() -> None:
    chance = random.Random(3)
    nodes = large(300)
    picture = Picture(nodes)
    holding = Holding({f"n{slot}": "full" for slot in range(1, 300, 7)})
    for step in range(12):
        for _ in range(40):
            at = chance.randrange(len(nodes))
            state = chance.choice((NodeState.ACTIVE, NodeState.DRAINING, NodeState.SUSPECT))
            nodes[at] = replace(nodes[at], egress_bps=chance.randrange(GBIT), state=state)
        if step == 5:  # a node leaves the fleet
            nodes.pop(20)
        if step == 8:  # another is somewhere else now
            nodes[30] = replace(nodes[30], site="s3", region="r2")
        picture, anew = Picture(nodes, picture), Picture(nodes)
        assert (picture.nodes, picture.by_id) == (anew.nodes, anew.by_id)
        for number in range(20):
            viewer = Viewer(seed=f"v{number}", site=f"s{number}", region="r2", current=f"n{number + 30}")
            answer = asked(picture, viewer, held=holding)
            assert answer == asked(anew, viewer, held=Holding(holding.held))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"egress_bps": 2 * GBIT}, "last resort: full, 200 % busy"),
        ({"state": NodeState.DRAINING}, "last resort: draining"),
        ({"state": NodeState.SUSPECT}, "last resort: suspect"),
    ],
)
def test_when_a_large_fleet_is_in_trouble_there_is_still_an_answer(change: dict, words: str) -> None:
    picture = Picture([replace(one, **change) for one in large()])
    answer = asked(picture, Viewer(seed="x", failures={"n5": Failure(at=NOW)}))
    assert [one.reason for one in answer.order[:-1]] == [words] * 3
    dead = Picture([replace(one, state=NodeState.RETIRED) for one in large()])
    assert [one.id for one in asked(dead, Viewer(seed="x")).order] == [SHIELD]


# Nearness -----------------------------------------------------------------------------------------------


def test_distances_are_those_of_the_globe() -> None:
    (lyon, tokyo, here) = nearness.Globe([LYON, TOKYO, PARIS]).kilometres(PARIS)
    assert (round(float(lyon), -1), round(float(tokyo), -2), float(here)) == (390, 9700, 0)
    assert list(nearness.Globe([LYON, TOKYO, PARIS]).classes(PARIS)) == [0, 3, 0]
    assert list(nearness.Globe([]).classes(PARIS)) == []
    assert [nearness.of_round_trip(ms) for ms in (0, 9.9, 10, 29, 30, 79, 80, 500)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
    ]


def places(count: int = 3) -> list[Node]:
    """Nodes in Paris, in Lyon, in Tokyo, and somewhere."""
    found = [node(slot, site="tokyo", latitude=TOKYO[0], longitude=TOKYO[1]) for slot in range(1, 1 + count)]
    found += [
        node(slot, site="lyon", latitude=LYON[0], longitude=LYON[1]) for slot in range(101, 101 + count)
    ]
    return [*found, *(node(slot, site=f"x{slot}") for slot in range(201, 201 + count))]


@pytest.mark.parametrize("count", [1, 40])
def test_distance_decides_where_nothing_better_is_known(count: int) -> None:
    picture = Picture(places(count))
    answer = asked(picture, Viewer(seed="x", place=PARIS))
    assert answer.order[0].site == "lyon"
    assert answer.order[0].reason.startswith("probably under 10 ms away")
    assert answer.order[0].tier == "near"
    elsewhere = next(one for one in answer.order if one.site != "lyon")
    assert elsewhere.site != "tokyo", "what is not known is nearer than what is far"


@pytest.mark.parametrize("count", [1, 40])
def test_what_was_measured_is_believed_over_distance(count: int) -> None:
    picture = Picture(places(count))
    viewer = Viewer(seed="x", place=PARIS, rtt_ms={"n101": 140.0, "n201": 22.0, "n999": 1.0})
    answer = asked(picture, viewer)
    assert answer.order[0].site == "x201"
    assert answer.order[0].reason.startswith("under 30 ms away")
    assert count == 1 or "lyon" not in [one.site for one in answer.order]


@pytest.mark.parametrize("count", [1, 40])
def test_the_operators_map_goes_before_all(count: int) -> None:
    picture = Picture(places(count))
    answer = asked(picture, Viewer(seed="x", place=PARIS, site="tokyo", rtt_ms={"n101": 2.0}))
    assert answer.order[0].site == "tokyo"
    assert answer.order[0].reason.startswith("nearest tier")


# Failing together ---------------------------------------------------------------------------------------


def test_ranks_differ_by_machine_and_by_failure_domain() -> None:
    one_site = [
        node(1, base_url="https://a.test:1", domain="rack-1"),
        node(2, base_url="https://a.test:2", domain="rack-1"),
        node(3, base_url="https://b.test", domain="rack-1"),
        node(4, base_url="https://c.test", domain="rack-2"),
    ]
    for number in range(30):
        viewer = Viewer(seed=f"{number}", current="n1")
        answer = asked(Picture(one_site), viewer)
        assert [one.id for one in answer.order[:3]] == ["n1", "n4", "n3"]
        assert "another failure domain" in answer.order[1].reason
        assert "another machine" in answer.order[2].reason
    # Two sites behind one uplink fail together.
    sites = [
        node(1, site="a", domain="isp"),
        node(2, site="b", domain="isp"),
        node(3, site="c", domain="other"),
        node(4, site="a", domain="isp"),
    ]
    assert [one.id for one in asked(Picture(sites), Viewer(seed="x", current="n1")).order][1] == "n3"


# When to ask again --------------------------------------------------------------------------------------


def test_players_are_asked_back_when_there_is_room() -> None:
    book = Appointments(per_second=10)
    assert [book.book(100.0, 30.0) for _ in range(10)] == [30.0] * 10
    assert [book.book(100.0, 30.0) for _ in range(10)] == [31.5] * 10
    assert book.book(100.0, 10.0) == 10.0, "who is in trouble comes sooner"
    assert book.book(131.0, 30.0) == 30.0
    assert book.book(5000.0, 30.0) == 30.0, "the past is forgotten"


def test_no_second_is_given_away_twice_as_often() -> None:
    book, asked_at = Appointments(per_second=5), Counter[int]()
    for number in range(2500):
        now = 50.0 + number / 1000
        asked_at[int(now + book.book(now, 24 + number % 13))] += 1
    assert max(asked_at.values()) <= 5
    assert max(asked_at) < 50 + 24 + 520
    full = Appointments(per_second=1)
    assert [full.book(0.0, 30.0) for _ in range(700)][-1] == 600.0

"""Which node, and why: tables for the rules, loops for what must hold whatever comes in."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cdn.types import Node, NodeState
from playback import steering
from playback.steering import SHIELD, Failure, Viewer, rank

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SITE_URL = "http://site.test"
GBIT = 1_000_000_000


def node(slot: int, **changes: object) -> Node:
    plain = Node(
        id=UUID(int=slot),
        slot=slot,
        name=f"edge-{slot}",
        base_url=f"http://edge-{slot}.test",
        site="north",
        state=NodeState.ACTIVE,
        capacity_bps=GBIT,
        egress_bps=0,
        sessions=0,
        lease_until=NOW + timedelta(seconds=5),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def ranked(nodes: list[Node], viewer: Viewer | None = None, **more: object) -> list[str]:
    answer = rank(nodes, viewer or Viewer(seed="s"), shield_url=SITE_URL, now=NOW, **more)  # type: ignore[arg-type]
    return [one.id for one in answer.order]


def reasons(nodes: list[Node], viewer: Viewer | None = None) -> dict[str, str]:
    answer = rank(nodes, viewer or Viewer(seed="s"), shield_url=SITE_URL, now=NOW)
    return {one.id: one.reason for one in (*answer.order, *answer.passed)}


def test_the_shield_is_always_there_and_always_last() -> None:
    assert ranked([]) == [SHIELD]
    assert ranked([node(1)]) == ["n1", SHIELD]
    assert ranked([node(slot) for slot in range(1, 6)])[-1] == SHIELD


def test_at_most_three_nodes_are_offered_and_the_rest_is_explained() -> None:
    answer = rank([node(slot) for slot in range(1, 7)], Viewer(seed="s"), shield_url=SITE_URL, now=NOW)
    assert len(answer.order) == 4
    assert [one.rank for one in answer.order] == [1, 2, 3, 4]
    assert [one.reason for one in answer.passed] == ["not needed, 0 % busy"] * 3


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"state": NodeState.DRAINING}, "draining"),
        ({"state": NodeState.WARMING}, "warming"),
        ({"state": NodeState.SUSPECT}, "suspect"),
        ({"state": NodeState.RETIRED}, "retired"),
        ({"state": NodeState.QUARANTINED}, "quarantined"),
        ({"state": NodeState.PENDING}, "pending"),
        ({"state": NodeState.EVACUATED}, "evacuated"),
        ({"lease_until": NOW - timedelta(seconds=9)}, "silent, its lease ran out 9 s ago"),
        ({"lease_until": NOW}, "silent, its lease ran out 0 s ago"),
        ({"egress_bps": 950_000_000}, "full, 95 % busy"),
        ({"capacity_bps": 0}, "full, 100 % busy"),
    ],
)
def test_a_node_that_should_not_serve_is_passed_over_and_says_why(change: dict, objection: str) -> None:
    nodes = [node(1, **change), node(2)]
    assert ranked(nodes) == ["n2", SHIELD]
    assert reasons(nodes)["n1"] == objection


def test_a_degraded_node_may_serve_but_gets_fewer() -> None:
    nodes = [node(1, state=NodeState.DEGRADED), node(2)]
    assert set(ranked(nodes)) == {"n1", "n2", SHIELD}
    firsts = Counter(
        ranked(nodes[:1] + [node(slot) for slot in range(2, 5)], Viewer(seed=str(n)))[0] for n in range(400)
    )
    assert 0 < firsts["n1"] < min(firsts[f"n{slot}"] for slot in range(2, 5))


@pytest.mark.parametrize(
    ("times", "ago", "offered"),
    [
        (1, 4, False),
        (1, 11, True),
        (2, 11, False),
        (2, 21, True),
        (4, 79, False),
        (4, 81, True),
        (40, 299, False),
        (40, 301, True),
    ],
)
def test_a_node_that_failed_for_this_session_rests_longer_each_time(
    times: int, ago: int, offered: bool
) -> None:
    failures = {"n1": Failure(at=NOW - timedelta(seconds=ago), times=times)}
    nodes = [node(1), node(2)]
    assert ("n1" in ranked(nodes, Viewer(seed="s", failures=failures))) is offered
    if not offered:
        assert reasons(nodes, Viewer(seed="s", failures=failures))["n1"] == f"failed for you {ago} s ago"


def test_when_nobody_passes_the_least_bad_come_before_the_shield() -> None:
    nodes = [
        node(1, lease_until=NOW - timedelta(seconds=3), state=NodeState.SUSPECT),
        node(2, state=NodeState.DRAINING),
        node(3, egress_bps=970_000_000),
        node(4, state=NodeState.RETIRED),
        node(5, lease_until=NOW - timedelta(seconds=60), state=NodeState.SUSPECT),
        node(6),
    ]
    failures = {"n6": Failure(at=NOW - timedelta(seconds=2))}
    answer = rank(nodes, Viewer(seed="s", failures=failures), shield_url=SITE_URL, now=NOW)
    assert [one.id for one in answer.order] == ["n3", "n2", "n6", SHIELD]
    assert answer.order[2].reason == "last resort: failed for you 2 s ago"
    assert {one.id for one in answer.passed} == {"n1", "n4", "n5"}


def test_long_silent_nodes_do_not_hold_up_a_start() -> None:
    nodes = [node(slot, lease_until=NOW - timedelta(seconds=60), state=NodeState.SUSPECT) for slot in (1, 2)]
    assert ranked(nodes) == [SHIELD]
    assert reasons(nodes)[SHIELD] == "the site itself: no node can serve now"


def test_the_nearest_tier_comes_first_until_it_is_crowded() -> None:
    near, far = node(1, site="home", egress_bps=600_000_000), node(2, site="away")
    viewer = Viewer(seed="s", site="home")
    assert ranked([near, far], viewer)[0] == "n1"
    assert reasons([near, far], viewer)["n1"] == "nearest tier, 60 % busy"
    assert ranked([replace(near, egress_bps=880_000_000), far], viewer)[0] == "n2"


def test_a_crowded_near_node_is_better_than_none() -> None:
    near, far = node(1, site="home", egress_bps=880_000_000), node(2, site="away", egress_bps=900_000_000)
    assert ranked([near, far], Viewer(seed="s", site="home"))[0] == "n1"


def test_the_less_busy_of_two_wins() -> None:
    assert {
        ranked([node(1, egress_bps=200_000_000), node(2)], Viewer(seed=str(n)))[0] for n in range(50)
    } == {"n2"}


def test_the_node_in_use_stays_first_though_another_is_less_busy() -> None:
    nodes = [node(1, egress_bps=500_000_000), node(2), node(3)]
    assert ranked(nodes, Viewer(seed="s", current="n1"))[0] == "n1"
    assert reasons(nodes, Viewer(seed="s", current="n1"))["n1"] == "your node already, 50 % busy"


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"egress_bps": 950_000_000}, True),  # who is served there stays; nobody new is sent
        ({"egress_bps": 1_050_000_000}, False),
        ({"state": NodeState.DRAINING}, False),
        ({"lease_until": NOW - timedelta(seconds=1)}, False),
    ],
)
def test_the_node_in_use_is_left_for_a_reason_only(change: dict, stays: bool) -> None:
    assert (ranked([node(1, **change), node(2)], Viewer(seed="s", current="n1"))[0] == "n1") is stays


@pytest.mark.parametrize(
    ("ours", "theirs", "moved_ago", "moves"),
    [
        ([4e6, 4e6], [6e6, 6e6], None, True),
        ([4e6, 4e6], [6e6, 5e6], None, False),  # clearly faster once only
        ([4e6], [6e6, 6e6], None, False),  # too little known
        ([4e6, 4e6], [6e6, 6e6], 60, False),  # moved a minute ago
        ([4e6, 4e6], [6e6, 6e6], 130, True),
        ([0.0, 0.0], [0.0, 0.0], None, False),
    ],
)
def test_a_move_for_speed_needs_two_clear_reports_and_some_rest(
    ours: list[float], theirs: list[float], moved_ago: int | None, moves: bool
) -> None:
    viewer = Viewer(
        seed="s",
        current="n1",
        goodput={"n1": ours, "n2": theirs},
        moved_at=None if moved_ago is None else NOW - timedelta(seconds=moved_ago),
    )
    assert (ranked([node(1), node(2)], viewer)[0] == "n2") is moves


def test_the_second_node_stands_at_another_site_where_there_is_one() -> None:
    nodes = [node(1, site="a"), node(2, site="a"), node(3, site="a"), node(4, site="b")]
    for seed in range(50):
        order = ranked(nodes, Viewer(seed=str(seed)))
        assert "n4" in order[:2]


def test_the_third_node_leaves_the_nearest_tier_for_another_site() -> None:
    nodes = [node(1, site="home"), node(2, site="home"), node(3, site="home"), node(4, site="away")]
    for seed in range(50):
        order = ranked(nodes, Viewer(seed=str(seed), site="home"))
        assert order[2] == "n4"
        assert order[0] != "n4"


def test_nobody_is_given_far_more_than_the_tiers_mean() -> None:
    nodes = [node(1, egress_bps=800_000_000), *(node(slot, egress_bps=400_000_000) for slot in range(2, 6))]
    assert "n1" not in {ranked(nodes, Viewer(seed=str(n)))[0] for n in range(100)}


def test_a_flash_crowd_within_one_heartbeat_is_spread_by_what_was_given_out() -> None:
    nodes, given = [node(slot) for slot in range(1, 5)], Counter[str]()
    for viewer in range(400):
        first = ranked(nodes, Viewer(seed=f"v{viewer}"), assigned=given)[0]
        given[first] += 4_000_000
    loads = [load / GBIT for load in given.values()]
    assert len(loads) == 4
    assert max(loads) / (sum(loads) / 4) < 1.25


def test_capacity_weighs() -> None:
    nodes = [node(1, capacity_bps=10 * GBIT), node(2), node(3)]
    firsts = Counter(ranked(nodes, Viewer(seed=str(n)))[0] for n in range(600))
    assert firsts["n1"] > firsts["n2"] + firsts["n3"]


def test_the_same_question_has_the_same_answer_whatever_the_order_of_the_nodes() -> None:
    nodes = [node(slot, site="ab"[slot % 2], egress_bps=slot * 70_000_000) for slot in range(1, 6)]
    answers = {tuple(ranked(list(order), Viewer(seed="one"))) for order in itertools.permutations(nodes)}
    assert len(answers) == 1


def test_a_node_that_leaves_moves_only_those_who_were_there() -> None:
    nodes = [node(slot) for slot in range(1, 7)]
    for seed in range(100):
        before = ranked(nodes, Viewer(seed=str(seed)))[0]
        after = ranked([one for one in nodes if one.slot != 6], Viewer(seed=str(seed)))[0]
        assert before in (after, "n6")


def test_whatever_comes_in_the_answer_holds_its_promises() -> None:
    states, leases, loads = list(NodeState), (-60, -5, 0, 5), (0, 0.5, 0.9, 0.95, 1.4)
    for case in range(1500):
        made = [
            node(
                slot,
                state=states[(case * 7 + slot * 3) % len(states)],
                lease_until=NOW + timedelta(seconds=leases[(case + slot) % 4]),
                egress_bps=int(GBIT * loads[(case // 3 + slot) % 5]),
                site="abc"[(case // 5 + slot) % 3],
            )
            for slot in range(1, 1 + case % 8)
        ]
        viewer = Viewer(
            seed=str(case),
            site="abc "[case % 4].strip(),
            current=f"n{case % 9}" if case % 2 else None,
            failures={"n2": Failure(at=NOW - timedelta(seconds=case % 40), times=1 + case % 5)},
        )
        answer = rank(made, viewer, shield_url=SITE_URL, now=NOW)
        ids = [one.id for one in answer.order]
        assert ids[-1] == SHIELD
        assert ids.count(SHIELD) == 1
        assert len(ids) == len(set(ids)) <= 4
        assert sorted([*ids[:-1], *(one.id for one in answer.passed)]) == sorted(
            f"n{one.slot}" for one in made
        )
        assert all(one.reason for one in (*answer.order, *answer.passed))
        assert answer == rank(made, viewer, shield_url=SITE_URL, now=NOW)
        chosen = {one.id: one for one in answer.order}
        for one in made:
            retired = one.state not in steering._MAY_WORK
            if retired or one.lease_until <= NOW - steering.DOUBT:
                assert f"n{one.slot}" not in chosen


def firsts(nodes: list[Node], held: dict[str, str], sessions: int = 200) -> Counter[str]:
    """Where so many sessions are sent first."""
    return Counter(
        rank(nodes, Viewer(seed=f"s{number}"), shield_url=SITE_URL, now=NOW, held=held).order[0].id
        for number in range(sessions)
    )


def test_who_holds_the_film_comes_first_and_says_so() -> None:
    nodes = [node(slot) for slot in range(1, 6)]
    assert set(firsts(nodes, {"n2": "full", "n4": "full", "n5": "head"})) == {"n2", "n4"}
    assert set(firsts(nodes, {"n2": "partial", "n5": "head"})) == {"n2"}
    assert set(firsts(nodes, {"n5": "head"})) == {"n5"}
    assert len(firsts(nodes, {})) == 5
    answer = rank(nodes, Viewer(seed="s"), shield_url=SITE_URL, now=NOW, held={"n3": "full"})
    assert answer.order[0].reason == "any site, holds all of it, 0 % busy"
    assert len(answer.order) == 4, "the others follow: they can fetch it"


def test_a_crowd_around_one_film_spills_over_to_nodes_that_will_fetch_it() -> None:
    crowded = [node(1, egress_bps=int(0.86 * GBIT)), node(2), node(3)]
    assert set(firsts(crowded, {"n1": "full"})) == {"n2", "n3"}
    # 0.6 of a mean of 0.4 is more than anybody should be given, though nobody is crowded yet
    uneven = [node(1, egress_bps=int(0.6 * GBIT)), *(node(n, egress_bps=int(0.3 * GBIT)) for n in (2, 3))]
    assert set(firsts(uneven, {"n1": "full"})) == {"n2", "n3"}
    even = [node(1, egress_bps=int(0.45 * GBIT)), *(node(n, egress_bps=int(0.4 * GBIT)) for n in (2, 3))]
    assert set(firsts(even, {"n1": "full"})) == {"n1"}


def test_nearness_comes_before_holding() -> None:
    nodes = [node(1, site="south"), node(2, site="north")]
    answer = rank(nodes, Viewer(seed="s", site="north"), shield_url=SITE_URL, now=NOW, held={"n1": "full"})
    assert [one.id for one in answer.order] == ["n2", "n1", SHIELD]


def test_another_site_comes_before_another_copy() -> None:
    nodes = [node(1, site="south"), node(2, site="south"), node(3, site="north")]
    answer = rank(nodes, Viewer(seed="s"), shield_url=SITE_URL, now=NOW, held={"n1": "full", "n2": "full"})
    assert answer.order[1].id == "n3"

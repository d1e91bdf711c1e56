"""The life of a node as tables."""

import pytest

from cdn.states import ARROWS, MAY_FILL, SERVING, Report, after_heartbeat, braked, may_move
from cdn.types import NodeState as S


def test_every_state_has_its_arrows_and_none_leads_to_itself() -> None:
    assert set(ARROWS) == set(S)
    assert all(state not in arrows for state, arrows in ARROWS.items())


def test_every_state_can_be_reached_and_left() -> None:
    reached = set().union(*ARROWS.values()) | {S.PENDING}
    assert reached == set(S)
    assert all(ARROWS.values())


@pytest.mark.parametrize("state", [s for s in S if s is not S.RETIRED])
def test_the_operator_can_retire_a_node_in_any_state(state: S) -> None:
    assert may_move(state, S.RETIRED)


def test_a_retired_node_comes_back_only_by_enrolling_anew() -> None:
    assert ARROWS[S.RETIRED] == {S.VERIFYING}


def test_nobody_is_sent_to_and_nothing_is_given_to_a_node_that_is_not_trusted() -> None:
    for state in (S.PENDING, S.VERIFYING, S.EVACUATED, S.RETIRED, S.QUARANTINED):
        assert state not in SERVING
        assert state not in MAY_FILL


@pytest.mark.parametrize(
    ("here", "wanted", "report", "there"),
    [
        (S.WARMING, "serve", Report(), S.ACTIVE),
        (S.ACTIVE, "serve", Report(), S.ACTIVE),
        (S.SUSPECT, "serve", Report(), S.ACTIVE),
        (S.EVACUATED, "serve", Report(), S.ACTIVE),
        (S.DEGRADED, "serve", Report(), S.ACTIVE),
        (S.ACTIVE, "serve", Report(ready=False), S.DEGRADED),
        (S.ACTIVE, "serve", Report(skew=5, skew_strikes=3), S.DEGRADED),
        (S.ACTIVE, "serve", Report(skew=5, skew_strikes=2), S.ACTIVE),
        (S.ACTIVE, "drain", Report(sessions=3), S.DRAINING),
        (S.DRAINING, "drain", Report(sessions=3), S.DRAINING),
        (S.DRAINING, "drain", Report(sessions=0), S.EVACUATED),
        (S.SUSPECT, "drain", Report(sessions=3), S.DRAINING),
        (S.DRAINING, "serve", Report(), S.ACTIVE),
        (S.ACTIVE, "serve", Report(goodbye=True), S.EVACUATED),
        (S.DRAINING, "drain", Report(goodbye=True, sessions=3), S.EVACUATED),
        (S.RETIRED, "retire", Report(), S.RETIRED),
        (S.QUARANTINED, "quarantine", Report(goodbye=True), S.QUARANTINED),
        (S.QUARANTINED, "serve", Report(), S.ACTIVE),
        (S.PENDING, "serve", Report(), S.PENDING),
        (S.VERIFYING, "serve", Report(), S.VERIFYING),
    ],
)
def test_what_a_heartbeat_makes_of_a_node(here: S, wanted: str, report: Report, there: S) -> None:
    state, reason = after_heartbeat(here, wanted=wanted, report=report)
    assert state is there
    assert there is here or (may_move(here, there) and reason)


@pytest.mark.parametrize(
    ("serving", "silent", "held"),
    [(1, 1, False), (2, 2, False), (3, 1, False), (3, 2, True), (10, 4, False), (10, 5, True)],
)
def test_when_the_brake_holds(serving: int, silent: int, held: bool) -> None:
    assert braked(serving=serving, newly_silent=silent) is held


def test_a_heartbeat_never_calls_for_a_change_that_the_table_has_not() -> None:
    reports = [
        Report(goodbye=goodbye, ready=ready, sessions=sessions, skew_strikes=strikes)
        for goodbye in (False, True)
        for ready in (False, True)
        for sessions in (0, 2)
        for strikes in (0, 3)
    ]
    for here in S:
        for wanted in ("serve", "drain", "retire", "quarantine"):
            for report in reports:
                there, _ = after_heartbeat(here, wanted=wanted, report=report)
                assert there is here or may_move(here, there)

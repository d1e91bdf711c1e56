"""The life of a node as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from cdn.states import ARROWS, MAY_FILL, SERVING, Report, after_heartbeat, braked, may_move, serving_since
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


@pytest.mark.parametrize(
    ("warm", "seconds", "there"),
    [(True, 1, S.ACTIVE), (False, 1, S.WARMING), (False, 899, S.WARMING), (False, 901, S.ACTIVE)],
)
def test_a_new_node_warms_until_it_holds_what_it_must_or_has_had_its_time(
    warm: bool, seconds: float, there: S
) -> None:
    report = Report(warm=warm, warming_seconds=seconds)
    assert after_heartbeat(S.WARMING, wanted="serve", report=report)[0] is there


def test_a_warming_node_can_be_drained_and_degraded_like_any_other() -> None:
    assert after_heartbeat(S.WARMING, wanted="drain", report=Report(warm=False))[0] is S.EVACUATED
    assert after_heartbeat(S.WARMING, wanted="serve", report=Report(warm=False, ready=False))[0] is S.DEGRADED


@pytest.mark.parametrize("here", [S.ACTIVE, S.DEGRADED, S.SUSPECT])
def test_what_two_witnesses_call_down_is_suspect_though_it_is_heard(here: S) -> None:
    assert after_heartbeat(here, wanted="serve", report=Report(held="they say so")) == (
        S.SUSPECT,
        "they say so",
    )


NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("here", "there", "idle", "since"),
    [
        (S.WARMING, S.ACTIVE, 5, NOW),
        (S.EVACUATED, S.ACTIVE, 5, NOW),
        (S.QUARANTINED, S.DEGRADED, 5, NOW),
        (S.DEGRADED, S.ACTIVE, 500, LONG_AGO),
        (S.DRAINING, S.ACTIVE, 5, LONG_AGO),
        (S.ACTIVE, S.SUSPECT, 5, LONG_AGO),
        (S.SUSPECT, S.ACTIVE, 59, LONG_AGO),
        (S.SUSPECT, S.ACTIVE, 61, NOW),
        (S.ACTIVE, S.EVACUATED, 5, None),
        (S.ACTIVE, S.QUARANTINED, 5, None),
    ],
)
def test_since_when_a_node_serves(here: S, there: S, idle: float, since: datetime | None) -> None:
    found = serving_since(here, there, before=LONG_AGO, idle=timedelta(seconds=idle), now=NOW)
    assert found == since

"""The life of an edge node as a table and two decisions. Pure: no clock, no database, no Django."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cdn.types import NodeState as S

#: From each state, where it may go. docs/architecture.md draws the same arrows.
ARROWS: dict[S, frozenset[S]] = {
    S.PENDING: frozenset({S.VERIFYING, S.RETIRED, S.QUARANTINED}),
    S.VERIFYING: frozenset({S.PENDING, S.WARMING, S.RETIRED, S.QUARANTINED}),
    S.WARMING: frozenset(
        {S.ACTIVE, S.DEGRADED, S.SUSPECT, S.DRAINING, S.EVACUATED, S.VERIFYING, S.RETIRED, S.QUARANTINED}
    ),
    S.ACTIVE: frozenset(
        {S.DEGRADED, S.SUSPECT, S.DRAINING, S.EVACUATED, S.VERIFYING, S.RETIRED, S.QUARANTINED}
    ),
    S.DEGRADED: frozenset(
        {S.ACTIVE, S.SUSPECT, S.DRAINING, S.EVACUATED, S.VERIFYING, S.RETIRED, S.QUARANTINED}
    ),
    S.SUSPECT: frozenset(
        {S.ACTIVE, S.DEGRADED, S.DRAINING, S.EVACUATED, S.VERIFYING, S.RETIRED, S.QUARANTINED}
    ),
    S.DRAINING: frozenset({S.ACTIVE, S.DEGRADED, S.EVACUATED, S.VERIFYING, S.RETIRED, S.QUARANTINED}),
    S.EVACUATED: frozenset({S.ACTIVE, S.DEGRADED, S.DRAINING, S.VERIFYING, S.RETIRED, S.QUARANTINED}),
    S.QUARANTINED: frozenset({S.ACTIVE, S.DEGRADED, S.VERIFYING, S.RETIRED}),
    S.RETIRED: frozenset({S.VERIFYING}),
}

#: States in which viewers may be sent to a node, best first.
SERVING = frozenset({S.ACTIVE, S.DEGRADED, S.WARMING, S.SUSPECT, S.DRAINING})
#: States of a node that viewers may be moved to.
RECEIVING = frozenset({S.ACTIVE, S.DEGRADED})
#: States that a node keeps only while it is heard.
LEASED = frozenset({S.WARMING, S.ACTIVE, S.DEGRADED})
#: States whose node may fetch from the origin.
MAY_FILL = frozenset({S.WARMING, S.ACTIVE, S.DEGRADED, S.SUSPECT, S.DRAINING})
#: A node's clock may differ this much from ours before it counts against the node, in seconds.
SKEW_LIMIT = 2.0
#: A new node that does not hold what every node must gets viewers all the same after this long, in seconds.
WARMING_MOST = 900.0
#: A silence shorter than this does not count as an interruption of a node's service.
FORGIVEN = timedelta(seconds=60)
#: So many skewed heartbeats in a row mean a wrong clock and not a slow network.
SKEW_STRIKES = 3


def may_move(here: S, there: S) -> bool:
    """Whether the table has this arrow."""
    return there in ARROWS[here]


@dataclass(frozen=True, slots=True)
class Report:
    """What a heartbeat says that bears on the state. `skew` in seconds, node minus control plane.

    `warm` is whether the node holds what every node must, `warming_seconds` since when it is in its state; `held` are
    the words of the witnesses that call it down though it is heard, empty when there are none.
    """

    goodbye: bool = False
    ready: bool = True
    problem: str = ""
    sessions: int = 0
    skew: float = 0.0
    skew_strikes: int = 0
    warm: bool = True
    warming_seconds: float = 0.0
    held: str = ""


def after_heartbeat(here: S, *, wanted: str, report: Report) -> tuple[S, str]:
    """The state a node is in once this heartbeat was heard, with the reason for people.

    It is `here` or one that an arrow leads to from `here`: what is wanted and cannot be waits.
    """
    there, reason = _called_for(here, wanted=wanted, report=report)
    return (there, reason) if there is here or may_move(here, there) else (here, "")


def _called_for(here: S, *, wanted: str, report: Report) -> tuple[S, str]:
    if wanted == "retire":
        return S.RETIRED, "retired by the operator"
    if wanted == "quarantine":
        return S.QUARANTINED, "quarantined by the operator"
    if here in (S.PENDING, S.VERIFYING):
        return here, ""
    if report.goodbye:
        return S.EVACUATED, "said goodbye"
    if wanted == "drain":
        if report.sessions == 0:
            return S.EVACUATED, "drained: no session left"
        return S.DRAINING, "drained by the operator"
    if report.held and here in (S.SUSPECT, S.ACTIVE, S.DEGRADED, S.WARMING):
        return S.SUSPECT, report.held
    if report.skew_strikes >= SKEW_STRIKES:
        return S.DEGRADED, f"its clock is {report.skew:+.1f} s off"
    if not report.ready:
        return S.DEGRADED, report.problem or "it reports that it is not ready"
    if here is S.WARMING and not report.warm:
        if report.warming_seconds < WARMING_MOST:
            return here, ""
        return S.ACTIVE, "not all that every node holds is here yet, but it has had its time"
    return S.ACTIVE, "heard and ready" if here is not S.SUSPECT else "heard again"


def serving_since(
    here: S, there: S, *, before: datetime | None, idle: timedelta, now: datetime
) -> datetime | None:
    """Since when a node that moves from `here` to `there` serves without interruption; `idle` is how long it was here.

    A short silence, a wish to drain that was taken back: no interruption. After a longer one its caches are cold and
    its place was taken, so it starts anew.
    """
    if there in (S.SUSPECT, S.DRAINING):
        return before
    if there not in RECEIVING:
        return None
    interrupted = here not in (*RECEIVING, S.DRAINING, S.SUSPECT) or (here is S.SUSPECT and idle > FORGIVEN)
    return now if interrupted or before is None else before


def braked(*, serving: int, newly_silent: int) -> bool:
    """Whether so many nodes fell silent at once that our own ears are the likelier fault (over 40 % of 3 or more)."""
    return serving >= 3 and newly_silent / serving > 0.4

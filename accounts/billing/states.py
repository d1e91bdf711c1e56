"""The states of a subscription, and which may follow which. Pure.

pending ──paid──► active ──not paid──► past_due ──grace over──► ended
   │               │  ▲                  │   ▲                    ▲
   │          cancel  resume           paid  not paid             │
   │               ▼  │                  ▼   │                    │
   └──given up──►  cancelled ────────── period over ──────────────┘
"""

from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Where a subscription stands. `CANCELLED` goes on until its period ends."""

    PENDING = "pending"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"
    ENDED = "ended"


FOLLOWS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.ACTIVE, State.ENDED}),
    State.ACTIVE: frozenset({State.PAST_DUE, State.CANCELLED, State.ENDED}),
    State.PAST_DUE: frozenset({State.ACTIVE, State.CANCELLED, State.ENDED}),
    State.CANCELLED: frozenset({State.ACTIVE, State.PAST_DUE, State.ENDED}),
    State.ENDED: frozenset(),
}
#: Those that are not over.
LIVE = (State.PENDING, State.ACTIVE, State.PAST_DUE, State.CANCELLED)


class WrongState(Exception):
    """A step that a subscription cannot take from where it stands."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"A subscription that is {before} cannot become {after}.")
        self.before, self.after = before, after


def step(before: State, after: State) -> State:
    """`after`, when it may follow `before` (or is the same). Raises WrongState."""
    if after is not before and after not in FOLLOWS[before]:
        raise WrongState(before, after)
    return after


def allows(state: State, *, period_end: datetime | None, grace_until: datetime | None, now: datetime) -> bool:
    """Whether a subscription in this state opens what its plan allows.

    An active one does even after its period's end, for as long as nobody has said that it was not paid: the news of a
    renewal may be late, and the periodic pass asks for it.
    """
    if state is State.ACTIVE:
        return True
    if state is State.PAST_DUE:
        return grace_until is None or now < grace_until
    return state is State.CANCELLED and period_end is not None and now < period_end

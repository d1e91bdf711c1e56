"""Why bytes did not come from where they should have: decisions of steering laid beside what nodes say they gave. Pure.

As Netflix tells its misses apart: a *content miss* is a node that had to fetch what it was asked for, a *health miss* a
node that was asked though another stood first, or that stood first because nearer or better ones could not serve.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from playback.types import Decision

#: Words of an objection that are the node's state, not a choice.
_UNWELL = (
    "silent", "suspect", "full", "draining", "evacuated", "quarantined", "failed for you", "warming", "last resort",
)  # fmt: skip


class Kind(StrEnum):
    """What a delivery was."""

    HIT = "as it should be"
    CONTENT = "content miss"
    HEALTH = "health miss"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Given:
    """One answer of a node to a session. `node` is its pathway, `held` whether it had what was asked for."""

    at: datetime
    node: str
    bytes: int
    held: bool
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers and bytes of one kind from one node, with the reason in words."""

    node: str
    kind: Kind
    why: str
    answers: int
    bytes: int


def judge(decisions: Sequence[Decision], given: Iterable[Given]) -> list[Judged]:
    """What each node gave, by kind, the most bytes first. Decisions oldest first."""
    sums: dict[tuple[str, Kind, str], list[int]] = {}
    for one in given:
        kind, why = _kind(_in_force(decisions, one.at), one)
        entry = sums.setdefault((one.node, kind, why), [0, 0])
        entry[0] += 1
        entry[1] += one.bytes
    found = [Judged(node, kind, why, *counts) for (node, kind, why), counts in sums.items()]
    return sorted(found, key=lambda one: (-one.bytes, one.node, one.kind, one.why))


def _in_force(decisions: Sequence[Decision], at: datetime) -> Decision | None:
    """The last decision before then; the first when none is that old (its row is written a moment later)."""
    before = [one for one in decisions if one.at <= at]
    return before[-1] if before else decisions[0] if decisions else None


def _kind(decision: Decision | None, given: Given) -> tuple[Kind, str]:
    if given.failed:
        return Kind.HEALTH, "it could not answer"
    if decision is None:
        return Kind.OTHER, "no decision is kept from that time"
    ranks = [one.node for one in decision.order]
    if given.node not in ranks:
        return Kind.OTHER, "it was not offered then: the player was still there"
    place = ranks.index(given.node)
    if place:
        return Kind.HEALTH, f"the player went to rank {place + 1}, away from {ranks[0]}"
    reason = decision.order[0].reason
    if reason.startswith("last resort") or given.node == "shield":
        return Kind.HEALTH, reason
    if not given.held:
        return Kind.CONTENT, f"it had to fetch it: {reason}"
    unwell = next((one for one in decision.passed if one.reason.startswith(_UNWELL)), None)
    if "any site" in reason and unwell is not None:
        return Kind.HEALTH, f"{unwell.node} could not: {unwell.reason.partition(',')[0]}"
    return Kind.HIT, "rank 1, from what it holds"

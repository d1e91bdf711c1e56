"""Which node a simulated viewer asks: the rules of `static/js/player/nodes.js`, for `bench/_viewers.py`.

Only what an evacuation needs: rank, penalties with doubling, leaving when asked, coming back. Times are the loop's.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIRST_PENALTY, LONGEST_PENALTY, FORGIVEN_AFTER, RETURN_AFTER, LEFT = 10.0, 300.0, 120.0, 60.0, 60.0
SHIELD = "shield"


@dataclass(slots=True)
class Place:
    """A node as one viewer knows it."""

    id: str
    base: str
    rank: int
    failures: int = 0
    failed_at: float = float("-inf")
    until: float = 0.0
    left_until: float = 0.0

    def state(self, now: float) -> str:
        """'healthy', 'penalised', or 'half-open' when its penalty has run out."""
        if not self.until:
            return "healthy"
        return "penalised" if now < self.until else "half-open"


class Nodes:
    """The nodes that one viewer was given, and what it has learnt of them."""

    def __init__(self, listed: Sequence[Mapping[str, Any]]) -> None:
        self._places: dict[str, Place] = {}
        self.active = ""
        self._moved_at = float("-inf")
        self.update(listed, 0.0)

    def update(self, listed: Sequence[Mapping[str, Any]], now: float) -> None:
        """A new ranking; what is known of a node's health stays."""
        if not listed:
            return
        before, self._places = self._places, {}
        for one in listed:
            known = before.get(one["id"]) or Place(one["id"], one["base_url"], one["rank"])
            known.rank = one["rank"]
            self._places[known.id] = known
        best = next(
            (one for one in self._ranked() if one.state(now) == "healthy" and now >= one.left_until), None
        )
        if best and best.id != self.active:
            self._move(best.id, now)
        if self.active not in self._places:
            self._move(self.order(now)[0].id, now)

    def order(self, now: float) -> list[Place]:
        """Whom to ask, best first; never empty."""
        weights = {"healthy": 0.0, "half-open": 1.0, "penalised": 2.0}

        def key(one: Place) -> tuple[float, float, float]:
            weight = weights[one.state(now)] or (0.5 if now < one.left_until else 0.0)
            if weight >= 1:
                return (weight, one.failed_at, 0.0)
            return (weight, 0.0 if one.id == self.active else 1.0, float(one.rank))

        return sorted(self._places.values(), key=key)

    def penalise(self, id: str, now: float) -> None:
        """It failed: asked last for 10 s, doubling."""
        one = self._places.get(id)
        if one is None:
            return
        news = one.state(now) != "penalised"
        if now - one.failed_at > FORGIVEN_AFTER + max(0.0, one.until - one.failed_at):
            one.failures = 0
        one.failed_at = now
        if news:
            one.until = now + min(LONGEST_PENALTY, FIRST_PENALTY * 2**one.failures) * random.uniform(0.9, 1.1)
            one.failures += 1
        if id == self.active:
            self._move(self.order(now)[0].id, now)

    def leave(self, id: str, now: float) -> None:
        """It asked to be left; the site itself is for when no node can serve."""
        others = (one for one in self._places.values() if one.id not in (id, SHIELD))
        if id not in self._places or not any(
            one.state(now) == "healthy" and now >= one.left_until for one in others
        ):
            return
        self._places[id].left_until = now + LEFT * random.uniform(0.9, 1.1)
        if id == self.active:
            self._move(self.order(now)[0].id, now)

    def succeed(self, id: str, now: float) -> None:
        """A request went well."""
        one = self._places.get(id)
        if one is None or not one.until:
            return
        one.until = 0.0
        active = self._places.get(self.active)
        better = active is not None and one.rank < active.rank and now - self._moved_at > RETURN_AFTER
        if active is None or active.state(now) != "healthy" or better:
            self._move(id, now)

    def _ranked(self) -> list[Place]:
        return sorted(self._places.values(), key=lambda one: one.rank)

    def _move(self, id: str, now: float) -> None:
        self.active, self._moved_at = id, now

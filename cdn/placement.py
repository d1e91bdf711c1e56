"""Whose a thing is: weighted rendezvous hashing. Pure, standard library only: the site and the nodes ask the same.

Every place gets a score for a key; the highest owns it. When a place comes or goes only its own share moves, and a
place of twice the weight owns twice as much. The score is `-weight / ln(u)`, with u in (0, 1) drawn by hashing key
and place: BLAKE2b of each, mixed as 64-bit numbers, so that who asks for many keys hashes each place once
(`cdn.allocation` does the same with arrays and a test holds them together).
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_MASK = (1 << 64) - 1
#: The finaliser of SplitMix64 (Steele, Lea, Flood 2014): two multipliers, three shifts.
MIX_1, MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to keep things. Places of one `site` fail together; `weight` is any positive measure of size."""

    id: str
    site: str = ""
    region: str = ""
    weight: float = 1.0


def owners(key: bytes, nodes: Sequence[Place], count: int) -> list[Place]:
    """The first `count` places for this key, best first; the same answer wherever it is asked.

    The order of `nodes` does not matter. Places without weight own nothing.
    """
    drawn = mark(key)
    ranked = sorted(
        (-score(drawn, node), node.id, position) for position, node in enumerate(nodes) if node.weight > 0
    )
    return [nodes[position] for _score, _id, position in ranked[: max(0, count)]]


def spread(ranked: Sequence[Place], count: int) -> list[Place]:
    """The first `count` of a ranking, one of each site before a second of any: what fails together stays apart."""
    chosen: list[Place] = []
    left = list(ranked)
    while left and len(chosen) < count:
        sites: set[str] = set()
        passed: list[Place] = []
        for place in left:
            if place.site in sites or len(chosen) == count:
                passed.append(place)
            else:
                sites.add(place.site)
                chosen.append(place)
        left = passed
    return chosen


def score(drawn: int, place: Place) -> float:
    """How strongly a place claims the key that `mark` made this number of."""
    mixed = drawn ^ _mark_of(place.id)
    mixed = ((mixed ^ (mixed >> 30)) * MIX_1) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * MIX_2) & _MASK
    mixed ^= mixed >> 31
    share = ((mixed >> 12) + 0.5) / (1 << 52)
    return -place.weight / math.log(share)


def mark(key: bytes) -> int:
    """A key as a number of 64 bits."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")


@lru_cache(maxsize=16384)
def _mark_of(place_id: str) -> int:
    return mark(place_id.encode())

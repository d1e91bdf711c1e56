"""Which other nodes a node is told of, to fetch from and to let fetch. Pure: no clock, no database, no Django.

The nodes stand in a ring, by region, then site. Each is told of those around it: its own site first, then its region,
then the rest. Whom I know knows me, too; in a fleet that fits into the list everybody knows everybody.
"""

import zlib
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

#: So many nodes a node is told of.
MOST = 64


class Member(Protocol):
    """What is needed of a node's row."""

    @property
    def slot(self) -> int: ...
    @property
    def site(self) -> str: ...
    @property
    def region(self) -> str: ...


M = TypeVar("M", bound=Member)


class Ring(Generic[M]):
    """Members in the order in which they are each other's neighbours."""

    def __init__(self, members: Sequence[M], *, most: int = MOST) -> None:
        self._ring = sorted(members, key=lambda one: (one.region, one.site, one.slot))
        self._at = {one.slot: number for number, one in enumerate(self._ring)}
        self._most = most

    def around(self, me: Member) -> list[M]:
        """The neighbours of a member, nearest first; itself is left out, and who is no member has none."""
        here = self._at.get(me.slot)
        if here is None:
            return []
        size = len(self._ring)
        reach = min(self._most // 2, (size - 1) // 2 + 1)
        found = {(here + step) % size for step in range(-reach, reach + 1)} - {here}
        near = sorted((self._ring[number] for number in found), key=lambda one: (_tier(me, one), one.slot))
        return near[: self._most]


def _tier(me: Member, one: Member) -> int:
    if one.region != me.region:
        return 2
    return 0 if one.site == me.site else 1


def version(described: Sequence[object]) -> int:
    """A number that changes when the list does; never 0, which means: I know none."""
    return zlib.crc32(repr(described).encode()) or 1

"""A taste as bytes of a row: 29 for an entry, 16 for an id. Pure. Read with every page, so it is remembered by these.

An entry is the title's id (16 bytes), the weight (float32), the time (float64, seconds since 1970) and the kind's place
(uint8), all little-endian.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from recommend.signals.shapes import Kind, TasteEntry

_ENTRY = struct.Struct("<16sfdB")
_KINDS = tuple(Kind)
_PLACE = {kind: place for place, kind in enumerate(_KINDS)}


def pack(entries: Iterable[TasteEntry]) -> bytes:
    """Entries as bytes, in their order."""
    return b"".join(
        _ENTRY.pack(one.title_id.bytes, one.weight, one.at.timestamp(), _PLACE[one.kind]) for one in entries
    )


@lru_cache(maxsize=2048)
def entries(data: bytes) -> tuple[TasteEntry, ...]:
    """The entries that were packed. Of a row that was written by a newer version, what this one knows."""
    whole = len(data) - len(data) % _ENTRY.size
    return tuple(
        TasteEntry(UUID(bytes=title), round(weight, 4), datetime.fromtimestamp(at, UTC), _KINDS[place])
        for title, weight, at, place in _ENTRY.iter_unpack(data[:whole])
        if place < len(_KINDS)
    )


def pack_ids(ids: Iterable[UUID]) -> bytes:
    """Ids as bytes, in their order."""
    return b"".join(one.bytes for one in ids)


def in_order(data: bytes) -> list[UUID]:
    """The ids that were packed, in their order."""
    return [UUID(bytes=data[at : at + 16]) for at in range(0, len(data) - 15, 16)]


@lru_cache(maxsize=2048)
def ids(data: bytes) -> frozenset[UUID]:
    """The ids that were packed."""
    return frozenset(in_order(data))

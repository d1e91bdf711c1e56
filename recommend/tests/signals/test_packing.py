"""A taste as bytes and back."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from recommend.signals import packing
from recommend.signals.shapes import Kind, TasteEntry


def test_what_is_packed_comes_out_as_it_went_in():
    source = random.Random(8)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = tuple(
        TasteEntry(
            UUID(int=source.getrandbits(128)),
            round(source.uniform(-0.3, 1.5), 4),
            start + timedelta(microseconds=source.randrange(10**13)),
            source.choice(list(Kind)),
        )
        for _each in range(200)
    )
    data = packing.pack(made)
    assert len(data) == 200 * 29
    assert packing.entries(data) == made
    ids = [entry.title_id for entry in made]
    assert packing.in_order(packing.pack_ids(ids)) == ids
    assert packing.ids(packing.pack_ids(ids)) == set(ids)


def test_what_a_newer_version_wrote_or_a_torn_row_is_read_as_far_as_it_can_be():
    entry = TasteEntry(UUID(int=1), 1.0, datetime(2026, 1, 1, tzinfo=UTC), Kind.UP)
    data = packing.pack([entry])
    newer = data[:-1] + bytes([250])
    assert packing.entries(data + newer + b"xyz") == (entry,)
    assert packing.ids(b"\x00" * 16 + b"ab") == {UUID(int=0)}

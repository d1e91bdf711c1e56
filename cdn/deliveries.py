"""The flow log: what nodes gave to viewers, taken in exactly once whatever is sent twice.

A node numbers the rows of its journal. One transaction writes the rows and moves the cursor of that journal, so a
batch that comes again, or overlaps, adds only what is new. Batches are taken in one after another (one row is locked
for all), so that ids rise in the order of commits: who counts up to an id has missed nothing.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cdn import models

DATABASE = "telemetry"
#: More rows than this in one batch are refused; a node that was away sends several.
ROWS_MAX = 20_000
#: With less than this left on the database's disk nothing more is taken in, in bytes. Nodes keep what waits, to a bound
#: of their own; this disk is the other database's and the films', too.
ROOM = 1 << 30
_NOBODY = UUID(int=0)
_PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One answer that a node gave, as it tells: `ms` from the request to the last byte handed to the kernel."""

    at_ms: int
    session: UUID | None
    package: str
    rendition: str
    name: str
    status: int
    bytes: int
    ms: int
    cache: str
    cmcd: str


class NoRoom(Exception):
    """The disk is nearly full: the rows stay where they are."""


def take(node_id: UUID, *, journal: UUID, first: int, rows: Sequence[Row]) -> int:
    """Take in the rows numbered from `first`; → the last number that is safe here, which the node may forget.

    Raises NoRoom: how many rows come is for viewers and nodes to say, and they must not fill the disk.
    """
    if room() < ROOM:
        raise NoRoom("The site's disk is nearly full: deliveries wait on their nodes until there is room.")
    now = timezone.now()
    with transaction.atomic(using=DATABASE):
        cursors = models.DeliveryCursor.objects.using(DATABASE).select_for_update()
        cursors.get_or_create(node_id=_NOBODY, journal=_NOBODY)  # one at a time
        cursor, _ = cursors.get_or_create(node_id=node_id, journal=journal)
        fresh = rows[max(0, cursor.sequence + 1 - first) :]
        if not fresh:
            return int(cursor.sequence)
        models.Delivery.objects.using(DATABASE).bulk_create(
            [_delivery(node_id, row, now) for row in fresh], batch_size=500
        )
        cursor.sequence, cursor.at = first + len(rows) - 1, now
        cursor.save(update_fields=["sequence", "at"])
        return int(cursor.sequence)


def room() -> int:
    """Free bytes where the rows go; a database that is not a file here takes care of itself."""
    spec = settings.DATABASES[DATABASE]
    path = Path(str(spec["NAME"]))
    if not str(spec["ENGINE"]).endswith("sqlite3") or not path.is_file():
        return ROOM
    return shutil.disk_usage(path).free


def prune(now: datetime | None = None) -> int:
    """Forget what is older than DELIVERY_DAYS, and journals that no node has added to for as long; → how many rows."""
    before = (now or timezone.now()) - timedelta(days=settings.DELIVERY_DAYS)
    old = models.Delivery.objects.filter(at__lt=before).order_by()
    removed = 0
    while ids := list(old.values_list("id", flat=True)[:_PRUNED_AT_ONCE]):
        removed += models.Delivery.objects.filter(id__in=ids).delete()[0]
    models.DeliveryCursor.objects.filter(at__lt=before - timedelta(days=30)).exclude(node_id=_NOBODY).delete()
    return removed


def _delivery(node_id: UUID, row: Row, now: datetime) -> models.Delivery:
    at = datetime.fromtimestamp(min(row.at_ms / 1000, now.timestamp() + 300), UTC)
    return models.Delivery(
        node_id=node_id,
        at=at,
        session_id=row.session,
        package=row.package,
        rendition=row.rendition,
        name=row.name,
        status=row.status,
        bytes=row.bytes,
        milliseconds=row.ms,
        cache=row.cache,
        cmcd=row.cmcd,
    )

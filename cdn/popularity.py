"""How much each bundle is asked for in each region, and what to expect of it.

A bundle's demand is bytes served over its size: whole plays, whatever part of it each viewer saw. It is kept as two
sums that fade with half-lives of 6 hours and 7 days (`cdn.forecast`), counted once from the delivery log: the cursor
moves in the transaction that writes the sums.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone

from catalog import services as catalog
from cdn import models
from cdn.forecast import LONG, NEVER, SHORT, expected, faded, prior

#: Deliveries of this status carry bytes to viewers.
_SERVED = (200, 206)
_AT_ONCE = 200_000
#: So many ids are put into one question to the database.
_ASKED = 5_000


@dataclass(frozen=True, slots=True)
class Known:
    """A live bundle as popularity needs it."""

    id: int
    rendition: str
    video_id: UUID | None
    created_at: datetime


def count(now: datetime | None = None) -> int:
    """Add what was delivered since the last time to the demand; → how many deliveries were looked at."""
    now = now or timezone.now()
    looked = 0
    while True:
        with transaction.atomic():
            cursor, _ = models.DemandCursor.objects.select_for_update().get_or_create(pk=1)
            step = _count_some(cursor, now)
        looked += step
        if step < _AT_ONCE:
            return looked


def _count_some(cursor: models.DemandCursor, now: datetime) -> int:
    newest = models.Delivery.objects.filter(id__gt=cursor.delivery_id).aggregate(newest=Max("id"))["newest"]
    if newest is None:
        return 0
    upto = min(int(newest), cursor.delivery_id + _AT_ONCE)
    rows = (
        models.Delivery.objects.filter(id__gt=cursor.delivery_id, id__lte=upto, status__in=_SERVED)
        .order_by()
        .values_list("package", "rendition", "node_id")
        .annotate(total=Sum("bytes"), answers=Count("id"))
    )
    regions = dict(models.EdgeNode.objects.values_list("id", "region"))
    served: dict[tuple[str, str, str], tuple[int, int]] = {}
    for package, rendition, node_id, total, answers in rows:
        key = package, rendition, regions.get(node_id, "default")
        before = served.get(key, (0, 0))
        served[key] = before[0] + int(total), before[1] + int(answers)
    _add(served, now)
    step = upto - cursor.delivery_id
    cursor.delivery_id = upto
    cursor.save(update_fields=["delivery_id"])
    return step


def _add(served: Mapping[tuple[str, str, str], tuple[int, int]], now: datetime) -> None:
    """Add bytes and answers by package, rendition and region. No answer is more than a whole play, whatever a node says
    of it: one row of a node that lies would else outweigh a year of viewers."""
    packages = {package for package, _rendition, _region in served}
    known = {
        (package, rendition): (number, size)
        for number, package, rendition, size in models.Bundle.objects.filter(
            package__in=packages
        ).values_list("id", "package", "rendition", "bytes")
    }
    plays: dict[tuple[int, str], float] = {}
    for (package, rendition, region), (total, answers) in served.items():
        if found := known.get((package, rendition)):
            plays[found[0], region] = min(total / found[1], answers)
    rows = {
        (row.bundle_id, row.region): row
        for row in models.BundleDemand.objects.filter(bundle_id__in={bundle for bundle, _ in plays})
    }
    fresh, changed = [], []
    for (bundle, region), more in plays.items():
        row = rows.get((bundle, region))
        if row is None:
            fresh.append(models.BundleDemand(bundle_id=bundle, region=region, short=more, long=more, at=now))
            continue
        seconds = (now - row.at).total_seconds()
        row.short = faded(row.short, seconds, SHORT) + more
        row.long = faded(row.long, seconds, LONG) + more
        row.at = now
        changed.append(row)
    models.BundleDemand.objects.bulk_create(fresh, batch_size=500)
    models.BundleDemand.objects.bulk_update(changed, ["short", "long", "at"], batch_size=300)


def rates(live: Iterable[Known], regions: Iterable[str], now: datetime) -> dict[str, dict[int, float]]:
    """What to expect of each bundle in each region: whole plays a second at the next peak, above 0.

    What replaces something (a film encoded anew) inherits what that was asked for; what is new is expected to do like
    its siblings: the same rendition of the rest of its series, or else of everything.
    """
    live = list(live)
    own = _own(live, now)
    series = _series(live)
    found = {}
    for region in regions:
        known = own.get(region, {})
        means = _means(live, known, series)
        found[region] = {one.id: _rate_of(one, known.get(one.id, 0.0), means, series, now) for one in live}
    return found


def _rate_of(
    one: Known,
    own: float,
    means: Mapping[tuple[object, str], float],
    series: Mapping[UUID, UUID],
    now: datetime,
) -> float:
    title = series.get(one.video_id) if one.video_id else None
    siblings = means.get((title, one.rendition)) or means.get((None, one.rendition)) or 0.0
    return max(NEVER, own, prior(siblings, now - one.created_at))


def _own(live: list[Known], now: datetime) -> dict[str, dict[int, float]]:
    """What each bundle itself was asked for, or what it replaced, by region."""
    born = {one.id: one.created_at for one in live}
    heirs: dict[tuple[UUID | None, str], int] = {
        (one.video_id, one.rendition): one.id for one in live if one.video_id
    }
    found: dict[str, dict[int, float]] = defaultdict(dict)
    rows = models.BundleDemand.objects.select_related("bundle").order_by("id")
    for row in rows:
        seconds = (now - row.at).total_seconds()
        bundle, since = row.bundle_id, born.get(row.bundle_id)
        if since is None:  # it is gone: what it was asked for is its heir's, if there is one
            bundle = heirs.get((row.bundle.video_id, row.bundle.rendition), 0)
            since = row.bundle.created_at
        if bundle:
            told = expected(faded(row.short, seconds, SHORT), faded(row.long, seconds, LONG), now - since)
            inherited = found[row.region].get(bundle, 0.0)
            found[row.region][bundle] = inherited + told
    return found


def _series(live: list[Known]) -> dict[UUID, UUID]:
    """Which title each video belongs to."""
    ids = sorted({one.video_id for one in live if one.video_id})
    found: dict[UUID, UUID] = {}
    for start in range(0, len(ids), _ASKED):
        videos = catalog.videos(ids[start : start + _ASKED])
        found |= {video_id: video.title_id for video_id, video in videos.items()}
    return found


def _means(
    live: list[Known], own: Mapping[int, float], series: Mapping[UUID, UUID]
) -> dict[tuple[object, str], float]:
    """The mean rate of each rendition's name, in each title and over all (title None), of what was asked for at all."""
    sums: dict[tuple[object, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in live:
        value = own.get(one.id, 0.0)
        if value <= 0:
            continue
        for key in (
            (series.get(one.video_id) if one.video_id else None, one.rendition),
            (None, one.rendition),
        ):
            sums[key][0] += value
            sums[key][1] += 1
    return {key: total / number for key, (total, number) in sums.items()}

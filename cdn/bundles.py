"""The units of placement: one rendition of one package each, with a dense number of its own for bitmaps.

Rows follow the catalogue: an event adds a package's at once, and `reconcile` would have found it anyway.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from catalog import services as catalog
from catalog.types import Package, Rendition, RenditionKind
from cdn import models

#: The head of a rendition: its first segments, until they last this long, in seconds.
HEAD_SECONDS = 12.0
#: What a package's picture and sound are made of: steering asks who holds these.
PLAYED = (RenditionKind.VIDEO.value, RenditionKind.AUDIO.value)
#: The index looks for rows of other processes at most this often, in seconds.
LOOK_SECONDS = 5.0


def reconcile(now: datetime | None = None) -> int:
    """Make the rows agree with the packages that viewers may see; → how many packages were new, back or gone."""
    now = now or timezone.now()
    published = set(catalog.published_packages())
    known = dict(models.Bundle.objects.order_by().values_list("package", "gone_at").distinct())
    gone = {package for package, at in known.items() if at is None} - published
    back = {package for package, at in known.items() if at is not None} & published
    _mark(gone, now)
    _mark(back, None)
    added = sum(add(package) for package in sorted(published - known.keys()))
    return len(gone) + len(back) + added


def add(package_id: str) -> bool:
    """Lay down the rows of a package that the catalogue has; False when there is no such package or all were there."""
    found = catalog.package(package_id)
    if found is None:
        return False
    heads = with_heads(found.renditions)
    rows = [_row(found, rendition, head=rendition.name in heads) for rendition in found.renditions]
    before = models.Bundle.objects.filter(package=package_id).count()
    models.Bundle.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(index.forget)
    return before < len(rows)


def with_heads(renditions: Sequence[Rendition]) -> set[str]:
    """Which renditions of a package every node pins the beginning of.

    The two smallest pictures and the middle one (what players begin with), of each codec family, and every sound.
    Words are pinned whole: they weigh nothing.
    """
    chosen = {one.name for one in renditions if one.kind in (RenditionKind.AUDIO, RenditionKind.TEXT)}
    families: dict[str, list[Rendition]] = {}
    for one in renditions:
        if one.kind is RenditionKind.VIDEO:
            families.setdefault(one.codecs.split(".")[0], []).append(one)
    for pictures in families.values():
        pictures.sort(key=lambda one: (one.bandwidth, one.name))
        chosen |= {one.name for one in (*pictures[:2], pictures[len(pictures) // 2])}
    return chosen


def _row(package: Package, rendition: Rendition, *, head: bool) -> models.Bundle:
    segments, seconds = 0, 0.0
    length = rendition.init[1] if rendition.init else 0
    for segment in rendition.segments if head else ():
        if seconds >= HEAD_SECONDS - 0.01:
            break
        segments, length, seconds = segments + 1, length + segment.length, seconds + segment.duration
    return models.Bundle(
        package=package.id,
        rendition=rendition.name,
        kind=rendition.kind.value,
        video_id=package.video_id,
        bytes=max(1, rendition.bytes),
        segments=len(rendition.segments),
        head_bytes=length,
        head_segments=segments,
        duration=max(0.0, sum(segment.duration for segment in rendition.segments)),
        bandwidth=rendition.average_bandwidth,
    )


def _mark(packages: set[str], gone_at: datetime | None) -> None:
    if packages:
        models.Bundle.objects.filter(package__in=packages).update(gone_at=gone_at)
        transaction.on_commit(index.forget)


@dataclass(frozen=True, slots=True)
class Entry:
    """A bundle as the inventory needs it."""

    id: int
    rendition: str
    played: bool
    segments: int


@dataclass(slots=True)
class Index:
    """Every package's bundles by rendition, in memory. Any thread may ask."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _packages: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _newest: int = 0
    _looked_at: float = float("-inf")

    def of(self, package_id: str) -> dict[str, Entry]:
        """The bundles of a package by rendition; empty when it is not known."""
        found = self._packages.get(package_id)
        if found is None and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._look()
            found = self._packages.get(package_id)
        return found or {}

    def forget(self) -> None:
        """Rows were added: look at the next question that has no answer."""
        self._looked_at = float("-inf")

    def clear(self) -> None:
        """Know nothing, as after a start."""
        with self._lock:
            self._packages, self._newest = {}, 0
            self._looked_at = float("-inf")

    def _look(self) -> None:
        with self._lock:
            rows = models.Bundle.objects.filter(id__gt=self._newest).order_by("id")
            for row in rows.values_list("id", "package", "rendition", "kind", "segments"):
                number, package, rendition, kind, segments = row
                entry = Entry(number, rendition, kind in PLAYED, segments)
                self._packages.setdefault(package, {})[rendition] = entry
                self._newest = number
            self._looked_at = time.monotonic()


index = Index()

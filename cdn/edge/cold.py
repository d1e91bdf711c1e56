"""Packages on disk that are not open: left by an earlier process, or not asked for lately."""

import contextlib
import logging
from collections.abc import Mapping

from cdn.edge import manifest
from cdn.edge.disk import Disk
from cdn.edge.manifest import PackageIndex
from cdn.edge.plan import Plan
from cdn.edge.shelves import Shelves

log = logging.getLogger("edge")


class Cold:
    """Which they are, the longest unused first, and what the plan counts of each, in bytes."""

    def __init__(self, plan: Plan, shelves: Shelves) -> None:
        self._plan, self._shelves = plan, shelves
        #: Those of which demand may evict something, and those of which all that is left is planned.
        self._spare: dict[str, int] = {}
        self._bare: dict[str, int] = {}

    def __contains__(self, package: str) -> bool:
        return package in self._spare or package in self._bare

    @property
    def first(self) -> str | None:
        """The one to evict from; None when all that is left of them is planned."""
        return next(iter(self._spare), None)

    def add(self, package: str, planned: int) -> None:
        """A package is not open any more; its planned part is in the plan's sum already."""
        shelves = self._shelves.packages[package].shelves.values()
        bare = 0 < planned >= sum(shelf.room for shelf in shelves)
        (self._bare if bare else self._spare)[package] = planned

    def remove(self, package: str) -> int:
        """A package is open from now on, or gone → the bytes that its manifest takes."""
        self._plan.planned -= self._take(package)
        overhead = self._shelves.packages[package].overhead
        self._shelves.drop(package)
        return overhead

    def judge_anew(self, package: str) -> None:
        """The plan says something else about it."""
        before = self._take(package)
        planned = self._plan.estimate(package, self._shelves.packages[package])
        self._plan.planned += planned - before
        self.add(package, planned)

    def trim(self, package: str) -> int:
        """Only what is planned of it stays → the bytes that this frees."""
        standing = self._shelves.packages[package]
        before, planned = standing.room, self._plan.estimate(package, standing)
        for name, shelf in list(standing.shelves.items()):
            left = self._plan.left_bits(package, name, shelf)
            if not left:
                del standing.shelves[name]
                continue
            shelf.room = shelf.room * left.bit_count() // shelf.bits.bit_count()
            shelf.bits = left
        self._plan.planned += planned - self._take(package)
        self._bare[package] = planned
        self._shelves.note(package)
        return before - standing.room

    def _take(self, package: str) -> int:
        found = self._spare.pop(package, None)
        return self._bare.pop(package) if found is None else found


def read_package(disk: Disk, package: str) -> tuple[PackageIndex, dict[str, list[int]]] | None:
    """A package's index and what its maps claim; None when its manifest is not its own. In the disk's thread."""
    stored = disk.manifest(package)
    if stored is None:
        return None
    try:
        index = manifest.parse(package, stored)
    except manifest.BadManifest as error:
        log.warning("package %s on disk is damaged and dropped: %s", package, error)
        return None
    claims = {rendition.name: disk.claims(rendition) for rendition in index.renditions.values()}
    for rendition in index.renditions.values():
        with contextlib.suppress(OSError):
            disk.tidy(rendition, claims[rendition.name])
    return index, claims


def trim_package(disk: Disk, package: str, firsts: Mapping[str, int]) -> None:
    """Leave of a package on disk only what is planned. In the disk's thread. Raises OSError."""
    stored = disk.manifest(package)
    if stored is not None:
        with contextlib.suppress(manifest.BadManifest):
            disk.trim(manifest.parse(package, stored), firsts)

"""Packages on disk that are not open: left by an earlier process, or not asked for lately."""

import contextlib
import logging

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
        """The plan says something else about it, or something of it went; its place in the line stays."""
        standing = self._shelves.packages[package]
        before = self._spare.get(package)
        planned = self._plan.estimate(package, standing)
        self._plan.planned += planned - (self._bare[package] if before is None else before)
        if 0 < planned >= sum(shelf.room for shelf in standing.shelves.values()):
            self._spare.pop(package, None)
            self._bare[package] = planned
        else:
            self._bare.pop(package, None)
            self._spare[package] = planned

    def trim(self, package: str, need: int) -> tuple[str, int]:
        """Let go of what nobody planned of one rendition: of the smallest that frees what is needed, else the largest.

        → its name and the bytes that this frees; '' and 0 when all that is left is planned.
        """
        standing = self._shelves.packages[package]
        spare: dict[str, int] = {}
        for name, shelf in standing.shelves.items():
            left = self._plan.left_bits(package, name, shelf).bit_count()
            room = shelf.room - (shelf.room * left // shelf.bits.bit_count() if left else 0)
            if room:
                spare[name] = room
        if not spare:
            self._bare[package] = self._take(package)
            return "", 0
        enough = [name for name, room in spare.items() if room >= need]
        chosen = min(enough, key=spare.__getitem__) if enough else max(spare, key=spare.__getitem__)
        shelf = standing.shelves[chosen]
        shelf.bits = self._plan.left_bits(package, chosen, shelf)
        shelf.room -= spare[chosen]
        if not shelf.bits:
            del standing.shelves[chosen]
        self._shelves.note(package)
        if any(shelf.bits for shelf in standing.shelves.values()):
            self.judge_anew(package)
        return chosen, spare[chosen]

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


def trim_rendition(disk: Disk, package: str, name: str, first: int | None) -> None:
    """Leave of a rendition on disk only its first segments and what is no segment; None: nothing of it.

    In the disk's thread. Raises OSError.
    """
    if first is None:
        disk.drop_rendition(package, name)
        return
    stored = disk.manifest(package)
    if stored is None:
        return
    with contextlib.suppress(manifest.BadManifest):
        rendition = manifest.parse(package, stored).renditions.get(name.encode())
        if rendition is not None:
            disk.trim(rendition, first)

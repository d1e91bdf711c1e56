"""Which node holds what, in memory: a bitmap of nodes for each bundle and of bundles for each node.

Nodes report it (whole once, then what changed), so a fresh process knows nothing until they do: it says epoch 0 in
its replies, and they report whole. What a node says of itself is a claim; its bytes are verified by who fetches them.

A bit's place is a node's slot, or a bundle's id. "Who holds all of this package" is a few ANDs of Python integers:
1,000 nodes are 125 bytes for each bundle.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID

from cdn import bundles

Held: TypeAlias = Literal["full", "partial", "head"]
#: package → rendition → (state, segments that are here); states as nodes say them.
Report: TypeAlias = Mapping[str, Mapping[str, tuple[str, int]]]
#: So many packages may be reported ahead of their rows, by all and by one node, and so many renditions of each; what
#: lies beyond waits for the node's next whole report. A node that lies must not use up the memory, nor others' share.
EARLY_MAX, EARLY_OF_NODE, RENDITIONS_MAX = 4096, 256, 64
STATES = ("none", "head", "partial", "full")


class WrongBase(Exception):
    """The report starts from an epoch that is not the one held here; `held` is."""

    def __init__(self, held: int) -> None:
        super().__init__(f"The inventory held here is of epoch {held}.")
        self.held = held


@dataclass(slots=True)
class NodeHoldings:
    """What one node said: the epoch of its last report, and bundles by their ids' bits."""

    slot: int
    epoch: int = 0
    full: int = 0
    partial: int = 0
    head: int = 0
    #: How many segments are here of what is partial, by bundle.
    segments: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Holdings:
    """The inventory of the fleet in one process. Any thread may call."""

    nodes: dict[UUID, NodeHoldings] = field(default_factory=dict)
    _slots: dict[int, UUID] = field(default_factory=dict)
    _full: dict[int, int] = field(default_factory=dict)
    _partial: dict[int, int] = field(default_factory=dict)
    _head: dict[int, int] = field(default_factory=dict)
    #: Reported before the package's rows were seen here: taken in when somebody asks for it.
    _early: dict[str, dict[UUID, Mapping[str, tuple[str, int]]]] = field(default_factory=dict)
    #: In how many of these each node stands.
    _early_of: Counter[UUID] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def epoch(self, node_id: UUID) -> int:
        """The epoch that was last taken in of a node; 0 when nothing was: it should report whole."""
        node = self.nodes.get(node_id)
        return node.epoch if node else 0

    def take(self, node_id: UUID, *, slot: int, epoch: int, base: int, report: Report) -> int:
        """Take in a report: whole when `base` is 0, else what changed since `base`; → the epoch held now.

        A package that is named replaces all that was known of it. Raises WrongBase.
        """
        with self._lock:
            node = self.nodes.get(node_id)
            if base and (node is None or node.epoch != base):
                raise WrongBase(node.epoch if node else 0)
            if node is None or not base:
                self._drop(node_id)
                node = self.nodes[node_id] = NodeHoldings(slot=slot)
                self._slots[slot] = node_id
            for package, renditions in report.items():
                if bundles.index.of(package):
                    self._take_package(node, package, renditions)
                else:
                    self._keep_early(node_id, package, renditions)
            node.epoch = epoch
            return node.epoch

    def _keep_early(self, node_id: UUID, package: str, renditions: Mapping[str, tuple[str, int]]) -> None:
        """Remember what a node says of a package whose rows were not seen here, if there is room for it."""
        if len(renditions) > RENDITIONS_MAX:
            return
        by_node = self._early.get(package, {})
        if node_id not in by_node:
            if self._early_of[node_id] >= EARLY_OF_NODE or (not by_node and len(self._early) >= EARLY_MAX):
                return
            self._early_of[node_id] += 1
        self._early.setdefault(package, {})[node_id] = renditions

    def forget(self, node_id: UUID) -> None:
        """The node is gone, or its disk cannot be trusted: it holds nothing until it reports anew."""
        with self._lock:
            self._drop(node_id)

    def clear(self) -> None:
        """Know nothing, as after a start."""
        with self._lock:
            for known in (self.nodes, self._slots, self._full, self._partial, self._head, self._early):
                known.clear()
            self._early_of.clear()

    def holders(self, package_id: str) -> dict[UUID, Held]:
        """The nodes that hold something of a package's picture or sound: all of it, some of it, or only heads."""
        entries = [entry.id for entry in bundles.index.of(package_id).values() if entry.played]
        if not entries:
            return {}
        if package_id in self._early:
            self._catch_up(package_id)
        whole, some, heads = -1, 0, 0
        for bundle in entries:
            full = self._full.get(bundle, 0)
            whole &= full
            some |= full | self._partial.get(bundle, 0)
            heads |= self._head.get(bundle, 0)
        found: dict[UUID, Held] = {}
        words: tuple[tuple[int, Held], ...] = ((heads, "head"), (some, "partial"), (whole, "full"))
        for bits, held in words:
            for slot in bits_of(bits):
                if node_id := self._slots.get(slot):
                    found[node_id] = held
        return found

    def state(self, node_id: UUID, bundle: int) -> str:
        """What a node holds of one bundle: full, partial, head or none."""
        node = self.nodes.get(node_id)
        if node is None:
            return "none"
        bit = 1 << bundle
        if node.full & bit:
            return "full"
        return "partial" if node.partial & bit else "head" if node.head & bit else "none"

    def share(self, node_id: UUID, bundle: int, segments: int) -> float:
        """How much of a bundle of so many segments is on a node, 0 … 1; heads count as nothing."""
        state = self.state(node_id, bundle)
        if state != "partial":
            return 1.0 if state == "full" else 0.0
        node = self.nodes.get(node_id)
        here = node.segments.get(bundle, 0) if node else 0
        return min(1.0, here / segments) if segments else 0.0

    def _catch_up(self, package_id: str) -> None:
        with self._lock:
            for node_id, renditions in self._early.pop(package_id, {}).items():
                self._early_of[node_id] -= 1
                if node := self.nodes.get(node_id):
                    self._take_package(node, package_id, renditions)

    def _take_package(
        self, node: NodeHoldings, package: str, renditions: Mapping[str, tuple[str, int]]
    ) -> None:
        here = 1 << node.slot
        for rendition, entry in bundles.index.of(package).items():
            state, segments = renditions.get(rendition, ("none", 0))
            if state == "partial" and not segments:
                state = "none"  # a playlist, which every node has: nobody is sent there for it
            bit = 1 << entry.id
            node.segments.pop(entry.id, None)
            if state == "partial":
                node.segments[entry.id] = segments
            for name, by_node in (("full", self._full), ("partial", self._partial), ("head", self._head)):
                bits = getattr(node, name)
                if state == name:
                    setattr(node, name, bits | bit)
                    by_node[entry.id] = by_node.get(entry.id, 0) | here
                elif bits & bit:
                    setattr(node, name, bits & ~bit)
                    by_node[entry.id] &= ~here

    def _drop(self, node_id: UUID) -> None:
        if self._early_of.pop(node_id, 0):
            for package, early in list(self._early.items()):
                early.pop(node_id, None)
                if not early:
                    del self._early[package]
        node = self.nodes.pop(node_id, None)
        if node is None:
            return
        self._slots.pop(node.slot, None)
        here = 1 << node.slot
        for name, by_node in (("full", self._full), ("partial", self._partial), ("head", self._head)):
            for bundle in bits_of(getattr(node, name)):
                by_node[bundle] &= ~here


def bits_of(bits: int) -> list[int]:
    """The places of the bits that are set, lowest first."""
    return [place for place, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]


holdings = Holdings()

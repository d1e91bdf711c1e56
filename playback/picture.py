"""The fleet, prepared to be asked often: made once for each change, asked for each session. Pure.

Where nodes stand is worked out once (`Layout`); of a new picture only those nodes are touched that are not the same.

A small fleet is looked at whole. Of a large one each session is shown some dozens: those it knows, and in each tier a
few free ones from a place on a ring that is its own, first those that hold what it plays. So a question costs the same
at 100 nodes and at 10,000, the same session is shown the same nodes again, and a node that comes or goes changes what
is shown to those alone who stand before it on the ring.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

import numpy as np

from cdn.types import Node, NodeState
from playback import nearness
from playback.nearness import Place

#: A fleet of so many nodes or fewer is looked at whole.
WHOLE = 64
#: So many are shown of each tier, and so many of a tier's holders; one that is passed over costs a step, and after so
#: many steps a tier counts as having no more.
SHOWN, HOLDERS_SHOWN, STEPS = 16, 8, 512
#: A tier is left only when all of it is this busy.
CROWDED = 0.85
#: Nodes in these states may be offered to anybody.
SERVING = (NodeState.ACTIVE, NodeState.DEGRADED)
#: What a node may hold of a package, and how much that is worth.
HELD = {"full": 3, "partial": 2, "head": 1}
#: Square degrees of viewers for which the sites' classes are kept.
CELLS_MOST = 4096
#: So many next places of a tier are looked at before all the rest is.
_NEXT = 128
#: Positions on the ring, ascending; and a mark for each position.
Positions: TypeAlias = "np.ndarray[Any, np.dtype[np.signedinteger[Any]]]"
Marks: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
_NONE: Positions = np.zeros(0, dtype=np.int32)
#: 2^64 over the golden ratio: spreads what is close together, and comes to the same in every process.
_SPREAD, _BITS = 0x9E3779B97F4A7C15, (1 << 64) - 1


class Asks(Protocol):
    """What must be known of the viewer to choose whom to show; see `steering.Viewer`."""

    @property
    def seed(self) -> str: ...
    @property
    def site(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def current(self) -> str | None: ...
    @property
    def failures(self) -> Mapping[str, object]: ...
    @property
    def goodput(self) -> Mapping[str, Sequence[float]]: ...
    @property
    def rtt_ms(self) -> Mapping[str, float]: ...
    @property
    def place(self) -> Place | None: ...


def pathway(node: Node) -> str:
    """The node's id as players see it: short, stable, and says nothing of the host."""
    return f"n{node.slot}"


def host(node: Node) -> str:
    """The machine's name, without the port: two ports of one host fail together."""
    return _host(node.base_url)


@lru_cache(maxsize=1 << 16)
def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or base_url


def _point(node: Node) -> int:
    return (node.id.int ^ (node.id.int >> 64)) * _SPREAD & _BITS


def _still(node: Node) -> tuple[object, ...]:
    """What of a node the layout is made of: heartbeats do not change it."""
    return node.id, node.slot, node.site, node.region, node.latitude, node.longitude


class Layout:
    """Where nodes stand: the same for all pictures for as long as the fleet has the same nodes at the same places.

    They are on a ring, in an order that has nothing to do with what they are, so that a walk from anywhere meets a fair
    mix. A tier is told by its nodes' positions on it, ascending.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.regions = len({node.region for node in nodes})
        self.names = {node.id: pathway(node) for node in nodes}
        #: Where sites are, as far as that is known: that of its first node that has a place.
        places: dict[str, Place] = {}
        for node in nodes:
            if node.latitude is not None and node.longitude is not None and node.site not in places:
                places[node.site] = (node.latitude, node.longitude)
        self.sites = {site: at for at, site in enumerate(places)}
        self._globe = nearness.Globe(list(places.values()))
        self._classes: OrderedDict[Place, bytes] = OrderedDict()
        self.positions: dict[str, int] = {}
        if len(nodes) > WHOLE:
            self._lay(nodes)

    def _lay(self, nodes: Sequence[Node]) -> None:
        points = np.array([_point(node) for node in nodes], dtype=np.uint64)
        #: Which of the nodes is at each position.
        self.order: list[int] = np.argsort(points, kind="stable").tolist()
        self._points = np.sort(points)
        self.everywhere: Positions = np.arange(len(nodes), dtype=np.int32)
        by_site: dict[str, list[int]] = {}
        by_region: dict[str, list[int]] = {}
        for position, at in enumerate(self.order):
            node = nodes[at]
            self.positions[pathway(node)] = position
            by_site.setdefault(node.site, []).append(position)
            by_region.setdefault(node.region, []).append(position)
        self._by_site = {site: np.array(some, dtype=np.int32) for site, some in by_site.items()}
        self._by_region = {region: np.array(some, dtype=np.int32) for region, some in by_region.items()}
        #: For each position the site's number; one without a place has that after the last.
        self._site_at = np.array([self.sites.get(nodes[at].site, len(self.sites)) for at in self.order])

    def start(self, seed: str) -> int:
        """The position from which on a session looks."""
        digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
        return int(self._points.searchsorted(np.uint64(int.from_bytes(digest, "big"))))

    def of_sites(self, sites: Sequence[str]) -> "Positions":
        """The nodes of some sites."""
        some = [self._by_site[site] for site in sites if site in self._by_site]
        return np.sort(np.concatenate(some)) if some else _NONE

    def in_region(self, region: str) -> "Positions":
        """The nodes of a region."""
        return self._by_region.get(region, _NONE)

    def guessed(self, place: Place, near: int) -> "Positions":
        """The nodes at sites that are likely to be in a class, seen from a place."""
        by_site = np.frombuffer(self.classes(place) + b"\xff", dtype=np.uint8)
        return np.flatnonzero(by_site[self._site_at] == near)

    def classes(self, place: Place) -> bytes:
        """The class that each site which has a place is likely to be in: one byte for each."""
        cell = nearness.cell(place)
        found = self._classes.get(cell)
        if found is None:
            found = self._classes[cell] = self._globe.classes(cell)
            if len(self._classes) > CELLS_MOST:
                with suppress(KeyError):  # another thread may have been faster
                    self._classes.popitem(last=False)
        return found


class Holding:
    """What the nodes hold of one package, prepared likewise: by pathway 'full', 'partial' or 'head'."""

    __slots__ = ("_marked", "held")

    def __init__(self, held: Mapping[str, str]) -> None:
        self.held = held
        self._marked: tuple[Layout, list[Marks]] | None = None

    def marks(self, layout: Layout) -> "list[Marks]":
        """Who holds all of it, and who holds anything: a mark for each position."""
        marked = self._marked
        if marked is None or marked[0] is not layout:
            places = [(layout.positions.get(name), HELD.get(what, 0)) for name, what in self.held.items()]
            found = []
            for least in (3, 1):
                marks = np.zeros(len(layout.positions), dtype=np.bool_)
                marks[[at for at, worth in places if at is not None and worth >= least]] = True
                found.append(marks)
            marked = self._marked = (layout, found)
        return marked[1]


class Classes:
    """How near the sites are to one viewer: what was measured is believed, else what distance makes likely."""

    __slots__ = ("_guessed", "_sites", "measured")

    def __init__(self, measured: Mapping[str, int], guessed: bytes, sites: Mapping[str, int]) -> None:
        self.measured = measured
        #: A byte for each site that has a place, and at which of them each site's is.
        self._guessed = guessed
        self._sites = sites

    def of(self, site: str) -> tuple[int, str]:
        """A site's class, and how it is known: 'measured', 'guessed' or ''."""
        if site in self.measured:
            return self.measured[site], "measured"
        if self._guessed and site in self._sites:
            return self._guessed[self._sites[site]], "guessed"
        return nearness.UNKNOWN, ""


class Picture:
    """The nodes of one moment. Many threads may ask. `before` is the picture before it: what did not change is its."""

    def __init__(self, nodes: Sequence[Node], before: "Picture | None" = None) -> None:
        self.nodes = tuple(nodes)
        if before is not None and self._changed(before):
            return
        self.by_id = {pathway(node): node for node in self.nodes}
        self._layout = Layout(self.nodes)
        if len(self.nodes) > WHOLE:
            self._placed = [self.nodes[at] for at in self._layout.order]
            self._free: Marks = np.array([_is_free(node) for node in self._placed], dtype=np.bool_)

    def _changed(self, before: "Picture") -> bool:
        """Take over from the picture before all but the nodes that are others now; False when that cannot be."""
        if len(self.nodes) != len(before.nodes) or len(self.nodes) <= WHOLE:  # a small one is made at once
            return False
        changed = [now for now, was in zip(self.nodes, before.nodes, strict=True) if now is not was]
        try:
            if any(_still(node) != _still(before.by_id[pathway(node)]) for node in changed):
                return False
        except KeyError:
            return False
        self._layout = before._layout
        self.by_id, self._placed, self._free = dict(before.by_id), list(before._placed), before._free.copy()
        for node in changed:
            name = pathway(node)
            position = self._layout.positions[name]
            self.by_id[name] = self._placed[position] = node
            self._free[position] = _is_free(node)
        return True

    @property
    def regions(self) -> int:
        """How many regions there are."""
        return self._layout.regions

    @property
    def names(self) -> Mapping[UUID, str]:
        """The nodes' pathways, by their ids."""
        return self._layout.names

    def classes(self, viewer: Asks) -> "Classes":
        """How near the sites are to a viewer."""
        sites = self._layout.sites
        guessed = self._layout.classes(viewer.place) if viewer.place is not None and sites else b""
        measured: dict[str, float] = {}
        for name, ms in viewer.rtt_ms.items():
            if node := self.by_id.get(name):
                measured[node.site] = min(ms, measured.get(node.site, ms))
        by_class = {site: nearness.of_round_trip(ms) for site, ms in measured.items()}
        return Classes(by_class, guessed, sites)

    def shown(
        self, viewer: Asks, holding: Holding, *, given: Mapping[str, int], now: datetime
    ) -> Sequence[Node]:
        """The nodes among which to choose for this viewer; all of a small fleet."""
        if len(self.nodes) <= WHOLE:
            return self.nodes
        found: dict[str, Node] = {}
        for name in chain((viewer.current or "",), viewer.failures, viewer.goodput):
            if node := self.by_id.get(name):
                found[name] = node
        start = self._layout.start(viewer.seed)
        holders = [marks & self._free for marks in holding.marks(self._layout)] if holding.held else []
        sites: set[str] = set()
        free = 0
        for tier in self._tiers(viewer):
            for marks in holders:
                _take(found, self._walk(tier, start, marks), HOLDERS_SHOWN, given, now)
            taken = _take(found, self._walk(tier, start, self._free), SHOWN, given, now)
            free += len(taken)
            sites.update(node.site for node in taken)
            if len(taken) >= SHOWN and len(sites) > 2:
                break
        if not free:
            found |= {pathway(node): node for node in self._resorts(start)}
        return list(found.values())

    def _walk(self, tier: "Positions", start: int, marks: "Marks") -> Iterator[Node]:
        """A tier's nodes that are marked, from a position on, each once, STEPS of them at most."""
        first = int(tier.searchsorted(start))
        left, near = STEPS, first + _NEXT
        # Mostly the next few are enough; else all the rest at once, which costs little more.
        for part in (tier[first:near], tier[near:], tier[:first]):
            found = part[marks[part]][:left].tolist()
            left -= len(found)
            yield from map(self._placed.__getitem__, found)

    def _tiers(self, viewer: Asks) -> "Iterator[Positions]":
        """The nodes of each tier, nearest first; the last has all."""
        layout = self._layout
        if viewer.site:
            yield layout.of_sites((viewer.site,))
        if viewer.region and self.regions > 1:
            yield layout.in_region(viewer.region)
        measured = self.classes(viewer).measured
        for near in range(nearness.UNKNOWN):
            if sites := tuple(site for site, one in measured.items() if one == near):
                yield layout.of_sites(sites)
            if viewer.place is not None and layout.sites:
                yield layout.guessed(viewer.place, near)
        yield layout.everywhere

    def _resorts(self, start: int) -> list[Node]:
        """Nobody is free: some of those that are full, and of all others some of each state."""
        by_state: dict[object, list[Node]] = {}
        everybody = np.ones(len(self.nodes), dtype=np.bool_)
        for node in self._walk(self._layout.everywhere, start, everybody):
            some = by_state.setdefault(node.state, [])
            if len(some) < SHOWN:
                some.append(node)
        return list(chain(*by_state.values()))


def _is_free(node: Node) -> bool:
    return node.state in SERVING and node.egress_bps <= CROWDED * node.capacity_bps


def _take(
    found: dict[str, Node], walk: Iterator[Node], most: int, given: Mapping[str, int], now: datetime
) -> list[Node]:
    """Show up to so many of the nodes met that are free at this moment; → those."""
    taken: list[Node] = []
    for node in walk:
        name = f"n{node.slot}"
        load = node.egress_bps + given.get(name, 0)
        if load <= CROWDED * node.capacity_bps and node.lease_until > now:
            found[name] = node
            taken.append(node)
            if len(taken) >= most:
                break
    return taken

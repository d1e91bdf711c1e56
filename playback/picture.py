"""The fleet, prepared to be asked often: made once for each change, asked for each session. Pure.

A small fleet is looked at whole. Of a large one each session is shown some dozens: those it knows, and in each tier a
few free ones from a place on a ring that is its own, first those that hold what it plays. So a question costs the same
at 100 nodes and at 10,000, the same session is shown the same nodes again, and a node that comes or goes changes what
is shown to those alone who stand before it on the ring.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Protocol
from urllib.parse import urlsplit

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
    return urlsplit(node.base_url).hostname or node.base_url


def _point(node: Node) -> int:
    return (node.id.int ^ (node.id.int >> 64)) * _SPREAD & _BITS


class Ring:
    """Nodes in an order that has nothing to do with what they are, so that a walk from anywhere meets a fair mix."""

    __slots__ = ("_points", "nodes")

    def __init__(self, nodes: Sequence[Node]) -> None:
        placed = sorted((_point(node), node.slot, node) for node in nodes)
        self._points = [point for point, _, _ in placed]
        self.nodes = [node for _, _, node in placed]

    def walk(self, point: int) -> Iterator[Node]:
        """The nodes from a point on, each once, STEPS of them at most."""
        start = bisect_left(self._points, point)
        rest = min(start, max(0, STEPS - len(self.nodes) + start))
        return chain(self.nodes[start : start + STEPS], self.nodes[:rest])


class Holding:
    """What the nodes hold of one package, prepared likewise: by pathway 'full', 'partial' or 'head'."""

    __slots__ = ("_picture", "_rings", "held")

    def __init__(self, held: Mapping[str, str]) -> None:
        self.held = held
        self._picture: Picture | None = None
        self._rings: dict[tuple[int, Hashable], Ring] = {}

    def ring(self, picture: "Picture", key: Hashable, scope: Ring) -> list[Ring]:
        """Of a tier (told by `key`), who holds all of it, and who holds anything: the rings that are not empty."""
        if self._picture is not picture:
            self._picture, self._rings = picture, {}
        found = []
        for least in (3, 1):
            ring = self._rings.get((least, key))
            if ring is None:
                holders = [
                    node for node in scope.nodes if HELD.get(self.held.get(pathway(node), ""), 0) >= least
                ]
                ring = self._rings[least, key] = Ring(holders)
            if ring.nodes:
                found.append(ring)
        return found


class Classes:
    """How near the sites are to one viewer: what was measured is believed, else what distance makes likely."""

    __slots__ = ("guessed", "measured")

    def __init__(self, measured: Mapping[str, int], guessed: Mapping[str, int]) -> None:
        self.measured = measured
        self.guessed = guessed

    def __bool__(self) -> bool:
        return bool(self.measured or self.guessed)

    def of(self, site: str) -> tuple[int, str]:
        """A site's class, and how it is known: 'measured', 'guessed' or ''."""
        if site in self.measured:
            return self.measured[site], "measured"
        if site in self.guessed:
            return self.guessed[site], "guessed"
        return nearness.UNKNOWN, ""


class Picture:
    """The nodes of one moment. Many threads may ask; what is worked out on the way is kept."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self.by_id = {pathway(node): node for node in self.nodes}
        self.regions = len({node.region for node in self.nodes})
        #: Where each site is, when that is known.
        self.places: dict[str, Place] = {}
        for node in self.nodes:
            if node.latitude is not None and node.longitude is not None:
                self.places.setdefault(node.site, (node.latitude, node.longitude))
        self._rings: dict[Hashable, Ring] = {}
        self._by_site: dict[str, list[Node]] = {}
        self._classes: dict[Place, dict[str, int]] = {}
        if len(self.nodes) > WHOLE:
            for node in self.nodes:
                if node.state in SERVING and node.utilisation <= CROWDED:
                    self._by_site.setdefault(node.site, []).append(node)

    def classes(self, viewer: Asks) -> "Classes":
        """How near the sites are to a viewer."""
        guessed: dict[str, int] = {}
        if viewer.place is not None and self.places:
            cell = nearness.cell(viewer.place)
            if cell not in self._classes:
                self._classes[cell] = nearness.by_distance(cell, self.places)
            guessed = self._classes[cell]
        measured: dict[str, float] = {}
        for name, ms in viewer.rtt_ms.items():
            if node := self.by_id.get(name):
                measured[node.site] = min(ms, measured.get(node.site, ms))
        return Classes({site: nearness.of_round_trip(ms) for site, ms in measured.items()}, guessed)

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
        point = int.from_bytes(hashlib.blake2b(viewer.seed.encode(), digest_size=8).digest(), "big")
        sites: set[str] = set()
        free = 0
        for key, ring in self._tiers(viewer):
            for holders in holding.ring(self, key, ring) if holding.held else ():
                _take(found, holders, point, HOLDERS_SHOWN, given, now)
            taken = _take(found, ring, point, SHOWN, given, now)
            free += len(taken)
            sites.update(node.site for node in taken)
            if len(taken) >= SHOWN and len(sites) > 2:
                break
        if not free:
            found |= {pathway(node): node for node in self._resorts(point)}
        return list(found.values())

    def _tiers(self, viewer: Asks) -> Iterator[tuple[Hashable, Ring]]:
        """Rings of the free nodes of each tier, nearest first; the last has all."""
        if viewer.site in self._by_site:
            yield ("site", viewer.site), self._of_sites(("site", viewer.site), (viewer.site,))
        key: Hashable
        if viewer.region and self.regions > 1:
            key = ("region", viewer.region)
            if key not in self._rings:
                everywhere = self._everywhere().nodes
                self._rings[key] = Ring([node for node in everywhere if node.region == viewer.region])
            yield key, self._rings[key]
        classes = self.classes(viewer)
        for near in range(nearness.UNKNOWN) if classes else ():
            if measured := tuple(site for site, one in classes.measured.items() if one == near):
                yield measured, self._of_sites(measured, measured)
            if classes.guessed and viewer.place is not None:
                key = (nearness.cell(viewer.place), near)
                if key not in self._rings:
                    self._of_sites(key, [site for site, one in classes.guessed.items() if one == near])
                yield key, self._rings[key]
        yield ("all",), self._everywhere()

    def _of_sites(self, key: Hashable, sites: Sequence[str]) -> Ring:
        ring = self._rings.get(key)
        if ring is None:
            ring = self._rings[key] = Ring(list(chain(*(self._by_site.get(site, ()) for site in sites))))
        return ring

    def _everywhere(self) -> Ring:
        return self._rings.get(("all",)) or self._of_sites(("all",), tuple(self._by_site))

    def _resorts(self, point: int) -> list[Node]:
        """Nobody is free: some of those that are full, and of all others some of each state."""
        by_state: dict[object, list[Node]] = {}
        ring = self._rings.get(("resorts",)) or self._rings.setdefault(("resorts",), Ring(self.nodes))
        for node in ring.walk(point):
            some = by_state.setdefault(node.state, [])
            if len(some) < SHOWN:
                some.append(node)
        return list(chain(*by_state.values()))


def _take(
    found: dict[str, Node], ring: Ring, point: int, most: int, given: Mapping[str, int], now: datetime
) -> list[Node]:
    """Show up to so many of a ring's nodes that are free at this moment; → those."""
    taken: list[Node] = []
    for node in ring.walk(point):
        name = f"n{node.slot}"
        load = node.egress_bps + given.get(name, 0)
        if load <= CROWDED * node.capacity_bps and node.lease_until > now:
            found[name] = node
            taken.append(node)
            if len(taken) >= most:
                break
    return taken

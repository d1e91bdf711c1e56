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
from functools import lru_cache
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
    return _host(node.base_url)


@lru_cache(maxsize=1 << 16)
def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or base_url


def _point(node: Node) -> int:
    return (node.id.int ^ (node.id.int >> 64)) * _SPREAD & _BITS


class Ring:
    """Nodes in an order that has nothing to do with what they are, so that a walk from anywhere meets a fair mix."""

    __slots__ = ("_points", "_slots", "nodes")

    def __init__(self, nodes: Sequence[Node]) -> None:
        placed = sorted((_point(node), node.slot, node) for node in nodes)
        self._points = [point for point, _, _ in placed]
        self.nodes = [node for _, _, node in placed]
        self._slots: frozenset[int] = frozenset()

    @property
    def slots(self) -> frozenset[int]:
        """The nodes' numbers."""
        if not self._slots:
            self._slots = frozenset(node.slot for node in self.nodes)
        return self._slots

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
        if (3, key) not in self._rings:
            some: dict[int, list[Node]] = {3: [], 1: []}
            for node in scope.nodes if len(scope.nodes) <= len(self.held) else self._holders(picture, scope):
                worth = HELD.get(self.held.get(pathway(node), ""), 0)
                for least, nodes in some.items():
                    if worth >= least:
                        nodes.append(node)
            for least, nodes in some.items():
                self._rings[least, key] = Ring(nodes)
        return [ring for least in (3, 1) if (ring := self._rings[least, key]).nodes]

    def _holders(self, picture: "Picture", scope: Ring) -> list[Node]:
        found = (picture.by_id.get(name) for name in self.held)
        return [node for node in found if node and node.slot in scope.slots]


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

    def guessed(self, near: int) -> list[str]:
        """The sites that are likely to be in a class."""
        return (
            [site for site, at in self._sites.items() if self._guessed[at] == near] if self._guessed else []
        )


class Picture:
    """The nodes of one moment. Many threads may ask; what is worked out on the way is kept."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self.by_id = {pathway(node): node for node in self.nodes}
        self.regions = len({node.region for node in self.nodes})
        #: Where sites are, as far as that is known: that of its first node that has a place.
        places: dict[str, Place] = {}
        for node in self.nodes:
            if node.latitude is not None and node.longitude is not None and node.site not in places:
                places[node.site] = (node.latitude, node.longitude)
        self._sites = {site: at for at, site in enumerate(places)}
        self._globe = nearness.Globe(list(places.values()))
        self._rings: dict[Hashable, Ring] = {}
        self._by_site: dict[str, list[Node]] = {}
        self._by_region: dict[str, list[Node]] = {}
        self._classes: dict[Place, bytes] = {}
        if len(self.nodes) > WHOLE:
            for node in self.nodes:
                if node.state in SERVING and node.egress_bps <= CROWDED * node.capacity_bps:
                    self._by_site.setdefault(node.site, []).append(node)
                    self._by_region.setdefault(node.region, []).append(node)

    def warm(self) -> None:
        """Work out now what most questions need, so that none of them waits for it."""
        if len(self.nodes) > WHOLE:
            self._everywhere()
            for region in self._by_region:
                self._in_region(region)

    def classes(self, viewer: Asks) -> "Classes":
        """How near the sites are to a viewer."""
        guessed = b""
        if viewer.place is not None and self._sites:
            cell = nearness.cell(viewer.place)
            if cell not in self._classes:
                self._classes[cell] = self._globe.classes(cell)
            guessed = self._classes[cell]
        measured: dict[str, float] = {}
        for name, ms in viewer.rtt_ms.items():
            if node := self.by_id.get(name):
                measured[node.site] = min(ms, measured.get(node.site, ms))
        by_class = {site: nearness.of_round_trip(ms) for site, ms in measured.items()}
        return Classes(by_class, guessed, self._sites)

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
            yield ("region", viewer.region), self._in_region(viewer.region)
        classes = self.classes(viewer)
        for near in range(nearness.UNKNOWN):
            if measured := tuple(site for site, one in classes.measured.items() if one == near):
                yield measured, self._of_sites(measured, measured)
            if viewer.place is not None and self._sites:
                key = (nearness.cell(viewer.place), near)
                if key not in self._rings:
                    self._of_sites(key, classes.guessed(near))
                yield key, self._rings[key]
        yield ("all",), self._everywhere()

    def _of_sites(self, key: Hashable, sites: Sequence[str]) -> Ring:
        ring = self._rings.get(key)
        if ring is None:
            ring = self._rings[key] = Ring(list(chain(*(self._by_site.get(site, ()) for site in sites))))
        return ring

    def _in_region(self, region: str) -> Ring:
        key = ("region", region)
        if key not in self._rings:
            self._rings[key] = Ring(self._by_region.get(region, ()))
        return self._rings[key]

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

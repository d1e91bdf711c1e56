"""Whatever happens in whatever order: bytes are right, sums are right, the budget and the plan are kept."""

import asyncio
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cdn.edge.held import Hit
from cdn.edge.manifest import Spec, parse
from cdn.edge.store import Store
from cdn.tests.test_edge_store import memory
from tests.edge.harness import make_package

PACKAGES = [make_package(segments=5, sizes=(9000, 20_000, 4096, 33_000), seed=seed) for seed in range(5)]
OBJECTS: list[tuple[int, Spec, bytes]] = []
for _place, (_package, _manifest, _objects) in enumerate(PACKAGES):
    _index = parse(_package, _manifest)
    for _name, _data in _objects.items():
        _spec = _index.spec(*(part.encode() for part in _name.split("/")))
        assert _spec is not None
        OBJECTS.append((_place, _spec, _data))
BUDGET = 600_000
#: The maps are counted by a restart only: a page for each rendition here, next to nothing in a real cache.
MAPS = len(PACKAGES) * 3 * 4096


class World:
    """A store, what workers still owe it, and what is planned."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.rng = folder, rng
        self.owed: list[Callable[[], None]] = []
        #: Hits that "workers" are still sending: gone, not answered for.
        self.sending: dict[int, tuple[Hit, bytes]] = {}
        self.planned: dict[tuple[str, str], int | None] = {}
        self.store = self.open()

    def open(self) -> Store:
        """A store as a node's start makes it."""
        store = Store(self.folder, BUDGET, open_most=2)
        store.on_gone = self.gone
        for (package, rendition), segments in self.planned.items():
            store.protect(package, rendition, segments)
        return store

    def gone(self, hit: Hit, done: Callable[[], None]) -> None:
        """Half of the time some worker is still sending it."""
        if self.rng.random() < 0.5:
            done()
            return
        data = next(data for _, spec, data in OBJECTS if same(spec, hit))
        number = len(self.owed)
        self.sending[number] = (hit, data)

        def answer() -> None:
            self.sending.pop(number, None)
            done()

        self.owed.append(answer)

    async def step(self) -> None:
        """One thing that happens to a node."""
        rng, store = self.rng, self.store
        what = rng.random()
        place, spec, data = rng.choice(OBJECTS)
        package, manifest, _ = PACKAGES[place]
        if what < 0.6:
            await self.ask(package, manifest, spec, data)
        elif what < 0.7 and self.owed:
            rng.choice(self.owed)()
        elif what < 0.78:
            segments = rng.choice([None, 1, 3])
            self.planned[package, spec.rendition.name] = segments
            store.protect(package, spec.rendition.name, segments)
        elif what < 0.86:
            self.planned = {key: kept for key, kept in self.planned.items() if key[0] != package}
            store.unprotect(package)
        elif what < 0.9:
            store.drop_package(package)
        elif what < 0.93:
            hits = list(store.hits.values())
            if hits:
                store.doubt(rng.choice(hits))
        elif what < 0.96:
            for answer in self.owed:  # a worker's death answers for all that it owed
                answer()
            store.close()
            self.store = self.open()

    async def ask(self, package: str, manifest: bytes, spec: Spec, data: bytes) -> None:
        """A viewer asks for an object, as a fill does for him."""
        store = self.store
        index = await store.recall(package) or await store.adopt(package, manifest)
        key = f"{package}/{spec.rendition.name}/{spec.name}".encode()
        mine = index.renditions[spec.rendition.name.encode()].numbered(spec.number)
        assert mine is not None
        hit = store.hits.get(key) or await store.look(mine)
        if hit is None:
            hit = await store.keep(mine, memory(data), hashlib.sha256(data).digest())
        if hit is not None:
            hit.visited = 1
            hit.used = hit.package_open.used = hit.used + 1
            assert read(hit) == data

    async def check(self) -> None:
        """All that must hold at any moment."""
        store = self.store
        await store.run(lambda: None)
        for hit, data in self.sending.values():
            assert read(hit) == data, "given back while somebody sends it"
        for _, spec, data in OBJECTS:
            found = store.hits.get(f"{spec.rendition.package}/{spec.rendition.name}/{spec.name}".encode())
            assert found is None or read(found) == data
        assert store.used == sum(standing.room for standing in store.shelves.packages.values())
        assert 0 <= store.planned <= store.used <= BUDGET + MAPS
        held = [held for opened in store._packages.values() for held in opened.held]
        assert set(store.hits.values()) | set(store._claimed.values()) == set(held)
        assert store._policy.count == sum(not one.planned for one in held)
        assert not store._policy.room < 0


def same(spec: Spec, hit: Hit) -> bool:
    return (spec.rendition.package, spec.rendition.name, spec.number) == (
        hit.rendition.package, hit.rendition.name, hit.number,
    )  # fmt: skip


def read(hit: Hit) -> bytes:
    return os.pread(hit.file.fd, hit.length, hit.offset)


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_bytes_and_sums_stay_right(tmp_path: Path, seed: int) -> None:
    async def run() -> None:
        world = World(tmp_path, random.Random(seed))
        for _ in range(150):
            await world.step()
            await world.check()
        world.store.close()

    asyncio.run(run())

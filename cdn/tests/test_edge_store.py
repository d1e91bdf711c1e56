"""What a node holds: holes under bytes that are on their way, and packages that are open and closed."""

import asyncio
import hashlib
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from cdn.edge.disk import Disk
from cdn.edge.files import OwnedFd
from cdn.edge.manifest import PackageIndex, Spec, parse
from cdn.edge.store import Store
from tests.edge.harness import make_package

Made = tuple[str, bytes, dict[str, bytes]]


def specs(index: PackageIndex, objects: dict[str, bytes]) -> list[tuple[Spec, bytes]]:
    """The segments of the picture with their bytes."""
    found = []
    for number in range(len(objects)):
        data = objects.get(f"v720/{number}.m4s")
        spec = index.spec(b"v720", f"{number}.m4s".encode())
        if data is not None and spec is not None:
            found.append((spec, data))
    return found


def memory(data: bytes) -> OwnedFd:
    """Bytes behind a descriptor, as a fill has them."""
    file = OwnedFd(os.memfd_create("test"))
    os.write(file.fd, data)
    return file


@pytest.mark.parametrize("size", [102_400, 700_001, 1_500_123])
@pytest.mark.parametrize("cold", [False, True], ids=["just written", "read from disk"])
def test_a_hole_changes_nothing_that_is_on_its_way(tmp_path: Path, size: int, cold: bool) -> None:
    package, manifest, objects = make_package(sizes=(size,), segments=3)
    parts = specs(parse(package, manifest), objects)
    disk = Disk(tmp_path / "packages")
    if not disk.can_punch:
        pytest.skip("this file system cannot make holes: nothing is ever changed in place there")
    for spec, data in parts:
        source = memory(data)
        disk.write(spec, source.fd, hashlib.sha256(data).digest())
    if cold:
        data_file = tmp_path / "packages" / package / "v720.data"
        flusher = os.open(data_file, os.O_RDONLY)
        os.posix_fadvise(flusher, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(flusher)
        disk = Disk(tmp_path / "packages")
    spec, data = parts[1]
    found = disk.claimed(spec)
    assert found is not None
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as viewer:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        viewer.connect(server.getsockname())
        sender, _ = server.accept()
        with sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
            sent = 0
            while sent < spec.length:
                sent += os.sendfile(sender.fileno(), found[0].fd, spec.offset + sent, spec.length - sent)
        disk.forget(spec.rendition, spec.number, spec.offset, spec.length)
        got = b""
        while chunk := viewer.recv(1 << 20):
            got += chunk
    assert got == data
    for other, kept in (parts[0], parts[2]):
        whole = disk.claimed(other)
        assert whole is not None
        assert os.pread(whole[0].fd, other.length, other.offset) == kept


def with_store(
    tmp_path: Path, work: Callable[[Store], Coroutine[Any, Any, None]], *, open_most: int = 2
) -> None:
    """Run something with a store of a small table and a large budget."""

    async def run() -> None:
        store = Store(tmp_path, 1 << 30, open_most=open_most)
        try:
            await work(store)
        finally:
            store.close()

    asyncio.run(run())


async def fill(store: Store, made: Made) -> list[Spec]:
    """Take a package in with all segments of its picture."""
    package, manifest, objects = made
    index = await store.adopt(package, manifest)
    parts = specs(index, objects)
    for spec, data in parts:
        assert await store.keep(spec, memory(data), hashlib.sha256(data).digest()) is not None
    return [spec for spec, _ in parts]


def test_only_so_many_packages_are_open_and_the_others_come_back_from_disk(tmp_path: Path) -> None:
    made = [make_package(segments=3, size=40_000, seed=seed) for seed in range(5)]

    async def work(store: Store) -> None:
        for one in made:
            await fill(store, one)
        used = store.used
        assert sum(store.known(package) is not None for package, _, _ in made) == 2
        assert len(store.hits) == 2 * 3
        for package, _, objects in made:
            index = await store.recall(package)
            assert index is not None, "it is on disk"
            for spec, data in specs(index, objects):
                hit = store.hits.get(f"{package}/v720/{spec.name}".encode()) or await store.look(spec)
                assert hit is not None
                assert os.pread(hit.file.fd, hit.length, hit.offset) == data
        assert store.used == used
        assert len(store.hits) == 2 * 3

    with_store(tmp_path, work)


def test_a_package_that_is_being_read_or_was_just_used_stays_open(tmp_path: Path) -> None:
    made = [make_package(segments=1, size=40_000, seed=seed) for seed in range(4)]
    keys = [f"{package}/v720/0.m4s".encode() for package, _, _ in made]

    async def work(store: Store) -> None:
        await fill(store, made[0])
        await fill(store, made[1])
        store.hits[keys[0]].readers += 1
        await fill(store, made[2])
        assert keys[0] in store.hits, "a viewer is reading it"
        assert keys[1] not in store.hits
        store.hits[keys[0]].readers -= 1
        store.hits[keys[0]].package_open.used += 1000
        await fill(store, made[3])
        assert keys[0] in store.hits, "it was used last"
        assert keys[2] not in store.hits

    with_store(tmp_path, work)


def test_room_is_made_by_dropping_closed_packages_first_and_the_sum_stays_right(tmp_path: Path) -> None:
    made = [make_package(segments=2, size=40_000, seed=seed) for seed in range(4)]

    async def work(store: Store) -> None:
        for one in made[:3]:
            await fill(store, one)
        store.budget = store.used
        await fill(store, made[3])
        await store.run(lambda: None)  # the disk's thread has come so far
        assert not (tmp_path / "packages" / made[0][0]).exists()
        held = sum(hit.length for hit in store.hits.values())
        assert held <= store.used <= store.budget

    with_store(tmp_path, work)

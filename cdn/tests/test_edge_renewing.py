"""What came from the disk in single pages is written over itself once it is asked for a lot, and stays what it is."""

import os
import socket
from collections.abc import Iterator
from os import sendfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdn.edge import files
from cdn.edge.connection import Connection
from cdn.edge.held import RENEW_AFTER, Hit
from cdn.edge.store import Store
from cdn.tests.test_edge_cache import fill, key, with_store
from tests.edge.origin import make_package

SIZE = 1_500_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    with near, far:
        yield near, far


async def one_held(store: Store) -> tuple[Hit, bytes]:
    made = make_package(segments=1, size=SIZE)
    (spec,) = await fill(store, made)
    return store.hits[key(spec)], made[2]["v720/0.m4s"]


def forget(hit: Hit) -> None:
    """As if the memory had been needed for something else."""
    os.fsync(hit.file.fd)
    os.posix_fadvise(hit.file.fd, 0, 0, os.POSIX_FADV_DONTNEED)


def test_bytes_on_their_way_and_on_disk_stay_what_they_are(
    tmp_path: Path, ends: tuple[socket.socket, socket.socket]
) -> None:
    near, far = ends

    async def work(store: Store) -> None:
        hit, data = await one_held(store)
        forget(hit)
        near.setblocking(False)
        queued = sendfile(near.fileno(), hit.file.fd, hit.offset, hit.length)
        assert queued > 100_000, "much of it waits in the sockets"
        store.disk.renews, hit.renew_at = True, 1
        store.renew(hit)
        assert (hit.readers, hit.renew_at) == (1, 0), "nobody evicts it meanwhile"
        await store.run(lambda: None)
        forget(hit)
        assert os.pread(hit.file.fd, hit.length, hit.offset) == data
        assert store.hits[hit.key] is hit
        store.drop_package(hit.rendition.package)
        near.close()
        got = b""
        while piece := far.recv(1 << 20):
            got += piece
        assert got == data[:queued]

    with_store(tmp_path, work)


def test_what_is_damaged_is_not_written_but_dropped(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        hit, data = await one_held(store)
        os.pwrite(hit.file.fd, bytes([data[70_000] ^ 1]), hit.offset + 70_000)
        store.disk.renews = True
        await store.run(lambda: None)
        written = store.disk.renew(hit.file, hit.offset, hit.length, hit.crc)
        assert not written
        store.renew(hit)
        while hit.readers:
            await store.run(lambda: None)
        assert hit.key not in store.hits

    with_store(tmp_path, work)


def test_one_at_a_time_and_none_that_has_gone(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        hit, _ = await one_held(store)
        store.disk.renews = False
        store.renew(hit)
        assert not hit.readers, "where it gains nothing"
        store.disk.renews = True
        store.renew(hit)
        store.renew(hit)
        assert hit.readers == 1
        while hit.readers:
            await store.run(lambda: None)
        store.doubt(hit)
        store.renew(hit)
        assert not hit.readers

    with_store(tmp_path, work)


def test_a_file_that_cannot_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        hit, data = await one_held(store)
        store.disk.renews = True
        gone = SimpleNamespace(fd=1 << 20)
        assert store.disk.renew(gone, hit.offset, hit.length, hit.crc), "no word about the object"  # type: ignore[arg-type]
        assert not store.disk.renews
        assert os.pread(hit.file.fd, hit.length, hit.offset) == data

    with_store(tmp_path, work)


@pytest.mark.parametrize(("asked", "wanted"), [(RENEW_AFTER - 1, False), (RENEW_AFTER, True)])
def test_only_what_is_asked_for_a_lot(
    tmp_path: Path, ends: tuple[socket.socket, socket.socket], asked: int, wanted: bool
) -> None:
    async def work(store: Store) -> None:
        hit, _ = await one_held(store)
        os.pread(hit.file.fd, hit.length, hit.offset)
        renewed: list[Hit] = []
        server: Any = SimpleNamespace(
            now=9.0, renew=renewed.append, bytes_out=0, watch_writing=lambda _: None, access_log=False,
            stopping=False, on_idle=None,
        )  # fmt: skip
        hit.probed, hit.renew_at, hit.visited = 0.0, RENEW_AFTER, asked
        ends[0].setblocking(False)
        Connection(server, ends[0]).begin_hit(b"", hit, 0, hit.length, 200)
        assert renewed == ([hit] if wanted else [])

    with_store(tmp_path, work)


def test_which_file_systems_gain_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not files.large_units(tmp_path / "missing")
    here = f"{os.major(tmp_path.stat().st_dev)}:{os.minor(tmp_path.stat().st_dev)}"
    monkeypatch.setattr(Path, "read_text", lambda *_: f"1 2 {here} / / rw - ext4 /dev/x rw\n")
    for release, gains in (("6.18.4-fc", True), ("6.1.0-30-amd64", False), ("7.0-rc1", True), ("odd", False)):
        monkeypatch.setattr(files.platform, "release", lambda release=release: release)
        assert files.large_units(tmp_path) is gains

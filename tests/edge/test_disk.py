"""The cache's disk under a real node: bytes that turn, files that vanish, disks that take nothing."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdn.edge.connection import PROBE_SECONDS
from tests.edge.harness import Edge, Origin, token, until

pytestmark = pytest.mark.slow
NewEdge = Callable[..., Edge]


def leave_memory(path: Path) -> None:
    """Push a file out of the page cache."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def flip(path: Path, offset: int) -> None:
    """Turn one bit, as a disk does: what memory has of it goes."""
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 4]))
    leave_memory(path)


def test_a_bit_that_turns_while_the_node_runs_reaches_no_viewer(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(segments=3, size=300_000)
    opened = token(package)
    for name in objects:
        assert edge.get(f"/v1/{opened}/{package}/{name}").status == 200
    until(lambda: edge.health()["objects"] >= len(objects), what="keeping all objects")
    edge.get(f"/v1/{opened}/{package}/v720/1.m4s")  # a hit, verified in this very process
    data = edge.cache / "packages" / package / "v720.data"
    flip(data, 300_000 // 4096 * 4096 + 4096 + 150_000)
    part = {"Range": "bytes=1000-200000"}
    time.sleep(PROBE_SECONDS + 0.1)  # so long nobody looks again whether an object is in memory
    asked = origin.asked["v720/1.m4s"]
    reply = edge.get(f"/v1/{opened}/{package}/v720/1.m4s", headers=part)
    assert (reply.status, reply.body) == (206, objects["v720/1.m4s"][1000:200001])
    assert origin.asked["v720/1.m4s"] == asked + 1
    assert edge.health()["faults"]["total"] == 1
    leave_memory(data)
    assert edge.get(f"/v1/{opened}/{package}/v720/1.m4s").body == objects["v720/1.m4s"]


@pytest.fixture
def small(new_edge: NewEdge) -> Iterator[Edge]:
    """A node on a file system of its own of 8 MiB."""
    edge = new_edge()
    edge.cache.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(edge.cache)]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"NO SMALL FILE SYSTEM CAN BE MOUNTED HERE ({made.stderr.strip()}): not tested")
    try:
        yield edge
    finally:
        edge.stop()
        subprocess.run(["umount", "-l", str(edge.cache)], check=False)


def test_a_disk_that_others_fill_makes_the_cache_smaller_and_never_wrong(small: Edge, origin: Origin) -> None:
    edge = small
    package, objects = origin.add(segments=12, size=300_000)
    edge.start("--cache-gb", "1")
    path = f"/v1/{token(package)}/{package}"
    for name in objects:
        assert edge.get(f"{path}/{name}").body == objects[name]
    before = edge.health()["cache_bytes"]
    with (edge.cache / "others").open("wb") as others, contextlib.suppress(OSError):
        while True:
            others.write(bytes(65536))
            others.flush()
    other, more = origin.add(segments=8, size=300_000, seed=2)
    opened = token(other)

    def smaller() -> bool:
        """Ask for what is new until the cache has given up something for it."""
        assert [name for name in more if edge.get(f"/v1/{opened}/{other}/{name}").body != more[name]] == []
        return bool(edge.health()["cache_bytes"] < before)

    until(smaller, what="making room")
    assert "No space left" in edge.health()["problem"]
    for name in objects:
        assert edge.get(f"{path}/{name}").body == objects[name]
    (edge.cache / "others").unlink()
    until(lambda: not edge.health()["problem"], what="being well again")
    assert edge.get(f"{path}/v720/7.m4s").body == objects["v720/7.m4s"]

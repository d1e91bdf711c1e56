"""The cache's disk under a real node: bytes that turn, files that vanish, disks that take nothing."""

import os
import time
from collections.abc import Callable
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

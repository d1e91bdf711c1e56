"""Faults of whole nodes, real processes throughout: each says what the viewer got. docs/autonomy.md has the table."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from cdn.edge.files import in_memory
from tests.edge.harness import Edge, Origin, running_origin, token, until, watch

pytestmark = pytest.mark.slow
NewEdge = Callable[..., Edge]


def hold(edge: Edge, package: str, objects: dict[str, bytes]) -> None:
    """Make a node hold the whole package."""
    for name, data in objects.items():
        assert edge.get(f"/v1/{token(package)}/{package}/{name}").body == data
    until(lambda: edge.health()["objects"] >= len(objects), what="keeping all of it")


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """A small file system of its own for a cache; the test is skipped, loudly, where none can be mounted."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"NO SMALL FILE SYSTEM CAN BE MOUNTED HERE ({made.stderr.strip()}): this was not tested")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def remount(folder: Path, how: str) -> None:
    """Change a file system; one that a process of a killed node still holds is tried again."""
    command = ["mount", "-o", f"remount,{how}", str(folder)]
    until(lambda: subprocess.run(command, capture_output=True).returncode == 0, what=f"making it {how}")


def test_a_node_killed_in_the_middle_of_an_answer_costs_no_byte(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(size=2_000_000)
    dying, other = new_edge("a").start(), new_edge("b").start()
    origin.gate, origin.gate_after = threading.Event(), 700_000
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    with ThreadPoolExecutor(1) as pool:
        viewer = pool.submit(watch, [dying, other], path, patience=10)
        until(lambda: dying.health()["bytes_sent"] > 500_000, what="the first part")
        dying.kill()
        origin.gate.set()
        seen = viewer.result(20)
    assert seen.body == objects["v720/0.m4s"]
    assert seen.story == ["broken off", "whole"]


def test_a_frozen_node_costs_the_viewer_its_patience_and_no_byte(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(size=400_000)
    frozen, other = new_edge("a").start(), new_edge("b").start()
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    assert frozen.get(path).status == 200
    frozen.signal(signal.SIGSTOP)
    began = time.monotonic()
    seen = watch([frozen, other], path, patience=1.0)
    assert seen.body == objects["v720/0.m4s"]
    assert seen.story == ["silent", "whole"]
    assert time.monotonic() - began < 8
    beats = len(origin.beats)
    frozen.signal(signal.SIGCONT)
    assert frozen.get(path).body == objects["v720/0.m4s"]
    until(lambda: len(origin.beats) > beats + 1, what="being heard again")


def test_a_full_disk_lets_objects_pass(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=8, size=500_000)
    edge = new_edge()
    with mounted(edge.cache, "2m"):
        try:
            edge.start("--cache-gb", "1")
            for _ in range(2):
                for name, data in objects.items():
                    assert edge.get(f"/v1/{token(package)}/{package}/{name}").body == data
            # The cache makes itself smaller than the disk, or is refused a write and says so: both are right.
            health = edge.health()
            assert health["cache_bytes"] <= 2 << 20
            assert health["problems"] == []
            assert {fault["kind"] for fault in origin.faults.values()} <= {"disk"}
            assert edge.get("/livez").status == 200
        finally:
            edge.stop()


def test_a_read_only_disk_serves_what_it_has_and_passes_the_rest_through(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add()
    fresh, others = origin.add(seed=2)
    edge = new_edge()
    with mounted(edge.cache, "64m"):
        try:
            edge.start("--cache-gb", "0.05")
            hold(edge, package, objects)
            edge.kill()  # a disk that is in use can only be made read-only by a fault of its own
            remount(edge.cache, "ro")
            edge.start("--cache-gb", "0.05")
            for wanted, contents in ((package, objects), (fresh, others)):
                for name, data in contents.items():
                    assert edge.get(f"/v1/{token(wanted)}/{wanted}/{name}").body == data
            until(lambda: "cannot be written" in edge.health()["problem"], what="words")
            assert edge.get("/livez").status == 200
            remount(edge.cache, "rw")
            until(lambda: edge.health()["problem"] == "", seconds=40, what="being well again")
            assert edge.get(f"/v1/{token(fresh)}/{fresh}/v720/1.m4s").body == others["v720/1.m4s"]
            until(lambda: origin.rows, what="deliveries that waited for the disk")
        finally:
            edge.stop()


def test_a_bit_that_flipped_in_a_cached_segment_is_never_served(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(size=200_000)
    edge = new_edge().start()
    hold(edge, package, objects)
    edge.kill()
    data = edge.cache / "packages" / package / "v720.data"
    place = data.read_bytes().index(objects["v720/3.m4s"][:64]) + 77_777
    with data.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 4]))
        os.fsync(file.fileno())
    edge.start()
    asked = origin.asked["v720/3.m4s"]
    for name, content in objects.items():
        assert edge.get(f"/v1/{token(package)}/{package}/{name}").body == content
    assert origin.asked["v720/3.m4s"] == asked + 1, "fetched again"
    until(lambda: origin.faults, what="the fault")
    fault = next(iter(origin.faults.values()))
    assert (fault["kind"], fault["package"], fault["rendition"], fault["name"]) == (
        "corrupt", package, "v720", "3.m4s",
    )  # fmt: skip


def test_a_bit_that_flips_on_disk_while_the_node_serves_it_reaches_nobody(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add(size=400_000)
    edge = new_edge().start()
    hold(edge, package, objects)
    data = edge.cache / "packages" / package / "v720.data"
    place = data.read_bytes().index(objects["v720/3.m4s"][:64])
    with data.open("r+b") as file:
        os.fsync(file.fileno())
        byte = os.pread(file.fileno(), 1, place + 77_777)[0]
        os.pwrite(file.fileno(), bytes([byte ^ 4]), place + 77_777)
        os.fsync(file.fileno())
        # What rots, rots below the page cache: memory must have let go of it, or nobody would read the disk.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if in_memory(file.fileno(), place, 400_000):
            pytest.skip("THIS FILE SYSTEM IS MEMORY: a bit that flips on disk was not tested")
    pause = time.monotonic() + 1.5  # what was seen in memory within the last second is not looked at again
    until(lambda: time.monotonic() > pause)
    seen = edge.get(f"/v1/{token(package)}/{package}/v720/3.m4s")
    assert seen.body == objects["v720/3.m4s"]
    until(lambda: any(fault["kind"] == "corrupt" for fault in origin.faults.values()), what="the fault")


def some_films(origin: Origin) -> dict[str, dict[str, bytes]]:
    """So many that of two nodes each surely leads for some of their renditions: which, lies with their ids."""
    return dict(origin.add(segments=2, seed=number) for number in range(8))


def watch_all(edge: Edge, films: dict[str, dict[str, bytes]]) -> None:
    """Every object is what it should be."""
    for package, objects in films.items():
        for name, data in objects.items():
            assert edge.get(f"/v1/{token(package)}/{package}/{name}").body == data, name


def test_a_peer_that_sends_wrong_bytes_is_found_out_and_the_viewer_gets_the_right_ones(
    new_edge: NewEdge, origin: Origin
) -> None:
    films = some_films(origin)
    with running_origin() as liar:
        liar.trusting = True
        liar.packages = dict(origin.packages)
        liar.corrupt = {name for objects in films.values() for name in objects}
        origin.more_peers = [liar.as_peer()]
        edge = new_edge().start()
        until(lambda: edge.health()["peers"] != 0, what="hearing of the peer")
        watch_all(edge, films)
        assert sum(liar.asked.values()) > 0, "it was asked"
        until(lambda: any(fault["kind"] == "peer" for fault in origin.faults.values()), what="the fault")
        detail = next(fault["detail"] for fault in origin.faults.values() if fault["kind"] == "peer")
        assert detail == "n99 sent wrong bytes"


def test_a_peer_that_hangs_costs_a_moment_and_is_passed_over(new_edge: NewEdge, origin: Origin) -> None:
    films = some_films(origin)
    with running_origin() as hanging:
        hanging.trusting, hanging.delay = True, 30.0
        hanging.packages = dict(origin.packages)
        origin.more_peers = [hanging.as_peer()]
        edge = new_edge().start()
        until(lambda: edge.health()["peers"] != 0, what="hearing of the peer")
        began = time.monotonic()
        watch_all(edge, films)
        assert time.monotonic() - began < 20, "not thirty seconds for each"
        assert sum(hanging.asked.values()) > 0, "it was asked"


def test_when_most_of_a_fleet_dies_at_once_its_viewers_go_on_elsewhere(
    new_edge: NewEdge, origin: Origin
) -> None:
    origin.share_peers = True
    package, objects = origin.add(size=100_000)
    fleet = [new_edge(f"n{number}") for number in range(5)]
    for edge in fleet:
        edge.start(wait=False)
    for edge in fleet:
        edge.wait_until_ready()
    names = [f"v720/{number}.m4s" for number in range(6)]
    opened = token(package)

    def evening(first: int) -> list[bytes]:
        order = fleet[first:] + fleet[:first]
        return [watch(order, f"/v1/{opened}/{package}/{name}", patience=5).body for name in names]

    dead = 0
    with ThreadPoolExecutor(10) as pool:
        viewers = [pool.submit(evening, number % 5) for number in range(20)]
        until(lambda: sum(future.done() for future in viewers) >= 2, seconds=60, what="some viewers")
        for edge in fleet[:2]:
            with contextlib.suppress(ProcessLookupError):
                edge.signal(signal.SIGKILL)
                dead += 1
        for future in viewers:
            assert future.result(120) == [objects[name] for name in names]
    assert dead == 2, "40 % of the fleet"
    for edge in fleet[2:]:
        assert edge.health()["problems"] == []

"""What the cache promises beside serving: what stays, what is told, who is asked before bytes go, and what rot does."""

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from cdn.edge.disk import Disk
from cdn.edge.faults import Faults
from cdn.edge.held import Hit
from cdn.edge.manifest import BadManifest, PackageIndex, Spec, pages
from cdn.edge.scrub import Scrubber
from cdn.edge.store import Store
from cdn.edge.trouble import Trouble
from cdn.tests.test_edge_store import Made, fill, memory, specs
from tests.edge.harness import make_package

Work = Callable[[Store], Coroutine[Any, Any, None]]


def with_store(folder: Path, work: Work, *, budget: int = 1 << 30, open_most: int = 256) -> None:
    """Run something with a store."""

    async def run() -> None:
        store = Store(folder, budget, open_most=open_most)
        try:
            await work(store)
        finally:
            store.close()

    asyncio.run(run())


async def fill_all(store: Store, made: Made) -> list[Spec]:
    """Take in all of a package: segments, init segments and playlists."""
    package, manifest, objects = made
    index = await store.adopt(package, manifest)
    found = []
    for name, data in objects.items():
        rendition, _, file = name.partition("/")
        spec = index.spec(rendition.encode(), file.encode())
        assert spec is not None
        assert await store.keep(spec, memory(data), hashlib.sha256(data).digest()) is not None
        found.append(spec)
    return found


def key(spec: Spec) -> bytes:
    return f"{spec.rendition.package}/{spec.rendition.name}/{spec.name}".encode()


# What stays ---------------------------------------------------------------------------------------------------


def test_demand_never_evicts_what_is_planned(tmp_path: Path) -> None:
    planned, other = (
        make_package(segments=6, size=40_000, seed=1),
        make_package(segments=30, size=40_000, seed=2),
    )

    async def work(store: Store) -> None:
        head = await fill(store, planned)
        store.protect(planned[0], "v720", 3)
        store.budget = store.used + 5 * pages(40_000)
        await fill(store, other)
        assert [key(spec) in store.hits for spec in head] == [True] * 3 + [False] * 3
        assert store.used <= store.budget
        assert store.planned == sum(pages(spec.length) for spec in head[:3])
        store.unprotect(planned[0])
        assert store.planned == 0
        await fill(store, make_package(segments=30, size=40_000, seed=3))
        assert not any(key(spec) in store.hits for spec in head)

    with_store(tmp_path, work)


def test_what_is_planned_beyond_its_share_of_the_budget_leaves_room_for_demand(tmp_path: Path) -> None:
    made = make_package(segments=20, size=40_000)

    async def work(store: Store) -> None:
        store.protect(made[0], "v720")
        store.budget = pages(len(made[1])) + 20 * pages(40_000)
        found = await fill(store, made)
        assert 0.7 * store.budget < store.planned <= 0.85 * store.budget
        await fill(store, make_package(segments=3, size=40_000, seed=2))
        assert sum(key(spec) in store.hits for spec in found) >= 16
        assert store.used <= store.budget

    with_store(tmp_path, work)


def test_a_closed_package_keeps_its_planned_part_when_room_is_needed(tmp_path: Path) -> None:
    made = [make_package(segments=6, size=40_000, seed=seed) for seed in range(5)]

    async def work(store: Store) -> None:
        kept = await fill_all(store, made[0])
        store.protect(made[0][0], "v720", 2)
        for one in made[1:3]:
            await fill(store, one)
        assert store.known(made[0][0]) is None, "it is closed"
        store.budget = store.used
        await fill(store, made[3])
        assert store.holdings()[made[1][0]]["v720"] == ["partial", 6], "the longest unused goes first"
        await fill(store, made[4])
        await store.run(lambda: None)
        assert store.used <= store.budget
        assert store.holdings()[made[0][0]] == {"v720": ["partial", 2]}
        index = await store.recall(made[0][0])
        assert index is not None
        names = {"0.m4s", "1.m4s", "init.mp4", "index.m3u8"}
        for spec in kept:
            hit = await store.look(spec)
            assert (hit is not None) == (spec.rendition.name == "v720" and spec.name in names)
        room = sum(hit.room for hit in store.hits.values() if hit.package.decode() == made[0][0])
        assert store.planned == room

    with_store(tmp_path, work, open_most=2)


def test_the_longest_unused_package_goes_first_after_a_restart(tmp_path: Path) -> None:
    made = [make_package(segments=2, size=40_000, seed=seed) for seed in range(3)]

    async def first(store: Store) -> None:
        for one in made[:2]:
            await fill(store, one)
        opened = store.hits[f"{made[0][0]}/v720/0.m4s".encode()].package_open
        opened.used += 5000

    async def second(store: Store) -> None:
        store.budget = store.used
        await fill(store, made[2])
        await store.run(lambda: None)
        assert (tmp_path / "packages" / made[0][0]).exists()
        assert not (tmp_path / "packages" / made[1][0]).exists()

    with_store(tmp_path, first)
    folder = tmp_path / "packages"
    used = {one[0]: (folder / one[0]).stat().st_mtime for one in made[:2]}
    os.utime(folder / made[1][0], (used[made[1][0]] - 50,) * 2)
    with_store(tmp_path, second)


# What is told -------------------------------------------------------------------------------------------------


def test_the_inventory_tells_states_and_only_what_changed(tmp_path: Path) -> None:
    one, two = make_package(segments=6, size=40_000, seed=1), make_package(segments=6, size=40_000, seed=2)

    async def work(store: Store) -> None:
        assert store.holdings() == {}
        begin = store.epoch
        parts = await fill_all(store, one)
        assert store.holdings() == {one[0]: {"v720": ["full", 6], "a-en": ["full", 3], "t-en": ["full", 1]}}
        middle = store.epoch
        assert middle > begin
        index = await store.adopt(two[0], two[1])
        wanted = [index.spec(b"v720", name) for name in (b"index.m3u8", b"0.m4s", b"1.m4s", b"2.m4s")]
        for spec in wanted:
            assert spec is not None
            data = two[2][f"v720/{spec.name}"]
            await store.keep(spec, memory(data), hashlib.sha256(data).digest())
        assert store.shelves.changes(middle) == (middle, {two[0]: {"v720": ["head", 3]}})
        late = store.epoch
        store.doubt(store.hits[key(parts[1])])
        store.drop_package(two[0])
        base, changed = store.shelves.changes(late)
        assert base == late
        assert changed[two[0]] == {}
        assert changed[one[0]]["v720"] == ["partial", 5]
        assert store.shelves.changes(store.epoch) == (store.epoch, {})
        assert store.shelves.changes(17) == (0, store.holdings()), "an epoch of another life"

    with_store(tmp_path, work)


def test_after_a_restart_the_same_is_told_without_opening_anything(tmp_path: Path) -> None:
    made = make_package(segments=5, size=40_000)
    told: list[Any] = []

    async def first(store: Store) -> None:
        await fill_all(store, made)
        told.extend((store.holdings(), store.epoch, store.used))

    async def second(store: Store) -> None:
        assert store.known(made[0]) is None
        assert store.holdings() == told[0]
        assert store.epoch > told[1]
        await store.recall(made[0])
        assert store.holdings() == told[0]
        assert abs(store.used - told[2]) <= 8 * 4096

    with_store(tmp_path, first)
    with_store(tmp_path, second)


# Who is asked before bytes go -----------------------------------------------------------------------------------


def test_bytes_are_given_back_only_when_everybody_is_done_with_them(tmp_path: Path) -> None:
    made = make_package(segments=3, size=40_000)

    async def work(store: Store) -> None:
        come: list[bytes] = []
        gone: list[tuple[Hit, Callable[[], None]]] = []
        store.on_hit = lambda hit: come.append(hit.key)
        store.on_gone = lambda hit, done: gone.append((hit, done))
        parts = await fill(store, made)
        assert come == [key(spec) for spec in parts]
        store.budget = store.used
        await fill(store, make_package(segments=1, size=40_000, seed=2))
        (hit, done), *_ = gone
        assert hit.key not in store.hits
        await store.run(lambda: None)
        data = made[2][f"v720/{hit.name}"]
        assert os.pread(hit.file.fd, hit.length, hit.offset) == data, "somebody may be sending it"
        done()
        done()
        await store.run(lambda: None)
        assert os.pread(hit.file.fd, hit.length, hit.offset) == bytes(hit.length)

    with_store(tmp_path, work)


def test_what_comes_back_before_everybody_was_done_is_not_destroyed_afterwards(tmp_path: Path) -> None:
    made = make_package(segments=1, size=40_000)

    async def work(store: Store) -> None:
        waiting: list[Callable[[], None]] = []
        store.on_gone = lambda hit, done: waiting.append(done)
        (spec,) = await fill(store, made)
        store.doubt(store.hits[key(spec)])
        assert await store.look(spec) is None
        data = made[2]["v720/0.m4s"]
        again = await store.keep(spec, memory(data), hashlib.sha256(data).digest())
        assert again is not None
        for done in waiting:
            done()
        await store.run(lambda: None)
        assert os.pread(again.file.fd, again.length, again.offset) == data
        assert Disk(tmp_path / "packages").claims(spec.rendition) == [0]

    with_store(tmp_path, work)


# Takedowns ------------------------------------------------------------------------------------------------------


def test_a_takedown_goes_at_once_and_stays_forbidden_after_a_restart(tmp_path: Path) -> None:
    made, other = make_package(seed=1), make_package(seed=2)

    async def first(store: Store) -> None:
        await fill(store, made)
        await fill(store, other)
        gone: list[bytes] = []
        store.on_gone = lambda hit, done: gone.append(hit.key)
        await store.take_down([{"version": 4, "package": made[0], "forbidden": True, "lifted": False}], 7)
        assert not [held for held in store.hits if held.startswith(made[0].encode())]
        assert gone, "the other processes of this node hear of it"
        assert store.takedowns.version == 7
        with pytest.raises(BadManifest, match="taken down"):
            await store.adopt(made[0], made[1])

    async def second(store: Store) -> None:
        assert store.takedowns.version == 7
        assert store.takedowns.forbids(made[0])
        assert await store.recall(made[0]) is None
        assert await store.recall(other[0]) is not None
        await store.take_down([{"version": 8, "package": made[0], "lifted": True}])
        assert await store.adopt(made[0], made[1])

    with_store(tmp_path, first)
    assert not (tmp_path / "packages" / made[0]).exists()
    # As if the node had died before the package was gone from its disk.
    Disk(tmp_path / "packages").save_manifest(*made[:2])
    with_store(tmp_path, second)


def test_what_is_taken_down_while_its_manifest_is_written_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_package()

    async def work(store: Store) -> None:
        save, begun, go_on = store.disk.save_manifest, threading.Event(), threading.Event()

        def slowly(package: str, text: bytes) -> None:
            begun.set()
            go_on.wait(10)
            save(package, text)

        monkeypatch.setattr(store.disk, "save_manifest", slowly)
        adopting = asyncio.create_task(store.adopt(made[0], made[1]))
        await asyncio.to_thread(begun.wait, 10)
        taking = asyncio.create_task(store.take_down([{"version": 1, "package": made[0]}], 1))
        await asyncio.sleep(0)
        go_on.set()
        await taking
        with pytest.raises(BadManifest, match="taken down"):
            await adopting
        assert store.known(made[0]) is None
        assert await store.recall(made[0]) is None
        await store.run(lambda: None)
        assert not (tmp_path / "packages" / made[0]).exists()

    with_store(tmp_path, work)


def test_a_purge_lets_go_and_forbids_nothing(tmp_path: Path) -> None:
    made = make_package()

    async def work(store: Store) -> None:
        await fill(store, made)
        await store.take_down([{"version": 1, "package": made[0], "forbidden": False}])
        assert not store.hits
        assert await fill(store, made)

    with_store(tmp_path, work)


# Power cuts and rot ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", ["a page", "the end", "everything", "the map"])
def test_what_a_power_cut_tore_is_never_served(tmp_path: Path, torn: str) -> None:
    made = make_package(segments=4, size=40_000)

    async def first(store: Store) -> None:
        await fill(store, made)

    with_store(tmp_path, first)
    home = tmp_path / "packages" / made[0]
    with (home / "v720.data").open("r+b") as file:
        if torn == "a page":
            file.seek(pages(40_000) + 8192)
            file.write(bytes(4096))
        elif torn == "the end":
            file.truncate(2 * pages(40_000) + 5000)
        elif torn == "everything":
            file.truncate(0)
    if torn == "the map":
        (home / "v720.map").write_bytes(os.urandom(37))

    async def second(store: Store) -> None:
        index = await store.recall(made[0])
        assert index is not None
        right = 0
        for spec, data in specs(index, made[2]):
            hit = await store.look(spec)
            if hit is not None:
                right += 1
                assert os.pread(hit.file.fd, hit.length, hit.offset) == data
        assert right == {"a page": 3, "the end": 2, "everything": 0, "the map": 0}[torn]
        for spec, data in specs(index, made[2]):
            assert key(spec) in store.hits or await store.keep(
                spec, memory(data), hashlib.sha256(data).digest()
            )

    with_store(tmp_path, second)


def test_what_a_power_cut_tore_is_no_fault_of_the_disk_but_later_rot_is(tmp_path: Path) -> None:
    made = make_package(segments=4, size=40_000)
    parts: list[Spec] = []

    async def first(store: Store) -> None:
        parts.extend(await fill(store, made))

    async def second(store: Store) -> None:
        await store.recall(made[0])
        assert await store.look(parts[0]) is None
        assert len(store.faults) == 0
        scrubber = Scrubber(store, tmp_path)
        await scrubbed(scrubber)
        assert (scrubber.rotten, len(store.faults)) == (1, 0)
        rot(tmp_path, parts[2])
        await scrubbed(scrubber)
        assert [fault["name"] for fault in store.faults.told()] == ["2.m4s"]

    with_store(tmp_path, first)
    rot(tmp_path, parts[0])
    rot(tmp_path, parts[1])
    (tmp_path / "packages" / ".running").write_text("the machine's life before")
    with_store(tmp_path, second)


async def scrubbed(scrubber: Scrubber) -> int:
    """One whole pass; → how many objects were read."""
    passes, steps = scrubber.passes, 0
    while scrubber.passes == passes:
        steps += bool(await scrubber.step())
    return steps


def rot(tmp_path: Path, spec: Spec) -> None:
    """Turn a bit of an object on disk, past what memory has of it."""
    path = tmp_path / "packages" / spec.rendition.package / f"{spec.rendition.name}.data"
    with path.open("r+b", buffering=0) as file:
        file.seek(spec.offset + spec.length // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
        os.fsync(file.fileno())


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_the_scrub_finds_rot_drops_it_and_says_what_was_lost(tmp_path: Path, closed: bool) -> None:
    made = make_package(segments=4, size=40_000)

    async def work(store: Store) -> None:
        parts = await fill_all(store, made)
        count = len(parts)
        store.protect(made[0], "v720")
        lost: list[tuple[str, str, int]] = []
        store.on_lost = lambda *what: lost.append(what)
        if closed:
            await fill(store, make_package(segments=1, seed=2))
            count += 1
            assert store.known(made[0]) is None
        scrubber = Scrubber(store, tmp_path)
        assert await scrubbed(scrubber) == count
        assert (scrubber.rotten, lost, len(store.faults)) == (0, [], 0)
        spec = next(spec for spec in parts if spec.name == "2.m4s" and spec.rendition.name == "v720")
        rot(tmp_path, spec)
        used = store.used
        await scrubbed(scrubber)
        assert lost == [(made[0], "v720", 2)]
        assert [fault["name"] for fault in store.faults.told()] == ["2.m4s"]
        assert key(spec) not in store.hits
        assert store.used == used - pages(40_000 + 2)
        assert store.holdings()[made[0]]["v720"] == ["partial", 3]
        await store.recall(made[0])
        assert await store.look(spec) is None
        assert await scrubbed(scrubber) == count - 1

    with_store(tmp_path, work, open_most=1)


def test_the_scrub_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    made = make_package(segments=4, size=40_000)
    places: list[Any] = []

    async def first(store: Store) -> None:
        parts = await fill_all(store, made)
        scrubber = Scrubber(store, tmp_path)
        for _ in range(4):
            await scrubber.step()
        await scrubber.save()
        places.extend((scrubber.place, len(parts)))

    async def second(store: Store) -> None:
        scrubber = Scrubber(store, tmp_path)
        assert scrubber.place == places[0]
        assert await scrubbed(scrubber) == places[1] - 4

    with_store(tmp_path, first)
    with_store(tmp_path, second)


def test_a_damaged_manifest_takes_its_package_along(tmp_path: Path) -> None:
    made = make_package(segments=2, size=40_000)

    async def work(store: Store) -> None:
        await fill(store, made)
        (tmp_path / "packages" / made[0] / "manifest.json").write_bytes(made[1][:-1] + b" ")
        await scrubbed(Scrubber(store, tmp_path))
        assert not store.hits
        assert store.used == 0

    with_store(tmp_path, work)


def test_what_a_killed_process_wrote_without_claiming_it_is_given_back(tmp_path: Path) -> None:
    made = make_package(segments=3, size=200_000)

    async def first(store: Store) -> None:
        await fill(store, made)

    with_store(tmp_path, first)
    home = tmp_path / "packages" / made[0]
    with (home / "v720.map").open("r+b") as file:
        file.write(bytes(8))  # the first segment's mark was never written

    async def second(store: Store) -> None:
        if not store.disk.can_punch:
            pytest.skip("no holes can be made here")
        assert isinstance(await store.recall(made[0]), PackageIndex)
        assert (home / "v720.data").stat().st_blocks * 512 < 2 * pages(200_000) + 65536

    with_store(tmp_path, second)


def test_what_is_written_over_a_claim_is_counted_once(tmp_path: Path) -> None:
    made = make_package(segments=2, size=40_000)

    async def first(store: Store) -> None:
        await fill(store, made)

    async def second(store: Store) -> None:
        await store.recall(made[0])
        used, told = store.used, store.holdings()
        await fill(store, made)
        assert abs(store.used - used) <= 3 * 4096
        assert store.holdings() == told
        store.drop_package(made[0])
        assert (store.used, store.holdings()) == (0, {})

    with_store(tmp_path, first)
    with_store(tmp_path, second)


def test_what_is_written_over_a_claim_is_not_evicted_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_package(segments=2, size=40_000)
    data = made[2]["v720/0.m4s"]

    async def first(store: Store) -> None:
        await fill(store, made)

    async def second(store: Store) -> None:
        index = await store.recall(made[0])
        assert index is not None
        spec = index.spec(b"v720", b"0.m4s")
        assert spec is not None
        write, begun, go_on = store.disk.write, threading.Event(), threading.Event()

        def slowly(*what: Any) -> Any:
            begun.set()
            go_on.wait(10)
            return write(*what)

        monkeypatch.setattr(store.disk, "write", slowly)
        keeping = asyncio.create_task(store.keep(spec, memory(data), hashlib.sha256(data).digest()))
        await asyncio.to_thread(begun.wait, 10)
        store._make_room(store.budget)  # somebody else needs all there is
        go_on.set()
        hit = await keeping
        assert hit is not None
        await store.run(lambda: None)
        assert os.pread(hit.file.fd, hit.length, hit.offset) == data

    with_store(tmp_path, first)
    with_store(tmp_path, second)


# Trouble --------------------------------------------------------------------------------------------------------


def refusal(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_a_full_disk_makes_the_cache_smaller_until_there_is_room_again() -> None:
    faults = Faults()
    trouble = Trouble(1600, faults)
    trouble.refused(refusal(errno.ENOSPC), 800)
    assert trouble.ceiling == 750
    assert trouble.pausing
    assert "No space left" in trouble.problem
    assert not trouble.read_only
    trouble.written()
    assert "No space left" in trouble.problem, "it works, with less than it should have"
    trouble.examined(None, used=750, budget=1600, free=60, reserve=10)
    assert (trouble.ceiling, bool(trouble.problem)) == (800, True)
    trouble.examined(None, used=750, budget=1600, free=5, reserve=10)
    assert trouble.ceiling == 745, "what is missing of the reserve is given back"
    trouble.examined(None, used=745, budget=1600, free=5000, reserve=10)
    assert (trouble.ceiling, trouble.problem, trouble.pausing) == (1600, "", False)
    assert [fault["kind"] for fault in faults.told()] == ["disk"]


def test_a_read_only_disk_is_left_alone_until_it_takes_a_write_again() -> None:
    faults = Faults()
    trouble = Trouble(1600, faults)
    for _ in range(3):
        trouble.examined(refusal(errno.EROFS), used=100, budget=1600, free=5000, reserve=10)
    assert trouble.pausing
    assert trouble.read_only == trouble.problem == "the cache cannot be written: Read-only file system"
    assert len(faults) == 1
    trouble.examined(None, used=100, budget=1600, free=5000, reserve=10)
    assert (trouble.read_only, trouble.problem, trouble.pausing) == ("", "", False)

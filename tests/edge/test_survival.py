"""What an edge survives: kills, absent origins, a silent control plane, full disks, small budgets."""

import random
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.edge.harness import Edge, Origin, token, until

pytestmark = pytest.mark.slow
NewEdge = Callable[..., Edge]


def hold_all(edge: Edge, package: str, objects: dict[str, bytes]) -> None:
    """Make the edge hold the whole package."""
    opened = token(package)
    for name in objects:
        assert edge.get(f"/v1/{opened}/{package}/{name}").status == 200
    until(lambda: edge.health()["objects"] >= len(objects), what="keeping all objects")


def wrong(edge: Edge, package: str, objects: dict[str, bytes]) -> list[str]:
    """Names whose bytes are not right."""
    opened = token(package)
    return [name for name, data in objects.items() if edge.get(f"/v1/{opened}/{package}/{name}").body != data]


def test_kill_9_while_filling_never_leaves_wrong_bytes(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=12, size=300_000)
    edge = new_edge()
    rng = random.Random(7)
    for _ in range(5):
        edge.start()
        opened = token(package)
        stop = threading.Event()

        def ask(name: str, opened: str = opened, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                try:
                    edge.get(f"/v1/{opened}/{package}/{name}")
                except OSError:
                    return

        with ThreadPoolExecutor(6) as pool:
            for name in rng.sample(sorted(objects), 6):
                pool.submit(ask, name)
            stop.wait(rng.uniform(0.02, 0.2))
            edge.kill()
            stop.set()
    edge.start()
    assert wrong(edge, package, objects) == []


def test_what_was_held_is_served_after_a_restart_without_the_origin(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add()
    edge = new_edge().start()
    hold_all(edge, package, objects)
    edge.kill()
    origin.stop()
    edge.start()
    assert wrong(edge, package, objects) == []
    assert edge.get(f"/v1/{token(package)}/{package}/v720/0.m4s").headers["X-Cache"] == "HIT"


def test_bytes_that_rotted_on_disk_are_fetched_anew(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add()
    edge = new_edge().start()
    hold_all(edge, package, objects)
    edge.kill()
    data = edge.cache / "packages" / package / "v720.data"
    with data.open("r+b") as file:
        file.seek(100_000)
        file.write(b"\0" * 5000)
    (edge.cache / "packages" / package / "a-en.map").write_bytes(b"\xff" * 3)
    edge.start()
    assert wrong(edge, package, objects) == []


def test_a_damaged_manifest_on_disk_is_fetched_anew(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add()
    edge = new_edge().start()
    hold_all(edge, package, objects)
    edge.kill()
    (edge.cache / "packages" / package / "manifest.json").write_bytes(b'{"v":1}')
    edge.start()
    assert wrong(edge, package, objects) == []


def test_hits_go_on_while_the_origin_is_down_and_only_misses_fail(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add()
    opened = token(package)
    held = f"/v1/{opened}/{package}/a-en/2.m4s"
    assert edge.get(held).status == 200
    origin.stop()
    assert edge.get(f"/v1/{opened}/{package}/v720/5.m4s").status == 502
    unknown = "cd" * 16
    assert edge.get(f"/v1/{token(unknown)}/{unknown}/v720/5.m4s").status == 502
    assert edge.get(held).body == objects["a-en/2.m4s"]
    assert edge.get("/livez").status == 200
    origin.start()
    assert edge.get(f"/v1/{opened}/{package}/v720/5.m4s").body == objects["v720/5.m4s"]


def test_while_the_control_plane_is_away_tokens_live_on_unless_denied(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    old, denied = token(package, lasts=-60), token(package, session=b"d" * 16)
    path = f"/v1/%s/{package}/v720/0.m4s"
    assert edge.get(path % old).status == 403
    assert edge.get(path % denied).status == 200
    origin.deny = [{"session": (b"d" * 16).hex(), "until": 4e9}]
    until(lambda: edge.get(path % denied).status == 403, what="the denial")
    origin.control_down = True
    until(lambda: edge.health()["grace"], what="the grace")
    assert edge.get(path % old).status == 200
    assert edge.get(path % denied).status == 403
    assert edge.get(path % token(package, lasts=-4 * 3600 - 5)).status == 403
    origin.control_down = False
    until(lambda: not edge.health()["grace"], what="the end of the grace")
    until(lambda: edge.get(path % old).status == 403, what="strictness again")


@pytest.mark.parametrize(
    "answer", [b"<html>Welcome to this hotel</html>", b'{"state": null, "interval": "soon"}']
)
def test_answers_that_make_no_sense_count_as_silence(edge: Edge, origin: Origin, answer: bytes) -> None:
    package, objects = origin.add()
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    assert edge.get(path).status == 200
    origin.strange_answer = answer
    until(lambda: edge.health()["grace"], what="the grace")
    assert edge.get(path).body == objects["v720/0.m4s"]
    origin.strange_answer = b""
    until(lambda: not edge.health()["grace"], what="the end of the grace")


def test_a_state_that_cannot_be_written_stops_nothing(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    path = f"/v1/{token(package, session=b'd' * 16)}/{package}/v720/0.m4s"
    assert edge.get(path).status == 200
    state = edge.cache / "state.json"
    state.unlink()
    (state / "in the way").mkdir(parents=True)
    origin.deny = [{"session": (b"d" * 16).hex(), "until": 4e9}]
    until(lambda: edge.get(path).status == 403, what="the denial")
    until(lambda: "cannot be written" in edge.log.read_text(), what="words about it")
    assert not list(edge.cache.glob(".state-*"))
    (state / "in the way").rmdir()
    state.rmdir()
    until(lambda: state.is_file() and "64" * 16 in state.read_text(), what="writing it after all")


def test_a_restart_without_a_control_plane_serves_on(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add()
    edge = new_edge().start()
    hold_all(edge, package, objects)
    edge.signal(signal.SIGTERM)
    assert edge.wait() == 0
    origin.stop()
    edge.start()
    assert edge.get(f"/v1/{token(package)}/{package}/v720/0.m4s").status == 200
    until(
        lambda: edge.get(f"/v1/{token(package, lasts=-9)}/{package}/v720/0.m4s").status == 200,
        what="the grace",
    )


def test_a_new_key_is_asked_for_when_a_token_names_it(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    until(lambda: edge.health()["state"] == "active")
    new = Ed25519PrivateKey.generate()
    origin.keys = [*origin.keys, {"kid": 2, "public_key": new.public_key().public_bytes_raw().hex()}]
    origin.keys_version = 2
    assert edge.get(f"/v1/{token(package, key=new, kid=2)}/{package}/v720/0.m4s").status == 200
    assert edge.get(f"/v1/{token(package, key=new, kid=3)}/{package}/v720/0.m4s").status == 403


def test_sigterm_says_goodbye_and_finishes_what_is_under_way(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=600_000)
    origin.gate, origin.gate_after = threading.Event(), 100_000
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(edge.get, f"/v1/{token(package)}/{package}/v720/5.m4s")
        until(lambda: origin.asked["v720/5.m4s"])
        edge.signal(signal.SIGTERM)
        until(lambda: any(beat["goodbye"] for beat in origin.beats), what="the goodbye")
        origin.gate.set()
        assert answer.result(10).body == objects["v720/5.m4s"]
    assert edge.wait() == 0


def test_a_drained_node_sends_new_sessions_away_at_once(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    mine = f"/v1/{token(package)}/{package}/v720/0.m4s"
    assert edge.get(mine).status == 200
    origin.state = "draining"
    until(lambda: edge.health()["state"] == "draining")
    assert edge.get(f"/v1/{token(package, session=b't' * 16)}/{package}/v720/0.m4s").status == 410
    assert edge.get(mine).status == 200
    origin.state = "evacuated"
    until(lambda: edge.get(mine).status == 410, what="sending everybody away")
    origin.state = "active"
    until(lambda: edge.get(mine).status == 200, what="serving again")


def test_a_wrong_code_ends_the_node_with_words(new_edge: NewEdge) -> None:
    edge = new_edge(code="wrong").start(wait=False)
    assert edge.wait() == 2
    assert "This code is not known." in edge.log.read_text()


def test_a_node_waits_for_a_control_plane_that_starts_later(new_edge: NewEdge, origin: Origin) -> None:
    origin.stop()
    edge = new_edge().start(wait=False)
    until(lambda: edge.log.exists() and "cannot be reached" in edge.log.read_text(), what="the warning")
    origin.start()
    until(edge.ready, what="readiness")
    assert len(origin.enrolments) == 1


def test_a_second_node_in_the_same_cache_is_refused(new_edge: NewEdge, edge: Edge) -> None:
    second = Edge(edge.origin_url, edge.cache)
    second.start(wait=False)
    assert second.wait() == 1
    assert "another edge node uses" in second.log.read_text()


def test_a_small_budget_is_kept_and_every_byte_stays_right(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=40, size=200_000)
    budget = 2 << 20
    edge = new_edge().start("--cache-gb", str(budget / (1 << 30)))
    opened = token(package)
    hot = f"/v1/{opened}/{package}/v720/index.m3u8"
    for name, data in objects.items():
        assert edge.get(f"/v1/{opened}/{package}/{name}").body == data
        edge.get(hot)
        assert edge.health()["cache_bytes"] <= budget
    until(lambda: not edge.health()["fills"])
    on_disk = sum(path.stat().st_blocks * 512 for path in (edge.cache / "packages" / package).iterdir())
    assert on_disk < budget * 1.3
    assert edge.get(hot).headers["X-Cache"] == "HIT"
    assert wrong(edge, package, objects) == []
    edge.kill()
    edge.start("--cache-gb", str(budget / (1 << 30)))
    assert wrong(edge, package, objects) == []


def test_packages_of_an_earlier_run_make_room(new_edge: NewEdge, origin: Origin) -> None:
    old, old_objects = origin.add(segments=5, size=200_000)
    edge = new_edge().start()
    hold_all(edge, old, old_objects)
    edge.kill()
    budget = 2_400_000
    edge.start("--cache-gb", str(budget / (1 << 30)))
    new, new_objects = origin.add(segments=5, size=200_000, seed=2)
    assert wrong(edge, new, new_objects) == []
    until(lambda: not (edge.cache / "packages" / old).exists(), what="dropping the cold package")
    assert edge.health()["cache_bytes"] <= budget
    assert wrong(edge, old, old_objects) == []


def test_a_full_disk_lets_objects_pass_through(new_edge: NewEdge, origin: Origin, tmp_path: Path) -> None:
    package, objects = origin.add(segments=8, size=500_000)
    edge = new_edge()
    mounted = edge.cache
    mounted.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mounted)], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(
            f"NO SMALL FILE SYSTEM CAN BE MOUNTED HERE ({made.stderr.strip()}): the full disk was not tested"
        )
    try:
        edge.start("--cache-gb", "1")
        assert wrong(edge, package, objects) == []
        assert edge.health()["cache_bytes"] <= 2 << 20
        assert wrong(edge, package, objects) == []
        assert edge.get("/livez").status == 200
    finally:
        edge.stop()
        subprocess.run(["umount", "-l", str(mounted)], check=False)


def test_a_request_made_while_the_node_is_frozen_is_answered_when_it_thaws(
    edge: Edge, origin: Origin
) -> None:
    package, objects = origin.add()
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    assert edge.get(path).status == 200
    edge.signal(signal.SIGSTOP)
    beats = len(origin.beats)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(edge.get, path)
        with pytest.raises(FutureTimeout):
            answer.result(1.0)
        edge.signal(signal.SIGCONT)
        assert answer.result(5).body == objects["v720/0.m4s"]
    until(lambda: len(origin.beats) > beats, what="being heard again")

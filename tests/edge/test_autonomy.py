"""What a node does alone: without a control plane, after a restart without one, with a wrong clock, untold."""

import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from cdn.edge.clock import Clock, steady
from cdn.edge.faults import AGAIN_SECONDS, AT_ONCE, MOST, Faults
from cdn.edge.takedowns import Takedowns
from cdn.edge.verdicts import GRACE, Verdict, Verdicts
from cdn.signing import BadToken, Token, encode
from tests.edge.harness import TOKEN_KEY, Edge, Origin, token, until

NewEdge = Callable[..., Edge]
HOUR = 3600.0


# The clock ------------------------------------------------------------------------------------------------


def test_the_site_is_believed_and_not_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    assert abs(clock.skew) < 0.1
    clock.hear(time.time() + 5 * HOUR)
    assert clock.now() == pytest.approx(time.time() + 5 * HOUR, abs=1)
    assert "clock is -18000 s off" in clock.wrong or "clock is -18001 s off" in clock.wrong
    true = clock.now()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 9 * HOUR)
    assert clock.now() == pytest.approx(true, abs=1), "setting the machine's clock moves nothing"


def test_small_differences_are_the_network_s(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.hear(time.time())
    before = clock.now()
    clock.hear(time.time() + 1.9)
    assert clock.now() == pytest.approx(before, abs=0.5)
    clock.hear_date("no date at all")
    clock.hear_date("")
    assert clock.now() == pytest.approx(before, abs=0.5)


def test_a_clock_that_starts_in_the_past_goes_on_from_when_the_site_was_heard_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 50 * 365 * 24 * HOUR)
    heard = real()
    clock = Clock(not_before=heard)
    first = clock.now()
    assert first == pytest.approx(heard, abs=1)
    begun = steady()
    until(lambda: steady() > begun + 0.05)
    assert clock.now() > first, "and it goes on"


def opened(expires_in: float, now: float, session: bytes = b"s" * 16) -> bytes:
    return encode(
        Token(1, session, b"acct", bytes.fromhex("ab" * 16), 1, int(now) - 60, int(now + expires_in)),
        TOKEN_KEY,
    ).encode()


def knowing() -> Verdicts:
    verdicts = Verdicts()
    verdicts.set_keys({"1": TOKEN_KEY.public_key().public_bytes_raw().hex()})
    return verdicts


@pytest.mark.parametrize("skew", [0.0, 5 * HOUR, -5 * HOUR])
def test_a_clock_that_is_set_neither_ends_nor_prolongs_a_session(skew: float) -> None:
    verdicts, now = knowing(), 1e9
    mine = opened(900, now)
    verdict = verdicts.judge(mine, now=now)
    verdict.seen = now
    verdicts.remember(mine, verdict)
    verdicts.set_skew(skew)
    local = now + skew
    assert verdict.until == now + 900 + skew, "the fast path looks at this machine's clock"
    assert verdicts.judge(mine, now=local + 899) is verdict
    assert verdicts.seen_session(verdict.session, now=local)
    assert verdicts.sessions(now=local) == 1
    with pytest.raises(BadToken, match="expired"):
        verdicts.judge(mine, now=local + 900)
    verdicts.cut_off_since = 1.0
    assert verdicts.judge(mine, now=local + 899 + GRACE).session == verdict.session
    with pytest.raises(BadToken, match="expired"):
        verdicts.judge(mine, now=local + 900 + GRACE)


def test_new_keys_do_not_make_running_sessions_strangers() -> None:
    verdicts, now = knowing(), 1e9
    verdict = verdicts.judge(opened(900, now), now=now)
    verdict.seen = now
    verdicts.remember(b"t", verdict)
    verdicts.set_keys({"1": TOKEN_KEY.public_key().public_bytes_raw().hex()})
    assert verdicts.known == {}
    assert verdicts.seen_session(verdict.session, now=now + 30)
    assert not verdicts.seen_session(verdict.session, now=now + 90)


def test_sessions_are_counted_by_session_and_forgotten_with_their_tokens() -> None:
    verdicts, now = knowing(), 1e9
    for number in range(4):
        verdict = verdicts.judge(opened(900 + number, now, session=bytes([number // 2]) * 16), now=now)
        verdict.seen = now
        verdicts.remember(b"%d" % number, verdict)
    assert verdicts.sessions(now=now + 1) == 2
    verdicts.set_denied({("00" * 16): now + 900})
    assert verdicts.sessions(now=now + 1) == 1
    assert set(verdicts.known) == {b"2", b"3"}


def test_a_verdict_that_was_never_used_makes_no_session_known() -> None:
    verdicts = knowing()
    verdicts.remember(b"t", Verdict(b"ab" * 16, 1, 0, 1e12, b"s" * 16))
    assert not verdicts.seen_session(b"s" * 16, now=10.0)


def test_faults_wait_until_they_were_seen_and_the_same_one_is_said_once() -> None:
    now = [1000.0]
    faults = Faults(lambda: now[0])
    for _ in range(3):
        faults.note("disk", detail="No space left on device")
    for number in range(20):
        faults.note("corrupt", "ab" * 16, "v720", f"{number}.m4s")
    assert faults.total == len(faults) == 21
    told = faults.told()
    assert len(told) == AT_ONCE
    assert told[0]["kind"] == "disk"
    assert faults.told() == told
    faults.seen(fault["id"] for fault in told)
    assert [fault["name"] for fault in faults.told()] == [f"{number}.m4s" for number in range(15, 20)]
    now[0] += AGAIN_SECONDS
    faults.note("disk", detail="No space left on device")
    assert len(faults) == 6
    for number in range(2 * MOST):
        faults.note("peer", "cd" * 16, "v720", f"{number}.m4s")
    assert len(faults) == MOST


def test_a_site_that_was_restored_from_a_backup_is_believed_once(tmp_path: Path) -> None:
    takedowns = Takedowns(tmp_path / "takedowns.json")
    first, second = "ab" * 16, "cd" * 16
    takedowns.take([{"version": 50, "package": first, "forbidden": True}], 50)
    takedowns.save()
    purge = {"version": 3, "package": second, "forbidden": False}
    assert takedowns.take([purge], 3) == {second}
    assert takedowns.unsaved
    takedowns.save()
    assert takedowns.version == 3, (
        "so the site has nothing to repeat, and the purge is not done every two seconds"
    )
    assert not takedowns.forbids(first), "its log does not know of it"
    assert Takedowns(tmp_path / "takedowns.json").version == 3


# Whole nodes ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_alone_and_started_anew_a_node_goes_on_with_all_that_it_was_told(
    new_edge: NewEdge, origin: Origin
) -> None:
    origin.share_peers = True
    package, objects = origin.add()
    gone, _ = origin.add(seed=2)
    orders = [[package, name, "all", "pinned", "test"] for name in ("v720", "a-en", "t-en")]
    origin.plans[""] = {"version": 4, "made_at": 0, "window": None, "rate_bps": 0, "orders": orders}
    edge, other = new_edge("a").start(), new_edge("b").start()
    path = f"/v1/%s/{package}/v720/%d.m4s"
    assert edge.get(f"/v1/{token(gone)}/{gone}/v720/0.m4s").status == 200
    origin.deny = [{"session": (b"d" * 16).hex(), "until": 4e9}]
    origin.take_down(gone)
    until(
        lambda: edge.health()["pinned"] and edge.health()["takedowns"] == 1, what="the plan and the takedown"
    )
    until(lambda: edge.health()["peers"] != 0, what="the peers")
    until(lambda: edge.get(path % (token(package, session=b"d" * 16), 0)).status == 403, what="the denial")
    edge.kill()
    origin.control_down = True
    edge.start()
    health = edge.health()
    assert (health["plan"], health["takedowns"], health["peers"] != 0) == (4, 1, True)
    for number in range(6):
        assert edge.get(path % (token(package), number)).body == objects[f"v720/{number}.m4s"]
    assert edge.get(path % (token(package, session=b"d" * 16), 0)).status == 403
    assert edge.get(f"/v1/{token(gone)}/{gone}/v720/0.m4s").status == 404
    until(lambda: edge.health()["grace"], what="the grace")
    old = token(package, lasts=-(4 * HOUR - 60), starts=-5 * HOUR)
    assert edge.get(path % (old, 0)).body == objects["v720/0.m4s"]
    assert edge.get(path % (token(package, lasts=-4 * HOUR - 60, starts=-5 * HOUR), 0)).status == 403
    until(lambda: edge.health()["grace_seconds"] >= 1, what="saying for how long")
    origin.control_down = False
    until(lambda: edge.health()["grace_seconds"] == 0, what="the end of the grace")
    until(lambda: edge.get(path % (old, 0)).status == 403, what="strictness again")
    assert other.health()["state"] == "active"


@pytest.mark.slow
def test_what_was_taken_down_meanwhile_is_gone_before_the_first_byte_is_served(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add()
    stays, kept = origin.add(seed=2)
    edge = new_edge().start()
    path, other = f"/v1/{token(package)}/{package}/v720/0.m4s", f"/v1/{token(stays)}/{stays}/v720/0.m4s"
    assert edge.get(path).body == objects["v720/0.m4s"]
    assert edge.get(other).body == kept["v720/0.m4s"]
    edge.kill()
    origin.take_down(package)
    origin.control_delay = 1.0
    edge.start(wait=False)
    connection = HTTPConnection("127.0.0.1", edge.port, timeout=20)
    until(lambda: connects(connection), what="listening")
    began = time.monotonic()
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    assert time.monotonic() - began > 0.5, "it waited for the control plane's word"
    connection.close()
    assert edge.get(other).body == kept["v720/0.m4s"]
    assert not (edge.cache / "packages" / package / "v720.data").exists()
    origin.take_down(package, forbidden=False, lifted=True)
    until(lambda: edge.get(path).status == 200, what="its return")


@pytest.mark.slow
def test_a_control_plane_that_hangs_holds_viewers_up_for_seconds_only(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add()
    edge = new_edge().start()
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    assert edge.get(path).status == 200
    edge.kill()
    origin.control_delay = 60.0
    edge.start(wait=False)
    connection = HTTPConnection("127.0.0.1", edge.port, timeout=20)
    until(lambda: connects(connection), what="listening")
    began = time.monotonic()
    connection.request("GET", path)
    assert connection.getresponse().read() == objects["v720/0.m4s"]
    assert time.monotonic() - began < 10
    connection.close()


def connects(connection: HTTPConnection) -> bool:
    try:
        connection.connect()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_a_wrong_clock_costs_viewers_nothing_and_is_told(
    new_edge: NewEdge, origin: Origin, tmp_path: Path
) -> None:
    package, objects = origin.add(segments=8)
    wrong = tmp_path / "offset"
    wrong.write_text("0")
    edge = new_edge().start(clock=wrong)
    path = f"/v1/{token(package)}/{package}/v720/%d.m4s"
    assert edge.get(path % 0).body == objects["v720/0.m4s"]
    fresh = iter(range(1, 8))
    for off in (5 * HOUR, -5 * HOUR):
        wrong.write_text(str(off))
        for number in (0, next(fresh), 0, next(fresh)):
            assert edge.get(path % number).body == objects[f"v720/{number}.m4s"], "a hit and a fill"
        words = f"clock is {off:+.0f}"[:12]
        until(lambda words=words: words in origin.beats[-1]["problem"], what="telling it")
        assert not origin.beats[-1]["ready"]
        assert edge.health()["clock"]["skew_seconds"] == pytest.approx(off, abs=3)
    origin.control_down = True
    until(lambda: edge.health()["grace"], what="the grace")
    assert edge.get(path % 0).body == objects["v720/0.m4s"]
    wrong.write_text("0")
    assert edge.get(path % 0).body == objects["v720/0.m4s"], "set right while alone"
    origin.control_down = False
    until(lambda: origin.beats[-1]["problem"] == "", what="being well")
    assert abs(origin.beats[-1]["skew"]) < 5
    assert origin.late == 0, "nothing that it signed was refused for its time"
    over = f"/v1/{token(package, lasts=-40)}/{package}/v720/0.m4s"
    until(lambda: edge.get(over).status == 403, what="the end of the grace")


@pytest.mark.slow
def test_a_node_whose_clock_was_always_wrong_joins_and_serves(
    new_edge: NewEdge, origin: Origin, tmp_path: Path
) -> None:
    package, objects = origin.add()
    wrong = tmp_path / "offset"
    wrong.write_text(str(-40 * 365 * 24 * HOUR))
    edge = new_edge().start(clock=wrong)
    assert edge.get(f"/v1/{token(package)}/{package}/v720/0.m4s").body == objects["v720/0.m4s"]
    until(lambda: origin.beats and "clock is" in origin.beats[-1]["problem"], what="telling it")
    wrong.write_text("20")
    until(lambda: origin.beats[-1]["skew"] > 15, what="the site seeing how far it is off")

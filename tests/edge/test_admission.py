"""Who is served when there is not enough for all: the decision as tables, and the whole on real sockets."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cdn.edge.admission import (
    AHEAD_SECONDS,
    CUT,
    ELSEWHERE,
    FULL,
    HINT,
    LONGEST_DELAY,
    SERVE,
    Admission,
    importance,
)
from cdn.edge.cmcd import NOTHING, Wish, parse
from cdn.edge.verdicts import Verdict, Verdicts
from tests.edge.harness import Edge, Origin, Reply, token, until

CAPACITY = 1_000_000
NewEdge = Callable[..., Edge]


def known(verdicts: Verdicts, session: bytes = b"k" * 16, *, seen: float = 1000.0) -> Verdict:
    verdict = Verdict(b"ab" * 16, 1, 0, 1e12, session)
    verdict.seen = seen
    verdicts.remember(session, verdict)
    return verdict


def at(load: float) -> tuple[Admission, Verdict, Verdict]:
    """A door at this load, with a session that is served here and one that is not."""
    verdicts = Verdicts()
    door = Admission(verdicts, CAPACITY, name="n7")
    door.measure(load * CAPACITY)
    return door, known(verdicts), Verdict(b"ab" * 16, 1, 0, 1e12, b"u" * 16)


@pytest.mark.parametrize(
    ("load", "hint", "full", "judging"),
    [
        (0.84, b"", False, False),
        (0.85, b'CMSD-Dynamic: "n7";du;com.netflixlite-share=0.059\r\n', False, False),
        (0.92, b'CMSD-Dynamic: "n7";du;com.netflixlite-share=0.130\r\n', True, False),
        (1.60, b'CMSD-Dynamic: "n7";du;com.netflixlite-share=0.500\r\n', True, True),
    ],
)
def test_marks(load: float, hint: bytes, full: bool, judging: bool) -> None:
    door, mine, stranger = at(load)
    assert (door.hint, door.full, door.judging) == (hint, full, judging)
    assert door.admit(stranger, now=1001) == (ELSEWHERE if full else SERVE)
    assert door.admit(mine, now=1001).status == 0


def test_a_mark_is_left_lower_than_it_was_entered() -> None:
    door, _, _ = at(0.99)
    for load, state in ((0.93, (True, True, True)), (0.91, (True, True, False)), (0.86, (True, True, False)),
                        (0.84, (True, False, False)), (0.79, (False, False, False))):  # fmt: skip
        door.measure(load * CAPACITY)
        assert (bool(door.hint), door.full, door.judging) == state, load
    assert HINT[1] < HINT[0] < FULL[0] < CUT[0]


def test_a_session_that_was_silent_for_a_minute_is_no_longer_known() -> None:
    door, mine, _ = at(0.95)
    assert door.admit(mine, now=1059) == SERVE
    assert door.admit(mine, now=1061) == ELSEWHERE


def test_what_nobody_waits_for_goes_first_and_who_starts_goes_last() -> None:
    order = [
        Wish(speculative=True), Wish(deadline=60), Wish(deadline=25), NOTHING, Wish(deadline=5), Wish(starting=True),
    ]  # fmt: skip
    ranks = [importance(wish) for wish in order]
    assert ranks == sorted(ranks, reverse=True)
    assert importance(Wish(starved=True, deadline=60)) == importance(Wish(starting=True))


@pytest.mark.parametrize("overload", [0.0, 0.2, 0.35, 0.5, 0.8, 0.95, 1.0, 2.0, 50.0])
def test_the_cut_off_falls_with_the_cube_of_the_overload_and_spares_who_starts(overload: float) -> None:
    door, mine, _ = at(CUT[0] + overload * (1 - CUT[0]) + 1e-9)
    assert door.cut_off == pytest.approx(max(10.0, 100 * (1 - min(1.0, overload) ** 3)), abs=0.01)
    assert door.admit(mine, Wish(starting=True), now=1001) == SERVE
    assert door.admit(mine, Wish(starved=True), now=1001) == SERVE
    assert door.admit(mine, Wish(deadline=AHEAD_SECONDS + 60), now=1001).status == 0, "delayed, never refused"


def test_who_waits_waits_a_quarter_of_what_is_in_hand_and_not_too_long() -> None:
    door, mine, _ = at(1.5)
    assert door.admit(mine, Wish(deadline=24), now=1001).delay == 6
    assert door.admit(mine, Wish(deadline=3000), now=1001).delay == LONGEST_DELAY
    assert door.admit(mine, Wish(deadline=24, speculative=True), now=1001) == ELSEWHERE
    assert 0 < door.admit(mine, NOTHING, now=1001).delay < 1
    assert (door.delayed, door.shed) == (3, 1)
    assert not door.may_fill


def test_hints_as_told() -> None:
    door, mine, _ = at(0.1)
    door.heard({"mb": 2500}, "active")
    assert door.hint == b'CMSD-Dynamic: "n7";mb=2500\r\n'
    door.heard({"drain": {"grace_seconds": 60, "share": 0.5}}, "draining")
    assert (door.hint, door.judging) == (b"", True)
    shares = [bytes([byte]) + bytes(15) for byte in range(256)]
    told = sum(bool(door.hint_for(Verdict(b"", 1, 0, 0, session))) for session in shares)
    assert told == 128
    door.heard({}, "active")
    assert (door.hint, door.judging, door.hint_for(mine)) == (b"", False, b"")


@pytest.mark.parametrize("answer", [{"mb": "much"}, {"drain": {"share": "all"}}, {"drain": 7}])
def test_an_answer_that_makes_no_sense_is_an_error(answer: dict[str, object]) -> None:
    door, _, _ = at(0.1)
    with pytest.raises((TypeError, ValueError, AttributeError)):
        door.heard(answer, "draining")


def test_the_word_for_a_prefetch_is_read() -> None:
    assert parse(b"CMCD=com.netflixlite-spec%2Cdl%3D9000") == Wish(deadline=9.0, speculative=True)


# On real sockets ------------------------------------------------------------------------------------------


@contextmanager
def load(edge: Edge, path: str, *, bps: float) -> Iterator[None]:
    """Somebody who fetches so many bits per second."""
    stop = threading.Event()

    def fetch() -> None:
        owed, before = 0.0, time.monotonic()
        while not stop.wait(0.02):
            now = time.monotonic()
            owed, before = min(owed + (now - before) * bps / 8, bps / 8), now
            while owed > 0 and not stop.is_set():
                owed -= len(edge.get(path).body)

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def waited(edge: Edge, path: str) -> tuple[Reply, float]:
    began = time.monotonic()
    return edge.get(path), time.monotonic() - began


@pytest.mark.slow
def test_a_node_near_its_limit_says_so_then_sends_strangers_away_then_lets_the_patient_wait(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add(size=100_000)
    edge = new_edge().start("--capacity-mbps", "24")
    mine = f"/v1/{token(package)}/{package}/v720/0.m4s"
    calm = edge.get(mine)
    assert calm.headers["CMSD-Dynamic"] is None
    heavy = f"/v1/{token(package, session=b'h' * 16)}/{package}/v720/1.m4s?CMCD=su"
    with load(edge, heavy, bps=24e6 * 1.6):
        until(
            lambda: '"n1";du;com.netflixlite-share=0.' in str(edge.get(mine).headers["CMSD-Dynamic"]),
            what="a hint",
        )
        until(lambda: edge.health()["admission"]["cut_off"] < 50, what="the cut")
        stranger = edge.get(f"/v1/{token(package, session=b't' * 16)}/{package}/v720/0.m4s")
        assert stranger.status == 429
        assert stranger.headers["Access-Control-Allow-Origin"] == "*", "a player must be able to read why"
        started, no_pause = waited(edge, f"{mine}?CMCD=su")
        patient, pause = waited(edge, f"{mine}?CMCD=dl%3D6000")
        assert edge.get(f"{mine}?CMCD=com.netflixlite-spec%2Cdl%3D24000").status == 429
        assert started.body == patient.body == objects["v720/0.m4s"]
        assert pause >= 1.5 > no_pause, "a quarter of 6 s in hand"
    until(lambda: edge.health()["admission"]["load"] < 0.8, seconds=20, what="calm")
    assert edge.get(f"/v1/{token(package, session=b't' * 16)}/{package}/v720/0.m4s").status == 200
    assert edge.get(mine).headers["CMSD-Dynamic"] is None
    assert origin.beats[-1]["shed"] >= 2


@pytest.mark.slow
def test_a_draining_node_tells_a_share_to_move_and_ends_with_410(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    low, high = (
        f"/v1/{token(package, session=first + b's' * 15)}/{package}/v720/0.m4s"
        for first in (b"\x10", b"\xe0")
    )
    for path in (low, high):
        assert edge.get(path).headers["CMSD-Dynamic"] is None
    origin.state, origin.drain = "draining", {"grace_seconds": 60, "share": 0.5}
    until(lambda: edge.get(low).headers["CMSD-Dynamic"] == '"n1";du', what="the hint")
    assert edge.get(high).headers["CMSD-Dynamic"] is None
    assert edge.get(f"/v1/{token(package, session=b'n' * 16)}/{package}/v720/0.m4s").status == 410, (
        "a new session"
    )
    origin.drain = {"grace_seconds": 60, "share": 1.0}
    until(lambda: edge.get(high).headers["CMSD-Dynamic"] == '"n1";du', what="the hint for all")
    origin.drain = {"grace_seconds": 0, "share": 1.0}
    until(lambda: edge.get(low).status == 410, what="the end")
    origin.state, origin.drain = "active", None
    until(lambda: edge.get(low).status == 200, what="service again")


@pytest.mark.slow
def test_the_ceiling_is_told_while_capacity_is_short(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    origin.mb = 2500
    until(lambda: edge.get(path).headers["CMSD-Dynamic"] == '"n1";mb=2500', what="the ceiling")
    assert "CMSD-Dynamic" in edge.get(path).headers["Access-Control-Expose-Headers"]
    origin.mb = 0
    until(lambda: edge.get(path).headers["CMSD-Dynamic"] is None, what="its end")

"""The small parts: keys, device names, memory."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from playback import devices, keys
from playback.live import Live
from playback.types import Sample

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def test_a_key_says_what_was_put_in() -> None:
    session, package, user = uuid4(), "0123456789abcdef" * 2, uuid4()
    text = keys.make(session_id=session, package_id=package, user_id=user)
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    read = keys.read(text)
    assert (read.session_id, read.package_id) == (session, package)
    assert user.hex not in text


def test_a_key_signed_for_something_else_is_refused() -> None:
    from django.core import signing

    for text in (
        "",
        ".",
        "a.b",
        signing.dumps({"a": 1}),
        signing.Signer(salt="playback.session", sep=".").sign("short"),
    ):
        with pytest.raises(keys.BadKey):
            keys.read(text)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
            "Chrome on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/18 Safari/605",
            "Safari on Mac",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Mobile Safari/604",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0)", "TV"),
        ("curl/8.0", ""),
        ("", ""),
        ("<script>alert(1)</script>", ""),
    ],
)
def test_devices_have_names_for_people(agent: str, name: str) -> None:
    assert devices.name(agent) == name


def test_memory_is_bounded_and_forgets_the_longest_silent() -> None:
    live = Live(limit=3)
    for number in range(5):
        live.report(UUID(int=number), samples=[Sample("n1", failures=1)], current="n2", now=NOW)
    assert live.recall(UUID(int=4)).current == "n2"
    assert live.recall(UUID(int=0)).current is None


def test_memory_of_one_session_is_bounded() -> None:
    live = Live()
    for number in range(100):
        live.report(UUID(int=1), samples=[Sample(f"n{number}", failures=1)], current=None, now=NOW)
    for _ in range(100):
        live.report(UUID(int=1), samples=[Sample("n1", ok=1, bps=5e6)], current=None, now=NOW)
        live.offer(UUID(int=1), decision={"at": "x"}, order=(), force=True)
    memory = live.recall(UUID(int=1))
    assert len(memory.failures) <= 16
    assert len(memory.goodput["n1"]) == 4
    assert len(live.take_pending(UUID(int=1))) == 20
    assert live.take_pending(UUID(int=1)) == []


def test_failures_add_up_until_the_node_works_or_is_forgiven() -> None:
    live, session = Live(), UUID(int=1)
    for minute in (0, 1, 2):
        live.report(
            session, samples=[Sample("n1", failures=1)], current=None, now=NOW + timedelta(minutes=minute)
        )
    assert live.recall(session).failures["n1"].times == 3
    live.report(session, samples=[Sample("n1", failures=1)], current=None, now=NOW + timedelta(minutes=20))
    assert live.recall(session).failures["n1"].times == 1
    live.report(session, samples=[Sample("n1", ok=1)], current=None, now=NOW + timedelta(minutes=21))
    assert "n1" not in live.recall(session).failures


def test_a_move_is_remembered_but_not_the_first_node() -> None:
    live, session = Live(), UUID(int=1)
    live.report(session, samples=[], current="n1", now=NOW)
    assert live.recall(session).moved_at is None
    live.report(session, samples=[], current="n2", now=NOW)
    assert live.recall(session).moved_at == NOW


def test_what_was_given_out_counts_for_a_moment_only() -> None:
    live = Live()
    live.assign("n1", bps=4_000_000, now=NOW)
    live.assign("n1", bps=2_000_000, now=NOW + timedelta(seconds=5))
    assert live.assigned(NOW + timedelta(seconds=6)) == {"n1": 6_000_000}
    assert live.assigned(NOW + timedelta(seconds=10)) == {"n1": 2_000_000}
    assert live.assigned(NOW + timedelta(seconds=60)) == {}


def test_a_session_is_given_to_one_place_at_a_time_however_often_it_is_sent_elsewhere() -> None:
    live, one, other = Live(), UUID(int=1), UUID(int=2)
    for number in range(50):
        live.assign(f"n{number % 2}", bps=4_000_000, now=NOW, session_id=one)
    live.assign("n1", bps=4_000_000, now=NOW + timedelta(seconds=1), session_id=other)
    assert live.assigned(NOW + timedelta(seconds=1)) == {"n1": 8_000_000}
    live.forget(other)
    assert live.assigned(NOW + timedelta(seconds=1)) == {"n1": 4_000_000}
    live.assign("n0", bps=4_000_000, now=NOW + timedelta(seconds=5), session_id=one)
    assert live.assigned(NOW + timedelta(seconds=10)) == {"n0": 4_000_000}
    assert live.assigned(NOW + timedelta(seconds=60)) == {}


def test_who_asks_without_end_puts_nobody_else_off() -> None:
    live, wish = Live(), timedelta(seconds=30)
    for _ in range(150_000):
        told = live.appointment(UUID(int=1), wish, 1000.0)
    assert told == wish
    assert live.appointment(UUID(int=2), wish, 1000.0) == wish
    assert live.appointment(UUID(int=2), wish, 99_000.0) == wish, "what is long past is not given back"

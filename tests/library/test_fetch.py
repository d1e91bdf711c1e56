"""The one way out: what it refuses, and that what it checked is what it asks."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.metadata import fetch
from tests.library.elsewhere import Answer, Asked, elsewhere

JSON = ("application/json",)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("fec0::1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:10.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("not an address", False),
    ],
)
def test_only_the_public_internet_is_asked(address: str, public: bool) -> None:
    assert fetch.is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/",
        "file:///etc/passwd",
        "ftp://elsewhere.example/",
        "https://",
        "https://user:word@elsewhere.example/",
        "https://elsewhere.example/a b",
        "https://elsewhere.example/\r\nHost: x",
        "https://elsewhere.example:99999/",
        "gopher://elsewhere.example/",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(fetch.CannotFetch):
        fetch.Fetcher(resolver=lambda host, port: []).get(url, most=10, accept=JSON)


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:192.168.0.1"], ["169.254.169.254"], []]
)
def test_a_name_that_leads_inside_is_not_asked(answers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **more: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(fetch.socket, "create_connection", never)
    fetcher = fetch.Fetcher(resolver=lambda host, port: [(one, port) for one in answers])
    with pytest.raises(fetch.CannotFetch, match="not on the public internet"):
        fetcher.get("https://inside.example/", most=10, accept=JSON)


def test_the_address_that_was_checked_is_the_one_that_is_asked(tmp_path: Path) -> None:
    with elsewhere(tmp_path, lambda asked: Answer({"ok": 1})) as server:
        calls = []

        def once(host: str, port: int) -> list[tuple[str, int]]:
            calls.append(host)
            return [("127.0.0.1", server.port)]

        got = replace(server.fetcher, resolver=once).get(
            "https://elsewhere.example/x?y=1", most=100, accept=JSON
        )
    assert (got.data, got.media_type) == (b'{"ok": 1}', "application/json")
    assert calls == ["elsewhere.example"], "a second question could have another answer"
    assert server.asked[0].host == "elsewhere.example"


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with (
        elsewhere(tmp_path, lambda asked: Answer({})) as server,
        pytest.raises(fetch.CannotFetch, match="certificate is not valid"),
    ):
        server.fetcher.get("https://somebody.else.example/", most=100, accept=JSON)


def test_redirects_pass_the_same_gate_and_lose_the_key(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.path == "/there":
            return Answer(status=302, headers={"Location": "https://other.example/end"})
        if asked.path == "/inside":
            return Answer(status=302, headers={"Location": "https://inside.example/"})
        if asked.path == "/plain":
            return Answer(status=301, headers={"Location": "http://elsewhere.example/end"})
        if asked.path == "/round":
            return Answer(status=307, headers={"Location": "/round"})
        return Answer({"here": asked.path})

    with elsewhere(tmp_path, script) as server:

        def gate(host: str, port: int) -> list[tuple[str, int]]:
            return [("10.0.0.9" if host.startswith("inside") else "127.0.0.1", server.port)]

        fetcher = replace(server.fetcher, resolver=gate, gate=lambda address: not address.startswith("10."))

        def get(path: str) -> fetch.Fetched:
            headers = {"Authorization": "Bearer key"}
            return fetcher.get(f"https://elsewhere.example{path}", most=100, accept=JSON, headers=headers)

        assert get("/there").data == b'{"here": "/end"}'
        assert "Authorization" in server.asked[0].headers
        assert "Authorization" not in server.asked[1].headers
        for path, words in (
            ("/inside", "not on the public internet"),
            ("/plain", "Only https"),
            ("/round", "without end"),
        ):
            with pytest.raises(fetch.CannotFetch, match=words):
                get(path)


def _endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 1000


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"x" * 200), "200 bytes; 100 are the most"),
        (Answer(_endless()), "more than 100 bytes"),
        (Answer(b"short", headers={"Content-Length": "50"}), "stopped in the middle"),
        (Answer(b"<html>", media_type="text/html"), "text/html where application/json"),
        (Answer({}, status=500), "answered 500"),
        (Answer({}, status=302), "redirects to nowhere"),
        (Answer(b"xx", headers={"Content-Encoding": "gzip"}), "compressed"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(
    tmp_path: Path, answer: Answer, words: str
) -> None:
    with elsewhere(tmp_path, lambda asked: answer) as server, pytest.raises(fetch.CannotFetch, match=words):
        server.fetcher.get("https://elsewhere.example/", most=100, accept=JSON)


def test_a_server_that_never_ends_its_headers_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(fetch, "WHOLE", 0.3)

    def slow() -> Iterator[bytes]:
        for _each in range(100):
            time.sleep(0.05)
            yield b"x"

    with elsewhere(tmp_path, lambda asked: Answer(slow())) as server, pytest.raises(fetch.CannotFetch):
        server.fetcher.get("https://elsewhere.example/", most=1000, accept=JSON)


def test_a_server_that_never_ends_the_line_of_a_chunk_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader of lines waits for their end, however often a letter comes: up to days."""
    monkeypatch.setattr(fetch, "WHOLE", 0.5)
    over, sent = threading.Event(), []

    def slow() -> Iterator[bytes]:
        while len(sent) < 600 and not over.wait(0.05):
            sent.append("0")
            yield b"0"

    answer = Answer(slow(), headers={"Transfer-Encoding": "chunked", "Connection": "close"})
    with elsewhere(tmp_path, lambda asked: answer) as server:
        with pytest.raises(fetch.CannotFetch):
            server.fetcher.get("https://elsewhere.example/", most=1000, accept=JSON)
        over.set()
    assert len(sent) < 600


def test_no_words_hold_the_key(tmp_path: Path) -> None:
    with elsewhere(tmp_path, lambda asked: Answer({}, status=404)) as server:
        with pytest.raises(fetch.CannotFetch) as caught:
            server.fetcher.get("https://elsewhere.example/?api_key=secret", most=9, accept=JSON)
        assert "secret" not in str(caught.value)
        assert caught.value.status == 404

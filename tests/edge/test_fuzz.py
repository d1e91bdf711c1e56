"""A short run of every fuzz target (`make fuzz` is the long one), and proof that they would notice."""

from pathlib import Path
from typing import Any

import pytest

from cdn import ranges
from cdn.edge import http
from cdn.edge.connection import Connection
from fuzz import _engine, _rig, targets

CORPUS = Path(_rig.__file__).parent / "corpus"


def seeds(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def try_out(name: str, *, runs: int = 600, seed: int = 1) -> None:
    _engine.run(targets.TARGETS[name][0], seeds(name), runs=runs, seconds=60, seed=seed, trace=False)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_nothing_is_found_in_a_short_run(name: str) -> None:
    try_out(name)


def test_the_corpus_takes_the_fast_path(monkeypatch: Any) -> None:
    taken: list[bool] = []
    fast = Connection._fast

    def counted(self: Connection, data: bytes) -> bool:
        taken.append(fast(self, data))
        return taken[-1]

    monkeypatch.setattr(Connection, "_fast", counted)
    for data in seeds("answers"):
        targets.answers(data)
    assert sum(taken) >= 3
    assert not all(taken)


def test_a_range_that_is_off_by_one_would_be_noticed(monkeypatch: Any) -> None:
    right = ranges.parse_range

    def wrong(header: str, length: int) -> Any:
        found = right(header, length)
        return (found[0], found[1] - 1) if found and header.endswith("-") else found

    monkeypatch.setattr(ranges, "parse_range", wrong)
    with pytest.raises(AssertionError):
        try_out("range")


def test_a_lenient_reader_would_be_noticed(monkeypatch: Any) -> None:
    right = http.parse_headers

    def lenient(block: bytes, *, version_11: bool) -> http.Headers:
        return right(block.replace(b"Transfer-Encoding: chunked\r\n", b""), version_11=version_11)

    monkeypatch.setattr(http, "parse_headers", lenient)
    with pytest.raises(AssertionError, match="llhttp"):
        try_out("http")


def test_a_node_that_forgets_the_rendition_would_be_noticed(monkeypatch: Any) -> None:
    node = _rig.Node(fast=True)
    for hit in node.hits.values():
        hit.bit = 0xFF
    monkeypatch.setattr(targets, "_NODES", [node, node, node])
    with pytest.raises(AssertionError, match="bytes without a token"):
        try_out("answers")


def test_the_corpus_is_answered_by_a_worker_and_handed_over(monkeypatch: Any) -> None:
    node = _rig.WorkerNode()
    handed: list[bytes] = []
    passed = node.passed

    def counted(connection: Connection) -> Connection:
        handed.extend(data for _, data in node._channel.taken)
        return passed(connection)

    monkeypatch.setattr(node, "passed", counted)
    strict = targets.nodes()[1]
    for data in seeds("answers"):
        chunks = [targets.expand(chunk) for chunk in data[1:].split(b"\x11")]
        assert node.ask(list(chunks)) == strict.ask(list(chunks))
    assert node.server.hit_count >= 10
    assert len(handed) >= 5

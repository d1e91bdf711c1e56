"""One function for each thing that strangers can send: it takes bytes and raises when the node would do wrong."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httptools

from cdn import ranges, signing
from cdn.edge import http, manifest
from cdn.edge.http import BadRequest
from fuzz._rig import HEADERS, KEY, KEYS, MANIFEST, NOW, OBJECTS, OPENS, PACKAGE, TOKENS, Node, WorkerNode

#: One byte that no request holds stands for what no mutation would find.
_SHORT = {
    b"\x01": TOKENS[0].encode(),
    b"\x02": TOKENS[1].encode(),
    b"\x03": b"\r\n",
    b"\x04": HEADERS,
    b"\x05": PACKAGE.encode(),
    b"\x06": TOKENS[2].encode(),
    b"\x0e": TOKENS[3].encode(),
    b"\x0f": TOKENS[4].encode(),
    b"\x10": b"GET /v1/" + TOKENS[0].encode() + b"/" + PACKAGE.encode() + b"/v720/1.m4s HTTP/1.1\r\n",
}
#: What comes behind it arrives later: only then the connection has answered what came before.
_ARRIVES = b"\x11"
_STATUSES = frozenset({200, 204, 206, 304, 400, 403, 404, 405, 413, 414, 416, 417, 421, 429, 431})
_VISIBLE = rb"[\x21-\x7e\x80-\xff]"
#: RFC 9112's header block, in one expression.
_WHOLE_BLOCK = re.compile(
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*(?:"
    + _VISIBLE
    + rb"(?:[\t\x20-\x7e\x80-\xff]*"
    + _VISIBLE
    + rb")?)?"
    rb"[ \t]*\r\n)*\r\n\Z"
)


def expand(data: bytes) -> bytes:
    """Put tokens, line ends and header blocks in place of their shorthands."""
    for short, long in _SHORT.items():
        data = data.replace(short, long)
    return data


# The strict reader ----------------------------------------------------------------------------------------


class _Heard:
    """What llhttp made of one request."""

    def __init__(self) -> None:
        self.url, self.whole = b"", 0

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_message_complete(self) -> None:
        self.whole += 1


def _read(data: bytes) -> tuple[list[tuple[bytes, tuple[str, bytes, bool]]], int]:
    """Every request of a stream (its bytes; method, target, kept alive) and the status that ended it, 0 for none."""
    found = []
    try:
        while True:
            parts = http.split(data)
            if parts is None:
                return found, 0
            line, block, rest = parts
            method, target, version_11 = http.parse_line(line)
            headers = http.parse_headers(block, version_11=version_11)
            found.append((data[: len(data) - len(rest)], (method, target, headers.keep_alive)))
            if not headers.keep_alive:
                return found, 0
            data = rest
    except BadRequest as error:
        return found, error.status


def http_reader(data: bytes) -> None:
    """Nothing but BadRequest comes out; where a request ends depends on its bytes alone; llhttp reads it alike."""
    cut = data[0] * 7 % (len(data) or 1) if data else 0
    stream = expand(data[1:])
    requests, status = _read(stream)
    for whole, (method, target, kept) in requests:
        assert status or whole.endswith(b"\r\n\r\n")
        line_end = whole.index(b"\r\n") + 2
        assert _WHOLE_BLOCK.match(whole[line_end:]), "a header block that the grammar does not have"
        assert target.startswith(b"/")
        assert not set(target) & set(b" ?#")
        if method in ("GET", "HEAD", "OPTIONS"):
            _agree(whole, method, target, kept)
    again, again_status = _read(stream[:cut])
    same = [request for _, request in requests]
    early = [request for _, request in again]
    assert same[: len(early)] == early, "the same bytes are other requests when they come in pieces"
    assert not again_status or same == early, "refused early and accepted late"


def _agree(whole: bytes, method: str, target: bytes, kept: bool) -> None:
    """What we take for one request is one request for llhttp: no proxy of that kind can be smuggled past."""
    heard = _Heard()
    parser = httptools.HttpRequestParser(heard)
    try:
        parser.feed_data(whole)
    except httptools.HttpParserUpgrade:
        return
    except httptools.HttpParserError as error:
        raise AssertionError(f"llhttp refuses what we accept: {error}") from error
    assert heard.whole == 1, "llhttp sees another number of requests"
    assert parser.get_method() == method.encode()
    assert heard.url.partition(b"?")[0] == target
    assert not kept or parser.should_keep_alive(), "we keep a connection that llhttp closes"


# Answers --------------------------------------------------------------------------------------------------

_NODES: list[Node] = []


def nodes() -> list[Node]:
    """Three nodes: one with the fast path, one without, and one whose worker answers what it can."""
    if not _NODES:
        _NODES.extend((Node(fast=True), Node(fast=False), WorkerNode()))
    return _NODES


def answers(data: bytes) -> None:
    """The fast path and workers answer as the strict reader does; no byte of an object leaves without its token."""
    chunks = [expand(chunk) for chunk in data[1:].split(_ARRIVES)]
    stream = b"".join(chunks)
    if data[:1] == b"\x00":
        chunks = [stream[at : at + 97] for at in range(0, len(stream), 97)]
    fast, strict, shared = (node.ask(list(chunks)) for node in nodes())
    assert fast == strict, f"the fast path says {fast[:200]!r}, the strict reader {strict[:200]!r}"
    assert shared == strict, (
        f"a worker and its first process say {shared[:200]!r}, one process {strict[:200]!r}"
    )
    opened: set[str] = set()
    for token in TOKENS:
        if token.encode() in stream:
            opened |= OPENS[token]
    for status, head, body in _responses(fast):
        assert status in _STATUSES, status
        tag = re.search(rb"ETag: ", head)
        if status in (200, 206) and tag and body:
            names = [name for name, whole in OBJECTS.items() if body in whole]
            assert any(name.split("/")[0] in opened for name in names), "bytes without a token"
            span = re.search(rb"Content-Range: bytes (\d+)-(\d+)/(\d+)", head)
            if span:
                start, end, length = (int(group) for group in span.groups())
                right = {whole[start : end + 1] for whole in OBJECTS.values() if len(whole) == length}
            else:
                right = set(OBJECTS.values())
            assert body in right, "other bytes than were asked for"


def _responses(stream: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Status, head and body of each answer. HEAD's are told by what follows them."""
    stream = stream.removesuffix(b"<closed>")
    while stream:
        head, end, rest = stream.partition(b"\r\n\r\n")
        assert (end, head[:9]) == (b"\r\n\r\n", b"HTTP/1.1 "), f"no answer: {stream[:80]!r}"
        status = int(head[9:12])
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        size = int(length[1]) if length else 0
        bodiless = not rest or rest.startswith(b"HTTP/1.1 ")
        body = b"" if bodiless else rest[:size]
        assert bodiless or len(body) == size, "less than was promised"
        yield status, head, body
        stream = rest[len(body) :]


# Tokens ---------------------------------------------------------------------------------------------------


def token(data: bytes) -> None:
    """Only what was signed opens, and it opens what it says and no more."""
    if data[:1] < b"\x80":
        text = data[1:].decode("latin-1")
    else:  # a signed one with some bytes changed: place and mask by turns
        raw = bytearray(signing._raw(TOKENS[data[0] % len(TOKENS)]))
        for at, mask in zip(data[1::2], data[2::2], strict=False):
            raw[at % len(raw)] ^= mask
        text = signing.base64.urlsafe_b64encode(bytes(raw)).decode()
    try:
        opened = signing.decode(text, KEYS)
    except signing.BadToken:
        assert text not in OPENS
    else:
        assert text in OPENS, "a forged token opens"
        _check(opened, data)
    judge = nodes()[0].verdicts
    try:
        verdict = judge.judge(text.encode("utf-8", "replace"), now=NOW)
    except signing.BadToken:
        assert not OPENS.get(text), "a good token is refused"
        return
    assert text in OPENS
    assert verdict.package == PACKAGE.encode() or not OPENS[text]


def _check(opened: signing.Token, data: bytes) -> None:
    """`check` against the sentence that it stands for."""
    index = data[-1] % 40 - 4
    now = NOW + (data[len(data) // 2] - 128) * 10
    package = PACKAGE if data[-1] & 64 else "cd" * 16
    right = (
        opened.package.hex() == package
        and 0 <= index < 32
        and bool(opened.renditions & 1 << max(index, 0))
        and opened.not_before - signing.LEEWAY <= now < opened.expires
    )
    try:
        signing.check(opened, package=package, rendition_index=index, now=now)
    except signing.BadToken:
        assert not right
    else:
        assert right


# Ranges and validators ------------------------------------------------------------------------------------


def byte_range(data: bytes) -> None:
    """RFC 9110, 14.1.2, written once more in another way."""
    length = int.from_bytes(data[:2], "big") * (1 if data[:1] < b"\xc0" else 65537)
    header = data[2:].decode("latin-1")
    try:
        found = ranges.parse_range(header, length)
    except ranges.Unsatisfiable:
        found = "unsatisfiable"  # type: ignore[assignment]
    assert found == _range(header, length)
    tag = ranges.etag("ab" * 32)
    said = ranges.none_match(header, tag)
    assert said == (header.strip() == "*" or tag in [p.strip().removeprefix("W/") for p in header.split(",")])


def _range(header: str, length: int) -> Any:
    unit, equals, spec = header.strip().partition("=")
    first, dash, last = spec.partition("-")
    digits = set("0123456789")
    bad = unit != "bytes" or not equals or not dash or set(first + last) - digits or not first + last
    if bad or len(first) > 18 or len(last) > 18:
        return None
    if not first:
        return (max(0, length - int(last)), length) if int(last) and length else "unsatisfiable"
    if last and int(last) < int(first):
        return None
    if int(first) >= length:
        return "unsatisfiable"
    return int(first), (min(int(last), length - 1) if last else length - 1) + 1


# Manifests ------------------------------------------------------------------------------------------------

_ODD: list[Any] = [
    None, True, -1, 0, 1, 31, 32, 2**31, 2**63, 2**64, 1e308, float("nan"), "", "v720", "../x", "00" * 32, "zz" * 32,
    [], [1], [0, 700, 4.0, "00" * 32], {}, {"bytes": 10, "sha256": "00" * 32}, "images", "audio", "video", "text",
]  # fmt: skip


def manifests(data: bytes) -> None:
    """Whatever has the right hash is read or refused; what is read has every object inside, and none over another."""
    plain = data[:1] < b"\x60"
    text = data[1:] if plain else json.dumps(_changed(json.loads(MANIFEST), data[1:])).encode()
    package = manifest.hashlib.sha256(text).hexdigest()[:32]
    try:
        index = manifest.parse(package, text)
    except manifest.BadManifest:
        return
    for name, rendition in index.renditions.items():
        assert re.fullmatch(rb"[a-z0-9][a-z0-9-]{0,31}", name)
        assert 0 <= rendition.index < 32
        end = 0
        for number in range(rendition.objects):
            place = rendition.place(number)
            if place is None:
                continue
            offset, length = place
            assert offset % manifest.PAGE == 0
            assert 0 < length <= manifest.OBJECT_MAX
            if number < len(rendition.offsets):
                assert offset >= end, "two objects in one place"
                end = offset + length
        for wire in (
            b"0.m4s",
            b"0.vtt",
            b"0.webp",
            b"init.mp4",
            b"index.m3u8",
            b"index.vtt",
            b"iframes.m3u8",
            data[:20],
        ):
            spec = rendition.spec(wire)
            assert spec is None or rendition.place(spec.number) == (spec.offset, spec.length)
            assert spec is None or spec.sha256 is None or len(spec.sha256) == 32


def _changed(document: Any, script: bytes) -> Any:
    """A manifest with values put in other places: each pair of bytes names a place and a value."""
    for at, odd in zip(script[::2], script[1::2], strict=False):
        places = list(_places(document))
        holder, key = places[at * 7 % len(places)]
        holder[key] = copy.deepcopy(_ODD[odd % len(_ODD)])
        if not isinstance(document, dict):
            break
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


#: Every target, and its part of the inputs.
TARGETS: dict[str, tuple[Callable[[bytes], None], float]] = {
    "http": (http_reader, 0.35),
    "answers": (answers, 0.2),
    "token": (token, 0.15),
    "range": (byte_range, 0.2),
    "manifest": (manifests, 0.1),
}
assert KEY

"""What is answered to each request that the fast path does not take."""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Coroutine
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from cdn import testobject
from cdn.edge import sample
from cdn.edge.admission import FULL, Admission
from cdn.edge.cmcd import parse
from cdn.edge.connection import Connection
from cdn.edge.fill import Failed, Fill
from cdn.edge.gate import PRESSING, VIEWER
from cdn.edge.http import Request
from cdn.edge.peering import Peering
from cdn.edge.server import Server
from cdn.edge.store import Hit, head, object_key
from cdn.edge.verdicts import Verdict
from cdn.ranges import CORS_HEADERS, PREFLIGHT_HEADERS, Unsatisfiable, none_match, parse_range
from cdn.signing import BadToken

log = logging.getLogger("edge")

_PROOF = re.compile(rb"/v1/-/proof/([A-Za-z0-9_-]{16,128})\Z")
OBJECT = re.compile(rb"/v1/([A-Za-z0-9_-]{1,512})/([0-9a-f]{32})/([a-z0-9-]{1,32})/([A-Za-z0-9.]{1,32})\Z")
_CORS = "".join(f"{name}: {value}\r\n" for name, value in CORS_HEADERS.items())
_PREFLIGHT = "".join(f"{name}: {value}\r\n" for name, value in PREFLIGHT_HEADERS.items())
#: Hundreds who wait for the same object get the same head.
_head = lru_cache(maxsize=1024)(head)


class Responder:
    """The routes of a node."""

    def __init__(
        self,
        server: Server,
        *,
        prove: Callable[[str], str],
        health: Callable[[], dict[str, Any]],
        problems: Callable[[], list[str]],
        refusal: Callable[[bool], int],
        unknown_key: Callable[[], Coroutine[Any, Any, bool]],
        greeted: asyncio.Event,
        admission: Admission,
    ) -> None:
        """`refusal(known_session)` is the status that the node's state calls for, 0 for none; `unknown_key` asks the
        control plane for new keys and says whether some came; until `greeted` nobody is served: what was taken down
        while this node was away must be known first."""
        self._server, self._prove, self._health = server, prove, health
        self._problems, self._refusal, self._unknown_key = problems, refusal, unknown_key
        self._greeted, self._admission = greeted, admission
        self._tasks: set[asyncio.Task[None]] = set()
        #: Answers other nodes; set once this node knows of any.
        self.peering: Peering | None = None

    # Routes -----------------------------------------------------------------------------------------------

    def answer(self, connection: Connection, request: Request) -> None:
        """Answer a request, now or when what it needs has come."""
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            self.refuse(connection, 405, "only GET, HEAD and OPTIONS", extra="Allow: GET, HEAD, OPTIONS\r\n")
            return
        if request.method == "OPTIONS":
            self._send(connection, 204, "", extra=_PREFLIGHT, length=None)
            return
        found = OBJECT.match(request.target)
        if found is not None:
            self._object(connection, request, *found.groups())
            return
        if request.target.startswith(b"/peer/v1/") and self.peering is not None:
            self._later(connection, request, self._peer(connection, request, self.peering))
            return
        proof = _PROOF.match(request.target)
        if proof is not None:
            self._text(connection, request, 200, self._prove(proof[1].decode()))
        elif request.target == testobject.PATH.encode():
            self._test_object(connection, request)
        elif request.target == b"/livez":
            self._text(connection, request, 200, "ok")
        elif request.target == b"/readyz":
            problems = self._problems()
            status = {"status": "not ready" if problems else "ok", "problems": problems}
            self._json(connection, request, 503 if problems else 200, status)
        elif request.target == b"/health":
            self._json(connection, request, 200, self._health())
        elif request.target.startswith(b"/v1/"):
            self._text(connection, request, 404, "unknown object")
        else:
            self._text(connection, request, 404, "nothing here")

    def _test_object(self, connection: Connection, request: Request) -> None:
        """What the site fetches to see that players could. Anybody may; but not so that viewers have less for it."""
        if self._admission.load >= FULL[1]:
            self._text(connection, request, 429, "this node's viewers need all it has")
            return
        found = sample.hit()
        part = self._part(connection, request, found.etag, found.length)
        if part is None:
            return
        lines = self._line(part[2]) + self._object_head(
            testobject.CONTENT_TYPE, found.length, found.etag, part, "TEST"
        )
        if request.method == "HEAD":
            connection.begin_bytes(lines, b"", part[2])
        else:
            connection.begin_hit(lines, found, *part)

    def _object(
        self,
        connection: Connection,
        request: Request,
        token: bytes,
        package: bytes,
        rendition: bytes,
        name: bytes,
    ) -> None:
        server = self._server
        if not self._greeted.is_set():
            self._later(connection, request, self._once_greeted(connection, request))
            return
        try:
            verdict = self._judge(token, package)
        except BadToken as error:
            if error.reason == "key":
                self._later(connection, request, self._with_new_keys(connection, request))
            else:
                self._text(connection, request, 403, f"token: {error.reason}")
            return
        if status := self._refusal(self._known(verdict)) if server.slow_only else 0:
            server.refused += 1
            self._text(connection, request, status, "go to another node")
            return
        if self._admission.busy:
            wish = parse(_query(connection))
            ruling = self._admission.admit(verdict, wish, now=server.now)
            if ruling.status:
                server.refused += 1
                self._text(connection, request, ruling.status, "this node is full")
                return
            if ruling.delay:
                waiting = self._delayed(connection, request, ruling.delay, token, package, rendition, name)
                self._later(connection, request, waiting)
                return
        self._serve(connection, request, verdict, token, rendition, name)

    def _serve(
        self,
        connection: Connection,
        request: Request,
        verdict: Verdict,
        token: bytes,
        rendition: bytes,
        name: bytes,
    ) -> None:
        """Answer a request whose token and turn are good."""
        server = self._server
        verdict.seen = server.now
        server.verdicts.remember(token, verdict)
        connection.enter_in_books(verdict, "HIT")
        hit = server.hits.get(b"%s/%s/%s" % (verdict.package, rendition, name))
        if hit is None:
            if not self._join(connection, request, verdict, rendition, name):
                self._later(connection, request, self._miss(connection, request, verdict, rendition, name))
        elif verdict.mask & hit.bit:
            self._hit(connection, request, hit)
        else:
            self._text(connection, request, 403, "token: rendition")

    def _known(self, verdict: Verdict) -> bool:
        """Whether this session is being served here already."""
        return self._server.verdicts.seen_session(verdict.session, now=self._server.now)

    def _judge(self, token: bytes, package: bytes) -> Verdict:
        verdict = self._server.verdicts.judge(token, now=self._server.now)
        if verdict.package != package:
            raise BadToken("package")
        return verdict

    async def _once_greeted(self, connection: Connection, request: Request) -> None:
        await self._greeted.wait()
        connection.busy = False
        if not connection.gone():
            self.answer(connection, request)

    async def _delayed(
        self, connection: Connection, request: Request, seconds: float,
        token: bytes, package: bytes, rendition: bytes, name: bytes,
    ) -> None:  # fmt: skip
        """Serve it later, if its token is still good then: the session may be denied meanwhile."""
        await asyncio.sleep(seconds)
        connection.busy = False
        if connection.gone():
            return
        try:
            verdict = self._judge(token, package)
        except BadToken as error:
            self._text(connection, request, 403, f"token: {error.reason}")
            return
        self._serve(connection, request, verdict, token, rendition, name)

    async def _with_new_keys(self, connection: Connection, request: Request) -> None:
        """The token names a key that we do not know: it may be minutes old. Ask once, then judge again."""
        if await self._unknown_key():
            connection.busy = False
            self.answer(connection, request)
        else:
            self._text(connection, request, 403, "token: key")

    def _hit(self, connection: Connection, request: Request, hit: Hit) -> None:
        hit.visited += 1
        hit.used = hit.package_open.used = self._server.now
        self._server.hit_count += 1
        if hit.lead:
            self._server.ahead(hit, _query(connection))
        part = self._part(connection, request, hit.etag, hit.length)
        if part is None:
            return
        start, end, status = part
        lines = self._hint(connection)
        lines += self._head_of(hit, part)
        if request.method == "HEAD":
            connection.begin_bytes(self._line(status) + lines, b"", status)
        else:
            connection.begin_hit(self._line(status) + lines, hit, start, end, status)

    def _join(
        self, connection: Connection, request: Request, verdict: Verdict, rendition: bytes, name: bytes
    ) -> bool:
        """Fetch a missing object, or wait for it with those who do; False when its package must be found first.

        Without a task for each: hundreds may ask at once.
        """
        server, filler = self._server, self._server.filler
        fill, ours = filler.fills.get(b"%s/%s/%s" % (verdict.package, rendition, name)), False
        if fill is None:
            index = server.store.known(verdict.package.decode())
            spec = index.spec(rendition, name) if index is not None else None
        else:
            spec = fill.spec
        if spec is None or not verdict.mask >> spec.rendition.index & 1:
            return False
        server.miss_count += 1
        connection.cache, connection.busy = "MISS", True
        query = _query(connection)
        urgency = PRESSING if parse(query).pressing else VIEWER
        if fill is None:
            fill, ours = filler.start(spec, priority=urgency)
        else:
            fill.of_origin = False  # a viewer waits: peers may be asked
            filler.hasten(fill, urgency)
        begun = partial(self._begun, connection, request, verdict, fill, query if ours else None)
        fill.when_begun(begun)
        return True

    def _begun(
        self, connection: Connection, request: Request, verdict: Verdict, fill: Fill, query: bytes | None
    ) -> None:
        """What was waited for begins to come, or never will. `query` is that of the request that began it."""
        if connection.gone():
            return
        hit, spec = fill.kept, fill.spec
        try:
            if fill.failure is not None:
                self._text(connection, request, fill.failure.status, str(fill.failure))
            elif hit is None:
                if query is not None and spec.number < len(spec.rendition.offsets):
                    self._server.filler.ahead(spec.rendition, spec.number, query)
                self._from_fill(connection, request, fill, "FILL" if query is None else "MISS")
            elif self._server.hits.get(hit.key) is hit:
                self._hit(connection, request, hit)
            else:  # evicted before it had its turn: its bytes may be a hole by now
                rendition, name = spec.rendition.name.encode(), spec.name.encode()
                self._later(connection, request, self._miss(connection, request, verdict, rendition, name))
        except Exception:
            log.exception("a request broke")
            connection.close()  # or it would wait for its answer forever

    async def _miss(
        self, connection: Connection, request: Request, verdict: Verdict, rendition: bytes, name: bytes
    ) -> None:
        """Find the package, then the object."""
        index = await self._server.filler.package(verdict.package.decode())
        spec = index.spec(rendition, name)
        if spec is None:
            raise Failed(404, "unknown object")
        if not verdict.mask >> spec.rendition.index & 1:
            self._text(connection, request, 403, "token: rendition")
            return
        if connection.gone():
            return
        # It may have come since this request was read.
        hit = self._server.hits.get(object_key(spec.rendition, spec.name))
        if hit is not None:
            self._hit(connection, request, hit)
        elif not self._join(connection, request, verdict, rendition, name):
            raise Failed(503, "too many films are asked for at once")  # closed again in this very moment

    async def _peer(self, connection: Connection, request: Request, peering: Peering) -> None:
        """Another node asks; nothing of it counts as a viewer's."""
        found = await peering.find(request)
        if connection.gone():
            return
        if isinstance(found, bytes):
            self._send(connection, 200, found.decode(), extra="Content-Type: application/json\r\n")
        elif isinstance(found, Fill):
            self._from_fill(connection, request, found, "FILL")
        elif part := self._part(connection, request, found.etag, found.length):
            lines = self._line(part[2]) + self._head_of(found, part)
            connection.begin_hit(lines, found, *part)

    def _from_fill(self, connection: Connection, request: Request, fill: Fill, cache: str) -> None:
        part = self._part(connection, request, fill.tag, fill.spec.length)
        if part is None:
            return
        start, end, status = part
        connection.cache = cache
        lines = self._line(status) + self._hint(connection)
        spec = fill.spec
        lines += self._object_head(spec.content_type, spec.length, fill.tag, part, cache)
        if request.method == "HEAD":
            connection.begin_bytes(lines, b"", status)
        else:
            connection.begin_fill(lines, fill, start, end, status)

    # Answers ----------------------------------------------------------------------------------------------

    def _part(
        self, connection: Connection, request: Request, tag: str, length: int
    ) -> tuple[int, int, int] | None:
        """Start, end and status of what is wanted of an object; None when that was answered already."""
        headers = request.headers
        if headers.if_none_match and none_match(headers.if_none_match, tag):
            self._send(connection, 304, "", extra=f"ETag: {tag}\r\n{_CORS}", length=None)
            return None
        if not headers.range or (headers.if_range and headers.if_range != tag):
            return 0, length, 200
        try:
            part = parse_range(headers.range, length)
        except Unsatisfiable:
            self._send(connection, 416, "", extra=f"Content-Range: bytes */{length}\r\n{_CORS}")
            return None
        return (0, length, 200) if part is None else (*part, 206)

    def _head_of(self, hit: Hit, part: tuple[int, int, int]) -> bytes:
        kind = hit.head[len("Content-Type: ") : hit.head.index(b"\r\n")].decode()
        return self._object_head(kind, hit.length, hit.etag, part, "HIT")

    def _object_head(
        self, content_type: str, length: int, tag: str, part: tuple[int, int, int], cache: str
    ) -> bytes:
        start, end, status = part
        extra = f"Content-Range: bytes {start}-{end - 1}/{length}\r\n" if status == 206 else ""
        return _head(content_type, end - start, tag, cache, extra)

    def _line(self, status: int) -> bytes:
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode() + self._server.date

    def _hint(self, connection: Connection) -> bytes:
        """What this session is told besides: while the node drains, to move on."""
        if not self._admission.leaving or connection.verdict is None:
            return b""
        return self._admission.hint_for(connection.verdict)

    def refuse(self, connection: Connection, status: int, words: str, *, extra: str = "") -> None:
        """Answer and close: what this client says next cannot be trusted to begin where we think."""
        connection.keep_alive = False
        self._send(connection, status, words + "\n", extra=extra)

    def _text(self, connection: Connection, request: Request, status: int, words: str) -> None:
        """A short answer in words; errors too may be read by any page, so that players can tell them apart."""
        body = words + "\n"
        extra = f"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n{_CORS}"
        if request.method == "HEAD":
            self._send(connection, status, "", extra=extra, length=len(body.encode()))
        else:
            self._send(connection, status, body, extra=extra)

    def _json(self, connection: Connection, request: Request, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document) + "\n"
        extra = "Content-Type: application/json\r\nCache-Control: no-store\r\n"
        if request.method == "HEAD":
            self._send(connection, status, "", extra=extra, length=len(body.encode()))
        else:
            self._send(connection, status, body, extra=extra)

    def _send(
        self, connection: Connection, status: int, body: str, *, extra: str = "", length: int | None = -1
    ) -> None:
        """Send a small answer; `length` -1 means that of the body, None means no Content-Length at all."""
        data = body.encode()
        said = len(data) if length == -1 else length
        lines = extra if said is None else f"{extra}Content-Length: {said}\r\n"
        if not connection.keep_alive:
            lines += "Connection: close\r\n"
        connection.begin_bytes(self._line(status) + lines.encode() + b"\r\n", data, status)

    def _later(self, connection: Connection, request: Request, work: Coroutine[Any, Any, None]) -> None:
        """Answer when this work is done; the connection reads nothing meanwhile."""
        connection.busy = True

        async def run() -> None:
            try:
                await work
            except Failed as failure:
                if not connection.gone():
                    self._text(connection, request, failure.status, str(failure))
            except Exception:
                log.exception("a request broke")
                connection.close()  # or it would wait for its answer forever

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _query(connection: Connection) -> bytes:
    """The query of the request that is being answered: what its player says about itself."""
    return connection.line.partition(b" ")[2].partition(b" ")[0].partition(b"?")[2]

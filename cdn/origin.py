"""Package bytes over HTTP for nodes that fill. A node is known by its signature, never by its source address."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from catalog import services as catalog
from catalog.types import StoredObject
from cdn import api, heartbeats, states, takedowns
from cdn.ranges import IMMUTABLE, Unsatisfiable, etag, none_match, parse_range

#: So much is read and sent at once, in bytes.
AT_ONCE = 256 * 1024


@login_not_required
@require_safe
def manifest(request: HttpRequest, package: str) -> HttpResponse:
    """GET /origin/v1/<package>/manifest.json, signed by a node that may fill."""
    if refusal := _refuse_stranger(request, package):
        return refusal
    body = catalog.manifest_bytes(package)
    if body is None:
        return plain(404, "unknown package")
    return HttpResponse(body, content_type="application/json")


@login_not_required
@require_safe
def object_for_node(request: HttpRequest, package: str, rendition: str, name: str) -> HttpResponseBase:
    """GET /origin/v1/<package>/<rendition>/<name>, signed by a node that may fill. Replays are harmless."""
    if refusal := _refuse_stranger(request, package):
        return refusal
    return answer(request, catalog.stored_object(package, rendition=rendition, name=name))


def _refuse_stranger(request: HttpRequest, package: str) -> HttpResponse | None:
    try:
        row, _, _ = heartbeats.authenticated(api.signed_request(request))
    except heartbeats.NotHeard as error:
        return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)
    if row.state not in states.MAY_FILL:
        message = f"This node is {row.state}: it may not fetch."
        return JsonResponse({"error": {"code": "state", "message": message}}, status=403)
    if takedowns.log.forbids(package):
        return plain(404, "taken down")
    return None


def answer(request: HttpRequest, stored: StoredObject | None) -> HttpResponseBase:
    """The object or the part of it that was asked for, read piece by piece when it is large."""
    if stored is None:
        return plain(404, "unknown object")
    tag = etag(stored.sha256)
    headers = {"ETag": tag, "Cache-Control": IMMUTABLE, "Accept-Ranges": "bytes"}
    if none_match(request.headers.get("If-None-Match", ""), tag):
        return HttpResponse(status=304, headers=headers)
    part = None
    wanted = request.headers.get("Range", "")
    if wanted and request.headers.get("If-Range", tag) == tag:
        try:
            part = parse_range(wanted, stored.length)
        except Unsatisfiable:
            headers["Content-Range"] = f"bytes */{stored.length}"
            return HttpResponse(status=416, headers=headers)
    start, end = part or (0, stored.length)
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.length}"
    status, kind = 200 if part is None else 206, stored.content_type
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=kind, headers=headers)
    try:
        if end - start <= AT_ONCE:
            data = catalog.object_part(stored, start=start, end=end)
            return HttpResponse(data, status=status, content_type=kind, headers=headers)
        pieces = catalog.object_chunks(stored, start=start, end=end, size=AT_ONCE)
    except (OSError, EOFError):
        return plain(502, "the stored file cannot be read")
    content = _off_the_loop(pieces) if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(content, status=status, content_type=kind, headers=headers)


async def _off_the_loop(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, each read in a thread: given a plain iterator, Django would read all of it into memory first."""
    try:
        while (piece := await asyncio.to_thread(next, pieces, b"")) != b"":
            yield piece
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def plain(status: int, words: str) -> HttpResponse:
    """A short answer in words, never cached."""
    return HttpResponse(
        words + "\n", status=status, content_type="text/plain", headers={"Cache-Control": "no-store"}
    )

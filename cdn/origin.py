"""Package bytes over HTTP for nodes that fill. A node is known by its signature, never by its source address."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from catalog import services as catalog
from catalog.types import StoredObject
from cdn import api, heartbeats, states
from cdn.ranges import IMMUTABLE, Unsatisfiable, etag, none_match, parse_range


@login_not_required
@require_safe
def manifest(request: HttpRequest, package: str) -> HttpResponse:
    """GET /origin/v1/<package>/manifest.json, signed by a node that may fill."""
    if refusal := _refuse_stranger(request):
        return refusal
    body = catalog.manifest_bytes(package)
    if body is None:
        return plain(404, "unknown package")
    return HttpResponse(body, content_type="application/json")


@login_not_required
@require_safe
def object_for_node(request: HttpRequest, package: str, rendition: str, name: str) -> HttpResponse:
    """GET /origin/v1/<package>/<rendition>/<name>, signed by a node that may fill. Replays are harmless."""
    if refusal := _refuse_stranger(request):
        return refusal
    return answer(request, catalog.stored_object(package, rendition=rendition, name=name))


def _refuse_stranger(request: HttpRequest) -> HttpResponse | None:
    try:
        row, _, _ = heartbeats.authenticated(api.signed_request(request))
    except heartbeats.NotHeard as error:
        return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)
    if row.state not in states.MAY_FILL:
        message = f"This node is {row.state}: it may not fetch."
        return JsonResponse({"error": {"code": "state", "message": message}}, status=403)
    return None


def answer(request: HttpRequest, stored: StoredObject | None) -> HttpResponse:
    """The object or the part of it that was asked for."""
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
    try:
        data = catalog.open_object(stored)
    except (OSError, EOFError):
        return plain(502, "the stored file cannot be read")
    if part is None:
        return HttpResponse(data, content_type=stored.content_type, headers=headers)
    start, end = part
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.length}"
    return HttpResponse(data[start:end], status=206, content_type=stored.content_type, headers=headers)


def plain(status: int, words: str) -> HttpResponse:
    """A short answer in words, never cached."""
    return HttpResponse(
        words + "\n", status=status, content_type="text/plain", headers={"Cache-Control": "no-store"}
    )

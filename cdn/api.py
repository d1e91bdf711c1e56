"""What nodes call. They are known by a one-time code or by their signature, never by session or source address."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from cdn import asking, enrolment, heartbeats, keys, reports, services
from cdn.refusals import refusals
from cdn.types import PublicKey

BadBody = reports.BadReport


@csrf_exempt
@login_not_required
@require_POST
def enrol(request: HttpRequest) -> JsonResponse:
    """POST {code, name, public_key, base_url, site, region, capacity_bps, version …} → 201 {node_id, slot, …}."""
    try:
        body = reports.document(request.body)
        application = enrolment.Application(
            name=_text(body, "name", 64),
            public_key=_text(body, "public_key", 64),
            base_url=_text(body, "base_url", 255),
            site=_text(body, "site", 64, default="default"),
            region=_text(body, "region", 64, default="default"),
            capacity_bps=_number(body, "capacity_bps"),
            version=_text(body, "version", 32, default=""),
            domain=_text(body, "domain", 64, default=""),
            place=_place(body),
        )
        node = enrolment.enrol(code=_text(body, "code", 128), application=application)
    except BadBody as error:
        return _error("bad_request", str(error), 400)
    except enrolment.Refused as error:
        refusals.note(application.name, error.message)
        return _error(error.code, error.message, error.status)
    published = services.public_keys()
    return JsonResponse(
        {
            "node_id": str(node.id),
            "slot": node.slot,
            "heartbeat_seconds": heartbeats.INTERVAL_SECONDS,
            "lease_seconds": settings.NODE_LEASE_SECONDS,
            "keys": _keys(published),
            "keys_version": keys.version(published),
            "origin": settings.SITE_URL,
        },
        status=201,
    )


@csrf_exempt
@login_not_required
@require_POST
def heartbeat(request: HttpRequest) -> JsonResponse:
    """POST a signed report → what is new for this node: docs/fleet.md has every field of both."""
    try:
        reply = heartbeats.hear(signed_request(request), reports.heartbeat(reports.document(request.body)))
    except BadBody as error:
        return _error("bad_request", str(error), 400)
    except heartbeats.NotHeard as error:
        return _error(error.code, error.message, error.status, last_sequence=error.sequence)
    return JsonResponse(heartbeats.wire(reply))


@login_not_required
@require_safe
def loads(request: HttpRequest) -> JsonResponse:
    """GET what every node last said, for `manage.py` beside the site: it signs with the site's own key."""
    if not asking.allowed(request.headers.get(asking.HEADER, "")):
        return _error("key", "This needs a key that only the site's own commands can make.", 403)
    return JsonResponse(asking.told(), headers={"Cache-Control": "no-store"})


def signed_request(request: HttpRequest) -> heartbeats.SignedRequest:
    """The parts of a request that a node's signature covers."""
    return heartbeats.SignedRequest(
        method=request.method or "",
        path=request.path,
        body=request.body,
        node_id=request.headers.get("X-Node-Id", ""),
        time=request.headers.get("X-Node-Time", ""),
        sequence=request.headers.get("X-Node-Seq", ""),
        signature=request.headers.get("X-Node-Signature", ""),
    )


def _keys(published: tuple[PublicKey, ...]) -> list[dict[str, object]]:
    return [{"kid": key.kid, "public_key": key.public_key} for key in published]


def _text(body: dict[str, Any], name: str, longest: int, *, default: str | None = None) -> str:
    return reports.text(name, body.get(name, default), longest)


def _place(body: dict[str, Any]) -> tuple[float, float] | None:
    """Degrees north and east, as [48.86, 2.35]; None when the node does not say. Raises BadBody."""
    said = body.get("place")
    if said is None:
        return None
    numbers = [one for one in said if type(one) in (int, float)] if isinstance(said, list) else []
    if len(numbers) != 2 or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180):
        raise BadBody("place must be two numbers, degrees north and east.")
    return float(numbers[0]), float(numbers[1])


def _number(body: dict[str, Any], name: str) -> int:
    return reports.whole(name, body.get(name))


def _error(code: str, message: str, status: int, **more: object) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}, **more}, status=status)

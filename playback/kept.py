"""The capability URLs of licences: no cookie, no CSRF, the key in the address is the permission.

A device calls them for what it keeps: from any page of it, whoever is signed in there by now, or nobody.
"""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from playback import bodies, licence_keys, services, steered
from playback.types import Terms
from playback.views import read_body

#: How often a browser may go without asking whether it may ask, in seconds.
_PREFLIGHT_SECONDS = "86400"
#: Licences that are asked for at once: all that one device may keep.
STANDING_MAX = 100


def licensed(*methods: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view whose first argument after the request is the licence's key; errors become JSON of the usual shape."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def guarded(request: HttpRequest, **given: Any) -> HttpResponse:
            if request.method == "OPTIONS":
                response = HttpResponse(status=204)
            elif request.method not in methods:
                response = _error(405, "method_not_allowed", f"Use {' or '.join(methods)}.")
                response["Allow"] = ", ".join(methods)
            else:
                response = _answer(view, request, given)
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Allow-Methods"] = ", ".join(methods)
            response["Access-Control-Allow-Headers"] = "Content-Type"
            response["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return decorate


@licensed("POST")
def standing(request: HttpRequest) -> HttpResponse:
    """How licences stand, by their keys: those that may be are renewed. A key that says nothing has no answer."""
    given = read_body(request).get("keys")
    if not isinstance(given, list) or not 1 <= len(given) <= STANDING_MAX:
        raise bodies.BadBody("keys", f"keys must be a list of 1 to {STANDING_MAX}.")
    ids: dict[str, UUID] = {}
    for key in given:
        if isinstance(key, str):
            try:
                ids[key] = licence_keys.read(key).licence_id
            except licence_keys.BadKey:
                continue
    found = services.standing_licences(ids.values())
    return JsonResponse({"licences": {key: written(found[one]) for key, one in ids.items() if one in found}})


@licensed("POST")
def token(request: HttpRequest, licence: licence_keys.Key) -> HttpResponse:
    """A fresh token for what is still to come of it, and where to use it."""
    fresh, nodes = services.fetching_token(licence.licence_id)
    return JsonResponse(
        {"value": fresh.value, "expires_at": fresh.expires_at, "nodes": steered.listed(nodes)}
    )


@licensed("GET", "HEAD")
def segments(request: HttpRequest, licence: licence_keys.Key, rendition: str) -> HttpResponse:
    """What the segments of a rendition must be: nothing is kept unless it is that."""
    response = HttpResponse(services.segments(licence.package_id, rendition), content_type="application/json")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@licensed("GET", "HEAD")
def content_key(request: HttpRequest, licence: licence_keys.Key) -> HttpResponse:
    """The key of an encrypted package, to be kept with it."""
    key = services.kept_content_key(licence.licence_id)
    return HttpResponse(key, content_type="application/octet-stream")


@licensed("POST")
def done(request: HttpRequest, licence: licence_keys.Key) -> HttpResponse:
    """All of it has come, or (`removed`) the device keeps it no more."""
    if read_body(request).get("removed") is True:
        services.end_licence(licence_id=licence.licence_id)
    else:
        services.complete_licence(licence.licence_id)
    return JsonResponse({"ok": True})


@licensed("POST")
def report(request: HttpRequest, licence: licence_keys.Key, viewing_id: UUID) -> HttpResponse:
    """What was watched of it without the site, told late: a beacon's body, or several as `reports`."""
    reports = bodies.reports(read_body(request))
    services.watched_away(licence.licence_id, viewing_id=viewing_id, reports=reports)
    return JsonResponse({"ok": True, "state": "active"})


def written(terms: Terms) -> dict[str, Any]:
    """A licence's terms as JSON."""
    return {
        "id": terms.id,
        "expires_at": terms.expires_at,
        "days": terms.days,
        "secret": base64.b64encode(terms.secret).decode(),
        "ended": terms.ended.value if terms.ended else None,
        "message": terms.message,
    }


def _answer(view: Callable[..., HttpResponse], request: HttpRequest, given: dict[str, Any]) -> HttpResponse:
    try:
        if "licence" in given:
            given = given | {"licence": licence_keys.read(given["licence"])}
        return view(request, **given)
    except licence_keys.BadKey as error:
        return _error(403, "bad_key", str(error))
    except bodies.BadBody as error:
        return _error(400, "invalid", error.message, error.field)
    except services.NotFound as error:
        return _error(404, "not_found", error.message)


def _error(status: int, code: str, message: str, field: str = "") -> HttpResponse:
    body: dict[str, str] = {"code": code, "message": message}
    if field:
        body["field"] = field
    return JsonResponse({"error": body}, status=status)

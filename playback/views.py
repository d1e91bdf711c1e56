"""The capability URLs that players call all the time: no cookie, no CSRF, the key in the address is the permission.

They are light on purpose. Steering asks no database. None of them ever answers 429: one such answer ends steering for
the rest of a session in hls.js. CORS is open: the key is the secret, and pages may stand on another origin.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from netflixlite import addresses
from playback import bodies, hearing, keys, services, steered
from playback.types import Heard

_PLAYLIST = "application/vnd.apple.mpegurl"
#: How often a browser may go without asking whether it may ask, in seconds.
_PREFLIGHT_SECONDS = "86400"


def capability(*methods: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view whose first argument after the request is the key that was read; errors become JSON of the usual shape."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def guarded(request: HttpRequest, key: str, **more: str) -> HttpResponse:
            if request.method == "OPTIONS":
                response = HttpResponse(status=204)
            elif request.method not in methods:
                response = _error(405, "method_not_allowed", f"Use {' or '.join(methods)}.")
                response["Allow"] = ", ".join(methods)
            else:
                response = _answer(view, request, key, more)
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Allow-Methods"] = ", ".join(methods)
            response["Access-Control-Allow-Headers"] = "Content-Type"
            response["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return decorate


@capability("GET", "HEAD")
def multivariant(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """The multivariant playlist of the session.

    What a player cannot choose by itself it chooses here: pictures from `least` to `most` pixels high, the `sound` that
    is heard, and nodes to `avoid`.
    """
    said = request.GET
    wanted = bodies.wanted(said.get("least"), said.get("most"), said.get("sound"), said.get("avoid"))
    text = services.playlist(key.session_id, by_loader=said.get("keys") == "loader", wanted=wanted)
    return HttpResponse(text, content_type=_PLAYLIST)


@capability("GET", "HEAD")
def mpd(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """The session as a DASH presentation."""
    return HttpResponse(services.manifest(key.session_id), content_type="application/dash+xml")


@capability("GET", "HEAD")
def keyed(request: HttpRequest, key: keys.Key, pathway: str, rendition: str) -> HttpResponse:
    """A media playlist of an encrypted package, for players that cannot find the key by themselves."""
    text = services.keyed_playlist(key.session_id, pathway=pathway, rendition=rendition)
    return HttpResponse(text, content_type=_PLAYLIST)


@capability("GET", "HEAD")
def content_key(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """The key of what the session plays, for as long as the session may play it."""
    return HttpResponse(services.content_key(key.session_id), content_type="application/octet-stream")


@capability("GET", "HEAD")
def segments(request: HttpRequest, key: keys.Key, rendition: str) -> HttpResponse:
    """What the segments of a rendition must be: players check what arrives, and plan. It never changes."""
    response = HttpResponse(services.segments(key.package_id, rendition), content_type="application/json")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@capability("GET", "HEAD", "POST")
def steering(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """GET: a steering manifest for HLS and DASH. POST: the ranking for our player, which sends what it saw of nodes."""
    viewer = addresses.of(request.META)
    if request.method == "POST":
        return JsonResponse(steered.report(key, request.read(bodies.BODY_MAX + 1), viewer))
    text = request.path.split("/")[-2]
    return JsonResponse(steered.manifest(key, text, request.GET.dict(), viewer))


@capability("POST")
def beacon(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """A player's regular report; the answer says whether the session goes on."""
    *before, last = bodies.reports(read_body(request))
    if before:
        services.catch_up(key.session_id, before)
    return JsonResponse(_heard(services.beat(key.session_id, last)))


@capability("POST")
def close(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """The viewer leaves. A last report may come with it, and those before it that had to wait."""
    data = read_body(request)
    reports = bodies.reports(data) if data.keys() & {"position", "reports"} else ()
    if len(reports) > 1:
        services.catch_up(key.session_id, reports[:-1])
    heard = services.close_session(key.session_id, reports[-1] if reports else None)
    return JsonResponse(_heard(heard))


@capability("GET")
def news(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """Whether somebody ended the session. Our own server holds the question until there is news (`hearing`)."""
    return JsonResponse(hearing.body(services.standing(key.session_id)))


@capability("POST")
def choice(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """The viewer chose sound or subtitles, or how these look; whoever plays this title next begins so."""
    data = read_body(request)
    said, look = bodies.choice(data), bodies.look(data)
    audio, text, second = (said.get(name) for name in ("audio", "text", "second"))
    try:
        chosen = services.choose_tracks(key.session_id, audio=audio, text=text, second=second, look=look)
    except services.UnknownLook as error:
        raise bodies.BadBody(error.field, error.message) from error
    return JsonResponse({"audio": chosen.audio, "text": chosen.text, "second": chosen.second})


@capability("POST")
def token(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """A fresh token for the same session, and where to use it."""
    fresh, nodes = services.renew_token(key.session_id)
    return JsonResponse(
        {"value": fresh.value, "expires_at": fresh.expires_at, "nodes": steered.listed(nodes)}
    )


def _heard(heard: Heard) -> dict[str, Any]:
    body: dict[str, Any] = {"ok": True, "state": "active" if heard.active else "closed"}
    if heard.newer_package:
        body["newer_package"] = True
    if heard.ended:
        body |= {"reason": heard.ended.value, "message": heard.message}
    return body


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object. Read no further than the bound, whatever the length header says."""
    return bodies.parse(request.read(bodies.BODY_MAX + 1))


def _answer(
    view: Callable[..., HttpResponse], request: HttpRequest, key: str, more: dict[str, str]
) -> HttpResponse:
    try:
        return view(request, keys.read(key), **more)
    except keys.BadKey as error:
        return _error(403, "bad_key", str(error))
    except bodies.BadBody as error:
        return _error(400, "invalid", error.message, error.field)
    except services.SessionOver as error:
        return _error(403, "session_over", error.message, reason=error.ended.value)
    except services.NotFound as error:
        return _error(404, "not_found", error.message)


def _error(status: int, code: str, message: str, field: str = "", **more: str) -> HttpResponse:
    body: dict[str, str] = {"code": code, "message": message, **more}
    if field:
        body["field"] = field
    return JsonResponse({"error": body}, status=status)

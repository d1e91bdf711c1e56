"""What `manage.py evacuate` asks of the running site (`cdn.lever`): known by the site's own secret key."""

import json
from dataclasses import asdict
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cdn import lever, services
from cdn.transitions import NoSuchArrow


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def evacuations(request: HttpRequest) -> JsonResponse:
    """POST {scope, value, dry_run, force, actor, reason} → {forecast}; GET → {nodes}, as `services.evacuations` says.

    404 when nothing is meant by these words, 409 when the others have no room (with the forecast) or there is nothing
    to drain.
    """
    if not lever.allowed(request.headers.get(lever.HEADER, ""), str(request.method), request.body):
        return _error("key", "This needs a key that only the site's own commands can make.", 403)
    if request.method == "GET":
        nodes = [asdict(one) for one in services.evacuations()]
        return JsonResponse({"nodes": nodes}, headers={"Cache-Control": "no-store"})
    wish = json.loads(request.body)  # signed by ourselves
    scope = str(wish["scope"])
    try:
        forecast = services.evacuate(
            scope,
            str(wish["value"]),
            dry_run=bool(wish["dry_run"]),
            force=bool(wish["force"]),
            actor=str(wish["actor"]),
            reason=str(wish["reason"]),
        )
    except services.UnknownNode as error:
        return _error("unknown", f"{error} {services.known_as(scope)}", 404)
    except services.Infeasible as error:
        forecast = error.forecast
        return _error("no_room", f"{error} (--force)", 409, forecast=lever.figures(forecast))
    except NoSuchArrow as error:
        return _error("state", str(error), 409)
    return JsonResponse({"forecast": lever.figures(forecast)})


def _error(code: str, message: str, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}, **more}, status=status)

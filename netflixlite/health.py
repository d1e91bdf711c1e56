"""`/livez`: this process answers. `/readyz`: it can do its work (database reachable, migrations applied)."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponseBase, JsonResponse

log = logging.getLogger(__name__)
_migrated = False
#: This middleware stands before the one that sets the others.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def _problems() -> list[str]:
    """What keeps this process from working, in words; empty when it is ready."""
    global _migrated
    found = []
    for alias in ("default", "telemetry"):
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError as error:
            log.warning("The database %s does not answer: %s", alias, error)
            found.append(f"database {alias} does not answer: the log says why")
    if not found and not _migrated:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            found.append("migrations are not applied: run manage.py migrate")
        else:
            _migrated = True
    return found


class HealthMiddleware:
    """Outermost on purpose: health must not need a session, a known host name or a signed-in user."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/livez":
            return JsonResponse({"status": "ok"}, headers=_HEADERS)
        if request.path == "/readyz":
            problems = _problems()
            return JsonResponse(
                {"status": "not ready" if problems else "ok", "problems": problems},
                status=503 if problems else 200,
                headers=_HEADERS,
            )
        return self.get_response(request)

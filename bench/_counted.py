"""The site's ASGI application with a count of the SQL that heartbeats cause; served by `bench/heartbeat.py` alone."""

import json
import os
from contextvars import ContextVar
from typing import Any

from django.db.backends.signals import connection_created

from netflixlite import asgi

_hearing: ContextVar[bool] = ContextVar("hearing", default=False)
_counts = {"beats": 0, "sql_of_beats": 0, "sql_of_all": 0}


def _counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    _counts["sql_of_all"] += 1
    _counts["sql_of_beats"] += _hearing.get()
    return execute(sql, params, many, context)


def _watch(connection: Any, **_: Any) -> None:
    if _counted not in connection.execute_wrappers:
        connection.execute_wrappers.append(_counted)


connection_created.connect(_watch)
_site = asgi.application.application_mapping["http"]
if os.environ.get("BENCH_WITHOUT_DOORBELL"):
    _site = _site._django


async def application(scope: Any, receive: Any, send: Any) -> None:
    """One request; /counts tells what was counted since it was last asked."""
    if scope["type"] != "http":
        await asgi.application(scope, receive, send)
        return
    if scope["path"] == "/counts":
        body = json.dumps(_counts).encode()
        _counts.update(dict.fromkeys(_counts, 0))
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", b"%d" % len(body))],
            }
        )
        await send({"type": "http.response.body", "body": body})
        return
    if scope["path"].endswith("/heartbeat"):
        _counts["beats"] += 1
        _hearing.set(True)
    await _site(scope, receive, send)

"""The site under uvicorn for `bench/heartbeat.py`: it counts the SQL that heartbeats cause, and how long they take."""

import json
import os
import socket
import struct
import sys
import time
from contextvars import ContextVar
from typing import Any

import uvicorn
from django.db.backends.signals import connection_created
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from netflixlite import asgi

_hearing: ContextVar[bool] = ContextVar("hearing", default=False)
_counts = {"beats": 0, "sql_of_beats": 0, "sql_of_all": 0}
_seconds: list[float] = []
#: Where Linux' `tcp_info` says how long ago the last bytes came in, in milliseconds.
_INFO_SIZE, _LAST_DATA_RECEIVED = 104, 52


class Timed(HttpToolsProtocol):
    """uvicorn's own protocol with a clock: from the arrival of a beat's bytes until its answer was written.

    The loop sees bytes only when it gets round to them, so the kernel is asked, too, how long ago they came (in steps
    of its own clock, often 4 ms); the longer of the two counts.
    """

    _seen = 0.0

    def data_received(self, data: bytes) -> None:
        self._seen = time.perf_counter()
        super().data_received(data)

    def on_response_complete(self) -> None:
        if self.scope["path"].endswith("/heartbeat") and not self.transport.is_closing():
            asked = self.transport.get_extra_info("socket")
            info = asked.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
            arrived = struct.unpack_from("=I", info, _LAST_DATA_RECEIVED)[0] / 1000
            _seconds.append(max(time.perf_counter() - self._seen, arrived))
        super().on_response_complete()


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
        body = json.dumps(_counts | {"seconds": _seconds}).encode()
        _counts.update(dict.fromkeys(_counts, 0))
        _seconds.clear()
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


if __name__ == "__main__":
    uvicorn.run(
        application,
        port=int(sys.argv[1]),
        http=Timed,
        log_level="warning",
        access_log=False,
        server_header=False,
    )

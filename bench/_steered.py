"""The site as it serves, with a fleet that was heard a moment ago, and each steering answer timed inside the process.

For bench/steering.py: `uvicorn bench._steered:application`. Its fleet is in rows; what would take ten thousand nodes'
heartbeats is put where heartbeats are kept. `GET /bench/times` gives the times since it was last asked, in ms: by the
clock, by the processor, and for how long the loop's thread was ready and got no processor from the machine.
"""

import json
import os
import random
import threading
import time
from datetime import timedelta
from functools import cache

from django.utils import timezone

from netflixlite.asgi import application as site

from cdn.live import Beat, fleet  # isort: skip (Django must be set up first)

TIMES: list[tuple[float, float, float]] = []
#: How often a node is heard, in seconds.
EVERY = 2.0
_BUSY = float(os.environ.get("BENCH_BUSY", "0.3"))


def hear() -> None:
    """Every node is heard each two seconds, with another load: one after the other, as nodes do."""
    chance = random.Random(5)
    rows = fleet.rows()
    told, begun = 0, time.monotonic()
    while True:
        now = timezone.now()
        due = len(rows) + int((time.monotonic() - begun) / EVERY * len(rows))  # at first, all of them
        for number in range(told, due):
            row = rows[number % len(rows)]
            load = int(row.capacity_bps * min(0.9, chance.gammavariate(4, _BUSY / 4)))
            fleet.beats[row.id] = Beat(
                heard_at=now,
                lease_until=now + timedelta(seconds=60),
                sequence=number // len(rows) + 1,
                egress_bps=load,
            )
        told = due
        time.sleep(0.02)


@cache
def _scheduled(thread: int) -> int:
    """What the kernel tells of a thread, opened once."""
    return os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)


def _waited() -> float:
    """For how long this thread was ready to run and did not, in ms."""
    return int(os.pread(_scheduled(threading.get_native_id()), 100, 0).split()[1]) / 1e6


threading.Thread(target=hear, daemon=True).start()


async def application(scope, receive, send):  # type: ignore[no-untyped-def]
    """Django's and ours, timed."""
    if scope["type"] != "http":
        return await site(scope, receive, send)
    if scope["path"] == "/bench/times":
        told = json.dumps(TIMES).encode()
        TIMES.clear()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return await send({"type": "http.response.body", "body": told})
    begun, cpu, waited = time.perf_counter(), time.thread_time(), _waited()
    await site(scope, receive, send)
    clock, cpu = (time.perf_counter() - begun) * 1000, (time.thread_time() - cpu) * 1000
    TIMES.append((clock, cpu, _waited() - waited))
    return None

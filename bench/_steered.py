"""The site as it serves, with a fleet that was heard a moment ago, and each steering answer timed inside the process.

For bench/steering.py: `uvicorn bench._steered:application`. Its fleet is in rows; what would take ten thousand nodes'
heartbeats is put where heartbeats are kept. `GET /bench/times` gives the times since it was last asked, by the
clock and by the processor, in ms.
"""

import json
import os
import random
import threading
import time
from datetime import timedelta

from django.utils import timezone

from netflixlite.asgi import application as site

from cdn.live import Beat, fleet  # isort: skip (Django must be set up first)

TIMES: list[tuple[float, float]] = []
_BUSY = float(os.environ.get("BENCH_BUSY", "0.3"))


def hear() -> None:
    """Every node is heard each two seconds, with another load."""
    chance = random.Random(5)
    sequence = 0
    while True:
        now = timezone.now()
        sequence += 1
        for row in fleet.rows():
            load = int(row.capacity_bps * min(0.9, chance.gammavariate(4, _BUSY / 4)))
            fleet.beats[row.id] = Beat(
                heard_at=now, lease_until=now + timedelta(seconds=60), sequence=sequence, egress_bps=load
            )
        time.sleep(2.0)


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
    begun, cpu = time.perf_counter(), time.thread_time()
    await site(scope, receive, send)
    TIMES.append(((time.perf_counter() - begun) * 1000, (time.thread_time() - cpu) * 1000))
    return None

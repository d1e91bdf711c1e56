"""Has nodes fetch a film before anybody watches: most benches are not about cold caches."""

import http.client
import time
from collections.abc import Iterable, Mapping
from typing import Any


def fill(
    port: int, session: Mapping[str, Any], renditions: Iterable[str], *, segments: int, name: str
) -> None:
    """Fetch these renditions of the session's film whole from the node on this port, straight and one by one.

    `session` is as the API answers it. Raises RuntimeError with the node's `name` when it does not give something.
    """
    names = ["index.m3u8", "init.mp4", *(f"{number}.m4s" for number in range(segments))]
    base = f"/v1/{session['token']['value']}/{session['package']}"
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for rendition in renditions:
            for one in names:
                for _ in range(
                    6
                ):  # on a busy machine the site takes longer to give something than a node waits
                    line.request("GET", f"{base}/{rendition}/{one}")
                    reply = line.getresponse()
                    reply.read()
                    if reply.status not in (502, 503, 504):
                        break
                    time.sleep(1)
                if reply.status != 200:
                    raise RuntimeError(f"{name} answers {reply.status} to {rendition}/{one}")
    finally:
        line.close()

"""People watching while a library comes in, as a process of its own: reads and writes the same database all the time.

    python -m tests.library.watching FILE

Ends when FILE appears; writes there what it did and how long the slowest took, as JSON.
"""

import json
import sys
import time
from pathlib import Path

import django


def main(answer: Path) -> None:
    """Read and write until the file is there."""
    django.setup()
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import OperationalError

    from catalog import services

    done = {"writes": 0, "reads": 0, "errors": [], "slowest_write": 0.0, "slowest_read": 0.0}
    session = SessionStore()
    session.create()
    stop = answer.with_suffix(".stop")
    answer.with_suffix(".began").touch()
    while not stop.exists():
        try:
            began = time.monotonic()
            session["position"] = done["writes"]
            session.save()
            done["writes"] += 1
            done["slowest_write"] = max(done["slowest_write"], time.monotonic() - began)
            began = time.monotonic()
            services.browse(maturity=18)
            services.search("night mail", maturity=18)
            done["reads"] += 1
            done["slowest_read"] = max(done["slowest_read"], time.monotonic() - began)
        except OperationalError as error:
            done["errors"].append(str(error))
        time.sleep(0.02)
    answer.write_text(json.dumps(done))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

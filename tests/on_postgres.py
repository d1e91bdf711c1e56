"""Tests on PostgreSQL: `python -m tests.on_postgres recommend/tests tests/recommend …`, what follows is pytest's.

A server of its own is started, and removed afterwards (`bench/_postgres.py` says which programs it takes). Tests that
are about PostgreSQL alone are skipped elsewhere: here they run.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import _postgres

TOP = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """pytest's own code."""
    with _postgres.server() as url, tempfile.TemporaryDirectory(prefix="on-postgres-") as home:
        server = url.rsplit("/", 1)[0]
        # The three databases of a site; pytest makes one of its own beside each.
        env = {
            **os.environ,
            "NETFLIXLITE_DATABASE_URL": url,
            "NETFLIXLITE_TELEMETRY_DATABASE_URL": f"{server}/telemetry",
            "NETFLIXLITE_CACHE_DATABASE_URL": f"{server}/cache",
            "NETFLIXLITE_HOME": home,
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
        }
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=env, cwd=TOP).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

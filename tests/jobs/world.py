"""A database, a broker folder and real worker processes, for tests that kill them.

SQLite, unless JOBS_TEST_DATABASE_URL names a PostgreSQL database that may be emptied.
"""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parent.parent.parent


def _plain(value: Any) -> Any:
    """A value as SQLite would have given it."""
    if isinstance(value, UUID):
        return value.hex
    return json.dumps(value) if isinstance(value, dict) else value


@dataclass(eq=False)
class Worker:
    """A worker process, with what `Popen` would have: the driver is its parent, so the driver is asked."""

    pid: int
    ask: Callable[[int], int | None]
    code: int | None = None

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        if self.code is None:
            self.code = self.ask(self.pid)
        return self.code

    def wait(self, timeout: float = 10.0) -> int:
        """Its exit code once it has ended; a frozen one never does."""
        wait_for(lambda: self.poll() is not None, seconds=timeout, what=f"the end of worker {self.pid}")
        assert self.code is not None
        return self.code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class World:
    """All state lies in one folder; `close` leaves no process behind."""

    def __init__(self, folder: Path, *, lease: float = 2.0, broker_url: str = "") -> None:
        self.folder = folder
        self.workers: list[Worker] = []
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NETFLIXLITE", "DJANGO"))
        }
        self.postgres = os.environ.get("JOBS_TEST_DATABASE_URL", "")
        if self.postgres:
            kept["NETFLIXLITE_DATABASE_URL"] = self.postgres
            self.rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.environment = {
            **kept,
            "NETFLIXLITE_HOME": str(folder),
            "NETFLIXLITE_JOB_LEASE_SECONDS": str(lease),
            "NETFLIXLITE_BROKER_URL": broker_url,
            "DJANGO_SETTINGS_MODULE": "tests.jobs.settings",
            "PYTHONPATH": str(ROOT),
        }
        self._driver = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.driver"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.order(do="migrate")

    def order(self, **order: Any) -> Any:
        """Have the driver do something; returns its answer."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps(order) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        assert line, "the driver died"
        return json.loads(line)

    def enqueue(self, kind: str, number: int = 1, **arguments: Any) -> list[str]:
        """Enqueue jobs of one kind; returns their ids as the database has them."""
        ids = self.order(do="enqueue", kind=kind, number=number, **arguments)
        return [job_id.replace("-", "") for job_id in ids]

    def start_worker(self, *arguments: str) -> Worker:
        """Start a worker; what it says goes to `workers.log`."""
        pid = self.order(do="work", arguments=arguments)
        worker = Worker(pid, lambda one: self.order(do="ended", worker=one))
        self.workers.append(worker)
        return worker

    def kill(self, worker: Worker) -> None:
        """kill -9."""
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        self.workers.remove(worker)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database, from outside. Ids come as 32 hex digits, JSON as text."""
        if self.postgres:
            with psycopg.connect(self.postgres, autocommit=True) as connection:
                cursor = connection.execute(sql.replace("?", "%s"), values or None)
                rows = cursor.fetchall() if cursor.description else []
            return [tuple(_plain(value) for value in row) for row in rows]
        with contextlib.closing(sqlite3.connect(self.folder / "jobs.sqlite3", timeout=20)) as connection:
            return connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def state(self, job_id: str) -> str:
        """A job's state."""
        return str(self.value("SELECT state FROM jobs_job WHERE id=?", job_id))

    def effects(self, job_id: str) -> int:
        """How often a job has had its effect."""
        return int(self.value("SELECT count(*) FROM effects_effect WHERE job_id=?", job_id))

    def log(self) -> str:
        """What the workers said."""
        path = self.folder / "workers.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def children(self) -> list[int]:
        """Programs that jobs of this world started and that still run."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (process / "environ").read_bytes()
                if b"JOB_CHILD=" in environment and str(self.folder).encode() in environment:
                    found.append(int(process.name))
        return found

    def close(self) -> None:
        """End every process that was started here."""
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.close()
        self._driver.wait(timeout=10)
        self._driver.stdout.close()

"""Orders to a house of its own, from a test that kills workers: `python -m tests.media.driver ORDER ARGUMENT`."""

import json
import os
import sys
from typing import Any

import django


def main(order: str, argument: str, *more: str) -> Any:
    """'ingest' a path, do a job 'again', 'cancel' it, or tell its 'state'."""
    from catalog import services, types
    from netflixlite.jobs import services as jobs

    if order == "ingest":
        wanted = {"ladder": "light", "preset": "veryfast", "early": False, "av1": "never"}
        wanted |= json.loads(more[0]) if more else {}
        ticket = services.ingest(path=argument, options=types.IngestOptions(**wanted))
        return {"video": str(ticket.video_id), "job": str(ticket.job_id)}
    if order == "again":
        before = jobs.job(argument)
        assert before is not None
        return {"job": str(jobs.enqueue(before.kind, payload=before.payload).id)}
    if order == "cancel":
        return {"cancelled": jobs.cancel(argument)}
    job = jobs.job(argument)
    assert job is not None
    package = services.current_package(job.payload["video"])
    return {
        "state": job.state.value,
        "error": job.error,
        "progress": job.progress,
        "note": job.note,
        "package": package.id if package else None,
        "attempts": {part.payload.get("name", part.kind): part.attempts for part in jobs.children(job.id)},
    }


def nursery() -> None:
    """Fork a worker for each line (its arguments, as JSON): a fork is there at once, a new process takes seconds.

    Says each one's process id; ends when there are no more lines, and the workers with it.
    """
    from django.core.management import call_command
    from django.db import connections

    workers = []
    for line in sys.stdin:
        connections.close_all()
        worker = os.fork()
        if worker == 0:
            os.close(0)
            call_command("worker", *json.loads(line))
            os._exit(0)
        workers.append(worker)
        print(worker, flush=True)
        while len(workers) > 1 and os.waitpid(workers[0], os.WNOHANG)[0]:
            workers.pop(0)
    for worker in workers:
        os.kill(worker, 9)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "nursery":
        nursery()
    else:
        print(json.dumps(main(sys.argv[1], *(sys.argv[2:] or [""]))))

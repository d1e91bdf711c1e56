"""Orders to a house of its own, from a test that kills workers: `python -m tests.media.driver ORDER ARGUMENT`."""

import json
import sys
from typing import Any

import django


def main(order: str, argument: str) -> Any:
    """'ingest' a path, do a job 'again', 'cancel' it, or tell its 'state'."""
    from django.core.management import call_command

    from catalog import services, types
    from netflixlite.jobs import services as jobs

    if order == "migrate":
        call_command("migrate", verbosity=0)
        return {}
    if order == "ingest":
        options = types.IngestOptions(ladder="light", preset="veryfast", encoders=1)
        ticket = services.ingest(path=argument, options=options)
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
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")))

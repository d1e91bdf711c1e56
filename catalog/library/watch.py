"""Watched folders: looked through now and then, and tended in between."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from catalog.library import admit, folders, orders
from catalog.library import scan as scanning
from catalog.models import LibraryFile
from netflixlite.jobs import services as jobs

if TYPE_CHECKING:
    from netflixlite.jobs.context import JobContext

SCAN_KIND = "catalog.scan_library"
TEND_KIND = "catalog.tend_library"
#: A file that changed within this time may still be arriving, in seconds.
SETTLE = 60.0
TEND_EVERY = timedelta(seconds=15)


def look_through() -> None:
    """Have every watched folder looked through by a worker."""
    for root in settings.LIBRARY:
        request_scan(str(root))


def request_scan(root: str) -> None:
    """Have one folder looked through by a worker, unless that is waiting or under way."""
    jobs.enqueue(SCAN_KIND, payload={"label": root, "root": root}, dedupe_key=f"library:{root}")


def scan_job(context: "JobContext") -> None:
    """Look through one folder."""
    root = str(context.payload["root"])
    try:
        summary = scanning.scan(
            Path(root),
            orders=orders.of_settings(),
            settle=SETTLE,
            report=lambda done, total: context.progress(done / max(total, 1), f"{done} of {total} files"),
            check=context.check,
        )
    except folders.CannotScan as error:
        raise jobs.JobFailed(str(error)) from error
    if summary.new or summary.changed or summary.moved:
        request_tending()


def request_tending() -> None:
    """Have a worker hand in what there is room for."""
    jobs.enqueue(TEND_KIND, payload={"label": "library"}, dedupe_key="library:tend")


def tend() -> None:
    """Publish what became playable; when there is room for films, or news beside them, have a worker see to it.

    This runs in the thread of all periodic work and only asks the database; what takes long is the job's.
    """
    if not LibraryFile.objects.exists():
        return
    admit.publish_ready()
    if admit.has_news() or (admit.waiting().exists() and admit.under_way() < settings.LIBRARY_WINDOW):
        request_tending()


def tend_job(context: "JobContext") -> None:
    """Hand in films while there is room, then take in what is new beside those that were handed in."""
    admit.admit(check=context.check)
    admit.attend_some(check=context.check)
    admit.publish_ready()


def register() -> None:
    """Offer the work to the workers."""
    jobs.register(SCAN_KIND)(scan_job)
    jobs.register(TEND_KIND)(tend_job)
    minutes = max(0.5, settings.LIBRARY_MINUTES)
    jobs.register_periodic("catalog.look_through_libraries", timedelta(minutes=minutes))(look_through)
    jobs.register_periodic("catalog.tend_library", TEND_EVERY)(tend)

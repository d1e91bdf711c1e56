"""The classes of models that no app of ours owns, and what jobs may carry of people."""

from uuid import UUID

from netflixlite import personal
from netflixlite.jobs import services as jobs
from netflixlite.personal import Kind

CLASSES: dict[str, Kind] = {
    "jobs.Job": Kind.OPERATIONAL,
    "jobs.Tick": Kind.NONE,
    "jobs.Worker": Kind.NONE,
    "auth.Permission": Kind.NONE,
    "auth.Group": Kind.NONE,
    "auth.Group_permissions": Kind.NONE,
    "contenttypes.ContentType": Kind.NONE,
}


def erase(user_id: UUID) -> dict[str, int]:
    """Finished jobs that were about this user go before their time."""
    return {"jobs.Job": jobs.forget(str(user_id))}


personal.register("jobs", classes=CLASSES, erase=erase)

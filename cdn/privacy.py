"""What the edge network keeps of people: nothing by name. Its log says which session an answer was for."""

from uuid import UUID

from netflixlite import personal
from netflixlite.personal import Kind

CLASSES: dict[str, Kind] = {
    "cdn.EdgeNode": Kind.NONE,
    "cdn.Network": Kind.NONE,
    "cdn.NodeEvent": Kind.OPERATIONAL,
    "cdn.EnrolmentCode": Kind.NONE,
    "cdn.SigningKey": Kind.NONE,
    # A random number whose other half is gone; it goes itself when the session's tokens would have run out.
    "cdn.DeniedSession": Kind.OPERATIONAL,
    "cdn.Bundle": Kind.NONE,
    "cdn.BundleDemand": Kind.NONE,
    "cdn.DemandCursor": Kind.NONE,
    "cdn.NodePlan": Kind.NONE,
    "cdn.Takedown": Kind.OPERATIONAL,
    "cdn.NodeFault": Kind.NONE,
    "cdn.Delivery": Kind.OPERATIONAL,
    "cdn.DeliveryCursor": Kind.NONE,
}


def erase(user_id: UUID) -> dict[str, int]:
    """Nothing here knows users; playback says whose sessions to forget (`services.forget_sessions`)."""
    return {}


personal.register("cdn", classes=CLASSES, erase=erase)

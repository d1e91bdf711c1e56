"""Why a session got its bytes from where it got them: what steering decided, beside what nodes say they gave."""

from uuid import UUID

from cdn import services as cdn
from playback.misses import Given, Judged, judge
from playback.services.going import decisions


def misses(session_id: UUID) -> list[Judged]:
    """What each node gave to a session, told apart as hits, content misses, health misses and others.

    Nodes tell what they gave about a minute later, and decisions are written with the player's reports.
    Raises NotFound.
    """
    made = decisions(session_id)
    given = [
        Given(at=one.at, node=one.pathway, bytes=one.bytes, held=one.held, failed=one.status >= 400)
        for one in cdn.deliveries_of(session_id)
    ]
    return judge(made, given)

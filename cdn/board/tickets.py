"""The ticket that lets a fleet page's socket in."""

from typing import Any

from django.core import signing

_SALT = "cdn.board"
#: A ticket outlives a page that stays open for a working day, in seconds.
TICKET_SECONDS = 12 * 60 * 60
#: Either lets a person see the fleet; only the second lets them change it.
MAY_LOOK, MAY_ACT = "cdn.view_edgenode", "cdn.change_edgenode"


def ticket(user_id: object) -> str:
    """A signed word for the socket, for pages that the admin has shown to this user."""
    return signing.dumps(str(user_id), salt=_SALT)


def is_good(text: str, user: Any) -> bool:
    """Whether `text` was made for this user, who still runs the site."""
    if not (user and user.is_authenticated and user.is_active and user.is_staff):
        return False
    try:
        return bool(signing.loads(text, salt=_SALT, max_age=TICKET_SECONDS) == str(user.pk))
    except signing.BadSignature:
        return False


def may_look(user: Any) -> bool:
    """Whether this user may see the fleet."""
    return bool(user.has_perm(MAY_LOOK) or user.has_perm(MAY_ACT))

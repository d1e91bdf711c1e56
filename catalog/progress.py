"""What an operator sees of the work on sources, as JSON; and the ticket that lets a page's socket in."""

from typing import Any
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalog import services, types

_SALT = "catalog.progress"
#: A ticket outlives an admin page that stays open for a working day, in seconds.
TICKET_SECONDS = 12 * 60 * 60

STATE_NAMES = {
    types.IngestState.RECEIVING: _("receiving"),
    types.IngestState.CHECKING: _("checking"),
    types.IngestState.QUEUED: _("waiting its turn"),
    types.IngestState.ENCODING: _("encoding"),
    types.IngestState.READY: _("ready"),
    types.IngestState.REFUSED: _("refused"),
    types.IngestState.FAILED: _("failed"),
}


def ticket(user_id: object) -> str:
    """A signed word for the progress socket, for pages that the admin has shown to this user."""
    return signing.dumps(str(user_id), salt=_SALT)


def ticket_is_good(text: str, user: Any) -> bool:
    """Whether `text` was made for this user, who still runs the site."""
    if not (user and user.is_authenticated and user.is_active and user.is_staff):
        return False
    try:
        return bool(signing.loads(text, salt=_SALT, max_age=TICKET_SECONDS) == str(user.pk))
    except signing.BadSignature:
        return False


def snapshot(title_id: UUID | None) -> dict[str, Any]:
    """One title's videos, or all that need attention; `moving` says whether more will come by itself."""
    works = services.attention() if title_id is None else services.title_statuses(title_id)
    return {
        "moving": any(not work.status.state.final for work in works),
        "videos": [as_json(work) for work in works],
    }


def as_json(work: types.Work) -> dict[str, Any]:
    """One video's standing, in words and numbers."""
    status = work.status
    return {
        "video": str(status.video_id),
        "title": str(work.title_id),
        "title_name": work.title_name,
        "name": work.name,
        "source": work.source_name,
        "state": status.state.value,
        "state_name": state_name(status.state),
        "percent": round(status.progress * 100, 1),
        "note": status.note,
        "left": time_left(status),
        "speed": f"{status.speed:.1f}×" if status.speed else "",  # noqa: RUF001 (a factor is written with that sign)
        "error": status.error,
        "playable": status.playable,
        "retryable": work.retryable,
    }


def state_name(state: types.IngestState) -> str:
    """The state in the reader's words."""
    return str(STATE_NAMES[state])


def time_left(status: types.IngestStatus) -> str:
    """'about 3 minutes left', or '' when nobody knows."""
    if status.remaining is None:
        return ""
    seconds = max(1, round(status.remaining.total_seconds()))
    if seconds < 90:
        rounded = max(5, 5 * round(seconds / 5))
        return ngettext("about %(n)d second left", "about %(n)d seconds left", rounded) % {"n": rounded}
    minutes = round(seconds / 60)
    if minutes < 120:
        return ngettext("about %(n)d minute left", "about %(n)d minutes left", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(n)d hour left", "about %(n)d hours left", hours) % {"n": hours}

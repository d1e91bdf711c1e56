"""The sound and subtitles that a profile chose: kept for each title, so that a series goes on so on every device."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import services as accounts
from playback import models
from playback.services.errors import NotFound, SessionOver
from playback.types import Ended, TrackChoice

_NOTHING = TrackChoice()


class UnknownLook(ValueError):
    """Subtitles cannot look like that; `field` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def track_choice(profile_id: UUID, title_id: UUID) -> TrackChoice:
    """What a profile last chose in a title; in one where it never chose, what it last chose in any."""
    here = Case(When(title_id=title_id, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = models.TrackChoice.objects.filter(profile_id=profile_id)
    found = rows.order_by(here, "-updated_at").values_list("audio", "text", "second").first()
    return TrackChoice(*found) if found else _NOTHING


def choose_tracks(
    session_id: UUID,
    *,
    audio: str | None = None,
    text: str | None = None,
    second: str | None = None,
    look: dict[str, str] | None = None,
    now: datetime | None = None,
) -> TrackChoice:
    """Keep what the viewer of a session chose, and how subtitles look for its profile; None leaves a value as it is.

    A kids profile may choose too: neither lets it see more. Raises NotFound, SessionOver, UnknownLook.
    """
    session = models.PlaybackSession.objects.filter(id=session_id)
    found = session.values_list("profile_id", "title_id", "ended").first()
    if found is None:
        raise NotFound
    profile_id, title_id, ended = found
    if ended not in ("", Ended.SILENT):
        raise SessionOver(Ended(ended), _("This playback is over."))
    if look:
        _set_look(profile_id, look)
    given = {"audio": audio, "text": text, "second": second}
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        return track_choice(profile_id, title_id)
    row, _made = models.TrackChoice.objects.update_or_create(
        profile_id=profile_id,
        title_id=title_id,
        defaults={**said, "updated_at": now or timezone.now()},
    )
    return TrackChoice(row.audio, row.text, row.second)


def _set_look(profile_id: UUID, look: dict[str, str]) -> None:
    profile = accounts.profile(profile_id)
    if profile is None:
        raise NotFound
    try:
        accounts.update_profile(profile_id=profile_id, look=replace(profile.look, **look))
    except TypeError as error:
        raise UnknownLook("look", f"look has these only: {', '.join(accounts.LOOKS)}.") from error
    except accounts.InvalidField as error:
        raise UnknownLook(error.field, str(error)) from error

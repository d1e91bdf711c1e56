"""How playback says no: by name. Messages are written for viewers."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playback.types import ActiveSession, Ended


class Refused(Exception):
    """Playback cannot be had. `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(Refused):
    """There is no such video, session or profile, as far as whoever asks may know."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("There is nothing to play here."))


class AboveMaturity(NotFound):
    """The title needs a higher age than the profile has. Answered like NotFound: it must not tell that it exists."""


class Blocked(Refused):
    """A grown-up has blocked the title on this profile."""

    def __init__(self) -> None:
        super().__init__(_("This title is blocked on this profile."))


class NotAvailable(Refused):
    """The title is not published, or outside its window."""

    def __init__(self) -> None:
        super().__init__(_("This title is not available now."))


class NoPackage(Refused):
    """The video is known but there is nothing to play yet."""

    def __init__(self) -> None:
        super().__init__(_("This title is still being prepared. Try again in a few minutes."))


class StreamLimit(Refused):
    """The plan's streams are all in use; `streams` says by whom, `can_stop` whether who asks may stop one."""

    def __init__(self, streams: tuple[ActiveSession, ...], limit: int, *, can_stop: bool) -> None:
        allows = ngettext(
            "Your plan allows %(limit)s stream at a time, and it is in use.",
            "Your plan allows %(limit)s streams at a time, and they are in use.",
            limit,
        )
        way = _("Stop one to watch here.") if can_stop else _("Ask a grown-up to stop one.")
        super().__init__(f"{allows % {'limit': limit}} {way}")
        self.streams = streams
        self.limit = limit
        self.can_stop = can_stop


class NeedsPlan(Refused):
    """Here one watches with a subscription, and this account has none."""

    def __init__(self) -> None:
        super().__init__(_("Choose a plan to watch this."))


class NotPrepared(Refused):
    """Nothing is prepared now: the plan's streams are in use, or this device had much prepared lately."""

    def __init__(self) -> None:
        super().__init__(_("Nothing is prepared now. Press Play to watch."))


class SessionOver(Refused):
    """The session ended; `ended` says why."""

    def __init__(self, ended: Ended, message: str) -> None:
        super().__init__(message)
        self.ended = ended


class MayNotKeep(Refused):
    """This device may keep no more: `why` is 'plan' (it has no downloads), 'devices' or 'titles'."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why

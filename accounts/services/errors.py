"""What services say no with. The words are written for people."""

from django.utils.translation import gettext as _

#: How many profiles a user may have.
PROFILE_LIMIT = 5


class InvalidField(Exception):
    """A value that cannot be taken. `message` is written for people; `field` is '' when no single field is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class TooManyProfiles(InvalidField):
    """The user has as many profiles as a user may have."""

    def __init__(self) -> None:
        super().__init__(
            "", _("There can be %(limit)d profiles at most. Remove one first.") % {"limit": PROFILE_LIMIT}
        )


class AlreadyRun(Exception):
    """Somebody runs this site already: the first run is over."""


class NotFound(Exception):
    """No user, profile or plan has this id."""

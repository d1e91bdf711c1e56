"""What every template may know: the site's name and who is watching."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from accounts.types import Profile


@dataclass(frozen=True, slots=True)
class Site:
    """The site as its templates see it."""

    name: str
    sign_up_open: bool
    languages: tuple[tuple[str, str], ...]


def site(request: HttpRequest) -> dict[str, object]:
    """`site`, `profile` (Profile or None) and `is_operator`. Costs no query: the middleware has asked already."""
    profile: Profile | None = getattr(request, "profile", None)
    user = getattr(request, "user", None)
    return {
        "site": Site(settings.SITE_NAME, settings.SIGN_UP_OPEN, tuple(settings.LANGUAGES)),
        "profile": profile,
        "is_operator": bool(user and user.is_staff and not (profile and profile.is_kid)),
    }

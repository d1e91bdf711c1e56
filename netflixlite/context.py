"""What every template may know: the site's name and who is watching."""

import json
from dataclasses import asdict, dataclass

from django.conf import settings
from django.http import HttpRequest

from accounts import services as accounts
from accounts.types import Profile


@dataclass(frozen=True, slots=True)
class House:
    """The service as its templates see it. `profile` is who is watching, or None.

    `taste` is how that profile likes films to play, as JSON for static/js/player/taste.js; '' without one. `far`: the
    page is on a television, and read from a sofa.
    """

    name: str
    sign_up_open: bool
    languages: tuple[tuple[str, str], ...]
    profile: Profile | None
    is_operator: bool
    taste: str
    far: bool


def site(request: HttpRequest) -> dict[str, House]:
    """`site` for every template, and the same as `house`: on allauth's pages its own `site` hides ours.

    Costs no query: the middleware has asked already.
    """
    profile: Profile | None = getattr(request, "profile", None)
    user = getattr(request, "user", None)
    house = House(
        name=settings.SITE_NAME,
        sign_up_open=settings.SIGN_UP_OPEN,
        languages=tuple(settings.LANGUAGES),
        profile=profile,
        is_operator=bool(user and user.is_staff and not (profile and profile.is_kid)),
        taste=_taste(profile) if profile else "",
        far=accounts.is_television(request.headers.get("User-Agent", "")[:400]),
    )
    return {"site": house, "house": house}


def _taste(profile: Profile) -> str:
    said: dict[str, object] = {"next": profile.autoplay_next, "saver": profile.data_saver}
    said |= {"look": asdict(profile.look), "previews": profile.previews, "skips": profile.skips}
    return json.dumps(said, separators=(",", ":"))

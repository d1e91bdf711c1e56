"""Why a title is shown to a profile: what is true, in plain words."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.types import Profile
from catalog import services as catalog
from recommend import suiting
from recommend.types import Cause, Ground, Source, Why


def why(title_id: UUID, profile: Profile, *, now: datetime) -> Why | None:
    """What speaks for a title; None for one that the profile may not see. A fixed number of queries."""
    title = catalog.title(title_id, maturity=profile.maturity, without=profile.blocked)
    if title is None:
        return None
    found = suiting.of(title, profile, now=now)
    if found is not None and found.percent > 50:
        return Why(title, (Cause(Ground.TASTE, found.reason),), personal=True, source=Source.TASTE)
    cause = Cause(Ground.NEW, _("It is among the latest additions here."))
    return Why(title, (cause,), personal=False, source=Source.CATALOGUE)

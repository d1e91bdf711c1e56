"""How a title suits a profile: what it did is asked for, judged (match.py), and put in words."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from playback import services as playback
from recommend import models, scoring
from recommend.match import Match, match
from recommend.page import HISTORY, features_of
from recommend.types import Suits

#: So many of the latest things that a profile did are looked at.
LOOKED_AT = 100


def of(title: Title, profile: Profile, *, now: datetime) -> Suits | None:
    """How `title` suits a profile, with the reason; None when too little is known, or it has said so itself.

    A fixed number of queries, whatever the profile has seen.
    """
    thumbs = models.Thumb.objects.filter(profile_id=profile.id).order_by("-rated_at")
    signals = [
        scoring.Signal(title_id, scoring.THUMB_WEIGHT[value], at)
        for title_id, value, at in thumbs.values_list("title_id", "value", "rated_at")[:LOOKED_AT]
    ]
    if any(each.title_id == title.id for each in signals):
        return None
    signals += [
        scoring.Signal(each.title_id, scoring.viewing_weight(each.fraction), each.ended_at)
        for each in playback.viewings_since(profile.id, now - HISTORY)[:LOOKED_AT]
    ]
    if not signals:
        return None
    ids = {each.title_id for each in signals}
    known = catalog.titles(ids, maturity=profile.maturity, without=profile.blocked)
    features = {title_id: features_of(one) for title_id, one in known.items()}
    found = match(features_of(title), signals, features, now=now)
    return Suits(found.percent, _reason(found, title)) if found else None


def _reason(found: Match, title: Title) -> str:
    """Why, in one plain sentence that is true of this profile."""
    names: dict[str, str] = {genre.slug: genre.name for genre in title.genres}
    if found.percent > 50:
        if found.person:
            return _("%(person)s had a part in what you enjoyed.") % {"person": found.person}
        return _("You have been enjoying %(genre)s.") % {"genre": names.get(found.genre, found.genre)}
    if found.person:
        return _("%(person)s had a part in what was not for you.") % {"person": found.person}
    return _("%(genre)s was not for you lately.") % {"genre": names.get(found.genre, found.genre)}

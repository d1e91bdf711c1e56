"""How a title suits a profile: what it did is asked for, judged (match.py), and put in words."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from playback import services as playback
from recommend import models, scoring, stretch
from recommend.match import Match, match
from recommend.page.making import HISTORY
from recommend.types import Suits, Thumb

#: So many of the latest things that a profile did are looked at.
LOOKED_AT = 100


def of(title: Title, profile: Profile, *, now: datetime) -> Suits | None:
    """How `title` suits a profile, with the reason; None when too little is known, or it has said so itself.

    A fixed number of queries, whatever the profile has seen.
    """
    thumbs = _thumbs(profile)
    if any(each.title_id == title.id for each in thumbs):
        return None
    signals = thumbs + _viewings(profile, now)
    if not signals:
        return None
    ids = {each.title_id for each in signals}
    seen = catalog.among(ids, maturity=profile.maturity, without=profile.blocked)
    features = stretch.features(seen | {title.id})
    about = features.get(title.id)
    found = match(about, signals, features, now=now) if about else None
    return Suits(found.percent, _reason(found, title)) if found else None


def ranked(title_ids: Sequence[UUID], profile: Profile, *, now: datetime) -> list[UUID]:
    """The same ids, what fits the profile's taste best first; what fits alike stays in its order."""
    signals = _thumbs(profile) + _viewings(profile, now)
    features = stretch.features({*title_ids, *(each.title_id for each in signals)})
    taste = scoring.taste_of(signals, features, now=now)
    down = {each.title_id for each in signals if each.weight == scoring.THUMB_WEIGHT[Thumb.DOWN.value]}
    scores = {
        each: scoring.affinity(features[each], taste) - (2.0 if each in down else 0.0)
        for each in title_ids
        if each in features
    }
    return sorted(scores, key=lambda each: -scores[each])


def _thumbs(profile: Profile) -> list[scoring.Signal]:
    rows = models.Thumb.objects.filter(profile_id=profile.id).order_by("-rated_at")
    return [
        scoring.Signal(title_id, scoring.THUMB_WEIGHT[value], at)
        for title_id, value, at in rows.values_list("title_id", "value", "rated_at")[:LOOKED_AT]
    ]


def _viewings(profile: Profile, now: datetime) -> list[scoring.Signal]:
    return [
        scoring.Signal(each.title_id, scoring.viewing_weight(each.fraction), each.ended_at)
        for each in playback.viewings_since(profile.id, now - HISTORY)[:LOOKED_AT]
    ]


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

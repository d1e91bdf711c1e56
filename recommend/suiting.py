"""How a title suits a profile, in a figure and in words: by the model; without one, by what titles share (match.py)."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from playback import services as playback
from recommend import models, scoring, stretch
from recommend.engine import score
from recommend.learning import serving
from recommend.match import Match, match
from recommend.page import enjoying
from recommend.page.compose import Composer
from recommend.page.field import best
from recommend.page.planning import REASON, composer_of, percents
from recommend.page.standing import LIKED, PRAISED, WATCHED, Standing
from recommend.types import Suits, Thumb

#: So many of the latest things that a profile did are looked at, so far back.
LOOKED_AT = 100
HISTORY = timedelta(days=180)


def of(title: Title, profile: Profile, *, now: datetime) -> Suits | None:
    """How `title` suits a profile, with the reason; None when too little is known, or it did something with it itself.

    A fixed number of queries, whatever the profile has seen.
    """
    standing = Standing(profile, now)
    if not standing.switches.personal:
        return None
    model = serving.current()
    if model is None or title.id not in model.index:
        return by_features(title, standing)
    composer = composer_of(standing, model, catalog.version())
    place = composer.field.place.get(title.id)
    percent = percents(composer, [place]).get(place) if place is not None else None
    if place is None or percent is None:
        return None
    return Suits(percent, _said(title, place, percent, composer, standing))


def _said(title: Title, place: int, percent: int, composer: Composer, standing: Standing) -> str:
    """Why, in one plain sentence that is true of this profile."""
    if percent < 50:
        return _("It goes with what was not for you.")
    number = int(composer.bound.number[place])
    shares = score.shares(composer.bound.model, composer.entries, [number], composer.knobs)[0]
    which = int(np.argmax(shares))
    origin = composer.origins[which]
    cause = composer.field.ids[origin]
    true = {
        each.title_id
        for each in standing.entries
        if each.weight > 0 and each.kind in (*PRAISED, *LIKED, *WATCHED)
    }
    if shares[which] >= REASON and composer.viewer.eligible[origin] and cause in true:
        profile = standing.profile
        found = catalog.titles([cause], maturity=profile.maturity, without=profile.blocked, people=False).get(
            cause
        )
        if found is not None:
            return _("It goes with %(title)s, which you watched or liked.") % {"title": found.name}
    liked = enjoying.genres(standing.entries, composer.field, memory=composer.knobs.memory)
    genre = next((each.name for each in title.genres if each.slug in liked), None)
    if genre is not None:
        return _("You have been enjoying %(genre)s.") % {"genre": genre}
    return _("It goes with several things that you liked.")


def by_features(title: Title, standing: Standing) -> Suits | None:
    """The same by the genres and people that titles share, where there is no model."""
    profile, now = standing.profile, standing.now
    thumbs = _thumbs(profile)
    if any(each.title_id == title.id for each in thumbs):
        return None
    kept = standing.signals(listed=False)
    signals = thumbs + _viewings(profile, now) if kept is None else kept
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
    standing = Standing(profile, now)
    model = serving.current()
    if model is not None and len(model):
        composer = composer_of(standing, model, catalog.version())
        place = composer.field.place
        worth = {each: float(composer.blend[place[each]]) for each in title_ids if each in place}
        return sorted(title_ids, key=lambda each: -worth.get(each, -math.inf))
    if not standing.switches.personal:
        return list(title_ids)
    thumbs, kept = _thumbs(profile), standing.signals(listed=False)
    signals = thumbs + _viewings(profile, now) if kept is None else kept
    features = stretch.features({*title_ids, *(each.title_id for each in signals)})
    taste = scoring.taste_of(signals, features, now=now)
    down = {each.title_id for each in thumbs if each.weight == scoring.THUMB_WEIGHT[Thumb.DOWN.value]}
    scores = {
        each: scoring.affinity(features[each], taste) - (2.0 if each in down else 0.0)
        for each in title_ids
        if each in features
    }
    return sorted(title_ids, key=lambda each: -scores.get(each, -math.inf))


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


def boost(profile: Profile, *, now: datetime, limit: int = 200) -> list[UUID]:
    """What suits a profile best, best first; empty when nothing is known of it, or it wants nothing personal."""
    model = serving.current()
    if model is None or not len(model):
        return []
    composer = composer_of(Standing(profile, now), model, catalog.version())
    if not composer.personal:
        return []
    return [composer.field.ids[each] for each in best(composer.blend, limit)]

"""Why a title is shown to a profile: what is true, in plain words."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from recommend import suiting
from recommend.engine import score
from recommend.engine.model import Model
from recommend.learning import serving
from recommend.page import enjoying
from recommend.page.compose import Composer
from recommend.page.planning import composer_of
from recommend.page.shared import SHARED
from recommend.page.standing import Standing
from recommend.signals.shapes import Kind as Known
from recommend.types import Cause, Ground, Source, Why

#: At most so many titles are named, each with at least this share of all that speaks.
NAMED, SHARE = 3, 0.08
#: Titles are new for so many seconds.
NEW_FOR = 30 * 86_400.0
#: What is watched here lately is told of so many titles.
TRENDING = 20
#: With less popularity not many watched it: a viewer counts 1.5 at most, so this is three of them or more.
MANY = 4.0


def why(title_id: UUID, profile: Profile, *, now: datetime) -> Why | None:
    """What speaks for a title; None for one that the profile may not see. A fixed number of queries."""
    title = catalog.titles([title_id], maturity=profile.maturity, without=profile.blocked, people=False).get(
        title_id
    )
    if title is None:
        return None
    standing = Standing(profile, now)
    model, state = serving.current_state()
    causes = _own(title, standing)
    if model is not None and len(model):
        causes += _of_model(title, standing, model)
    else:
        causes += _of_features(title, standing)
    personal = any(each.title is not None or each.ground in (Ground.GENRE, Ground.TASTE) for each in causes)
    if not causes:
        causes = [Cause(Ground.NEW, _("It is in the catalogue, and little is known of it yet."))]
    source = Source.TASTE if personal else Source.CATALOGUE
    if not personal and any(each.ground in (Ground.TREND, Ground.POPULAR) for each in causes):
        source = Source.TREND
    return Why(title, tuple(causes), personal=personal, source=source, model_version=state.version)


def words_of(kind: Known, name: str) -> tuple[Ground, str]:
    """What an entry of a taste says of a title that goes with it."""
    said = {"title": name}
    if kind in (Known.UP, Known.DOUBLE_UP):
        return Ground.LIKED, _("You gave %(title)s a thumb up, and this goes with it.") % said
    if kind is Known.PICKED:
        return Ground.PICKED, _("You said that you like %(title)s, and this goes with it.") % said
    if kind is Known.LISTED:
        return Ground.LISTED, _("%(title)s is on your list, and this goes with it.") % said
    return Ground.WATCHED, _("You watched %(title)s, and this goes with it.") % said


def _own(title: Title, standing: Standing) -> list[Cause]:
    """What the profile did with the title itself."""
    made = []
    if any(one.title_id == title.id for one in standing.bookmarks):
        made.append(Cause(Ground.BEGUN, _("You have begun it."), title))
    if title.id in standing.listed:
        made.append(Cause(Ground.LISTED, _("You keep it on your list."), title))
    return made


def _of_model(title: Title, standing: Standing, model: Model) -> list[Cause]:
    version = catalog.version()
    composer = composer_of(standing, model, version)
    field = composer.field
    place = field.place.get(title.id)
    if place is None:
        return []
    causes = _speaking(place, composer, standing)
    liked = enjoying.genres(standing.entries, field, memory=composer.knobs.memory)
    genre = next((each for each in title.genres if each.slug in liked), None)
    if genre is not None:
        causes.append(Cause(Ground.GENRE, _("You have been enjoying %(genre)s.") % {"genre": genre.name}))
    watched = SHARED.trend(field, standing.profile.maturity, kids=standing.profile.is_kid)
    now = watched.values
    if title.id in watched.told and int((now > now[place]).sum()) < TRENDING:
        causes.append(Cause(Ground.TREND, _("It is watched a lot here at the moment.")))
    elif _is_popular(composer, place) and title.id in SHARED.famous(field, composer.bound):
        causes.append(Cause(Ground.POPULAR, _("Many here have watched it.")))
    if standing.now.timestamp() - float(field.published[place]) < NEW_FOR:
        causes.append(Cause(Ground.NEW, _("It was added lately.")))
    return causes


def _speaking(place: int, composer: Composer, standing: Standing) -> list[Cause]:
    """The titles that speak most for one, by the very sums that rank it."""
    bound, field = composer.bound, composer.field
    if not bound.known[place] or not composer.personal:
        return []
    shares = score.shares(bound.model, composer.entries, [int(bound.number[place])], composer.knobs)[0]
    kinds = {entry.title_id: entry.kind for entry in standing.entries}
    leading: dict[UUID, float] = {}
    for which in np.argsort(-shares, kind="stable")[:NAMED]:
        origin = composer.origins[which]
        # What was given up may speak for what is unlike it: "you watched it, and this goes with it" is not true of it.
        speaks = shares[which] >= SHARE and composer.entries[which].weight > 0
        if speaks and composer.viewer.eligible[origin] and origin != place:
            leading[field.ids[origin]] = float(shares[which])
    named: Mapping[UUID, Title] = (
        catalog.titles(
            leading, maturity=standing.profile.maturity, without=standing.profile.blocked, people=False
        )
        if leading
        else {}
    )
    return [
        Cause(*words_of(kinds[each], named[each].name), title=named[each], share=round(share, 3))
        for each, share in leading.items()
        if each in named
    ]


def _is_popular(composer: Composer, place: int) -> bool:
    """Whether it is among the tenth that is watched most; with few titles played nobody can say."""
    if float(composer.bound.popularity[place]) < MANY:
        return False
    played = composer.bound.popularity[composer.bound.popularity > 0]
    return len(played) >= 20 and float(composer.bound.popularity[place]) >= float(np.quantile(played, 0.9))


def _of_features(title: Title, standing: Standing) -> list[Cause]:
    """Without a model: what shares genres and people with what was liked."""
    found = suiting.by_features(title, standing) if standing.switches.personal else None
    causes = [Cause(Ground.TASTE, found.reason)] if found is not None and found.percent > 50 else []
    published = title.published_at
    if published is not None and (standing.now - published).total_seconds() < NEW_FOR:
        causes.append(Cause(Ground.NEW, _("It was added lately.")))
    return causes

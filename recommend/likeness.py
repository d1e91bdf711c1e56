"""What is like a title: what is watched with it and what it is about, by the model; without one, what they share."""

from datetime import datetime
from uuid import UUID

import numpy as np

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from recommend import models, stretch
from recommend.engine import score
from recommend.engine.model import Model
from recommend.learning import serving
from recommend.page.field import best
from recommend.page.plain import alike_to
from recommend.page.shared import SHARED
from recommend.page.standing import Standing
from recommend.types import Thumb

#: Of each of so many genres, and of the same people, so many titles are looked at beside the newest of all.
GENRES, OF_EACH = 3, 60


def alike(title_id: UUID, profile: Profile, *, now: datetime, limit: int) -> list[Title]:
    """Titles (for cards) that are like this one, most alike first.

    Only what the profile may see, can be played, and did not hide. A fixed number of queries.
    """
    model = serving.current()
    if model is not None and title_id in model.index:
        return _by_model(title_id, profile, model, now=now, limit=limit)
    sight = {"maturity": profile.maturity, "without": profile.blocked}
    if title_id not in catalog.among([title_id], **sight):  # type: ignore[arg-type]  # age and ids, as `sight` has them
        return []
    seed = stretch.features({title_id})[title_id]
    shared = stretch.stretch(profile.maturity, now)
    candidates = set(catalog.sharing_people(title_id, limit=OF_EACH, **sight))  # type: ignore[arg-type]
    for slug in sorted(seed.genres)[:GENRES]:
        candidates |= set(catalog.newest_ids(genre_slug=slug, limit=OF_EACH, **sight))  # type: ignore[arg-type]
    features = shared.traits(candidates)
    down = models.Thumb.objects.filter(profile_id=profile.id, value=Thumb.DOWN.value)
    hidden = {*Standing(profile, now).hidden, *down.values_list("title_id", flat=True)}
    ranked = alike_to(seed, (each for each in features.values() if each.id not in hidden))
    # Some of the best may not be playable yet: look at a few more than are wanted.
    best = ranked[: 2 * limit]
    titles = shared.titles | shared.also(best)
    return [titles[each] for each in best if each in titles and titles[each].playable][:limit]


def _by_model(title_id: UUID, profile: Profile, model: Model, *, now: datetime, limit: int) -> list[Title]:
    """The same by the model: what may be seen is masked before anything is ranked, the title itself included."""
    version = catalog.version()
    field = SHARED.field(version)
    eligible = field.open_to(profile.maturity, now.timestamp(), without=Standing(profile, now).hidden)
    place = field.place.get(title_id)
    visible = field.open_to(profile.maturity, now.timestamp(), without=profile.blocked)
    if place is None or not visible[place]:
        return []
    found = SHARED.bound(model, field).to_field(score.similar(model, model.index[title_id]), score.NEVER)
    ranked = best(np.where(eligible & (found > 0), found, np.float32(score.NEVER)), limit)
    ids = [field.ids[each] for each in ranked if each != place]
    titles = SHARED.titles(ids, maturity=profile.maturity, version=version)
    return [titles[each] for each in ids if each in titles and titles[each].playable]

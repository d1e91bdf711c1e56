"""What is like a title: candidates from all of the catalogue, judged by what they share with it."""

from datetime import datetime
from uuid import UUID

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from recommend import models, stretch
from recommend.page.making import alike_to
from recommend.types import Thumb

#: Of each of so many genres, and of the same people, so many titles are looked at beside the newest of all.
GENRES, OF_EACH = 3, 60


def alike(title_id: UUID, profile: Profile, *, now: datetime, limit: int) -> list[Title]:
    """Titles (for cards) that share genres, people and time with this one, most alike first.

    Only what the profile may see, can be played, and was not thumbed down by it. A fixed number of queries.
    """
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
    hidden = {*profile.blocked, *down.values_list("title_id", flat=True)}
    ranked = alike_to(seed, (each for each in features.values() if each.id not in hidden))
    # Some of the best may not be playable yet: look at a few more than are wanted.
    best = ranked[: 2 * limit]
    titles = shared.titles | shared.also(best)
    return [titles[each] for each in best if each in titles and titles[each].playable][:limit]

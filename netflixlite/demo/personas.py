"""Three people with tastes of their own, who watch films of the demo catalogue: to look at how their pages differ.

They watch through playback as players do, some days ago: everything that follows from watching follows here too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts import services as accounts
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Kind, Title
from playback import services as playback
from playback.types import Report
from recommend import services as recommend
from recommend.types import Thumb

#: The first of its evenings was so long ago; then one film an evening.
FIRST = timedelta(days=24)
BETWEEN = timedelta(days=2)
#: Players tell so often where they are.
TOLD_EVERY = timedelta(seconds=10)
#: Who says in between what is done.
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody: what it watched and how much of it (0 … 1), oldest first, and what it said of titles; all by slug."""

    name: str
    avatar: str
    watched: Sequence[tuple[str, float]]
    loved: Sequence[str] = ()
    liked: Sequence[str] = ()
    disliked: Sequence[str] = ()
    kept: Sequence[str] = ()


PERSONAS = (
    Persona(
        name="Nora",
        avatar="dusk",
        watched=(
            ("blackwater-moon", 1.0),
            ("first-snow", 0.15),
            ("the-2340-north", 1.0),
            ("the-lighthouse-log", 1.0),
            ("neon-rain", 1.0),
            ("rose-window", 0.45),
        ),
        loved=("the-2340-north",),
        liked=("neon-rain",),
        disliked=("balloon-season",),
        kept=("the-maze-keeper",),
    ),
    Persona(
        name="Ravi",
        avatar="meadow",
        watched=(
            ("green-fire", 1.0),
            ("caldera", 0.2),
            ("below-the-light", 1.0),
            ("harmonograph", 1.0),
            ("harmonograph", 1.0),
            ("infinite-coast", 0.5),
        ),
        loved=("harmonograph",),
        liked=("green-fire",),
        disliked=("blackwater-moon",),
        kept=("starling",),
    ),
    Persona(
        name="Lena",
        avatar="tide",
        watched=(
            ("paper-forest", 1.0),
            ("signal-lost", 0.15),
            ("first-snow", 1.0),
            ("balloon-season", 1.0),
            ("paper-forest", 1.0),
            ("square-dance", 0.5),
        ),
        loved=("paper-forest",),
        liked=("first-snow",),
        disliked=("neon-rain",),
        kept=("clockwork-hours",),
    ),
)


def settle(user_id: UUID, *, now: datetime, say: Say = lambda _words: None) -> list[Profile]:
    """Let all three live in this account, and watch; → their profiles. One that is there already is left as it is.

    What the catalogue does not have is left out. Raises accounts' InvalidField when the account has too many profiles.
    """
    there = {profile.name: profile for profile in accounts.profiles(user_id)}
    if len({*there, *(persona.name for persona in PERSONAS)}) > accounts.PROFILE_LIMIT:
        # Before anybody of them lived here: one or two of them are of no use.
        raise accounts.TooManyProfiles
    found = []
    for persona in PERSONAS:
        profile = there.get(persona.name)
        if profile is None:
            profile = accounts.create_profile(
                user_id=user_id,
                name=persona.name,
                avatar=persona.avatar if persona.avatar in accounts.AVATARS else accounts.AVATARS[0],
                is_kid=False,
                maturity=18,
                language="en",
            )
            say(f"{persona.name} watches {_live(persona, profile, now=now)} films")
        found.append(profile)
    return found


def _live(persona: Persona, profile: Profile, *, now: datetime) -> int:
    """All that a persona did, in its order; how many films that were."""
    watched = 0
    for evening, (slug, share) in enumerate(persona.watched):
        title = catalog.title_by_slug(slug, maturity=profile.maturity)
        if title is None:
            continue
        at = now - FIRST + evening * BETWEEN
        for video_id in _videos(title):
            at = watch(profile.id, video_id, share=share, at=at) + TOLD_EVERY
        watched += 1
    for slugs, thumb in (
        (persona.loved, Thumb.DOUBLE_UP),
        (persona.liked, Thumb.UP),
        (persona.disliked, Thumb.DOWN),
    ):
        for title in _titles(slugs, profile):
            recommend.rate(profile_id=profile.id, title_id=title.id, thumb=thumb)
    for title in _titles(persona.kept, profile):
        recommend.add_to_list(profile_id=profile.id, title_id=title.id)
    return watched


def watch(profile_id: UUID, video_id: UUID, *, share: float, at: datetime) -> datetime:
    """Watch so much of a video from its beginning, as a player tells of it; → when that was over."""
    session = playback.open_session(profile_id=profile_id, video_id=video_id, device="persona", now=at)
    end = session.duration * share
    place = timedelta(0)
    while place < end:
        step = min(TOLD_EVERY, end - place)
        place, at = place + step, at + step
        playback.beat(session.id, Report(position=place, watched=step), now=at)
    playback.close_session(session.id, now=at)
    return at


def _videos(title: Title) -> list[UUID]:
    if title.kind is not Kind.SERIES:
        return [title.video_id] if title.video_id else []
    episodes = [episode for season in catalog.seasons(title.id) for episode in season.episodes]
    return [episode.video_id for episode in episodes if episode.video_id and episode.playable]


def _titles(slugs: Sequence[str], profile: Profile) -> Iterator[Title]:
    for slug in slugs:
        title = catalog.title_by_slug(slug, maturity=profile.maturity)
        if title is not None:
            yield title

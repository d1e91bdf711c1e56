"""What to watch next. What a profile may see is masked before anything is ranked, and every card is read from `catalog`
with the profile's maturity and blocked titles (recommend/page/).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from playback import services as playback
from recommend import events, likeness, models, pace, suiting
from recommend.learning import board as learning
from recommend.page import home as pages
from recommend.page import why as reasons
from recommend.signals import reading, writing
from recommend.signals.shapes import VERDICTS, Act, Did
from recommend.trials import privacy as trials_privacy
from recommend.types import (
    Card,
    HiddenChanged,
    Home,
    Known,
    ListChanged,
    ProfileTitle,
    Row,
    Suits,
    Switches,
    Taste,
    Thumb,
    ThumbChanged,
    Why,
)


class NoSuchTitle(LookupError):
    """There is no such title for this profile."""

    def __init__(self, title_id: UUID) -> None:
        super().__init__(_("There is no such title here."))
        self.title_id = title_id


# What a profile says ------------------------------------------------------------------------------------


def too_fast(profile_id: UUID, *, withdrawing: bool = False) -> bool:
    """Whether a profile says things faster than anybody does: then it is not taken in. Asking counts (pace.py).

    `withdrawing`: it takes something back, or turns a switch.
    """
    return (pace.WITHDRAWING if withdrawing else pace.SAYING).wait(profile_id) > 0


def add_to_list(*, profile_id: UUID, title_id: UUID) -> ProfileTitle:
    """Keep a title for later; keeping it twice changes nothing. Raises `NoSuchTitle`."""
    _visible(profile_id=profile_id, title_id=title_id)
    with transaction.atomic():
        entry, made = models.ListEntry.objects.get_or_create(profile_id=profile_id, title_id=title_id)
        if made:
            writing.record(Act(profile_id, title_id, Did.LISTED, at=entry.added_at))
            _tell(events.list_changed, ListChanged(profile_id, title_id, listed=True))
    return about(profile_id=profile_id, title_ids=[title_id])[title_id]


def remove_from_list(*, profile_id: UUID, title_id: UUID) -> ProfileTitle:
    """Take a title off the list, whether it was there or not."""
    with transaction.atomic():
        if models.ListEntry.objects.filter(profile_id=profile_id, title_id=title_id).delete()[0]:
            writing.take_back(profile_id, title_id, Did.LISTED)
            _tell(events.list_changed, ListChanged(profile_id, title_id, listed=False))
    return about(profile_id=profile_id, title_ids=[title_id])[title_id]


def rate(*, profile_id: UUID, title_id: UUID, thumb: Thumb | None) -> ProfileTitle:
    """Say what one thinks of a title; None takes it back. Raises `NoSuchTitle`."""
    if thumb is not None:
        _visible(profile_id=profile_id, title_id=title_id)
    with transaction.atomic():
        if thumb is None:
            models.Thumb.objects.filter(profile_id=profile_id, title_id=title_id).delete()
            writing.take_back(profile_id, title_id, Did.THUMB)
        else:
            now = timezone.now()
            models.Thumb.objects.update_or_create(
                profile_id=profile_id,
                title_id=title_id,
                defaults={"value": thumb.value, "rated_at": now},
            )
            writing.record(Act(profile_id, title_id, Did.THUMB, at=now, value=VERDICTS[thumb.value]))
        _tell(events.thumb_changed, ThumbChanged(profile_id, title_id, thumb))
    return about(profile_id=profile_id, title_ids=[title_id])[title_id]


def hide(*, profile_id: UUID, title_id: UUID) -> None:
    """Not interested: the title is suggested no more. Raises `NoSuchTitle`."""
    _visible(profile_id=profile_id, title_id=title_id)
    writing.hide(profile_id, title_id)
    _tell(events.hidden_changed, HiddenChanged(profile_id, title_id, hidden=True))


def unhide(*, profile_id: UUID, title_id: UUID) -> None:
    """Take 'not interested' back, whether it was said or not."""
    writing.unhide(profile_id, title_id)
    _tell(events.hidden_changed, HiddenChanged(profile_id, title_id, hidden=False))


def hidden(profile_id: UUID) -> list[UUID]:
    """What a profile said it is not interested in, the latest first."""
    return [title_id for title_id, _at in reading.not_interested(profile_id)]


def pick(*, profile_id: UUID, title_id: UUID) -> None:
    """Name a title as one that the profile likes, when nothing is known of it yet. Raises `NoSuchTitle`."""
    _visible(profile_id=profile_id, title_id=title_id)
    writing.record(Act(profile_id, title_id, Did.PICKED, at=timezone.now()))


def unpick(*, profile_id: UUID, title_id: UUID) -> None:
    """Take it back, whether it was named or not."""
    writing.take_back(profile_id, title_id, Did.PICKED)


# What is known of a profile -----------------------------------------------------------------------------


def taste(profile_id: UUID) -> Taste:
    """What is known of a profile's taste, the newest first; empty for who did nothing yet."""
    return reading.taste(profile_id)


def liked(profile_id: UUID) -> frozenset[UUID]:
    """What a profile said to like: picked, or given a thumb up."""
    likes = (Known.PICKED, Known.UP, Known.DOUBLE_UP)
    return frozenset(each.title_id for each in reading.taste(profile_id).entries if each.kind in likes)


def forget(*, profile_id: UUID, title_id: UUID) -> None:
    """Do not go by a title any more: history, list and thumb stay what they are."""
    writing.forget_title_of(profile_id, title_id)


def start_anew(*, profile_id: UUID) -> None:
    """Nothing that the profile did until now weighs any more."""
    writing.reset(profile_id)


def erase_taste(*, profile_id: UUID) -> None:
    """Delete all that was learnt of a profile that goes on, its thumbs and what it was shown. Its list stays."""
    writing.erase(profile_id)
    trials_privacy.forget_profile(profile_id)


def switches(profile_id: UUID) -> Switches:
    """What a profile lets be done with what it does."""
    return reading.switches(profile_id)


def set_switches(*, profile_id: UUID, switches: Switches) -> None:
    """Set all four."""
    writing.set_switches(profile_id, switches)


def about(profile_id: UUID, title_ids: list[UUID]) -> dict[UUID, ProfileTitle]:
    """What a profile has said of these titles; every id asked for is in the answer."""
    listed = set(
        models.ListEntry.objects.filter(profile_id=profile_id, title_id__in=title_ids).values_list(
            "title_id", flat=True
        )
    )
    thumbs = dict(
        models.Thumb.objects.filter(profile_id=profile_id, title_id__in=title_ids).values_list(
            "title_id", "value"
        )
    )
    return {
        title_id: ProfileTitle(
            title_id, title_id in listed, Thumb(thumbs[title_id]) if title_id in thumbs else None
        )
        for title_id in title_ids
    }


def forget_title(*, title_id: UUID) -> None:
    """Drop what was said of a title that is gone."""
    with transaction.atomic():
        models.Thumb.objects.filter(title_id=title_id).delete()
        models.ListEntry.objects.filter(title_id=title_id).delete()


def forget_profile(*, profile_id: UUID) -> None:
    """Drop what a profile that is gone has said."""
    with transaction.atomic():
        models.Thumb.objects.filter(profile_id=profile_id).delete()
        models.ListEntry.objects.filter(profile_id=profile_id).delete()


# What is shown ------------------------------------------------------------------------------------------


def home(
    who: UUID | Profile,
    *,
    now: datetime | None = None,
    first: int | None = None,
    behind: int = 0,
    keys: Collection[str] = (),
) -> Home:
    """The home page, each row with its reason. Empty for an unknown profile.

    `who` is a profile's id, or the profile as this very request has read it: then it is not read again. A page that is
    sent in parts asks for the cards of rows before number `first`, from number `behind` on, or of those in `keys`: the
    others then come without cards and words (all of them have some where there is no model).
    """
    profile = who if isinstance(who, Profile) else accounts.profile(who)
    if profile is None:
        return Home(billboard=None, rows=())
    return pages.home(profile, now=now or timezone.now(), first=first, behind=behind, keys=keys)


def rows_for(profile_id: UUID, *, now: datetime | None = None) -> list[Row]:
    """The rows of the home page for a profile, each with its reason. Empty for an unknown profile."""
    return list(home(profile_id, now=now).rows)


def billboard(profile_id: UUID, *, now: datetime | None = None) -> Card | None:
    """The day's big picture: fresh, unseen, fitting; the same all day while nothing changes."""
    return home(profile_id, now=now).billboard


def more_like(title_id: UUID, *, profile_id: UUID, limit: int = 12) -> list[Card]:
    """Titles that are watched with this one or are about the same, most alike first."""
    profile = accounts.profile(profile_id)
    if profile is None:
        return []
    found = likeness.alike(title_id, profile, now=timezone.now(), limit=max(0, limit))
    return [Card(title=title, video_id=title.video_id) for title in found]


def suits(title_id: UUID, *, profile_id: UUID, now: datetime | None = None) -> Suits | None:
    """How a title should suit a profile, and why. None when too little is known, for a title that it may not see or has
    rated itself, and for an unknown profile.
    """
    profile = accounts.profile(profile_id)
    title = catalog.title(title_id, maturity=profile.maturity, without=profile.blocked) if profile else None
    return suiting.of(title, profile, now=now or timezone.now()) if profile and title else None


def ranked_for(profile_id: UUID, title_ids: Sequence[UUID]) -> list[UUID]:
    """The same titles, what suits a profile best first; those that suit it alike stay in the order given."""
    profile = accounts.profile(profile_id)
    return suiting.ranked(title_ids, profile, now=timezone.now()) if profile else list(title_ids)


def boost_for(profile_id: UUID) -> list[UUID]:
    """What suits a profile best, best first: an order for `catalog.find(boost=…)`. Empty when too little is known."""
    profile = accounts.profile(profile_id)
    return suiting.boost(profile, now=timezone.now()) if profile else []


def why(profile_id: UUID, title_id: UUID, *, now: datetime | None = None) -> Why | None:
    """Why a profile is shown a title: only what is true. None for what it may not see, and for an unknown profile."""
    profile = accounts.profile(profile_id)
    return reasons.why(title_id, profile, now=now or timezone.now()) if profile else None


def my_list(profile_id: UUID) -> list[Card]:
    """What a profile keeps for later, the latest first; what has gone or may not be seen is left out."""
    profile = accounts.profile(profile_id)
    if profile is None:
        return []
    ids = list(
        models.ListEntry.objects.filter(profile_id=profile_id)
        .order_by("-added_at", "-id")
        .values_list("title_id", flat=True)
    )
    found = catalog.titles(ids, maturity=profile.maturity, without=profile.blocked, people=False)
    return cards([found[each] for each in ids if each in found], profile_id)


def cards(titles: list[Title], profile_id: UUID) -> list[Card]:
    """Cards for titles in the order given, with the progress of films that the profile has begun."""
    videos = [title.video_id for title in titles if title.video_id]
    begun = playback.bookmarks(profile_id, videos) if videos else {}
    made = []
    for title in titles:
        bookmark = begun.get(title.video_id) if title.video_id else None
        progress = bookmark.fraction if bookmark and not bookmark.finished else None
        made.append(Card(title=title, video_id=title.video_id, progress=progress))
    return made


def how_learning_goes() -> tuple[str, list[str]]:
    """Which model answers, in a sentence, and what an operator should know of it; nothing when all is well."""
    return learning.standing()


def _tell(signal: Signal, news: ListChanged | ThumbChanged | HiddenChanged) -> None:
    transaction.on_commit(partial(signal.send_robust, sender=type(news), event=news))


def _visible(*, profile_id: UUID, title_id: UUID) -> Title:
    profile = accounts.profile(profile_id)
    title = catalog.title(title_id, maturity=profile.maturity, without=profile.blocked) if profile else None
    if title is None:
        raise NoSuchTitle(title_id)
    return title

"""Taking in what viewers do. One transaction stores the signal, renews the taste and moves the trend, so that the next
page of any process sees all of it; `events.taste_changed` follows after the commit. Telling anything twice is harmless.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from recommend import models as recommend_models
from recommend.signals import keeping, models, trends
from recommend.signals.importing import import_acts
from recommend.signals.shapes import Act, Did, Switches

__all__ = [
    "erase",
    "forget_profile",
    "forget_title",
    "forget_title_of",
    "forget_viewings",
    "hide",
    "import_acts",
    "move_profile",
    "rebuild",
    "record",
    "reset",
    "set_switches",
    "take_back",
    "unhide",
]

#: An age that may see everything.
_ANY_AGE = 99
_SWITCHES = ("personal", "learn", "shared", "steady")


def record(act: Act, *, now: datetime | None = None) -> int:
    """Take in one act; returns the version of the profile's taste. What may not be learnt from is not stored.

    Watching counts for what others are shown when a quarter was seen. Beyond a bound for each day (settings) viewings
    of one profile are not taken in: nobody watches that much.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = keeping.held(act.profile_id)
        counts = keeping.may_learn(row, act)
        if not counts and not keeping.is_wish(act):
            if act.did is Did.THUMB:  # it is no thumb down any more
                return take_back(act.profile_id, act.title_id, act.did, now=now)
            return row.version
        if not keeping.store(row, act, counts=counts):
            return row.version
        said = keeping.look_again(row, [act.title_id], now=now).get(act.title_id)
        if act.did is Did.WATCHED and said is not None and said.seen and row.shared:
            profile = accounts.profile(act.profile_id)
            if profile is not None:
                trends.vote(profile, act.title_id, at=act.at)
        return row.version


def take_back(profile_id: UUID, title_id: UUID, did: Did, *, now: datetime | None = None) -> int:
    """An act is undone (a thumb taken back, a title taken off the list); returns the taste's version."""
    with transaction.atomic():
        row = keeping.held(profile_id)
        gone = models.Signal.objects.filter(profile_id=profile_id, did=did, ref=title_id).delete()[0]
        if gone:
            keeping.look_again(row, [title_id], now=now or timezone.now())
        return row.version


def hide(profile_id: UUID, title_id: UUID, *, now: datetime | None = None) -> int:
    """'Not interested': the title is shown no more. A mild minus, unless the profile watched or praised it."""
    now = now or timezone.now()
    return record(Act(profile_id, title_id, Did.HIDDEN, at=now), now=now)


def unhide(profile_id: UUID, title_id: UUID, *, now: datetime | None = None) -> int:
    """Take 'not interested' back."""
    return take_back(profile_id, title_id, Did.HIDDEN, now=now)


def forget_title_of(profile_id: UUID, title_id: UUID, *, now: datetime | None = None) -> int:
    """Forget what is known of a profile by one title: it explains nothing any more, and counts for nobody.

    What it does with the title from now on counts again. History, list and thumb stay what they are, and what it does
    not want to see is not shown.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = keeping.held(profile_id)
        mine = models.Signal.objects.filter(profile_id=profile_id, title_id=title_id)
        # A row stays, without anything in it, so that the history is not learnt from anew. What was a wish for the
        # page stays one and says nothing else: the thumb down is still there to be seen.
        gone = mine.exclude(keeping.WISHES).delete()[0] + mine.filter(keeping.WISHES).update(counts=False)
        if not gone and not catalog.among([title_id], maturity=_ANY_AGE):
            return (
                row.version
            )  # nothing is known of what is not there: no row for every id that somebody makes up
        models.Signal.objects.update_or_create(
            profile_id=profile_id,
            did=Did.FORGOTTEN,
            ref=title_id,
            defaults={"title_id": title_id, "at": now},
        )
        if trends.withdraw(profile_id, [title_id]):
            keeping.withdrawn(now)
        keeping.look_again(row, [title_id], now=now)
        return row.version


def set_switches(profile_id: UUID, switches: Switches, *, now: datetime | None = None) -> int:
    """Set all four; returns the taste's version. `shared` off: gone from trends at once, from models within a day."""
    now = now or timezone.now()
    with transaction.atomic():
        row = keeping.held(profile_id)
        before = Switches(row.personal, row.learn, row.shared, row.steady)
        if before == switches:
            return row.version
        row.personal, row.learn = switches.personal, switches.learn
        row.shared, row.steady = switches.shared, switches.steady
        if switches.learn and not before.learn:
            row.learning_since = now
        if before.shared and not switches.shared:
            trends.withdraw(profile_id)
            keeping.withdrawn(now)
        row.version += 1
        row.save(update_fields=[*_SWITCHES, "learning_since", "version"])
        keeping.tell(row)
    return row.version


def reset(profile_id: UUID, *, now: datetime | None = None) -> int:
    """Start anew: nothing that the profile did until now weighs any more; 'not interested' is taken back.

    What it has seen stays known as seen, and what it thumbed down stays hidden: both are still there to be seen.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = keeping.held(profile_id)
        row.anew_since = now
        models.Signal.objects.filter(profile_id=profile_id, did=Did.HIDDEN).delete()
        row.save(update_fields=["anew_since"])
        keeping.rebuild(row, now=now)
        return row.version


def erase(profile_id: UUID, *, now: datetime | None = None) -> int:
    """Delete all that was learnt of a profile that goes on, and its thumbs; returns how many signals that were.

    Its switches, list and history stay. What it did before is not learnt from again. Trends lose it at once, models
    within a day.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = keeping.held(profile_id)
        gone = models.Signal.objects.filter(profile_id=profile_id).delete()[0]
        recommend_models.Thumb.objects.filter(profile_id=profile_id).delete()
        trends.withdraw(profile_id)
        if gone:
            keeping.withdrawn(now)
        row.entries = row.hidden = row.seen = b""
        row.learning_since = row.anew_since = now
        row.version += 1
        row.save(update_fields=["entries", "hidden", "seen", "learning_since", "anew_since", "version"])
        keeping.tell(row)
    return gone


def forget_profile(profile_id: UUID, *, now: datetime | None = None) -> dict[str, int]:
    """A profile is gone, and so is all that was known of it: at once here, in models within a day. How many rows."""
    with transaction.atomic():
        models.Taste.objects.select_for_update().filter(profile_id=profile_id).first()
        votes = trends.withdraw(profile_id)
        signals = models.Signal.objects.filter(profile_id=profile_id).delete()[0]
        tastes = models.Taste.objects.filter(profile_id=profile_id).delete()[0]
        if signals:
            keeping.withdrawn(now or timezone.now())
    counts = {"recommend.Vote": votes, "recommend.Signal": signals, "recommend.Taste": tastes}
    return {label: count for label, count in counts.items() if count}


def forget_title(title_id: UUID) -> None:
    """A title is gone for good. Tastes that name it are mended by and by; nothing shows what is not there."""
    with transaction.atomic():
        models.Signal.objects.filter(title_id=title_id).delete()
        models.Vote.objects.filter(title_id=title_id).delete()
        models.TrendCell.objects.filter(title_id=title_id).delete()
    trends.forget()


def forget_viewings(
    profile_id: UUID, title_ids: Collection[UUID], *, but: Collection[UUID], now: datetime | None = None
) -> int:
    """A profile took back that it watched something of these titles: what is not among the viewings `but` is forgotten.

    Returns how many signals went.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = keeping.held(profile_id)
        told = models.Signal.objects.filter(
            profile_id=profile_id, did=Did.WATCHED, title_id__in=list(title_ids)
        )
        kept = set(but)
        gone = [
            (pk, title) for pk, ref, title in told.values_list("pk", "ref", "title_id") if ref not in kept
        ]
        models.Signal.objects.filter(pk__in=[pk for pk, _title in gone]).delete()
        touched = {title for _pk, title in gone}
        if touched:
            said = keeping.look_again(row, touched, now=now)
            trends.withdraw(profile_id, [one for one in touched if one not in said or not said[one].seen])
            keeping.withdrawn(now)
    return len(gone)


def move_profile(profile_id: UUID, to_user_id: UUID) -> None:
    """A profile belongs to another account now."""
    models.Vote.objects.filter(profile_id=profile_id).update(user_id=to_user_id)


def rebuild(profile_id: UUID, *, now: datetime | None = None) -> bool:
    """Make a profile's taste anew from its signals; whether it was another one. Also lets time do its work."""
    with transaction.atomic():
        return keeping.rebuild(keeping.held(profile_id), now=now or timezone.now())

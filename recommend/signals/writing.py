"""Taking in what viewers do. One transaction stores the signal, renews the taste and moves the trend, so that the next
page of any process sees all of it; `events.taste_changed` follows after the commit. Telling anything twice is harmless.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from recommend import events
from recommend import models as said
from recommend.signals import models, packing, trends
from recommend.signals.reading import FACT, fact
from recommend.signals.settings import current_weights
from recommend.signals.shapes import Act, Did, Switches, TasteChanged, TasteEntry
from recommend.signals.weights import Fact, Opinion, opinion

#: So many of the latest titles are in a taste; pages use the last 60 or so of them.
ENTRIES = 200
#: So many of the latest titles that were seen are known as seen.
SEEN = 4000
#: So many acts with one title are looked at, the latest.
ACTS_OF_TITLE = 200

_SWITCHES = ("personal", "learn", "shared", "steady")


def record(act: Act, *, now: datetime | None = None) -> int:
    """Take in one act; returns the version of the profile's taste. What may not be learnt from is not stored.

    Watching counts for what others are shown when a quarter was seen. Beyond a bound for each day (settings) viewings
    of one profile are not taken in: nobody watches that much.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = held(act.profile_id)
        counts = _may_learn(row, act)
        if not counts and not _is_wish(act):
            if act.did is Did.THUMB:  # it is no thumb down any more
                return take_back(act.profile_id, act.title_id, act.did, now=now)
            return row.version
        if not _store(row, act, counts=counts):
            return row.version
        said = _look_again(row, [act.title_id], now=now).get(act.title_id)
        if act.did is Did.WATCHED and said is not None and said.seen and row.shared:
            profile = accounts.profile(act.profile_id)
            if profile is not None:
                trends.vote(profile, act.title_id, at=act.at)
        return row.version


def take_back(profile_id: UUID, title_id: UUID, did: Did, *, now: datetime | None = None) -> int:
    """An act is undone (a thumb taken back, a title taken off the list); returns the taste's version."""
    with transaction.atomic():
        row = held(profile_id)
        gone = models.Signal.objects.filter(profile_id=profile_id, did=did, ref=title_id).delete()[0]
        if gone:
            _look_again(row, [title_id], now=now or timezone.now())
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

    What it does with the title from now on counts again. History, list and thumb stay what they are.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = held(profile_id)
        mine = models.Signal.objects.filter(profile_id=profile_id, title_id=title_id)
        # A row stays, without anything in it, so that the history is not learnt from anew.
        mine.delete()
        models.Signal.objects.create(
            profile_id=profile_id, title_id=title_id, did=Did.FORGOTTEN, ref=title_id, at=now
        )
        if trends.withdraw(profile_id, [title_id]):
            withdrawn(now)
        _look_again(row, [title_id], now=now)
        return row.version


def set_switches(profile_id: UUID, switches: Switches, *, now: datetime | None = None) -> int:
    """Set all four; returns the taste's version. `shared` off: gone from trends at once, from models within a day."""
    now = now or timezone.now()
    with transaction.atomic():
        row = held(profile_id)
        before = Switches(row.personal, row.learn, row.shared, row.steady)
        if before == switches:
            return row.version
        row.personal, row.learn = switches.personal, switches.learn
        row.shared, row.steady = switches.shared, switches.steady
        if switches.learn and not before.learn:
            row.learning_since = now
        if before.shared and not switches.shared:
            trends.withdraw(profile_id)
            withdrawn(now)
        row.version += 1
        row.save(update_fields=[*_SWITCHES, "learning_since", "version"])
        _tell(row)
    return row.version


def reset(profile_id: UUID, *, now: datetime | None = None) -> int:
    """Start anew: nothing that the profile did until now weighs any more; 'not interested' is taken back.

    What it has seen stays known as seen, and what it thumbed down stays hidden: both are still there to be seen.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = held(profile_id)
        row.anew_since = now
        models.Signal.objects.filter(profile_id=profile_id, did=Did.HIDDEN).delete()
        row.save(update_fields=["anew_since"])
        _rebuild(row, now=now)
        return row.version


def erase(profile_id: UUID, *, now: datetime | None = None) -> int:
    """Delete all that was learnt of a profile that goes on, and its thumbs; returns how many signals that were.

    Its switches, list and history stay. What it did before is not learnt from again. Trends lose it at once, models
    within a day.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = held(profile_id)
        gone = models.Signal.objects.filter(profile_id=profile_id).delete()[0]
        said.Thumb.objects.filter(profile_id=profile_id).delete()
        trends.withdraw(profile_id)
        if gone:
            withdrawn(now)
        row.entries = row.hidden = row.seen = b""
        row.learning_since = row.anew_since = now
        row.version += 1
        row.save(update_fields=["entries", "hidden", "seen", "learning_since", "anew_since", "version"])
        _tell(row)
    return gone


def forget_profile(profile_id: UUID, *, now: datetime | None = None) -> dict[str, int]:
    """A profile is gone, and so is all that was known of it: at once here, in models within a day. How many rows."""
    with transaction.atomic():
        votes = trends.withdraw(profile_id)
        signals = models.Signal.objects.filter(profile_id=profile_id).delete()[0]
        tastes = models.Taste.objects.filter(profile_id=profile_id).delete()[0]
        if signals:
            withdrawn(now or timezone.now())
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
        row = held(profile_id)
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
            said = _look_again(row, touched, now=now)
            trends.withdraw(profile_id, [one for one in touched if one not in said or not said[one].seen])
            withdrawn(now)
    return len(gone)


def move_profile(profile_id: UUID, to_user_id: UUID) -> None:
    """A profile belongs to another account now."""
    models.Vote.objects.filter(profile_id=profile_id).update(user_id=to_user_id)


def rebuild(profile_id: UUID, *, now: datetime | None = None) -> bool:
    """Make a profile's taste anew from its signals; whether it was another one. Also lets time do its work."""
    with transaction.atomic():
        return _rebuild(held(profile_id), now=now or timezone.now())


def import_acts(acts: Iterable[Act], *, now: datetime | None = None) -> int:
    """Take in many acts of many profiles at once, as `record` would one by one; returns how many were new.

    For history that was there before this was; those that are known already stay as they are.
    """
    now = now or timezone.now()
    by_profile: dict[UUID, list[Act]] = {}
    for act in acts:
        by_profile.setdefault(act.profile_id, []).append(act)
    return sum(_import(profile_id, mine, now=now) for profile_id, mine in by_profile.items())


def held(profile_id: UUID) -> models.Taste:
    """The profile's row, locked: all that changes a profile's signals goes one after the other."""
    return models.Taste.objects.select_for_update().get_or_create(profile_id=profile_id)[0]


def withdrawn(now: datetime) -> None:
    """Note that somebody's influence was withdrawn: models made before are to be made anew (learning)."""
    models.Mark.objects.update_or_create(name=trends.WITHDRAWN, defaults={"at": now})


# Within -------------------------------------------------------------------------------------------------


def _may_learn(row: models.Taste, act: Act) -> bool:
    return row.learn and (row.learning_since is None or act.at > row.learning_since)


def _is_wish(act: Act) -> bool:
    """'Not interested' and thumbs down are wishes for the page: they hold even where nothing is learnt."""
    return act.did is Did.HIDDEN or (act.did is Did.THUMB and act.value < 0)


def _store(row: models.Taste, act: Act, *, counts: bool) -> bool:
    """Keep an act; False when nothing is new about it."""
    ref = act.ref or act.title_id
    old = models.Signal.objects.filter(profile_id=act.profile_id, did=act.did, ref=ref).first()
    if old is None:
        if act.did is Did.WATCHED and not _within_day(row, act.at):
            return False
        models.Signal.objects.create(**_columns(act, counts=counts))
        return True
    if act.did is Did.WATCHED:
        # Reports overtake each other, and a viewing that fell silent may go on: it only grows.
        told = (
            max(old.value, act.value),
            max(old.watched, act.watched.total_seconds()),
            max(old.length, act.length.total_seconds()),
            act.over if act.at >= old.at else old.over,
            max(old.at, act.at),
        )
    elif act.at < old.at:
        return False
    else:
        told = (act.value, 0.0, 0.0, True, old.at if act.value == old.value else act.at)
    if (*told, counts) == (old.value, old.watched, old.length, old.over, old.at, old.counts):
        return False
    old.value, old.watched, old.length, old.over, old.at = told
    old.counts = counts
    old.save(update_fields=["value", "watched", "length", "over", "at", "counts"])
    return True


def _within_day(row: models.Taste, at: datetime) -> bool:
    """Count one more viewing of that day; False when there are too many."""
    day = at.date()
    row.told = row.told + 1 if row.day == day else 1
    row.day = day
    if row.told > settings.RECOMMEND_VIEWINGS_A_DAY:
        return False
    row.save(update_fields=["day", "told"])
    return True


def _columns(act: Act, *, counts: bool) -> dict[str, object]:
    return {
        "profile_id": act.profile_id,
        "title_id": act.title_id,
        "video_id": act.video_id,
        "did": act.did,
        "ref": act.ref or act.title_id,
        "value": act.value,
        "watched": act.watched.total_seconds(),
        "length": act.length.total_seconds(),
        "over": act.over,
        "part": act.part,
        "at": act.at,
        "counts": counts,
    }


@dataclass(frozen=True, slots=True)
class _State:
    """A taste's three parts, as they are packed."""

    entries: bytes
    hidden: bytes
    seen: bytes


def _look_again(row: models.Taste, title_ids: Collection[UUID], *, now: datetime) -> dict[UUID, Opinion]:
    """Bring the taste up to what is now stored of these titles; → what that comes to, by title."""
    said = _opinions(row, now=now, title_ids=title_ids)
    entries = [one for one in packing.entries(bytes(row.entries)) if one.title_id not in title_ids]
    hidden = [one for one in packing.in_order(bytes(row.hidden)) if one not in title_ids]
    # Of what was seen long ago, and is not among the latest any more, nothing is to be looked up.
    seen = [one for one in packing.in_order(bytes(row.seen)) if one not in title_ids]
    entries += [entry for title_id, one in said.items() if (entry := _entry(title_id, one)) is not None]
    hidden += sorted((title_id for title_id, one in said.items() if one.hidden), key=str)
    seen += sorted((title_id for title_id, one in said.items() if one.seen), key=str)
    _keep(row, _packed(entries, hidden, seen))
    return said


def _rebuild(row: models.Taste, *, now: datetime) -> bool:
    said = _opinions(row, now=now)
    in_time = sorted(said, key=lambda title_id: (said[title_id].at, str(title_id)))
    entries = [entry for each in in_time if (entry := _entry(each, said[each])) is not None]
    hidden = [each for each in in_time if said[each].hidden]
    seen = [each for each in in_time if said[each].seen]
    row.checked_at = now
    row.save(update_fields=["checked_at"])
    return _keep(row, _packed(entries, hidden, seen))


def _packed(entries: list[TasteEntry], hidden: list[UUID], seen: list[UUID]) -> _State:
    newest = sorted(entries, key=lambda one: (one.at, str(one.title_id)), reverse=True)[:ENTRIES]
    return _State(packing.pack(newest), packing.pack_ids(hidden), packing.pack_ids(seen[-SEEN:]))


def _keep(row: models.Taste, state: _State) -> bool:
    """Write the state when it is another one, as a new version; whether it was."""
    if _State(bytes(row.entries), bytes(row.hidden), bytes(row.seen)) == state:
        return False
    row.entries, row.hidden, row.seen = state.entries, state.hidden, state.seen
    row.version += 1
    row.save(update_fields=["entries", "hidden", "seen", "version"])
    _tell(row)
    return True


def _opinions(
    row: models.Taste, *, now: datetime, title_ids: Collection[UUID] | None = None
) -> dict[UUID, Opinion]:
    """What the profile's signals come to, by title."""
    rows = models.Signal.objects.filter(profile_id=row.profile_id)
    if title_ids is not None:
        rows = rows.filter(title_id__in=list(title_ids))
    told: dict[UUID, list[Fact]] = {}
    for title_id, *columns in rows.order_by("-at", "-id").values_list("title_id", *FACT):
        facts = told.setdefault(title_id, [])
        if len(facts) < ACTS_OF_TITLE:
            facts.append(fact(tuple(columns)))
    weights = current_weights()
    found = {
        title_id: opinion(facts, weights, now=now, since=row.anew_since) for title_id, facts in told.items()
    }
    return {title_id: one for title_id, one in found.items() if one is not None}


def _entry(title_id: UUID, said: Opinion) -> TasteEntry | None:
    if said.kind is None or said.worth.score == 0:
        return None
    return TasteEntry(title_id, said.worth.score, said.at, said.kind)


def _import(profile_id: UUID, acts: list[Act], *, now: datetime) -> int:
    with transaction.atomic():
        row = held(profile_id)
        wanted = [act for act in acts if _is_wish(act) or _may_learn(row, act)]
        known = set(
            models.Signal.objects.filter(
                profile_id=profile_id, ref__in=[act.ref or act.title_id for act in wanted]
            ).values_list("did", "ref")
        )
        new = {
            (act.did.value, act.ref or act.title_id): act
            for act in wanted
            if (act.did.value, act.ref or act.title_id) not in known
        }
        fitting = _bounded(profile_id, list(new.values()))
        models.Signal.objects.bulk_create(
            [models.Signal(**_columns(act, counts=_may_learn(row, act))) for act in fitting], batch_size=500
        )
        if fitting:
            _rebuild(row, now=now)
            _vote_for(row, fitting, now=now)
    return len(fitting)


def _bounded(profile_id: UUID, acts: list[Act]) -> list[Act]:
    """Of these acts, so many viewings of each day as may be learnt from, with those that are stored already."""
    days = {act.at.date() for act in acts if act.did is Did.WATCHED}
    if not days:
        return acts
    told: dict[object, int] = {}
    stored = models.Signal.objects.filter(
        profile_id=profile_id, did=Did.WATCHED, at__date__gte=min(days), at__date__lte=max(days)
    )
    for at in stored.values_list("at", flat=True):
        told[at.date()] = told.get(at.date(), 0) + 1
    fitting = []
    for act in sorted(acts, key=lambda one: one.at):
        if act.did is Did.WATCHED:
            told[act.at.date()] = told.get(act.at.date(), 0) + 1
            if told[act.at.date()] > settings.RECOMMEND_VIEWINGS_A_DAY:
                continue
        fitting.append(act)
    return fitting


def _vote_for(row: models.Taste, acts: list[Act], *, now: datetime) -> None:
    """What was imported counts for trends as if it had been told then."""
    profile = accounts.profile(row.profile_id) if row.shared else None
    if profile is None:
        return
    seen = packing.ids(bytes(row.seen))
    latest: dict[UUID, datetime] = {}
    for act in acts:
        if act.did is Did.WATCHED and act.title_id in seen and now - act.at < trends.FORGET_AFTER:
            latest[act.title_id] = max(act.at, latest.get(act.title_id, act.at))
    for title_id, at in sorted(latest.items(), key=lambda one: (one[1], str(one[0]))):
        trends.vote(profile, title_id, at=at)


def _tell(row: models.Taste) -> None:
    news = TasteChanged(row.profile_id, row.version)
    transaction.on_commit(partial(events.taste_changed.send_robust, sender=TasteChanged, event=news))

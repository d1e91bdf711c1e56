"""A profile's rows, kept in step: its signals, and the taste that they come to. Used by what writes (writing.py)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from recommend import events
from recommend.signals import models, packing, trends
from recommend.signals.reading import FACT, fact
from recommend.signals.settings import current_weights
from recommend.signals.shapes import Act, Did, TasteChanged, TasteEntry
from recommend.signals.weights import Fact, Opinion, opinion

#: So many of the latest titles are in a taste; pages use the last 60 or so of them.
ENTRIES = 200
#: So many of the latest titles that were seen are known as seen.
SEEN = 4000
#: An entry that is only later by less than this is the same.
GOES_ON = timedelta(hours=3)
#: So many acts with one title are looked at, the latest.
ACTS_OF_TITLE = 200


def held(profile_id: UUID) -> models.Taste:
    """The profile's row, locked: all that changes a profile's signals goes one after the other."""
    return models.Taste.objects.select_for_update().get_or_create(profile_id=profile_id)[0]


def withdrawn(now: datetime) -> None:
    """Note that somebody's influence was withdrawn: models made before are to be made anew (learning).

    A row of its own each time, for one that all change would be held by whoever changed it first until its transaction
    ends, while the other already holds a trend that the first wants next. `reconciling.prune` leaves the latest.
    """
    name = f"{trends.WITHDRAWN} {uuid4().hex[:20]}"
    models.Mark.objects.create(name=name, at=now)


def may_learn(row: models.Taste, act: Act) -> bool:
    return row.learn and (row.learning_since is None or act.at > row.learning_since)


def is_wish(act: Act) -> bool:
    """'Not interested' and thumbs down are wishes for the page: they hold even where nothing is learnt."""
    return act.did is Did.HIDDEN or (act.did is Did.THUMB and act.value < 0)


#: Of the signals those that are wishes.
WISHES = Q(did=Did.HIDDEN) | Q(did=Did.THUMB, value__lt=0)


def store(row: models.Taste, act: Act, *, counts: bool) -> bool:
    """Keep an act; False when nothing is new about it."""
    ref = act.ref or act.title_id
    old = models.Signal.objects.filter(profile_id=act.profile_id, did=act.did, ref=ref).first()
    if old is None:
        if act.did is Did.WATCHED and not _within_day(row, act.at):
            return False
        models.Signal.objects.create(**columns(act, counts=counts))
        return True
    if act.did is Did.WATCHED:
        # Reports overtake each other, and a viewing that fell silent may go on: it only grows.
        told = (
            max(old.value, act.value),
            max(old.watched, act.watched.total_seconds()),
            max(old.length, act.length.total_seconds()),
            act.over if act.at >= old.at else old.over,
            max(old.at, act.at),
            old.alone and act.alone,
        )
    elif act.at < old.at:
        return False
    else:
        same = (act.value, counts) == (old.value, old.counts)
        told = (act.value, 0.0, 0.0, True, old.at if same else act.at, False)
    if (*told, counts) == (old.value, old.watched, old.length, old.over, old.at, old.alone, old.counts):
        return False
    old.value, old.watched, old.length, old.over, old.at, old.alone = told
    old.counts = counts
    old.save(update_fields=["value", "watched", "length", "over", "at", "alone", "counts"])
    return True


def _within_day(row: models.Taste, at: datetime) -> bool:
    """Count one more viewing of that day; False when there are too many."""
    day = day_of(at)
    row.told = row.told + 1 if row.day == day else 1
    row.day = day
    if row.told > settings.RECOMMEND_VIEWINGS_A_DAY:
        return False
    row.save(update_fields=["day", "told"])
    return True


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def columns(act: Act, *, counts: bool) -> dict[str, object]:
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
        "alone": act.alone,
        "at": act.at,
        "counts": counts,
    }


@dataclass(frozen=True, slots=True)
class _State:
    """A taste's three parts, as they are packed."""

    entries: bytes
    hidden: bytes
    seen: bytes


def look_again(row: models.Taste, title_ids: Collection[UUID], *, now: datetime) -> dict[UUID, Opinion]:
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


def rebuild(row: models.Taste, *, now: datetime) -> bool:
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
    if _same(_State(bytes(row.entries), bytes(row.hidden), bytes(row.seen)), state):
        return False
    row.entries, row.hidden, row.seen = state.entries, state.hidden, state.seen
    row.version += 1
    row.save(update_fields=["entries", "hidden", "seen", "version"])
    tell(row)
    return True


def _same(before: _State, state: _State) -> bool:
    """Whether pages would be the same. A film that goes on is no news at each milestone."""
    if before == state:
        return True
    if (before.hidden, before.seen) != (state.hidden, state.seen):
        return False
    old, new = packing.entries(before.entries), packing.entries(state.entries)
    return len(old) == len(new) and all(
        (one.title_id, one.weight, one.kind) == (other.title_id, other.weight, other.kind)
        and abs(one.at - other.at) < GOES_ON
        for one, other in zip(old, new, strict=True)
    )


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


def tell(row: models.Taste) -> None:
    news = TasteChanged(row.profile_id, row.version)
    transaction.on_commit(partial(events.taste_changed.send_robust, sender=TasteChanged, event=news))

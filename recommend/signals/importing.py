"""Taking in many acts at once: history that was there before signals were."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from recommend.signals import keeping, models, packing, trends
from recommend.signals.shapes import Act, Did


def import_acts(acts: Iterable[Act], *, now: datetime | None = None) -> int:
    """Take in many acts of many profiles at once, as `record` would one by one; returns how many were new.

    For history that was there before this was; those that are known already stay as they are.
    """
    now = now or timezone.now()
    by_profile: dict[UUID, list[Act]] = {}
    for act in acts:
        by_profile.setdefault(act.profile_id, []).append(act)
    taken, touched = 0, set[UUID]()
    for profile_id, mine in by_profile.items():
        new, titles = _import(profile_id, mine, now=now)
        taken += new
        touched |= titles
    trends.sum_anew(touched, now=now)
    return taken


def _import(profile_id: UUID, acts: list[Act], *, now: datetime) -> tuple[int, set[UUID]]:
    """How many acts were new, and the titles that its votes went to."""
    voted: set[UUID] = set()
    with transaction.atomic():
        row = keeping.held(profile_id)
        wanted = [act for act in acts if keeping.is_wish(act) or keeping.may_learn(row, act)]
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
            [models.Signal(**keeping.columns(act, counts=keeping.may_learn(row, act))) for act in fitting],
            batch_size=500,
        )
        if fitting:
            keeping.rebuild(row, now=now)
            voted = _vote_for(row, fitting, now=now)
    return len(fitting), voted


def _bounded(profile_id: UUID, acts: list[Act]) -> list[Act]:
    """Of these acts, so many viewings of each day as may be learnt from, with those that are stored already."""
    days = {keeping.day_of(act.at) for act in acts if act.did is Did.WATCHED}
    if not days:
        return acts
    told: dict[date, int] = {}
    first = datetime.combine(min(days), time.min, UTC)
    after = datetime.combine(max(days), time.min, UTC) + timedelta(days=1)
    stored = models.Signal.objects.filter(profile_id=profile_id, did=Did.WATCHED, at__gte=first, at__lt=after)
    for at in stored.values_list("at", flat=True):
        told[keeping.day_of(at)] = told.get(keeping.day_of(at), 0) + 1
    fitting = []
    for act in sorted(acts, key=lambda one: one.at):
        if act.did is Did.WATCHED:
            told[keeping.day_of(act.at)] = told.get(keeping.day_of(act.at), 0) + 1
            if told[keeping.day_of(act.at)] > settings.RECOMMEND_VIEWINGS_A_DAY:
                continue
        fitting.append(act)
    return fitting


def _vote_for(row: models.Taste, acts: list[Act], *, now: datetime) -> set[UUID]:
    """What was imported counts for trends as if it had been told then."""
    profile = accounts.profile(row.profile_id) if row.shared else None
    if profile is None:
        return set()
    seen = packing.ids(bytes(row.seen))
    latest: dict[UUID, datetime] = {}
    for act in acts:
        if act.did is Did.WATCHED and act.title_id in seen and now - act.at < trends.FORGET_AFTER:
            latest[act.title_id] = max(act.at, latest.get(act.title_id, act.at))
    return trends.vote_for_many(profile, latest)

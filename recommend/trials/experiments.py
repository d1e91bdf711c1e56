"""Who is in which arm, and making, starting and stopping experiments."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from recommend.trials import models
from recommend.trials.knobs import checked

#: For so long a process may go on with the experiments it knows, in seconds.
REMEMBERED = 5.0
_BUCKETS = 10_000


class Refused(ValueError):
    """An experiment cannot be started or changed so. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """An experiment that is going on. `arms`: (key, weight, knobs), the first is how it is done today."""

    id: UUID
    key: str
    method: str
    share: int
    arms: tuple[tuple[str, int, Mapping[str, float]], ...]


def bucket(experiment_id: UUID, what: str, profile_id: UUID, buckets: int) -> int:
    """The place of a profile among so many, the same for ever; other experiments and other questions shuffle anew."""
    digest = hashlib.sha256(f"{experiment_id}:{what}:{profile_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % buckets


def arm_of(experiment: Running, profile_id: UUID) -> str:
    """The arm that a profile is in; '' when it is not among the share that takes part."""
    if bucket(experiment.id, "share", profile_id, _BUCKETS) >= experiment.share * _BUCKETS // 100:
        return ""
    place = bucket(experiment.id, "arm", profile_id, sum(weight for _key, weight, _knobs in experiment.arms))
    for key, weight, _knobs in experiment.arms:
        if place < weight:
            return key
        place -= weight
    return ""


def running() -> tuple[Running, ...]:
    """The experiments that are going on, the oldest first; at most five seconds old."""
    global _memo
    now = time.monotonic()
    if not settings.TESTING and _memo is not None and now - _memo[0] < REMEMBERED:
        return _memo[1]
    rows = (
        models.Experiment.objects.filter(state=models.Experiment.State.RUNNING)
        .prefetch_related("arms")
        .order_by("started_at", "id")
    )
    found = tuple(
        Running(
            id=row.id,
            key=row.key,
            method=row.method,
            share=row.share,
            arms=tuple((arm.key, arm.weight, arm.knobs) for arm in row.arms.all()),
        )
        for row in rows
    )
    with _lock:
        _memo = (now, found)
    return found


_memo: tuple[float, tuple[Running, ...]] | None = None
_lock = Lock()


def variant(profile_id: UUID, experiment: str) -> str:
    """The arm of a running experiment (by key) that a profile sees; '' when it takes no part or there is none."""
    found = next((one for one in running() if one.key == experiment), None)
    return arm_of(found, profile_id) if found else ""


def turned(profile_id: UUID, among: Sequence[Running]) -> dict[str, float]:
    """What the arms that a profile is in do differently. Of two that turn the same knob the older experiment wins."""
    knobs: dict[str, float] = {}
    for one in among:
        if one.method != models.Experiment.Method.SPLIT:
            continue
        mine = arm_of(one, profile_id)
        for key, _weight, turns in one.arms:
            if key == mine:
                knobs = {**turns, **knobs}
    return knobs


def start(experiment_id: UUID) -> None:
    """Begin. From here on neither arms nor share change: the sums would mean two things. Raises `Refused`."""
    with transaction.atomic():
        row = models.Experiment.objects.select_for_update().get(id=experiment_id)
        arms = list(row.arms.all())
        if row.state != models.Experiment.State.DRAFT:
            raise Refused(_("Only a draft can be started. Copy it to ask again."))
        _check(row, arms)
        row.state, row.started_at = models.Experiment.State.RUNNING, timezone.now()
        row.save(update_fields=["state", "started_at"])
    forget()


def _check(row: models.Experiment, arms: Sequence[models.Arm]) -> None:
    if len(arms) < 2:
        raise Refused(
            _("An experiment needs two arms at least: how it is done today, and what is to be tried.")
        )
    if row.method == models.Experiment.Method.INTERLEAVE and len(arms) != 2:
        raise Refused(_("Mixing compares exactly two arms."))
    for arm in arms:
        checked(arm.knobs)
    if len({tuple(sorted(arm.knobs.items())) for arm in arms}) < len(arms):
        raise Refused(_("Two arms do the same. Give each other knobs."))
    mine = {knob for arm in arms for knob in arm.knobs}
    others = models.Experiment.objects.filter(state=models.Experiment.State.RUNNING).prefetch_related("arms")
    for other in others:
        both = mine & {knob for arm in other.arms.all() for knob in arm.knobs}
        if both:
            said = _("“%(name)s” is running and turns %(knobs)s too. Stop it first.")
            raise Refused(said % {"name": other.name, "knobs": ", ".join(sorted(both))})
        if row.method == other.method == models.Experiment.Method.INTERLEAVE:
            raise Refused(_("“%(name)s” mixes Top picks already. Stop it first.") % {"name": other.name})


def stop(experiment_id: UUID) -> None:
    """End: everybody sees what is done today again. Doing it twice changes nothing."""
    models.Experiment.objects.filter(id=experiment_id, state=models.Experiment.State.RUNNING).update(
        state=models.Experiment.State.STOPPED, stopped_at=timezone.now()
    )
    forget()


def forget() -> None:
    """Read anew at the next question."""
    global _memo
    with _lock:
        _memo = None

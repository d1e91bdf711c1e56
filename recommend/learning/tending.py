"""Once a minute: is there something to learn, is what is served whole, does it do well, may it be served at all?"""

import logging
import math
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from catalog import services as catalog
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from recommend.learning import deciding, publishing, training, watching
from recommend.learning.deciding import Occasion, Standing
from recommend.learning.models import ModelVersion, Serving
from recommend.signals import models as signals
from recommend.signals import reading

log = logging.getLogger("recommend.learning")

EVERY = timedelta(minutes=1)
#: An age that may see everything.
_ALL = 99
#: Where a version's figures say since when it holds what somebody withdrew.
_OWED = "owed_since"
#: After so many signals since it was last looked how the served version does, it is looked again.
WATCH_AFTER = deciding.ENOUGH_PLAYS


def tend(now: datetime | None = None) -> None:
    """One look; everything that takes long becomes a job."""
    now = now or timezone.now()
    watching.heal()
    _put_away_what_must_go(now)
    if not settings.LEARNING:
        _note(now, "learning is switched off")
        return
    occasion = deciding.due(standing(now))
    if occasion is not None and publishing.pointer().pinned and occasion is not Occasion.WITHDRAWN:
        _note(now, "an operator keeps this version")
    elif occasion is not None:
        training.ask(occasion)
        _note(now, f"training: {occasion}")
    else:
        _note(now, "nothing new to learn")
        _watch()


def standing(now: datetime) -> Standing:
    """What the decision rests on."""
    served = publishing.pointer().version
    learnt, new = _signals(served) if served else (0, 0)
    return Standing(
        now=now,
        titles=catalog.count(maturity=_ALL),
        model_at=served.read_at if served else None,
        signals=learnt,
        new_signals=new,
        learnt_titles=served.titles if served else 0,
        withdrawn_at=reading.withdrawn_at(),
        trouble_at=_trouble(),
    )


def _signals(served: ModelVersion) -> tuple[int, int]:
    """How many signals there were when a version was trained, and how many are new since. This is asked each minute:
    new ones are counted by two indexes, and no further than a training would wait for.
    """
    rows = signals.Signal.objects.order_by()
    learnt = int(served.figures.get("signals", 0))
    enough = math.ceil(max(deciding.NEW_SIGNALS, deciding.NEW_SHARE * learnt))
    new = rows.filter(at__gt=served.read_at)[:enough].count()
    newest = served.figures.get("newest_signal")
    if newest is not None:
        # What is imported is old by its time and new all the same.
        new = max(new, rows.filter(pk__gt=int(newest))[:enough].count())
    return learnt, new


def _trouble() -> datetime | None:
    """When a training last failed or was refused, if nothing good came after it."""
    last = ModelVersion.objects.order_by("-pk").first()
    refused = last.made_at if last is not None and last.state == ModelVersion.State.REFUSED else None
    job = next(iter(jobs.find(kind=training.KIND, limit=1)), None)
    failed = job.finished_at if job is not None and job.state is JobState.FAILED else None
    return max((each for each in (refused, failed) if each is not None), default=None)


def _put_away_what_must_go(now: datetime) -> None:
    """What somebody withdrew is out of everything within a day, whether a training came to an end or not."""
    withdrawn = reading.withdrawn_at()
    row = publishing.pointer()
    if row.previous is not None and deciding.is_owed(row.previous.read_at, withdrawn):
        publishing.drop_previous()
    if row.version is None or withdrawn is None or not deciding.is_owed(row.version.read_at, withdrawn):
        return
    if now - _owed_since(row.version, withdrawn) > deciding.WITHDRAWN_WITHIN:
        log.warning("%s holds what somebody withdrew, and no training has come to an end.", row.version.name)
        publishing.serve_nothing("it held what somebody withdrew, and nothing newer was trained in time")


def _owed_since(version: ModelVersion, withdrawn: datetime) -> datetime:
    """When something was first withdrawn that is still in a version: who withdraws more later does not put it off."""
    told = version.figures.get(_OWED)
    if told is not None:
        return min(withdrawn, datetime.fromtimestamp(float(told), UTC))
    figures = version.figures | {_OWED: withdrawn.timestamp()}
    ModelVersion.objects.filter(pk=version.pk).update(figures=figures)
    return withdrawn


def _watch() -> None:
    row = publishing.pointer()
    if row.version is None or row.previous is None:
        return
    newest = signals.Signal.objects.filter(at__gt=row.version.read_at).order_by()
    seen = int(row.version.live_figures.get("seen", 0))
    count = newest[: seen + WATCH_AFTER].count()
    if count - seen >= WATCH_AFTER:
        figures = row.version.live_figures | {"seen": count}
        ModelVersion.objects.filter(pk=row.version.pk).update(live_figures=figures)
        watching.ask()


def _note(now: datetime, words: str) -> None:
    publishing.pointer()
    Serving.objects.filter(pk=1).update(looked_at=now, looked_words=words)


def register() -> None:
    """Offer the work to the workers."""
    jobs.register(training.KIND, heavy=True)(training.train)
    jobs.register(watching.KIND, heavy=True)(watching.watch)
    jobs.register_periodic("recommend.learning", EVERY)(tend)

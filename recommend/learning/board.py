"""What the page of recommendations shows an operator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import Job, JobState
from recommend import seeding
from recommend.learning import deciding, gathering, publishing, running, serving, training, words
from recommend.learning.models import ModelVersion
from recommend.signals import reading

#: A model that was trained longer ago than this is called old.
OLD = deciding.DAILY * 8
_SHOWN = 15
_GOING = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Bar:
    """One contender's share of hits among 20, in percent."""

    label: str
    percent: float
    own: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One version in the table. `mark`: a chip's colour."""

    version: ModelVersion
    state: str
    mark: str
    occasion: str
    verdict: str
    hits: str
    beside: str


def board(now: datetime | None = None) -> dict[str, Any]:
    """Everything on the page."""
    now = now or timezone.now()
    pointer = publishing.pointer()
    state = serving.state()
    job = next(iter(jobs.find(kind=training.KIND, limit=1)), None)
    judged = pointer.version
    figures = judged.figures.get("figures", {}) if judged else {}
    return {
        "pointer": pointer,
        "served": pointer.version,
        "state": state,
        "answering": words.answering(state, pointer.version),
        "says": words.helping(training.trial_of(judged.figures), figures) if judged else "",
        "bars": _bars(figures),
        "since": _since(judged),
        "job": job,
        "going": job is not None and job.state in _GOING,
        "percent": round(100 * job.progress) if job else 0,
        "lines": [_line(each, pointer.version_id, pointer.previous_id) for each in _newest()],
        "troubles": [*_troubles(now, pointer.version, state.fallback_reason, job), *_no_worker()],
        "limits": _limits(),
        "seed": seeding.about(),
    }


def standing(now: datetime | None = None) -> tuple[str, list[str]]:
    """What answers now, in a sentence, and what an operator should know; nothing when all is well."""
    served, state = publishing.pointer().version, serving.refresh()
    job = next(iter(jobs.find(kind=training.KIND, limit=1)), None)
    troubles = _troubles(now or timezone.now(), served, state.fallback_reason, job)
    return words.answering(state, served), troubles


def _newest() -> list[ModelVersion]:
    return list(ModelVersion.objects.order_by("-pk")[:_SHOWN])


def _bars(figures: dict[str, dict[str, float]]) -> list[Bar]:
    names = {"candidate": _("Personal"), "trending": _("Trending"), "popular": _("Popular")}
    return [
        Bar(label, round(100 * figures[name]["hr20"], 1), name == "candidate")
        for name, label in names.items()
        if name in figures
    ]


def _since(version: ModelVersion | None) -> str:
    """How the served version does since it is served, in a sentence; '' while too little was watched."""
    told = version.live_figures if version else {}
    if not told.get("plays") or "before" not in told.get("against", {}):
        return ""
    return _(
        "In %(plays)s plays since it was learnt: hits among 20 in %(mine)s of 100, with the version before it "
        "%(before)s."
    ) % {
        "plays": told["plays"],
        "mine": round(100 * told["figures"]["served"]["hr20"]),
        "before": round(100 * told["figures"]["before"]["hr20"]),
    }


def _line(version: ModelVersion, served: int | None, previous: int | None) -> Line:
    figures = version.figures.get("figures", {})
    beside = version.figures.get("against", {}).get("popular")
    if version.pk == served:
        state, mark = _("answers"), "good"
    elif version.pk == previous:
        state, mark = _("kept"), "quiet"
    else:
        state = version.get_state_display()
        mark = "quiet" if version.state == ModelVersion.State.GOOD else "bad"
    return Line(
        version=version,
        state=state,
        mark=mark,
        occasion=words.occasion(version),
        verdict=words.verdict(version),
        hits=f"{100 * figures['candidate']['hr20']:.0f} %" if "candidate" in figures else "-",
        beside=f"{100 * (beside['ratio'] - 1):+.0f} %" if beside else "-",
    )


def _troubles(now: datetime, served: ModelVersion | None, fallback: str, job: Job | None) -> list[str]:
    """What an operator should know, the worst first."""
    found = []
    if not settings.LEARNING:
        found.append(_("Learning is switched off (NETFLIXLITE_LEARNING=0)."))
    if fallback:
        found.append(_("Files could not be read: %(why)s") % {"why": fallback})
    if served is not None and deciding.is_owed(served.read_at, reading.withdrawn_at()):
        found.append(
            _(
                "Somebody withdrew what they watched. It is out of what is served within 24 hours, or no model is."
            )
        )
    if job is not None and job.state is JobState.FAILED:
        found.append(_("The last training failed: %(error)s") % {"error": job.error})
    if served is not None and now - served.made_at > OLD:
        found.append(_("This model is more than a week old, and nothing newer was trained."))
    return found


def _no_worker() -> list[str]:
    return [] if jobs.workers_alive(training.KIND) else [_("No worker is running that could train.")]


def _limits() -> dict[str, Any]:
    return {
        "memory": running.memory() // running.MIB,
        "minutes": settings.LEARNING_MINUTES,
        "days": settings.LEARNING_DAYS,
        "private_below": settings.LEARNING_PRIVATE_BELOW,
        "support": gathering.SUPPORT,
    }

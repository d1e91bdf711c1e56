"""The job that trains: gather, run the program, ask the gate, move the pointer in the transaction that ends the job."""

import logging
from collections.abc import Mapping
from typing import Any

from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext
from netflixlite.jobs.types import Job
from recommend.engine.seed import fading
from recommend.learning import deciding, gathering, publishing, running, shelf
from recommend.learning.deciding import Against, Occasion, Trial, Verdict
from recommend.learning.gathering import Gathered
from recommend.learning.models import ModelVersion
from recommend.learning.task import Report, Task
from recommend.signals import reading

log = logging.getLogger("recommend.learning")

KIND = "recommend.train"
#: Behind what makes a film watchable, before its larger qualities: those may keep a machine busy for days, a training
#: for minutes.
PRIORITY = 30


def ask(occasion: Occasion, *, priority: int = PRIORITY) -> Job:
    """Have everything learnt anew, soon. One training is under way at a time: a second wish finds the first's job."""
    label = "Recommendations"
    return jobs.enqueue(
        KIND,
        payload={"label": label, "occasion": occasion.value},
        dedupe_key=KIND,
        priority=priority,
        max_attempts=2,
    )


def train(ctx: JobContext) -> None:
    """Do one training. A program that cannot get by fails the job at once, and what is served stays."""
    ctx.progress(0.0, "reading what was watched")
    gathered = gathering.gather(ctx.work_dir, check=ctx.check)
    if gathered.titles == 0:
        raise jobs.JobFailed("There is nothing to learn about: no title has been published.")
    folder = shelf.new_name("model")
    shelf.root().mkdir(parents=True, exist_ok=True)
    try:
        gathering.give_task(ctx.work_dir, _task(gathered, folder))
        report = running.run(ctx.work_dir, ctx)
        _end(ctx, gathered, report, folder)
    except running.CannotLearn as error:
        raise jobs.JobFailed(str(error)) from error
    finally:
        if not ModelVersion.objects.filter(folder=folder).exists():
            shelf.remove(folder)


def settings_for(gathered: Gathered) -> dict[str, Any]:
    """The engine's settings: what memory allows, and in a small house only what several accounts have in common."""
    return {
        "memory": running.memory(),
        "support": gathering.SUPPORT if gathered.small else 1,
        "beta": fading(gathered.events) if gathered.seeded else 0.0,
    }


def _task(gathered: Gathered, folder: str) -> Task:
    served = publishing.pointer().version
    known = served is not None and bool(served.folder)
    return Task(
        mode="train",
        out=str(shelf.folder(folder)),
        models={"served": str(shelf.folder(served.folder))} if served is not None and known else {},
        since=served.cut.timestamp() if served is not None and served.cut is not None else 0.0,
        settings=settings_for(gathered),
        about={
            "described_at": gathered.read_at.timestamp(),
            "read_at": gathered.read_at.timestamp(),
        },
    )


def _end(ctx: JobContext, gathered: Gathered, report: Report, folder: str) -> None:
    tried = trial_of(report)
    served = publishing.pointer().version
    withdrawn = served is not None and deciding.is_owed(served.read_at, reading.withdrawn_at())
    verdict = deciding.gate(tried, report.get("faults", []), withdrawn=withdrawn)
    through = deciding.lets_through(verdict)
    row = _row(gathered, report, verdict, folder if through else "")
    row.occasion = str(ctx.payload.get("occasion", ""))
    with ctx.commit():
        row.save()
        if through:
            publishing.publish(row, f"{row.occasion}: {verdict}")
    if not through:
        log.warning("A model was refused (%s); what is served stays. %s", verdict, report.get("faults", []))
    publishing.tidy()


def _row(gathered: Gathered, report: Report, verdict: Verdict, folder: str) -> ModelVersion:
    good = deciding.lets_through(verdict)
    return ModelVersion(
        state=ModelVersion.State.GOOD if good else ModelVersion.State.REFUSED,
        folder=folder,
        bytes=shelf.size(folder),
        verdict=str(verdict) if not report.get("faults") else f"{verdict}: {'; '.join(report['faults'])}",
        read_at=gathered.read_at,
        cut=gathered.cut,
        events=gathered.events,
        viewers=gathered.viewers,
        accounts=gathered.accounts,
        titles=gathered.titles,
        head=report.get("head", 0),
        cpu_seconds=report.get("cpu_seconds", 0.0),
        peak_bytes=report.get("peak_bytes", 0),
        settings={**settings_for(gathered), **report.get("about", {})},
        figures={
            **figures_of(report),
            "signals": gathered.signals,
            "newest_signal": gathered.newest_signal,
        },
    )


def figures_of(report: Report) -> dict[str, Any]:
    """What of a report is kept."""
    kept = ("plays", "viewers", "off_trend", "figures", "against", "cohorts")
    return {name: value for name, value in report.items() if name in kept}


def trial_of(report: Mapping[str, Any]) -> Trial:
    """The comparison in a report, or in the figures that are kept of it."""
    against = {name: Against(**found) for name, found in report.get("against", {}).items()}
    return Trial(plays=report.get("plays", 0), viewers=report.get("viewers", 0), against=against)

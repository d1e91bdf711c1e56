"""How the served version does on plays that came after it, beside the one before: who does worse is gone back from."""

import logging

from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext
from netflixlite.jobs.types import Job
from recommend.engine import artefact
from recommend.learning import deciding, gathering, publishing, running, shelf, training
from recommend.learning.models import ModelVersion
from recommend.learning.task import Task

log = logging.getLogger("recommend.learning")

KIND = "recommend.watch"


def ask() -> Job:
    """Compare, soon."""
    return jobs.enqueue(
        KIND,
        payload={"label": "Recommendations: how the new model does"},
        dedupe_key=KIND,
        priority=training.PRIORITY,
        max_attempts=1,
    )


def watch(ctx: JobContext) -> None:
    """Replay what came after the served version under it and the one before it; go back if that one was better."""
    now = publishing.pointer()
    version, before = now.version, now.previous
    if version is None or before is None or not before.folder:
        return
    gathering.gather(ctx.work_dir, check=ctx.check)
    gathering.give_task(
        ctx.work_dir,
        Task(
            mode="compare",
            models={
                "served": str(shelf.folder(version.folder)),
                "before": str(shelf.folder(before.folder)),
            },
            since=version.read_at.timestamp(),
        ),
    )
    try:
        report = running.run(ctx.work_dir, ctx)
    except running.CannotLearn as error:
        raise jobs.JobFailed(str(error)) from error
    with ctx.commit():
        kept = {"seen": version.live_figures.get("seen", 0), **training.figures_of(report)}
        ModelVersion.objects.filter(pk=version.pk).update(live_figures=kept)
        if not deciding.to_go_back(training.trial_of(report)):
            return
        still = publishing.pointer()
        if still.pinned or still.version_id != version.pk:
            return
        log.warning("%s does worse than the version before it on plays since; going back.", version.name)
        publishing.go_back("worse than the version before it on plays since it was served")


def heal() -> bool:
    """Go back from files that somebody could not read and that cannot be read now either; whether that was so."""
    now = publishing.pointer()
    healed = False
    for version in (now.version, now.previous):
        if version is None or not version.folder or version.folder not in shelf.suspects():
            continue
        try:
            artefact.read(shelf.folder(version.folder))
        except artefact.Torn as error:
            _put_aside(version, served=version == now.version, error=str(error))
            healed = True
        shelf.clear(version.folder)
    return healed


def _put_aside(version: ModelVersion, *, served: bool, error: str) -> None:
    reason = f"its files are damaged: {error}"[:300]
    log.warning("%s: %s", version.name, reason)
    torn = ModelVersion.State.TORN
    if not served:
        ModelVersion.objects.filter(pk=version.pk).update(state=torn, verdict=reason)
        publishing.drop_previous()
        return
    try:
        publishing.go_back(reason, state=torn)
    except publishing.CannotMove:
        publishing.serve_nothing(reason, state=torn)

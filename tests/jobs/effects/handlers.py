"""Kinds of jobs for the tests: short, long with checkpoints, failing once, with a child program, deaf, periodic."""

import os
import time
from datetime import timedelta

from netflixlite.jobs import process
from netflixlite.jobs.context import JobContext, JobFailed
from netflixlite.jobs.services import register, register_periodic
from tests.jobs.effects.models import Effect, Step, Turn

STEPS = 6


def _effect(context: JobContext) -> None:
    with context.commit():
        Effect.objects.create(job_id=context.job_id, fence=context.fence)


def _pause(context: JobContext, seconds: float) -> None:
    """Be busy for a while, asking all the time whether to go on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        context.check()
        time.sleep(0.01)


@register("test.nothing")
def nothing(context: JobContext) -> None:
    """For measuring the machinery alone."""


@register("test.short")
def short(context: JobContext) -> None:
    _pause(context, 0.05)
    _effect(context)


@register("test.long")
def long(context: JobContext) -> None:
    steps = int(context.payload.get("steps", STEPS))
    for number in range(int(context.checkpoint.get("next", 0)), steps):
        _pause(context, float(context.payload.get("pause", 0.15)))
        (context.work_dir / str(number)).write_text("made")
        Step.objects.create(job_id=context.job_id, fence=context.fence, number=number)
        context.save_checkpoint({"next": number + 1})
        context.progress((number + 1) / steps, f"step {number + 1} of {steps}")
    _effect(context)


@register("test.flaky")
def flaky(context: JobContext) -> None:
    if not context.checkpoint.get("failed"):
        context.save_checkpoint({"failed": True})
        raise RuntimeError("the first try fails")
    _effect(context)


@register("test.child")
def child(context: JobContext) -> None:
    process.run(
        ["sleep", str(context.payload.get("seconds", 0.5))],
        context=context,
        env={**os.environ, "JOB_CHILD": str(context.job_id)},
        check=True,
    )
    _effect(context)


@register("test.deaf")
def deaf(context: JobContext) -> None:
    """Never asks whether it may go on, and only writes at the end."""
    time.sleep(float(context.payload["seconds"]))
    _effect(context)


@register("test.hopeless")
def hopeless(context: JobContext) -> None:
    raise JobFailed("This film is empty.")


@register_periodic("test.turn", timedelta(seconds=1))
def turn() -> None:
    Turn.objects.create()

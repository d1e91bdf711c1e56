"""The whole pipeline at work: real workers on an installation of their own, timed from outside, beside raw ffmpeg."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from bench._sources import ROOT, Film
from catalog import services, types
from catalog.media import complexity, ladder, pertitle, plan, probe, tools
from catalog.media.facts import Facts
from catalog.media.ladder import Rung
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

#: How often the rows are looked at, in seconds: what a time can be off.
_LOOK = 0.05
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one film took, in seconds: wall clock until it could be played and until the ladder was there, CPU of all
    processes (the workers' own start left out)."""

    playable: float
    wall: float
    cpu: float


def cpu_of_children() -> float:
    """CPU seconds of all processes that were started from here and have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def workers(*told: Sequence[str]) -> Iterator[None]:
    """Workers with these arguments each, up and waiting."""
    argv = [sys.executable, str(ROOT / "manage.py"), "worker", "--grace", "2"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    known = len(jobs.workers())
    processes = [subprocess.Popen([*argv, *more], **quiet) for more in told]  # type: ignore[call-overload]
    try:
        give_up = time.monotonic() + 60
        while len(jobs.workers()) < known + len(told) and time.monotonic() < give_up:
            time.sleep(_LOOK)
        time.sleep(1.0)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(30)


def start_cost(count: int) -> float:
    """CPU seconds of workers that do nothing, to be taken off."""
    before = cpu_of_children()
    with workers(*[()] * count):
        time.sleep(1.0)
    return cpu_of_children() - before


def ingest(film: Film, told: Sequence[Sequence[str]], *, options: types.IngestOptions, idle: float) -> Run:
    """Have a film made by these workers, from the end of its upload until its ladder is there."""
    before = cpu_of_children()
    with workers(*told):
        copy = film.path.with_name(f"copy-{film.path.name}")
        shutil.copyfile(film.path, copy)
        began = time.monotonic()
        ticket = services.ingest(path=str(copy), name=film.name, move=True, options=options)
        playable = _until_playable(ticket.video_id) - began
        _until_done(ticket.job_id)
        wall = time.monotonic() - began
    services.remove_title(ticket.title_id)
    return Run(playable, wall, cpu_of_children() - before - idle)


def _until_playable(video_id: UUID) -> float:
    give_up = time.monotonic() + _PATIENCE
    while not services.ingest_status(video_id).playable:
        if time.monotonic() > give_up:
            raise RuntimeError("the film did not become playable")
        time.sleep(_LOOK)
    return time.monotonic()


def _until_done(job_id: UUID) -> None:
    give_up = time.monotonic() + _PATIENCE
    while (job := jobs.job(job_id)) is not None and job.state in (JobState.QUEUED, JobState.RUNNING):
        if time.monotonic() > give_up:
            raise RuntimeError("the film was not finished")
        time.sleep(_LOOK)
    if job is None or job.state is not JobState.DONE:
        raise RuntimeError(f"the film was not made: {job.error if job else 'its job is gone'}")


def ladder_of(film: Film, scratch: Path, *, name: str) -> tuple[Facts, tuple[Rung, ...]]:
    """The renditions that the pipeline makes of a film: whoever measures finds the same."""
    facts = probe.probe(film.path)
    width, height = facts.picture.display
    if name != "per-title":
        return facts, ladder.rungs(width=width, height=height, rate=facts.picture.rate, ladder=name)
    measured = complexity.measure(facts, film.path, scratch=scratch)
    return facts, pertitle.rungs(measured, width=width, height=height, rate=facts.picture.rate)


def raw(film: Film, facts: Facts, rungs: tuple[Rung, ...], folder: Path) -> tuple[float, float]:
    """(wall, CPU) seconds of one plain ffmpeg command that makes the same renditions, with all its threads."""
    made = plan.make(facts, rungs=rungs, preset="veryfast", tool=tools.ffmpeg().fingerprint)
    splits = "".join(f"[s{n}]" for n in range(len(rungs)))
    graph = [f"[0:v:0]split={len(rungs)}{splits}"]
    graph += [f"[s{n}]scale={r.width}:{r.height}:flags=bicubic[v{n}]" for n, r in enumerate(rungs)]
    argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", "-i", str(film.path)]
    argv += ["-filter_complex", ";".join(graph)]
    for number, rung in enumerate(rungs):
        argv += ["-map", f"[v{number}]", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", rung.profile]
        argv += ["-pix_fmt", "yuv420p", "-crf", f"{rung.crf:g}", "-maxrate", str(rung.cap)]
        argv += ["-bufsize", str(rung.buffer), "-g", str(made.gop), "-keyint_min", str(made.gop)]
        argv += ["-sc_threshold", "0", str(folder / f"{rung.name}.mp4")]
    for sound in facts.sounds:
        for channels, bits in ((2, "128k"), (6, "384k")):
            if channels <= max(2, sound.channels):
                file = str(folder / f"{sound.index}-{channels}.mp4")
                argv += ["-map", f"0:{sound.index}", "-c:a", "aac", "-b:a", bits, "-ac", str(channels), file]
    before, began = cpu_of_children(), time.monotonic()
    # The workers' programs are nice, too: both get the same share of a machine that has other things to do.
    subprocess.run(argv, check=True, preexec_fn=lambda: os.nice(10) and None)
    return time.monotonic() - began, cpu_of_children() - before


def copy_seconds(path: Path) -> float:
    """How long the bytes of a file take to be copied."""
    target = path.with_name(f"copy-{path.name}")
    began = time.monotonic()
    with path.open("rb") as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1024 * 1024)
        os.fsync(out.fileno())
    took = time.monotonic() - began
    target.unlink()
    return took


def foreign(film: Film) -> Film:
    """The same film in a format that no browser plays: MPEG-2 in Matroska."""
    path = film.path.with_name(f"{film.path.stem}-mpeg2.mkv")
    if not path.exists():
        argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", "-i", str(film.path)]
        argv += ["-c:v", "mpeg2video", "-q:v", "3", "-g", "24", "-bf", "2", "-c:a", "ac3", str(path)]
        subprocess.run(argv, check=True)
    return replace(film, name=f"{film.name}, MPEG-2", path=path)

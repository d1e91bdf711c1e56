"""`manage.py ingest FOLDER`: a library of films and series, taken in where it stands."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog.library import admit, finding, folders, orders, scan, watch
from catalog.meter import Meter
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

#: How often the work is looked at while waiting for it, in seconds.
LOOK_EVERY = 1.0
#: Takes hours and is nothing to wait for.
_IDLE_KIND = "catalog.add_av1"


def take_in(command: BaseCommand, options: dict[str, Any]) -> None:
    """Look through the folder with a moving bar, book what is new, and hand the first films in."""
    _refuse(options)
    root = Path(options["path"])
    if options["dry_run"]:
        _dry_run(command, root)
        return
    asked = orders.Orders(
        publish=options["publish"],
        copy=options["copy"],
        maturity=options["maturity"],
        ladder="" if options["ladder"] == "standard" else options["ladder"],
        preset="" if options["preset"] == "veryfast" else options["preset"],
    )
    meter = Meter(sys.stderr if options["json"] else sys.stdout)
    began = time.monotonic()
    try:
        summary = scan.scan(root, orders=asked, report=lambda done, total: _show(meter, began, done, total))
    except folders.CannotScan as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        meter.close()
        raise CommandError(
            "Stopped. What was found so far is kept; run the same command again and it goes on from there."
        ) from None
    finally:
        meter.close()
    took = time.monotonic() - began
    out = command.stderr if options["json"] else command.stdout
    out.write(_said(summary, took))
    for problem in summary.problems[:20]:
        out.write(f"  {problem}")
    if summary.titles and not asked.publish:
        out.write(
            "New titles are hidden until you publish them in the studio; --publish does it when they are ready."
        )
    watch.request_tending()
    if options["wait"]:
        _wait(options)
    elif left := admit.waiting().count():
        out.write(
            f"{_counted(left, 'file waits', 'files wait')} to be prepared, {settings.LIBRARY_WINDOW} at a time, newest "
            "first. A running server does it by itself; so does `manage.py worker`."
        )
    if options["json"]:
        answer = {name: value for name, value in vars(summary).items() if name != "problems"}
        answer |= {
            "problems": summary.problems,
            "waiting": admit.waiting().count(),
            "total_s": round(took, 3),
        }
        command.stdout.write(json.dumps(answer))


def _refuse(options: dict[str, Any]) -> None:
    """Say which options make no sense for a folder."""
    single = [
        name
        for name in ("title", "into", "year", "genre", "synopsis", "credit", "move", "discard")
        if options[name]
    ]
    if single:
        raise CommandError(
            f"--{single[0]} is for one film, and {options['path']} is a folder. Leave it out, or name the film's file."
        )


def _dry_run(command: BaseCommand, root: Path) -> None:
    """Say what each file would become; write nothing."""
    try:
        real = str(folders.check_root(root))
    except folders.CannotScan as error:
        raise CommandError(str(error)) from error
    troubles: dict[str, str] = {}
    for folder in folders.walk(Path(real), trouble=troubles.__setitem__):
        for one in finding.in_folder(folder, real):
            command.stdout.write(f"{one.seen.path[len(real) + 1 :]}: {_described(one, real)}")
    for path, code in troubles.items():
        command.stdout.write(f"{path[len(real) + 1 :]}: left out. {orders.words(code)}")


def _described(one: finding.Finding, root: str) -> str:
    guess = one.guess
    if guess.kind == "skipped":
        return f"left out. {orders.words(guess.why)}"
    finding.read_nfo(one, root)
    name = one.description.name if guess.kind == "film" else guess.name
    year = one.description.year if guess.kind == "film" else guess.year
    said = f"{name} ({year})" if year else str(name)
    if guess.kind == "episode":
        numbers = "-".join(f"E{number:02}" for number in guess.episodes)
        title = (one.said.name if one.said else None) or guess.episode_name
        said = f"{said} S{guess.season or 0:02}{numbers} {title}".strip()
    beside = [file.name for file in one.company]
    return f"{guess.kind} {said}" + (f" (beside it: {', '.join(beside)})" if beside else "")


def _show(meter: Meter, began: float, done: int, total: int) -> None:
    passed = time.monotonic() - began
    left = f"about {passed / done * (total - done):.0f} s left" if done and passed > 2 else ""
    meter.show(done / max(total, 1), f"looking at {total} files", left=left)


def _said(summary: scan.Summary, took: float) -> str:
    parts = [
        f"{getattr(summary, name)} {words}"
        for name, words in (
            ("new", "new"),
            ("changed", "changed"),
            ("moved", "moved"),
            ("unchanged", "as before"),
            ("skipped", "left out"),
            ("missing", "missing"),
        )
        if getattr(summary, name)
    ]
    said = (
        f"{_counted(summary.total, 'file', 'files')} in {took:.1f} s: {', '.join(parts) or 'nothing to do'}."
    )
    return said + (f" {_counted(summary.titles, 'new title', 'new titles')}." if summary.titles else "")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _wait(options: dict[str, Any]) -> None:
    """Stay until every film of the library is over; do the work here when no worker runs."""
    meter = Meter(sys.stderr if options["json"] else sys.stdout)
    whole = admit.waiting().count() + admit.under_way()
    try:
        while (left := admit.waiting().count() + admit.under_way()) > 0:
            meter.show(1 - left / max(whole, 1), f"{whole - left} of {whole} films are prepared")
            if jobs.workers_alive():
                time.sleep(LOOK_EVERY)
                continue
            tickets = admit.admit()
            admit.attend_some()
            done = [jobs.run_here(ticket.job_id).state for ticket in tickets]
            admit.publish_ready()
            if not tickets and not _work_on():
                break  # what waits cannot be taken in now; its row says why
            if all(state in (JobState.QUEUED, JobState.RUNNING) for state in done):
                time.sleep(LOOK_EVERY)
        meter.show(1.0, f"{whole} of {whole} films are prepared")
        admit.publish_ready()
        admit.attend_some()
        _finish_up()
    except KeyboardInterrupt:
        meter.close()
        raise CommandError(
            "Stopped. What was prepared is kept; a running server goes on by itself, and so does `manage.py worker`."
        ) from None
    finally:
        meter.close()


def _work_on() -> bool:
    """Do one job that waits, whatever kind it is of (films consist of several); False when there is none.

    What is meant for idle hours (a second ladder) is left to a worker.
    """
    queued = [job for job in jobs.find(state=JobState.QUEUED, limit=1000) if job.kind != _IDLE_KIND]
    for job in sorted(queued, key=lambda one: -one.priority):
        if jobs.run_here(job.id).state is not JobState.QUEUED:
            return True
    return bool(queued) or bool(jobs.find(state=JobState.RUNNING, limit=1))


def _finish_up() -> None:
    """When no worker runs, do the short jobs that follow: pictures, and subtitles that came later."""
    if jobs.workers_alive():
        return
    for kind in (watch.TEND_KIND, "catalog.find_pictures", "catalog.retext"):
        for job in jobs.find(kind=kind, state=JobState.QUEUED):
            jobs.run_here(job.id)

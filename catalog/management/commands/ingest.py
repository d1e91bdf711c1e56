"""`manage.py ingest PATH`: what the studio's upload does, from a shell. A folder is taken in as a library."""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, transaction

from catalog import intake, progress, services, store, types
from catalog.management.commands import _folder
from catalog.meter import Meter
from catalog.services import operating
from catalog.services.ingesting import check_place, register
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import Job, JobState

#: How often a job is looked at, in seconds.
LOOK_EVERY = 0.2


class Command(BaseCommand):
    help = (
        "Take a film in: copy it, package it, show how far it is. "
        "A folder's films and series are taken in where they stand, with what lies beside them: NFO files, pictures, "
        "subtitles."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What may be said."""
        parser.add_argument("path", help="the film's file, or a folder of films and series")
        parser.add_argument(
            "--title", metavar="NAME", help="name of the new title (default: what the file's name says)"
        )
        parser.add_argument(
            "--into", metavar="UUID", type=UUID, help="an existing film or episode instead of a new title"
        )
        parser.add_argument(
            "--trailer-of",
            metavar="SLUG",
            default="",
            help="the file is the trailer of the title of this address",
        )
        parser.add_argument("--year", type=int)
        parser.add_argument(
            "--maturity",
            type=int,
            metavar="AGE",
            help="the age it needs (default: what NFO files in a folder say, else NETFLIXLITE_LIBRARY_MATURITY)",
        )
        parser.add_argument("--genre", action="append", default=[], help="may be given several times")
        parser.add_argument("--synopsis", default="")
        parser.add_argument("--credit", default="", help="owner and licence, shown where it plays")
        parser.add_argument("--preset", default="veryfast", help="x264's preset (default veryfast)")
        parser.add_argument("--ladder", default="", choices=["", "per-title", "standard", "light", "apple"])
        parser.add_argument(
            "--copy", action="store_true", help="of a folder: copy its films instead of reading them there"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="of a folder: only say what each file would become"
        )
        parser.add_argument("--move", action="store_true", help="take the file itself instead of a copy")
        parser.add_argument(
            "--discard", action="store_true", help="do not keep the source once it is packaged"
        )
        parser.add_argument(
            "--first", action="store_true", help="of a file: encode it before all that waits in the queue"
        )
        parser.add_argument("--publish", action="store_true", help="publish when it is ready (waits)")
        parser.add_argument(
            "--wait", action="store_true", help="stay until it is ready; work on it when no worker runs"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy, queue, follow."""
        if Path(options["path"]).is_dir():
            _folder.take_in(self, options)
            return
        began = time.monotonic()
        # With --json the last line of stdout is the answer; the meter speaks on stderr.
        meter = Meter(sys.stderr if options["json"] else sys.stdout)
        try:
            ticket = self._take(options, meter)
            if options["first"]:
                operating.set_urgency(ticket.video_id, 1)
            if not (options["wait"] or options["publish"]):
                self._say(
                    options, f"It is in the queue as {ticket.video_id}. The studio shows how far it is."
                )
                self._finish(options, ticket, {"total_s": round(time.monotonic() - began, 3)})
                return
            times = self._follow(ticket, meter)
        except services.CannotIngest as error:
            raise CommandError(str(error)) from error
        finally:
            meter.close()
        status = services.ingest_status(ticket.video_id)
        if status.state is not types.IngestState.READY:
            self._finish(options, ticket, times, error=status.error)
            if status.state is types.IngestState.REFUSED and not (options["into"] or options["trailer_of"]):
                services.remove_title(ticket.title_id)  # made for this file alone
            raise CommandError(status.error or "It did not become ready.")
        if options["publish"]:
            services.publish(ticket.title_id)
        times["total_s"] = round(time.monotonic() - began, 3)
        self._say(options, f"Ready after {times['total_s']:.1f} s.")
        self._finish(options, ticket, times)

    def _take(self, options: dict[str, Any], meter: Meter) -> types.IngestTicket:
        """Copy the file with a moving bar, then make title and job."""
        path, source_id = Path(options["path"]), uuid4()
        place = self._place(options["into"], options["trailer_of"])
        size = path.stat().st_size if path.is_file() else 0
        try:
            taken = intake.take_path(
                path,
                source_id=source_id,
                move=options["move"],
                on_bytes=lambda done: meter.show(done / max(size, 1), f"copying {path.name}"),
            )
        except intake.CannotTake as error:
            raise services.CannotIngest(str(error)) from error
        except KeyboardInterrupt:
            meter.close()
            raise CommandError(
                "Stopped while copying. Nothing was kept; run the same command again."
            ) from None
        choices = types.IngestOptions(
            preset=options["preset"], ladder=options["ladder"], keep_source=not options["discard"]
        )
        try:
            with transaction.atomic():
                title_id, episode_id = place or (self._new_title(options, path), None)
                return register(
                    source_id=source_id,
                    size=taken,
                    source_name=path.name,
                    title_id=title_id,
                    episode_id=episode_id,
                    trailer=bool(options["trailer_of"]),
                    options=choices,
                )
        except BaseException:
            store.delete_source(source_id=source_id)
            raise

    def _place(self, into: UUID | None, trailer_of: str) -> tuple[UUID | None, UUID | None] | None:
        """(title, episode) that the source is for, one of them None; None when a title is to be made."""
        if trailer_of:
            found = services.title_by_slug(trailer_of)
            if found is None:
                raise services.CannotIngest(f"There is no title of the address {trailer_of}.")
            return found.id, None
        if into is None:
            return None
        title_id, episode_id = (None, into) if services.episode(into) else (into, None)
        check_place(title_id=title_id, episode_id=episode_id)
        return title_id, episode_id

    def _new_title(self, options: dict[str, Any], path: Path) -> UUID:
        guessed, year = intake.name_and_year(path.name)
        try:
            title = services.create_title(
                name=options["title"] or guessed,
                year=options["year"] or (None if options["title"] else year),
                maturity=settings.LIBRARY_MATURITY if options["maturity"] is None else options["maturity"],
                genres=options["genre"],
                synopsis=options["synopsis"],
                credit=options["credit"],
            )
        except services.InvalidTitle as error:
            raise services.CannotIngest(f"{error.field}: {error}") from error
        return title.id

    def _follow(self, ticket: types.IngestTicket, meter: Meter) -> dict[str, float]:
        """Stay until the job is over. When nobody is there to do it, do it here. Returns how long each part took."""
        watch = Watch(ticket, meter)
        try:
            if jobs.workers_alive(kind=_kind(ticket)):
                watch.until_over()
            else:
                watch.beside(lambda: _work_here(ticket.job_id))
        except KeyboardInterrupt:
            meter.close()
            raise CommandError(
                "Stopped watching. What was encoded is kept: a running server goes on with it by itself, and so does "
                f"`manage.py worker`. The studio shows it as {ticket.video_id}."
            ) from None
        took = store.times(source_id=ticket.source_id)
        return {"probe_s": took.get("checking", 0.0), "encode_s": took.get("encoding", 0.0)}

    def _finish(
        self, options: dict[str, Any], ticket: types.IngestTicket, times: dict[str, float], *, error: str = ""
    ) -> None:
        """The last line for machines."""
        if not options["json"]:
            return
        package = services.current_package(ticket.video_id) if not error else None
        title = services.title(ticket.title_id)
        answer: dict[str, Any] = {
            "video": str(ticket.video_id),
            "package": package.id if package else None,
            "title": str(ticket.title_id),
            "slug": title.slug if title else None,
            "renditions": [_rendition(one) for one in package.renditions] if package else [],
            "duration_s": package.duration.total_seconds() if package else None,
            "bytes": package.bytes if package else None,
            "times": times,
        }
        if error:
            answer["error"] = error
        self.stdout.write(json.dumps(answer))

    def _say(self, options: dict[str, Any], text: str) -> None:
        (self.stderr if options["json"] else self.stdout).write(text)


class Watch:
    """Looks at a job until it is over, and shows it."""

    def __init__(self, ticket: types.IngestTicket, meter: Meter) -> None:
        self._ticket = ticket
        self._meter = meter
        self._over = threading.Event()

    def until_over(self) -> None:
        """Look until the job is over."""
        while not self.look():
            time.sleep(LOOK_EVERY)

    def beside(self, work: Any) -> None:
        """Look from another thread while `work` runs in this one."""
        thread = threading.Thread(target=self._look_on, name="meter", daemon=True)
        thread.start()
        try:
            work()
        finally:
            self._over.set()
            thread.join(timeout=5)
        self.look()

    def look(self) -> bool:
        """Show how it stands; True when nothing more will happen."""
        status = services.ingest_status(self._ticket.video_id)
        words = status.note or progress.state_name(status.state)
        self._meter.show(status.progress, words, left=progress.time_left(status))
        return status.state.final

    def _look_on(self) -> None:
        try:
            while not self._over.wait(LOOK_EVERY):
                self.look()
        finally:
            connections.close_all()


def _work_here(job_id: UUID) -> None:
    """Do the job in this process, as often as it takes."""
    while True:
        job: Job = jobs.run_here(job_id)
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            return
        time.sleep(LOOK_EVERY)  # another try is due later, or a worker has appeared and taken it


def _kind(ticket: types.IngestTicket) -> str:
    job = jobs.job(ticket.job_id)
    return job.kind if job else ""


def _rendition(one: types.Rendition) -> dict[str, Any]:
    facts = {
        "name": one.name,
        "kind": one.kind.value,
        "codecs": one.codecs,
        "width": one.width,
        "height": one.height,
        "frame_rate": one.frame_rate,
        "language": one.language if one.kind is not types.RenditionKind.VIDEO else None,
        "bandwidth": one.bandwidth,
        "average_bandwidth": one.average_bandwidth,
        "bytes": one.bytes,
        "segments": len(one.segments),
    }
    return {name: value for name, value in facts.items() if value is not None}

"""Running the pipeline by hand: what is under way and why it waits, and what an operator can do about each film.

For the studio only; other apps have no use for it.
"""

import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import models, pace, store, types
from catalog.services import ingesting, reading
from catalog.stages import Mark, Second, Step, steps
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import Job, JobState, Worker

#: The second ladder's job (catalog/media/av1.py), and the parts of an encode (catalog/media/chunks.py).
AV1_KIND = "catalog.add_av1"
CHUNK_KIND, EARLY_KIND = "catalog.encode_chunk", "catalog.encode_early"
#: How long a piece is, of those that are not handed out yet, in seconds.
PIECE = 24.0
#: A step of an operator's priority is worth more than anything that jobs differ by among themselves.
URGENCY_STEP = 1000
URGENCIES = (-1, 0, 1)
#: What is shown at most: beyond it only a number. And how long a finished film stays on the page.
SHOWN, LATELY_SHOWN, LATELY = 60, 6, timedelta(hours=12)

_LETTERS = {
    JobState.DONE: "d",
    JobState.RUNNING: "r",
    JobState.QUEUED: "w",
    JobState.FAILED: "x",
    JobState.CANCELLED: "x",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One film or episode on the queue page.

    `pieces` has a letter for each chunk of the film, in its order: d(one), r(unning), w(aiting), x (failed).
    `place` is its place among those that wait, from 1. `waits` says what it waits for. `speed` is seconds of film
    made in a second. `second` is the progress of the AV1 ladder, 0 … 1, while that is made.
    """

    work: types.Work
    poster: types.Image | None
    steps: dict[Step, Mark]
    pieces: str
    urgency: int
    place: int | None
    waits: str
    speed: float | None
    second: float | None
    second_note: str
    set_aside: bool
    options: types.IngestOptions
    encrypted: bool
    duration: timedelta | None
    bytes: int
    file_kept: bool
    ours: bool
    live: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Disk:
    """Room where films are kept, in bytes."""

    path: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Everything that the page shows. `more` are waiting beyond those that are listed."""

    under_way: tuple[Entry, ...]
    waiting: tuple[Entry, ...]
    idle_work: tuple[Entry, ...]
    trouble: tuple[Entry, ...]
    lately: tuple[Entry, ...]
    more: int
    workers: tuple[Worker, ...]
    disks: tuple[Disk, ...]


def queue() -> Queue:
    """The state of now."""
    now = timezone.now()
    works = {work.status.video_id: work for work in ingesting.attention(limit=SHOWN * 3)}
    seconds = _second_ladders()
    lately = models.Video.objects.filter(state=models.Video.State.READY, updated_at__gt=now - LATELY)
    recent = list(lately.order_by("-updated_at").values_list("id", flat=True)[:LATELY_SHOWN])
    finished = {*recent, *seconds} - set(works)
    works |= {work.status.video_id: work for work in ingesting.works(finished)}
    workers = tuple(jobs.workers())
    entries = _entries(works, seconds, workers)
    waiting = sorted((one for one in entries if _waits(one)), key=lambda one: one.place or 0)
    moving = [one for one in entries if not one.work.status.state.final and not _waits(one)]
    trouble = [one for one in entries if one.work.status.state in _TROUBLE]
    ready = [one for one in entries if one.work.status.state is types.IngestState.READY]
    total = models.Video.objects.filter(state=models.Video.State.QUEUED).count()
    return Queue(
        under_way=tuple(sorted(moving, key=lambda one: (-one.urgency, one.since))),
        waiting=tuple(waiting[:SHOWN]),
        idle_work=tuple(one for one in ready if one.second is not None),
        trouble=tuple(sorted(trouble, key=lambda one: (not one.set_aside, -one.since.timestamp()))[:SHOWN]),
        lately=tuple(one for one in ready if one.second is None and one.work.status.video_id in recent),
        more=max(0, total - len(waiting[:SHOWN])),
        workers=workers,
        disks=_disks(),
    )


def stop(video_id: UUID) -> bool:
    """Stop the work on a video's newest source, its parts with it. False: nothing is being done.

    A film that was only being encoded once more is as ready as it was.
    """
    job = _live_job(video_id)
    if job is None or not jobs.cancel(job.id):
        return False
    finished = models.Package.objects.filter(complete=True).exclude(stage=store.EARLY)
    models.Video.objects.filter(id=video_id, current_package__in=finished).update(
        state=models.Video.State.READY, reason="", updated_at=timezone.now()
    )
    return True


def set_urgency(video_id: UUID, urgency: int) -> None:
    """Put a video first (1), in turn (0) or later (-1). Raises ValueError, LookupError (no job)."""
    if urgency not in URGENCIES:
        raise ValueError(f"urgency is {urgency}; it is -1, 0 or 1.")
    job = _live_job(video_id)
    if job is None:
        raise LookupError(video_id)
    jobs.set_priority(job.id, urgency * URGENCY_STEP + job.priority - _urgency(job) * URGENCY_STEP)


def try_again(video_id: UUID) -> types.IngestTicket:
    """Package the newest source once more, also one that was set aside. Raises `CannotIngest`."""
    return ingesting.retry_ingest(video_id)


def encode_again(
    video_id: UUID,
    *,
    ladder: str = "",
    preset: str = "",
    av1: str = "",
    encoder: str = "",
    encrypted: bool | None = None,
) -> types.IngestTicket:
    """Make a new package from the kept source, with other options where they are given. Viewers keep the one that they
    watch and are handed over when the new one is there. Raises `CannotIngest`.
    """
    source = _newest(video_id)
    if source is None or not store.source_file(source).is_file():
        raise ingesting.CannotIngest(_("The source file is not kept any more. Upload it again."))
    said = {"ladder": ladder, "preset": preset, "av1": av1, "encoder": encoder}
    options = replace(store.options_of(source), **{name: value for name, value in said.items() if value})  # type: ignore[arg-type]  # text all of them
    with transaction.atomic():
        if encrypted is not None:
            _title_of(source.video).update(encrypted=encrypted)
        return ingesting.reencode(video_id, options)


def delete_file(video_id: UUID) -> None:
    """Delete the newest source's bytes. What viewers can watch stays. Raises `CannotIngest` for a library's file."""
    source = _newest(video_id)
    if source is None:
        raise ingesting.CannotIngest(_("There is no source file."))
    if source.path:
        raise ingesting.CannotIngest(_("The file stands in your library, where nothing is ever deleted."))
    stop(video_id)
    store.delete_source(source_id=source.id)
    with transaction.atomic():
        models.Source.objects.filter(id=source.id).update(quarantined_at=None)
        video = models.Video.objects.select_for_update().get(id=video_id)
        if models.Package.objects.filter(id=video.current_package_id, complete=True).exists():
            video.state, video.reason = models.Video.State.READY, ""
        else:
            video.state = models.Video.State.FAILED
            video.reason = _("The file was deleted. Upload another one.")
        video.save(update_fields=["state", "reason", "updated_at"])


# Within -------------------------------------------------------------------------------------------------

_TROUBLE = (types.IngestState.REFUSED, types.IngestState.FAILED)


def _waits(entry: Entry) -> bool:
    return entry.work.status.state in (types.IngestState.QUEUED, types.IngestState.RECEIVING)


def _newest(video_id: UUID) -> models.Source | None:
    return models.Source.objects.select_related("video__episode__season").filter(video_id=video_id).first()


def _title_of(video: models.Video) -> "QuerySet[models.Title]":
    return models.Title.objects.filter(Q(id=video.owner_id))


def _live_job(video_id: UUID) -> Job | None:
    status = ingesting.ingest_statuses([video_id]).get(video_id)
    job = jobs.job(status.job_id) if status and status.job_id else None
    return job if job and job.state in (JobState.QUEUED, JobState.RUNNING) else None


def _urgency(job: Job) -> int:
    return max(-1, min(1, round(job.priority / URGENCY_STEP)))


def _second_ladders() -> dict[UUID, Job]:
    """The videos whose AV1 ladder is wanted or being made."""
    found: dict[UUID, Job] = {}
    for state in (JobState.RUNNING, JobState.QUEUED):
        for job in jobs.find(kind=AV1_KIND, state=state, limit=SHOWN):
            found.setdefault(UUID(str(job.payload["video"])), job)
    return found


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is asked of the database once for all entries."""

    sources: dict[UUID, models.Source]
    jobs: dict[UUID, Job]
    titles: dict[UUID, types.Title]
    encrypted: frozenset[UUID]
    av1: frozenset[UUID]
    durations: dict[UUID, timedelta | None]


def _rows(works: dict[UUID, types.Work]) -> _Rows:
    sources: dict[UUID, models.Source] = {}
    for source in models.Source.objects.filter(video_id__in=works).order_by("created_at"):
        sources[source.video_id] = source
    titles = {work.title_id for work in works.values()}
    with_av1 = models.Package.objects.filter(
        video_id__in=works, replaced_at__isnull=True, manifest__contains='"av01.'
    )
    return _Rows(
        sources=sources,
        jobs=jobs.jobs(work.status.job_id for work in works.values() if work.status.job_id),
        titles=reading.titles(titles),
        encrypted=frozenset(
            models.Title.objects.filter(id__in=titles, encrypted=True).values_list("id", flat=True)
        ),
        av1=frozenset(with_av1.values_list("video_id", flat=True)),
        durations=dict(models.Video.objects.filter(id__in=works).values_list("id", "duration")),
    )


def _entries(
    works: dict[UUID, types.Work], seconds: dict[UUID, Job], workers: Iterable[Worker]
) -> list[Entry]:
    rows = _rows(works)
    queued = [work for work in works.values() if work.status.state is types.IngestState.QUEUED]
    order = sorted(queued, key=lambda work: _turn(rows.jobs.get(work.status.job_id or work.title_id)))
    places = {work.status.video_id: place for place, work in enumerate(order, 1)}
    able = any(store.INGEST_KIND in worker.kinds for worker in workers)
    return [
        _entry(work, rows, seconds.get(video_id), place=places.get(video_id), able=able)
        for video_id, work in works.items()
    ]


def _turn(job: Job | None) -> tuple[int, float]:
    """Sorts as workers take: the most urgent first, then the oldest."""
    return (-job.priority, job.created_at.timestamp()) if job else (0, float("inf"))


def _entry(work: types.Work, rows: _Rows, second: Job | None, *, place: int | None, able: bool) -> Entry:
    status = work.status
    source = rows.sources.get(status.video_id)
    job = rows.jobs.get(status.job_id) if status.job_id else None
    live = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    working = second or (job if live and place is None else None)
    parts = jobs.children(working.id) if working else []
    duration = rows.durations.get(status.video_id)
    title = rows.titles.get(work.title_id)
    options = store.options_of(source) if source else types.IngestOptions()
    return Entry(
        work=work,
        poster=title.poster if title else None,
        steps=steps(
            status.state,
            playable=status.playable,
            checked=bool(source and source.facts.get("duration")),
            second=Second(
                wanted=second is not None or (options.av1 or settings.AV1) == "idle",
                running=_has_begun(second),
                there=status.video_id in rows.av1,
            ),
        ),
        pieces=_pieces(parts, duration),
        urgency=_urgency(job) if job and live else 0,
        place=place,
        waits=_waiting_for(status, second, place=place, able=able),
        speed=status.speed if live else None,
        second=pace.progress(second, parts) if second else None,
        second_note=second.note if second and _has_begun(second) else "",
        set_aside=bool(source and source.quarantined_at),
        options=options,
        encrypted=work.title_id in rows.encrypted,
        duration=duration,
        bytes=source.bytes if source else 0,
        file_kept=bool(source and store.source_file(source).is_file()),
        ours=bool(source and not source.path),
        live=live,
        since=job.created_at if job else work.updated_at,
    )


def _has_begun(job: Job | None) -> bool:
    """Whether something has been done: a job that waits for its parts is not in a worker's hands."""
    return job is not None and (job.state is JobState.RUNNING or job.parked)


def _pieces(parts: list[Job], duration: timedelta | None) -> str:
    """A letter for each piece of the film, in its order; those that are not handed out yet wait."""
    by_kind = {kind: [part for part in parts if part.kind == kind] for kind in (CHUNK_KIND, EARLY_KIND)}
    chosen = by_kind[CHUNK_KIND] or by_kind[EARLY_KIND]
    if not chosen:
        return ""
    letters = {_number(part): _LETTERS[part.state] for part in chosen}
    seconds = sum(float(str(part.payload.get("seconds", PIECE))) for part in chosen)
    rest = max(0.0, duration.total_seconds() - seconds) if duration else 0.0
    total = max(max(letters) + 1, len(letters) + round(rest / PIECE))
    return "".join(letters.get(number, "w") for number in range(total))


def _number(part: Job) -> int:
    number = part.payload.get("chunk", 0)
    return number if isinstance(number, int) else 0


def _waiting_for(status: types.IngestStatus, second: Job | None, *, place: int | None, able: bool) -> str:
    """Why nothing moves, where nothing does."""
    if second is not None:
        return "" if _has_begun(second) else _("Begins when the machine has nothing else to do.")
    if status.state.final:
        return ""
    if not able:
        return _("No worker is running. Start one: manage.py worker")
    if place is None:
        return ""
    if place == 1:
        return _("Next: it begins as soon as a worker is free.")
    return ngettext("%(n)d film is before it", "%(n)d films are before it", place - 1) % {"n": place - 1}


def _disks() -> tuple[Disk, ...]:
    """Each disk once, whichever of our folders are on it."""
    found: dict[int, Disk] = {}
    for folder in (Path(settings.MEDIA_ROOT), Path(settings.WORK_DIR)):
        place = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if place is not None:
            usage = shutil.disk_usage(place)
            found.setdefault(place.stat().st_dev, Disk(path=str(folder), free=usage.free, total=usage.total))
    return tuple(found.values())


def options_in_words(options: types.IngestOptions) -> dict[str, object]:
    """The options that an operator may change, for the form's first values."""
    chosen = asdict(options)
    return {name: chosen[name] for name in ("ladder", "preset", "av1", "encoder")}

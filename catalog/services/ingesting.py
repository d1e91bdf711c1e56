"""Handing in sources, and where they stand."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import intake, models, pace, store, types
from catalog.services.editing import create_title
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import Job, JobState

CANCELLED_REASON = "It was stopped. Choose “Try again” to start over, or upload another file."
LOST_REASON = "The work on it got lost. Choose “Try again” to start over."


class CannotIngest(ValueError):
    """The file or the place for it is not right; the text says why, for whoever handed it in."""


def ingest(
    *,
    path: str,
    title_id: UUID | None = None,
    episode_id: UUID | None = None,
    trailer: bool = False,
    name: str | None = None,
    move: bool = False,
    options: types.IngestOptions | None = None,
) -> types.IngestTicket:
    """Take a local file in as the source of a film or an episode, or as a title's trailer, and queue its packaging.

    Without title and episode a hidden film is made, called `name` or what the file's name says. With `move` the
    file itself is taken instead of a copy. Raises `CannotIngest`.
    """
    source_id = uuid4()
    try:
        if episode_id is not None or title_id is not None:
            check_place(title_id=title_id, episode_id=episode_id, trailer=trailer)
        size = intake.take_path(Path(path), source_id=source_id, move=move)
    except intake.CannotTake as error:
        raise CannotIngest(str(error)) from error
    return register(
        source_id=source_id,
        size=size,
        source_name=Path(path).name,
        title_id=title_id,
        episode_id=episode_id,
        trailer=trailer,
        name=name,
        options=options,
    )


def register(
    *,
    source_id: UUID,
    size: int,
    source_name: str,
    title_id: UUID | None = None,
    episode_id: UUID | None = None,
    trailer: bool = False,
    name: str | None = None,
    options: types.IngestOptions | None = None,
    in_place: Path | None = None,
) -> types.IngestTicket:
    """Make rows and a job for a source whose bytes are there (catalog/intake.py). Raises `CannotIngest`.

    When it fails the bytes are deleted. An older source of the same video that is still being worked on is stopped.
    `in_place` is an absolute path outside our folders, of a library: that file is read there and nothing else is ever
    done to it.
    """
    chosen = options or types.IngestOptions()
    if in_place is not None and not in_place.is_absolute():
        raise CannotIngest(_("%(path)s is not an absolute path.") % {"path": in_place})
    try:
        with transaction.atomic():
            if title_id is None and episode_id is None and not trailer:
                guessed, year = intake.name_and_year(source_name)
                # Children see nothing that nobody has rated, however it came here.
                title_id = create_title(
                    name=name or guessed,
                    year=year if name is None else None,
                    maturity=settings.LIBRARY_MATURITY,
                ).id
            video = _video_of(title_id, episode_id, trailer=trailer)
            _stop_older(video.id)
            source = models.Source.objects.create(
                id=source_id,
                video=video,
                name=_shown_name(source_name),
                bytes=size,
                keep=chosen.keep_source,
                path=str(in_place) if in_place else "",
                options=asdict(chosen),
            )
            job = _enqueue(video, source, chosen)
            owner = video.owner_id
    except BaseException:
        store.delete_source(source_id=source_id)
        raise
    if owner is None:
        raise CannotIngest(_("The title is gone."))
    return types.IngestTicket(video_id=video.id, job_id=job.id, title_id=owner, source_id=source_id)


def check_place(*, title_id: UUID | None, episode_id: UUID | None, trailer: bool = False) -> None:
    """Raise `CannotIngest` unless exactly a film or an episode is meant and exists; for a trailer any title."""
    if trailer:
        if episode_id is not None:
            raise CannotIngest(_("A trailer is for a film or a whole series, not for an episode."))
        if not models.Title.objects.filter(Q(id=title_id)).exists():
            raise CannotIngest(_("There is no such title."))
        return
    if episode_id is not None:
        parts = models.Episode.objects.filter(id=episode_id)
        if title_id is not None:
            parts = parts.filter(season__title_id=title_id)
        if not parts.exists():
            raise CannotIngest(_("There is no such episode."))
        return
    kind = models.Title.objects.filter(Q(id=title_id)).values_list("kind", flat=True).first()
    if kind is None:
        raise CannotIngest(_("There is no such title."))
    if kind != models.Title.Kind.FILM:
        raise CannotIngest(_("A series has no film of its own: choose one of its episodes."))


@transaction.atomic
def retry_ingest(video_id: UUID) -> types.IngestTicket:
    """Package the newest source once more, as it was asked for. Raises `CannotIngest` when its file is not kept.

    A source that was set aside because it killed its encoder is tried again, too: a person says so.
    """
    return _again(video_id, options=None)


@transaction.atomic
def reencode(video_id: UUID, options: types.IngestOptions) -> types.IngestTicket:
    """Make another package of the newest source, with other options. Raises `CannotIngest` as `retry_ingest` does.

    Who watches goes on with the old package; it is replaced when the new one is ready.
    """
    return _again(video_id, options=options)


def _again(video_id: UUID, *, options: types.IngestOptions | None) -> types.IngestTicket:
    video = models.Video.objects.select_for_update().filter(id=video_id).first()
    source = models.Source.objects.filter(video_id=video_id).first()
    if video is None or source is None or not store.source_file(source).is_file():
        raise CannotIngest(_("The source file is not kept any more. Upload it again."))
    _stop_older(video_id)
    source.quarantined_at = None
    if options is not None:
        source.options, source.keep = asdict(options), options.keep_source
    source.save(update_fields=["quarantined_at", "options", "keep"])
    job = _enqueue(video, source, store.options_of(source))
    owner = video.owner_id or video_id
    return types.IngestTicket(video_id=video.id, job_id=job.id, title_id=owner, source_id=source.id)


def ingest_status(video_id: UUID) -> types.IngestStatus:
    """Where a video's newest source stands. Raises LookupError when there is no such video."""
    found = ingest_statuses([video_id]).get(video_id)
    if found is None:
        raise LookupError(video_id)
    return found


def ingest_statuses(video_ids: Iterable[UUID]) -> dict[UUID, types.IngestStatus]:
    """Many at once; unknown ids are missing from the answer."""
    rows = _with_sources(models.Video.objects.filter(id__in=list(video_ids)))
    return {work.status.video_id: work.status for work in _works(rows)}


def works(video_ids: Iterable[UUID]) -> list[types.Work]:
    """The same with what a person needs to recognise each."""
    return _works(_with_sources(models.Video.objects.filter(id__in=list(video_ids))))


def title_statuses(title_id: UUID) -> list[types.Work]:
    """Where every video of a title stands, in the order of seasons and episodes."""
    own = Q(title_id=title_id) | Q(episode__season__title_id=title_id) | Q(trailer_of_id=title_id)
    rows = models.Video.objects.filter(own).order_by("episode__season__number", "episode__number")
    return _works(_with_sources(rows))


def attention(*, limit: int = 50) -> list[types.Work]:
    """What an operator should look at: trouble first, then what is under way; newest first, at most `limit`."""
    rows = models.Video.objects.exclude(state=models.Video.State.READY).order_by("-updated_at")[:limit]
    works = _works(_with_sources(rows))
    return sorted(
        works, key=lambda work: work.status.state not in (types.IngestState.REFUSED, types.IngestState.FAILED)
    )


def _with_sources(rows: QuerySet[models.Video]) -> QuerySet[models.Video]:
    return rows.select_related("title", "episode__season__title", "trailer_of").prefetch_related(
        Prefetch("sources", queryset=models.Source.objects.order_by("-created_at"))
    )


def _works(rows: Iterable[models.Video]) -> list[types.Work]:
    videos = list(rows)
    newest = {video.id: next(iter(video.sources.all()), None) for video in videos}
    keys = {source.id: store.ingest_key(source.id) for source in newest.values() if source}
    found = jobs.latest(list(keys.values())) if keys else {}
    waiting = [job.id for job in found.values() if job.parked or job.state is JobState.RUNNING]
    parts = jobs.at_work(waiting, within=pace.WINDOW) if waiting else {}
    now = timezone.now()
    answer = []
    for video in videos:
        source = newest[video.id]
        job = found.get(keys[source.id]) if source else None
        title = video.owner
        if title is None:
            continue
        status = _status(video, job, parts.get(job.id, []) if job else [], now)
        kept = (
            source is not None
            and status.state is types.IngestState.FAILED
            and store.source_file(source).is_file()
        )
        answer.append(
            types.Work(
                status=status,
                title_id=title.id,
                title_name=title.name,
                name=_part_name(video),
                source_name=source.name if source else "",
                retryable=kept,
                updated_at=video.updated_at,
            )
        )
    return answer


def _status(video: models.Video, job: Job | None, parts: list[Job], now: datetime) -> types.IngestStatus:
    """The row and the job together: a job that died for good is a failed video, even before anyone wrote it down."""
    state, error = types.IngestState(video.state), video.reason
    if not state.final and job is not None:
        if job.state is JobState.FAILED:
            state, error = types.IngestState.FAILED, job.error or store.UNKNOWN_REASON
        elif job.state is JobState.CANCELLED:
            state, error = types.IngestState.FAILED, CANCELLED_REASON
    live = job if not state.final else None
    progress = 1.0 if state is types.IngestState.READY else pace.progress(live, parts) if live else 0.0
    speed = pace.speed(parts, now) if live else None
    return types.IngestStatus(
        video_id=video.id,
        state=state,
        progress=progress,
        note=_note(live, parts) if live else "",
        error=error,
        remaining=pace.remaining(live, parts, video.duration, now) if live else None,
        playable=video.current_package_id is not None,
        job_id=job.id if job else None,
        speed=speed,
    )


def _note(job: Job, parts: list[Job]) -> str:
    """What it does now, or for what it waits. Figures are left out: whoever shows it shows them beside it."""
    if job.parked and not any(part.state is JobState.RUNNING for part in parts):
        blocked = next((part.note for part in parts if part.parked and part.note), "")
        return blocked or (job.note if job.note.startswith(pace.WAITING) else _("Waiting for its turn"))
    return job.note.split(":")[0] if "%" in job.note else job.note


def _part_name(video: models.Video) -> str:
    part = video.episode
    return f"S{part.season.number} E{part.number} · {part.name}" if part else str(video)


def _video_of(title_id: UUID | None, episode_id: UUID | None, *, trailer: bool) -> models.Video:
    check_place(title_id=title_id, episode_id=episode_id, trailer=trailer)
    if trailer:
        video, _made = models.Video.objects.select_for_update().get_or_create(trailer_of_id=title_id)
    elif episode_id is not None:
        video, _made = models.Video.objects.select_for_update().get_or_create(episode_id=episode_id)
    else:
        video, _made = models.Video.objects.select_for_update().get_or_create(title_id=title_id)
    return video


def _enqueue(video: models.Video, source: models.Source, options: types.IngestOptions) -> Job:
    job = jobs.enqueue(
        store.INGEST_KIND,
        payload={
            "label": f"{_called(video)} ({source.name})",
            "video": str(video.id),
            "source": str(source.id),
            "options": asdict(options),
        },
        dedupe_key=store.ingest_key(source.id),
        priority=store.INGEST_PRIORITY,
        max_attempts=store.INGEST_DEATHS,
    )
    video.state = models.Video.State.QUEUED
    video.reason = ""
    video.save(update_fields=["state", "reason", "updated_at"])
    return job


def _called(video: models.Video) -> str:
    """What people call it: the film, or the series and the episode."""
    if video.episode is None:
        return str(video)
    return f"{video.episode.season.title.name}: {video.episode.name}"


def _stop_older(video_id: UUID) -> None:
    sources = models.Source.objects.filter(video_id=video_id).values_list("id", flat=True)
    for job in jobs.latest([store.ingest_key(source_id) for source_id in sources]).values():
        if job.state in (JobState.QUEUED, JobState.RUNNING):
            jobs.cancel(job.id)


def _shown_name(name: str) -> str:
    """A sender's file name, fit to be shown: no folders, no control characters, bounded."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[:255] or "source"

"""The rows of uploads: what was announced, how much of it is safely on the disk, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import intake, models
from catalog.media import refusals, sniff
from catalog.services.ingesting import _shown_name
from catalog.tus import parts, places
from catalog.tus.protocol import TusError, Wanted
from netflixlite.jobs import services as jobs

#: The job that makes a source of what has arrived; its payload is {"upload": uuid}.
FINISH_KIND = "catalog.receive_upload"
#: Ahead of the encoding of other films: it takes seconds, and somebody waits for it (docs/queue.md has the classes).
FINISH_PRIORITY = 60
#: A finished upload is listed this long; then only its title tells of it.
LISTED = timedelta(days=1)

_State = models.Upload.State


@dataclass(frozen=True, slots=True)
class Entry:
    """One upload as its sender sees it. Sizes in bytes; `modified` is what the sender said of the file, in ms."""

    id: UUID
    name: str
    length: int
    offset: int
    state: str
    reason: str
    modified: int
    title_id: UUID | None
    title_name: str
    episode_id: UUID | None
    trailer: bool
    expires_at: datetime
    mine: bool

    @property
    def receiving(self) -> bool:
        """Whether pieces are still taken."""
        return self.state == _State.RECEIVING


def finish_key(upload_id: UUID) -> str:
    """The dedupe key of the finishing job: one live job for one upload."""
    return f"upload:{upload_id}"


def create(user_id: UUID, wanted: Wanted) -> Entry:
    """Set room aside and write the upload down. Raises TusError; then nothing is left behind."""
    title_id, episode_id, numbers = places.of(wanted)
    upload_id = uuid4()
    with transaction.atomic():  # one at a time (IMMEDIATE): two that fit only singly are not both let in
        try:
            intake.check_room(wanted.length)
        except intake.CannotTake as error:
            raise TusError(507, "no_room", str(error)) from error
        row = models.Upload.objects.create(
            id=upload_id,
            user_id=user_id,
            title_id=title_id,
            episode_id=episode_id,
            name=_shown_name(wanted.name),
            length=wanted.length,
            sha256=wanted.sha256,
            options={**numbers, "modified": wanted.modified},
            expires_at=_expiry(),
        )
    try:
        parts.make(upload_id, wanted.length)
    except TusError as error:
        row.delete()
        words = _("There is not enough room for this file on the disk of the server. Free some space first.")
        raise TusError(507, "no_room", words) if error.code == "disk_full" else error from error
    return _entry(row, user_id)


def find(upload_id: UUID, user_id: UUID) -> Entry:
    """The upload of this sender. Raises TusError 404: gone, expired, or somebody else's."""
    row = models.Upload.objects.select_related("title", "episode__season__title").filter(id=upload_id).first()
    if row is None or row.user_id != user_id:
        raise _gone()
    _correct(row)
    return _entry(row, user_id)


def begin(upload_id: UUID, offset: int) -> int:
    """How long the file will be, if a piece may be written at `offset` now. Raises TusError."""
    row = models.Upload.objects.filter(id=upload_id).first()
    if row is None:
        raise _gone()
    if row.state == _State.REFUSED:
        raise TusError(422, "refused", row.reason)
    if row.state != _State.RECEIVING:
        raise TusError(409, "complete", _("All of this file has arrived already."))
    _correct(row)
    if row.offset != offset:
        words = _("The upload stands at %(here)d bytes, not at %(there)d. Ask for its offset again.")
        raise TusError(409, "offset", words % {"here": row.offset, "there": offset})
    return row.length


def advance(upload_id: UUID, *, at: int, to: int) -> datetime:
    """Count the bytes from `at` to `to`, which are on the disk. Returns until when the upload waits for more.

    With the last byte the finishing job is queued. Raises TusError when the upload is gone or can be no film.
    """
    expires = _expiry()
    if at < sniff.HEAD:
        _check_looks(upload_id, to)
    with transaction.atomic():
        rows = models.Upload.objects.filter(id=upload_id, state=_State.RECEIVING, offset=at)
        if not rows.update(offset=to, expires_at=expires, updated_at=timezone.now()):
            raise _gone()
        complete = models.Upload.objects.filter(id=upload_id, length=to)
        if complete.update(state=_State.FINISHING):
            enqueue(upload_id, complete.values_list("name", flat=True)[0])
    return expires


def enqueue(upload_id: UUID, name: str) -> None:
    """Queue the finishing of an upload; once, however often it is asked for."""
    payload = {"label": name, "upload": str(upload_id)}
    jobs.enqueue(FINISH_KIND, payload=payload, dedupe_key=finish_key(upload_id), priority=FINISH_PRIORITY)


@transaction.atomic
def refuse(upload_id: UUID, reason: str) -> None:
    """Say why it cannot become a source, and drop its bytes. Nothing happens to one that is done."""
    rows = models.Upload.objects.open().filter(id=upload_id)
    if rows.update(state=_State.REFUSED, reason=reason, updated_at=timezone.now()):
        transaction.on_commit(partial(parts.remove, upload_id))


def remove(upload_id: UUID, *, among: "QuerySet[models.Upload] | None" = None) -> None:
    """Forget an upload, bytes and all. Raises TusError 404 when there is none (`among` these, as they are at this
    moment). A finished one leaves its film alone.
    """
    rows = models.Upload.objects.all() if among is None else among
    if not rows.filter(id=upload_id).delete()[0]:
        raise _gone()
    for job in jobs.find(kind=FINISH_KIND, dedupe_key=finish_key(upload_id)):
        jobs.cancel(job.id)
    parts.remove(upload_id)


def listing(user_id: UUID) -> list[Entry]:
    """This sender's uploads, and what others have open (it takes room too); newest first."""
    rows = models.Upload.objects.select_related("title", "episode__season__title").order_by("-created_at")
    recent = rows.filter(user_id=user_id).exclude(state=_State.DONE, updated_at__lt=timezone.now() - LISTED)
    others = rows.filter(state=_State.RECEIVING).exclude(user_id=user_id)
    return [_entry(row, user_id) for row in (*recent[:200], *others[:50])]


def _correct(row: models.Upload) -> None:
    """Have the row say no more than the disk has: a disk that was restored, or repaired, may have less."""
    if row.state == _State.RECEIVING and (there := parts.size(row.id)) < row.offset:
        models.Upload.objects.filter(id=row.id, state=_State.RECEIVING, offset__gt=there).update(offset=there)
        row.offset = there


def _check_looks(upload_id: UUID, to: int) -> None:
    """Refuse at the first bytes what can be no film: nobody should send a disk image for hours to hear it then."""
    length = models.Upload.objects.filter(id=upload_id).values_list("length", flat=True).first()
    if length is None:
        raise _gone()  # given up meanwhile
    if to < min(sniff.HEAD, length):
        return
    try:
        looks = sniff.looks_like(parts.head(upload_id, min(sniff.HEAD, to)))
    except FileNotFoundError as error:
        raise _gone() from error
    if looks in refusals.NOT_A_FILM:
        reason = refusals.NOT_A_FILM[looks][1]
        refuse(upload_id, reason)
        raise TusError(422, "not_a_film", reason)


def _entry(row: models.Upload, user_id: UUID) -> Entry:
    title = row.episode.season.title if row.episode else row.title
    return Entry(
        id=row.id,
        name=row.name,
        length=row.length,
        offset=row.offset,
        state=row.state,
        reason=row.reason,
        modified=int(row.options.get("modified", 0)),
        title_id=title.id if title else None,
        title_name=_title_name(row, title),
        episode_id=row.episode_id,
        trailer="trailer" in row.options,
        expires_at=row.expires_at,
        mine=row.user_id == user_id,
    )


def _title_name(row: models.Upload, title: models.Title | None) -> str:
    if title is None:
        return ""
    if row.episode is not None:
        return f"{title.name} · S{row.episode.season.number} E{row.episode.number}"
    if "season" in row.options:
        return f"{title.name} · S{row.options['season']} E{row.options['number']}"
    return title.name


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=settings.UPLOAD_DAYS)


def _gone() -> TusError:
    return TusError(404, "gone", _("There is no such upload any more. Send the file again."))

"""Takes films of the library in, a few at a time and newest first, and what stands beside them.

The queue of jobs is not flooded: only so many of the library's films are in it at once, and the next one is handed
in when one is done. So a film that is new today does not wait for ten thousand old ones.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import intake, store, types
from catalog.library import company, content, finding, folders, orders, subtitles
from catalog.models import LibraryFile
from catalog.services import editing, ingesting, operating
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)

#: How many companies are taken in at a turn: drawing pictures takes about a second each.
ATTEND_AT_ONCE = 40
#: How many films that turn out to be unfit are passed over at a turn.
PASSED_OVER_MAX = 50
_NOT_YET = gettext_lazy("Not taken in yet:")
_PLAYED = (LibraryFile.Kind.FILM, LibraryFile.Kind.EPISODE, LibraryFile.Kind.TRAILER)
_OF_TITLES = (LibraryFile.Kind.FILM, LibraryFile.Kind.TRAILER)


def waiting() -> QuerySet[LibraryFile]:
    """Files whose turn has not come, newest first."""
    rows = LibraryFile.objects.filter(kind__in=_PLAYED, source_id__isnull=True, missing_at__isnull=True)
    rows = rows.filter(Q(kind__in=_OF_TITLES, title__isnull=False) | Q(episode__isnull=False))
    return rows.order_by("-modified_ns", "path")


def under_way() -> int:
    """How many of the library's films are being worked on or wait for a worker."""
    live = [
        job
        for state in (JobState.QUEUED, JobState.RUNNING)
        for job in jobs.find(kind=store.INGEST_KIND, state=state, limit=1000)
    ]
    sources = {str(job.payload.get("source", "")) for job in live}
    ids = [UUID(one) for one in sources if len(one) == 36]
    return LibraryFile.objects.filter(source_id__in=ids).count()


def admit(*, check: Callable[[], None] | None = None, limit: int | None = None) -> list[types.IngestTicket]:
    """Hand in as many waiting films as the window has room for; returns their tickets.

    A film that cannot be taken in says so in its row; a full disk ends the turn, and the next one tries again.
    """
    room = max(0, settings.LIBRARY_WINDOW - under_way())
    room = room if limit is None else min(room, limit)
    tickets: list[types.IngestTicket] = []
    passed_over: set[UUID] = set()
    while len(tickets) < room and len(passed_over) < PASSED_OVER_MAX:
        row = waiting().exclude(pk__in=passed_over).select_related("title", "episode").first()
        if row is None:
            break
        passed_over.add(row.pk)
        if check is not None:
            check()
        try:
            ticket = _hand_in(row)
        except intake.CannotTake as error:
            _say(row, str(error))
            logger.warning("The library waits: %s", error)
            break
        if ticket is not None:
            tickets.append(ticket)
            attend(row)
    return tickets


def _unattended() -> QuerySet[LibraryFile]:
    rows = LibraryFile.objects.exclude(attended=F("company")).filter(missing_at__isnull=True)
    return rows.filter(Q(kind=LibraryFile.Kind.SERIES) | Q(kind__in=_PLAYED, source_id__isnull=False))


def has_news() -> bool:
    """Whether something is new beside a film that was handed in, or beside a series."""
    return _unattended().exists()


def attend_some(*, check: Callable[[], None] | None = None) -> None:
    """Take in what is new beside films that were handed in, and beside series: some at a turn, newest first."""
    chosen = (
        _unattended().select_related("title", "episode").order_by("-modified_ns", "path")[:ATTEND_AT_ONCE]
    )
    for row in list(chosen):
        if check is not None:
            check()
        attend(row)


def attend(row: LibraryFile) -> None:
    """Take in the pictures and subtitles that stand beside a film now."""
    root = orders.from_plain(row.orders).root
    beside = finding.company_now(row.path, root)
    problems = company.take_pictures(row, beside, root=root) + subtitles.follow(row, beside, root=root)
    LibraryFile.objects.filter(pk=row.pk).update(
        attended=row.company, problem=" ".join([*filter(None, [row.problem]), *problems])[:2000]
    )


def publish_ready() -> int:
    """Publish titles that were to be published and can now be played; returns how many.

    Each is published once: when a person hides it again it stays hidden.
    """
    rows = LibraryFile.objects.filter(orders__publish=True, title__isnull=False)
    playable = rows.filter(
        Q(kind=LibraryFile.Kind.FILM, title__video__current_package__isnull=False)
        | Q(kind=LibraryFile.Kind.EPISODE, episode__video__current_package__isnull=False)
    )
    done = 0
    for title_id, published_at in set(playable.values_list("title_id", "title__published_at")[:200]):
        with transaction.atomic():
            if published_at is None:
                try:
                    editing.publish(title_id)
                    done += 1
                except (LookupError, editing.NotPlayable):
                    continue
            for row in LibraryFile.objects.filter(title_id=title_id, orders__publish=True):
                row.orders = {name: value for name, value in row.orders.items() if name != "publish"}
                row.save(update_fields=["orders"])
    return done


def _hand_in(row: LibraryFile) -> types.IngestTicket | None:
    """One film; None when it is not what it was when it was looked at, or has no place. Raises `intake.CannotTake`."""
    asked, path, source_id = orders.from_plain(row.orders), Path(row.path), uuid4()
    try:
        if not folders.is_inside(path, asked.root):
            _say(row, orders.words("link"))
            return None
        now = path.stat()
        mark = content.fingerprint(path, within=asked.root)
    except FileNotFoundError:
        LibraryFile.objects.filter(pk=row.pk).update(missing_at=timezone.now())
        return None
    except OSError as error:
        _say(row, _("It cannot be read: %(error)s.") % {"error": error.strerror})
        return None
    if (now.st_size, now.st_mtime_ns) != (row.bytes, row.modified_ns):
        return None  # the next scan will look at it anew
    size = now.st_size
    if asked.copy:
        size = intake.take_path(path, source_id=source_id, move=False)
    else:
        intake.check_room(size, moved=True)
    beside = finding.company_now(row.path, asked.root)
    try:
        with transaction.atomic():
            ticket = ingesting.register(
                source_id=source_id,
                size=size,
                source_name=path.name,
                title_id=None if row.episode_id else row.title_id,
                episode_id=row.episode_id,
                trailer=row.kind == LibraryFile.Kind.TRAILER,
                options=_options(asked, company.found_beside(path, beside)),
                in_place=None if asked.copy else path,
            )
            row.source_id, row.fingerprint = ticket.source_id, mark
            row.problem = "" if row.problem.startswith(str(_NOT_YET)) else row.problem
            row.save(update_fields=["source_id", "fingerprint", "problem"])
            subtitles.remember(row, beside)
            operating.set_urgency(ticket.video_id, -1)  # behind what people upload and wait for
    except ingesting.CannotIngest as error:
        _say(row, str(error))
        return None
    return ticket


def _options(asked: orders.Orders, texts: list[types.SidecarText]) -> types.IngestOptions:
    usual = types.IngestOptions()
    return types.IngestOptions(
        preset=asked.preset or usual.preset, ladder=asked.ladder or usual.ladder, text=tuple(texts)
    )


def _say(row: LibraryFile, problem: str) -> None:
    LibraryFile.objects.filter(pk=row.pk).update(problem=f"{_NOT_YET} {problem}"[:2000])

"""What becomes of sources and packages that have done their work: kept, archived or removed, and when.

A source goes when nothing will be made of it any more; a replaced package when nobody watches it any more.
"""

import logging
import os
import shutil
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import store
from catalog.media import shelf
from catalog.models import Package, Source, Video
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)

KEEP, ARCHIVE, REMOVE = "keep", "archive", "remove"
#: A second ladder is ordered within this time, or not at all.
_SECOND_LADDER = timedelta(minutes=15)
#: A replaced package stays at least so long: somebody may just be opening it.
_GRACE = timedelta(hours=1)
#: How long a name in the archive may be, and its ending, in bytes: disks take 255, and subtitles' names add some.
_NAME_MAX, _ENDING_MAX = 200, 20
#: At most so many packages go in one round.
_AT_ONCE = 200

#: Asked with ids of packages, answers with those that somebody still uses.
Holder = Callable[[Collection[str]], Collection[str]]
_holders: list[Holder] = []


def hold(holder: Holder) -> None:
    """Have a function asked before replaced packages are removed; registering it twice counts once."""
    if holder not in _holders:
        _holders.append(holder)


def register() -> None:
    """Have workers look now and then."""
    jobs.register_periodic("catalog.retire", timedelta(minutes=10))(retire)


def retire() -> None:
    """Both, one after the other."""
    retire_sources()
    retire_packages()


def retire_sources() -> int:
    """Archive or remove the sources of finished videos, as the setting and their senders want; returns how many."""
    rows = Source.objects.filter(path="", archived_at=None, video__state=Video.State.READY)
    if settings.SOURCES == KEEP:
        rows = rows.filter(keep=False)
    return sum(_retire(source) for source in rows.select_related("video__current_package"))


def retire_packages() -> int:
    """Remove packages that others have replaced and nobody watches; returns how many."""
    old = timezone.now() - _GRACE
    rows = Package.objects.filter(replaced_at__lt=old).order_by("replaced_at")
    ids = list(rows.values_list("id", flat=True)[:_AT_ONCE])
    held = {name for holder in _holders for name in holder(ids)} if ids else set()
    gone = [name for name in ids if name not in held]
    for name in gone:
        # The row first: files without a row are found by the shelf's sweep, a row without files by a viewer.
        with transaction.atomic():  # and out of the way in one: a job may be about to make it current again
            if not Package.objects.filter(id=name, replaced_at__lt=old).delete()[0]:
                continue
            aside = shelf.set_aside(name)
        shelf.remove(aside)
    if gone:
        logger.info("%d replaced packages are gone", len(gone))
    return len(gone)


def _retire(source: Source) -> bool:
    place = store.source_path(source.id)
    if not place.is_file() or _is_needed(source):
        return False
    if settings.SOURCES == ARCHIVE and source.keep:
        return _archive(source, place)
    store.delete_source(source_id=source.id)
    return True


def _is_needed(source: Source) -> bool:
    """Whether something is being made of it, or may be soon."""
    keys = [store.ingest_key(source.id), f"av1:{source.id}"]
    if any(job.state in (JobState.QUEUED, JobState.RUNNING) for job in jobs.latest(keys).values()):
        return True
    package = source.video.current_package
    if package is None or package.stage == store.EARLY:
        return True
    second = (source.options.get("av1") or settings.AV1) != "never"
    return second and package.published_at > timezone.now() - _SECOND_LADDER


def _archive(source: Source, place: Path) -> bool:
    """Move it to the archive, under its own name in a folder of its own; from then on it is only read there.

    It is there, its subtitles beside it, before the row says so, and goes here afterwards: a crash costs nothing.
    """
    folder = Path(settings.ARCHIVE_DIR) / str(source.id)
    target = folder / _kept_name(source.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _stand(place, target)
        stem = target.stem if target.name != place.name else place.stem
        for beside in place.parent.glob(f"{place.stem}.*.*"):
            _stand(beside, folder / (stem + beside.name[len(place.stem) :]))
        _sync(folder)
    except OSError as error:
        logger.error("%s stays where it is, it cannot be archived: %s", source.name, error)
        return False
    if _is_needed(source):
        return False  # it took its time, and somebody wants it encoded anew meanwhile
    Source.objects.filter(id=source.id).update(path=str(target), archived_at=timezone.now())
    store.delete_source(source_id=source.id)
    return True


def _kept_name(sent: str) -> str:
    """The sender's name for a file, as a disk takes it: no folder, and short enough in bytes with what is added."""
    name = Path(sent).name
    if name.strip(". ") == "":
        return "source.bin"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > _ENDING_MAX:
        stem, dot, ending = name, "", ""
    room = _NAME_MAX - len((dot + ending).encode())
    return stem.encode(errors="replace")[:room].decode(errors="ignore") + dot + ending


def _stand(file: Path, target: Path) -> None:
    """Have a file stand at `target`, too: under a second name on the same disk, as a copy on another."""
    try:
        os.link(file, target)
        return
    except OSError:  # another disk; or a round before this one did not come to its end
        if target.exists() and target.samefile(file):
            return
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(file, part)
    _sync(part)
    os.replace(part, target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

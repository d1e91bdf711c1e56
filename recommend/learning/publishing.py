"""The pointer's moves. Each is one small transaction; files go after it has been committed."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from recommend.learning import serving, shelf
from recommend.learning.deciding import is_owed
from recommend.learning.models import ModelVersion, Serving
from recommend.signals import reading

Good = ModelVersion.State.GOOD
#: So many rows of versions are kept for the page; of files, what is served and the one before it.
HISTORY = 60


class CannotMove(Exception):
    """There is nothing to go to; the text says why, for operators."""


def pointer() -> Serving:
    """The pointer's row, made when it is missing."""
    row, _made = Serving.objects.select_related("version", "previous").get_or_create(pk=1)
    return row


def publish(version: ModelVersion, reason: str) -> None:
    """Serve this version from now on, and keep the one before it. Within a transaction.

    What is pinned stays, unless somebody's influence has to go out of it.
    """
    now = pointer()
    withdrawn = reading.withdrawn_at()
    if now.pinned and now.version and not is_owed(now.version.read_at, withdrawn):
        return
    before = now.version if now.version_id != version.pk else now.previous
    if before is not None and not _may_return(before, withdrawn):
        before = None
    _move(version, before, reason)


def go_back(reason: str, *, state: str = ModelVersion.State.WITHDRAWN) -> ModelVersion:
    """Serve the version before this one; this one is not served again. Raises `CannotMove`."""
    with transaction.atomic():
        now = pointer()
        before = now.previous
        if before is None or not _may_return(before, reading.withdrawn_at()):
            raise CannotMove("There is no earlier version to go back to.")
        if now.version is not None:
            ModelVersion.objects.filter(pk=now.version.pk).update(state=state, verdict=reason)
        _move(before, None, reason)
    return before


def serve_nothing(reason: str, *, state: str = ModelVersion.State.WITHDRAWN) -> None:
    """Serve no model: rows are made of what is popular until one is trained."""
    with transaction.atomic():
        now = pointer()
        if now.version is not None:
            ModelVersion.objects.filter(pk=now.version.pk).update(state=state, verdict=reason)
        _move(None, None, reason)


def pin(*, pinned: bool) -> None:
    """Keep what is served now, whatever is trained; or let it go."""
    if pinned and pointer().version is None:
        raise CannotMove("There is no version to keep: none is served.")
    Serving.objects.filter(pk=1).update(pinned=pinned)


def drop_previous() -> None:
    """Forget the version before this one: somebody's influence is in it."""
    with transaction.atomic():
        if pointer().previous_id is not None:
            Serving.objects.filter(pk=1).update(previous=None, revision=F("revision") + 1)
            transaction.on_commit(tidy, robust=True)


def tidy() -> int:
    """Remove the files of versions that are neither served nor the one before, and rows beyond the history's end."""
    now = pointer()
    keep = {each.folder for each in (now.version, now.previous) if each is not None and each.folder}
    over = ModelVersion.objects.exclude(folder="").exclude(folder__in=keep)
    for version in over:
        shelf.remove(version.folder)
        shelf.clear(version.folder)
    over.update(folder="", bytes=0)
    _forget_rows(each for each in (now.version_id, now.previous_id) if each is not None)
    return shelf.sweep(keep)


def _forget_rows(keep: Iterable[int]) -> None:
    old = (
        ModelVersion.objects.exclude(pk__in=list(keep)).order_by("-pk").values_list("pk", flat=True)[HISTORY:]
    )
    ModelVersion.objects.filter(pk__in=list(old)).delete()


def _may_return(version: ModelVersion, withdrawn: datetime | None) -> bool:
    return version.state == Good and bool(version.folder) and not is_owed(version.read_at, withdrawn)


def _move(version: ModelVersion | None, before: ModelVersion | None, reason: str) -> None:
    Serving.objects.filter(pk=1).update(
        version=version,
        previous=before,
        revision=F("revision") + 1,
        changed_at=timezone.now(),
        reason=reason[:300],
        pinned=False,
    )
    transaction.on_commit(partial(_moved), robust=True)


def _moved() -> None:
    tidy()
    serving.refresh()

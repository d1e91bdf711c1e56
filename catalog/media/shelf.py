"""Puts a finished package into the default storage, whole or not at all."""

import errno
import logging
import os
import shutil
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, default_storage

from catalog import keyring, manifests
from catalog.media.package import MANIFEST
from catalog.models import Package

logger = logging.getLogger(__name__)


class BaseGone(LookupError):
    """The package to start from, or to go back to, is no longer there."""


#: How long a package may be without a row: its job may still be about to write it.
_PATIENCE = timedelta(days=1)


def publish(folder: Path, package_id: str) -> None:
    """Make the files of `folder` the package's; `folder` is used up. A package that is there already stays.

    In a file system the folder appears by one rename. Elsewhere the files are stored one by one and the manifest
    last; nobody looks for them before the package's row exists. Raises OSError when there is no room.
    """
    storage = default_storage
    manifest = (folder / MANIFEST).read_bytes()
    local = _local(storage, package_id)
    if _holds(storage, package_id, manifest):
        if local is not None:
            os.utime(local / MANIFEST)  # it is wanted again: `sweep` leaves it alone
        shutil.rmtree(folder, ignore_errors=True)
        return
    if local is not None:
        _rename(folder, local)
    else:
        _upload(storage, folder, package_id)


def confirm(package_id: str) -> None:
    """Raise `BaseGone` when the package's files are gone: it stood there already, and was removed since `publish`.

    Call it in the transaction that makes the package current: what removes replaced packages does so in one, too.
    """
    if not default_storage.exists(manifests.key(package_id, MANIFEST)):
        raise BaseGone(package_id)


def _local(storage: Storage, package_id: str) -> Path | None:
    """Where the package's folder is, when the storage is a file system."""
    real = getattr(storage, "_wrapped", storage)
    if not isinstance(real, FileSystemStorage):
        return None
    return Path(real.path(f"{manifests.PACKAGES}/{package_id}"))


def _holds(storage: Storage, package_id: str, manifest: bytes) -> bool:
    """Whether the package is there, whole: the manifest came last and lists what must be beside it."""
    key = manifests.key(package_id, MANIFEST)
    if not storage.exists(key):
        return False
    with storage.open(key) as stored_manifest:
        if stored_manifest.read() != manifest:
            return False
    for rendition in manifests.parse(manifest).renditions:
        stored = manifests.key(package_id, rendition.file)
        if not storage.exists(stored) or storage.size(stored) != rendition.bytes:
            return False
    for beside, length, _digest in manifests.playlists(manifest).values():
        stored = manifests.key(package_id, beside)
        if not storage.exists(stored) or storage.size(stored) != length:
            return False
    return True


def _rename(folder: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = folder
    try:
        _replace(staged, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Work and media are on different disks: copy beside the target first, so that it still appears at once.
        staged = target.parent / f".new-{uuid.uuid4().hex}"
        try:
            shutil.copytree(folder, staged)
            _replace(staged, target)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
    handle = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(staged: Path, target: Path) -> None:
    """Rename over a damaged leftover, if there is one: it failed `_holds`."""
    try:
        os.rename(staged, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(target)
        os.rename(staged, target)


def _upload(storage: Storage, folder: Path, package_id: str) -> None:
    names = sorted((path.name for path in folder.iterdir()), key=lambda name: name == MANIFEST)
    saved: list[str] = []
    try:
        for name in names:
            key = manifests.key(package_id, name)
            if storage.exists(key):
                storage.delete(key)
            with (folder / name).open("rb") as file:
                saved.append(storage.save(key, File(file, name=name)))
            if saved[-1] != key:
                raise OSError(f"the storage put {key} elsewhere, as {saved[-1]}")
    except BaseException:
        for key in saved:
            storage.delete(key)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def sweep(*, now: datetime) -> int:
    """Remove packages that no row knows of and nobody has touched for a day; returns how many.

    They are what a job left that published its files and then lost its lease, or its title. Until a row names it,
    nothing of a package is ever served.
    """
    storage = default_storage
    keyring.sweep(now=now)
    if not storage.exists(manifests.PACKAGES):
        return 0
    folders, _files = storage.listdir(manifests.PACKAGES)
    known = set(Package.objects.filter(id__in=folders).values_list("id", flat=True))
    swept = 0
    for folder in folders:
        if folder in known or not _untouched_since(storage, folder, now - _PATIENCE):
            continue
        if not Package.objects.filter(id=folder).exists():  # asked again: looking through many takes its time
            _remove(storage, folder)
            swept += 1
    if swept:
        logger.info("swept %d packages that nothing refers to", swept)
    return swept


def set_aside(package_id: str) -> str:
    """Take a package away at once, to be removed by `remove` under the name that this returns; in a file system one
    rename, elsewhere nothing yet."""
    place = _local(default_storage, package_id)
    if place is None or not place.exists():
        return package_id
    aside = place.with_name(f".gone-{uuid.uuid4().hex}")
    os.rename(place, aside)
    return aside.name


def remove(package_id: str) -> None:
    """Delete a package's files. What other packages share with it stays with them."""
    _remove(default_storage, package_id)


def _untouched_since(storage: Storage, folder: str, moment: datetime) -> bool:
    """Whether no file of the folder is younger."""
    _folders, files = storage.listdir(f"{manifests.PACKAGES}/{folder}")
    return all(storage.get_modified_time(f"{manifests.PACKAGES}/{folder}/{name}") < moment for name in files)


def _remove(storage: Storage, folder: str) -> None:
    place = _local(storage, folder)
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)
        return
    _folders, files = storage.listdir(f"{manifests.PACKAGES}/{folder}")
    for name in sorted(files, key=lambda name: name != MANIFEST):
        storage.delete(f"{manifests.PACKAGES}/{folder}/{name}")

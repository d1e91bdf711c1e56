"""Where models lie on this machine: one folder each below MODELS_DIR, written once, never changed."""

import contextlib
import shutil
import time
import uuid
from collections.abc import Collection
from pathlib import Path

from django.conf import settings

#: A folder that no row names may belong to a job that is still writing it; after this long it does not, in seconds.
_LEFT_BEHIND = 6 * 3600.0


def root() -> Path:
    """The folder of all models."""
    return Path(settings.MODELS_DIR)


def folder(name: str) -> Path:
    """A model's folder by the name that its row has. Names come from `new_name`; anything else is refused."""
    if not name or not name.replace("-", "").isalnum():
        raise ValueError(f"{name!r} is not the name of a model's folder.")
    return root() / name


def new_name(kind: str) -> str:
    """A name that no folder has had: `model-<32 figures>`. A row that is rolled back leaves no stranger behind."""
    return f"{kind}-{uuid.uuid4().hex}"


def size(name: str) -> int:
    """Bytes of a model's files; 0 when there are none."""
    if not name:
        return 0
    return sum(each.stat().st_size for each in folder(name).glob("*") if each.is_file())


def remove(name: str) -> None:
    """Remove a model's files. A process that has them mapped goes on reading what it has."""
    if name:
        shutil.rmtree(folder(name), ignore_errors=True)


def sweep(keep: Collection[str]) -> int:
    """Remove folders that no row names and nobody is writing; returns how many."""
    if not root().is_dir():
        return 0
    before = time.time() - _LEFT_BEHIND
    old = [each for each in root().iterdir() if each.is_dir() and each.name not in keep]
    gone = [each for each in old if each.name != _SUSPECT and each.stat().st_mtime < before]
    for each in gone:
        shutil.rmtree(each, ignore_errors=True)
    return len(gone)


# A process that serves and finds a file torn writes no row (it is drawing a page): it leaves a note ---------------

_SUSPECT = "suspect"


def suspect(name: str) -> None:
    """Note that a model could not be read; `suspects` tells whoever tends them. Never raises."""
    with contextlib.suppress(OSError, ValueError):
        folder(name)
        (root() / _SUSPECT).mkdir(parents=True, exist_ok=True)
        (root() / _SUSPECT / name).touch()


def suspects() -> set[str]:
    """The names of models that somebody could not read."""
    try:
        return {each.name for each in (root() / _SUSPECT).iterdir()}
    except OSError:
        return set()


def clear(name: str) -> None:
    """Forget the note on a model."""
    with contextlib.suppress(OSError):
        (root() / _SUSPECT / name).unlink()

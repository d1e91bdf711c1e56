"""Which model answers now. Memory-mapped, shared by all processes of a machine, never waited for twice.

`current()` costs one small query a second at most. When the pointer's row has changed, a process that has a model goes
on with it while a thread maps the new one; only the first page of a process waits (about 60 ms at 20,000 titles, for
the hashes). What cannot be read is passed over: first what was extended, then the version, then the one before it.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

from recommend.learning import shelf

if TYPE_CHECKING:
    from recommend.engine.model import Model

log = logging.getLogger("recommend.learning")

#: How old an answer about the pointer's row may be, in seconds.
LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class ModelState:
    """What answers now. `version` is '' when there is no model.

    `source`: 'live', 'extended' (with titles that came after it), 'earlier' (the version before it: `fallback_reason`
    says why), or 'none' (rows are made of what is popular).
    """

    version: str = ""
    made_at: datetime | None = None
    source: str = "none"
    fallback_reason: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    folder: str
    state: ModelState


@dataclass(frozen=True, slots=True)
class _Held:
    """What this process has mapped, and for which pointer."""

    pointer: tuple[object, ...]
    model: "Model | None"
    state: ModelState


_NOTHING = _Held(pointer=(), model=None, state=ModelState())

_lock = threading.Lock()
_held = _NOTHING
_looked = float("-inf")
_loading: threading.Thread | None = None


def current() -> "Model | None":
    """The model that answers now, or None: then rows are made of what is popular. Never raises."""
    return _now().model


def state() -> ModelState:
    """Which version `current()` is, and why it is not the newest if it is not. Never raises."""
    return _now().state


def current_state() -> "tuple[Model | None, ModelState]":
    """Both at once: a page names the version that it was made with."""
    held = _now()
    return held.model, held.state


def refresh() -> ModelState:
    """Look at the pointer now, and wait until what it names is mapped. For whoever has just changed it."""
    found = _pointer()
    if found is not None:
        _settle(*found)
    return _held.state


def forget() -> None:
    """Let go of what is mapped; the next look begins anew."""
    global _held, _looked
    with _lock:
        _held, _looked = _NOTHING, float("-inf")


def _now() -> _Held:
    global _looked, _loading
    now = time.monotonic()
    if now - _looked < LOOK_EVERY and not settings.TESTING:
        return _held
    _looked = now
    found = _pointer()
    if found is None or found[0] == _held.pointer:
        return _held
    if _held.model is None or settings.TESTING:
        _settle(*found)
        return _held
    if _loading is None or not _loading.is_alive():
        _loading = threading.Thread(target=_settle, args=found, name="model", daemon=True)
        _loading.start()
    return _held


def _settle(pointer: tuple[object, ...], candidates: list[_Candidate]) -> None:
    """Map the first candidate that can be read, once for all threads that ask."""
    global _held
    with _lock:
        if _held.pointer == pointer:
            return
        reason = ""
        for candidate in candidates:
            try:
                model = _read(candidate.folder)
            except Exception as error:  # whatever is wrong with a file, the page has another answer
                log.warning("The model in %s cannot be used: %s", candidate.folder, error)
                shelf.suspect(candidate.folder)
                reason = reason or f"{candidate.state.version}: {error}"[:300]
                continue
            said = candidate.state
            _held = _Held(pointer, model, ModelState(said.version, said.made_at, said.source, reason))
            return
        _held = _Held(pointer, None, ModelState(fallback_reason=reason))


def _read(folder: str) -> "Model":
    from recommend.engine import artefact  # a process that never asks for a model loads no numpy

    return artefact.read(shelf.folder(folder))


def _pointer() -> tuple[tuple[object, ...], list[_Candidate]] | None:
    """The pointer's row, and what to try in which order; None when the database does not answer."""
    from recommend.learning.models import Serving

    try:
        row = (
            Serving.objects.filter(pk=1)
            .values_list(
                "revision", "extension",
                "version_id", "version__folder", "version__made_at",
                "previous_id", "previous__folder", "previous__made_at",
            )
            .first()
        )  # fmt: skip
    except DatabaseError as error:
        log.warning("Which model is served cannot be asked: %s", error)
        return None
    if row is None:
        return ("none",), []
    revision, extension, number, folder, made_at, before, before_folder, before_made_at = row
    name = f"m{number}"
    candidates = []
    if extension and number is not None:
        candidates.append(_Candidate(extension, ModelState(name, made_at, "extended")))
    if folder:
        candidates.append(_Candidate(folder, ModelState(name, made_at, "live")))
    if before_folder and before_folder != folder:
        candidates.append(_Candidate(before_folder, ModelState(f"m{before}", before_made_at, "earlier")))
    return (revision, extension, folder, before_folder), candidates

"""Which model answers now. Memory-mapped, shared by all processes of a machine, never waited for twice.

`current()` costs two small queries a second at most. When the pointer's row has changed, a process that has a model
goes on with it while a thread maps the new one; only the first page of a process waits (about 60 ms at 20,000 titles,
for the hashes). What cannot be read is passed over: first the version, then the one before it. Titles that were
published after the training are put to the model's end (engine/extend.py) by the same thread as they come.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connections

from catalog import services as catalog
from recommend.learning import shelf

if TYPE_CHECKING:
    from recommend.engine.model import Model

log = logging.getLogger("recommend.learning")

#: How old an answer about the pointer's row may be, in seconds.
LOOK_EVERY = 1.0
#: New titles that are put to a model's end in one go; the rest at the next look.
EXTEND_BY = 500


@dataclass(frozen=True, slots=True)
class ModelState:
    """What answers now. `version` is '' when there is no model.

    `source`: 'live', 'earlier' (the version before it: `fallback_reason` says why), or 'none' (rows are made of what is
    popular). `extended`: how many titles came after it and are in it all the same.
    """

    version: str = ""
    made_at: datetime | None = None
    source: str = "none"
    fallback_reason: str = ""
    extended: int = 0


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
    #: The catalogue's version when new titles were last looked for; None: not yet.
    catalogue: object = None


_NOTHING = _Held(pointer=(), model=None, state=ModelState())

_lock = threading.Lock()
_held = _NOTHING
_looked = float("-inf")
_working: threading.Thread | None = None


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
        _extend(_catalogue())
    return _held.state


def forget() -> None:
    """Let go of what is mapped; the next look begins anew."""
    global _held, _looked
    with _lock:
        _held, _looked = _NOTHING, float("-inf")


def _now() -> _Held:
    global _looked
    now = time.monotonic()
    if now - _looked < LOOK_EVERY and not settings.TESTING:
        return _held
    _looked = now
    found = _pointer()
    if found is None:
        return _held
    if found[0] != _held.pointer:
        if _held.model is None:
            _settle(*found)
        else:
            _meanwhile(lambda: _settle(*found))
    elif _held.model is not None:
        catalogue = _catalogue()
        if catalogue != _held.catalogue:
            _meanwhile(lambda: _extend(catalogue))
    return _held


def _meanwhile(work: Callable[[], None]) -> None:
    """Do it while pages go on with what there is. Tests do it at once: only their own thread sees their rows."""
    global _working
    if settings.TESTING:
        work()
    elif _working is None or not _working.is_alive():
        _working = threading.Thread(target=_and_close, args=(work,), name="model", daemon=True)
        _working.start()


def _and_close(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connections.close_all()


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
            _held = _Held(pointer, model, replace(candidate.state, fallback_reason=reason))
            return
        _held = _Held(pointer, None, ModelState(fallback_reason=reason))


def _extend(catalogue: object) -> None:
    """Put titles to the model's end that were published after it was described. Never raises."""
    global _held
    with _lock:
        held = _held
        if held.model is None or held.catalogue == catalogue:
            return
        try:
            model, all_of_them = _extended(held.model)
        except Exception as error:  # a title that cannot be described must not take the model from all others
            log.warning("New titles cannot be put into the model: %s", error)
            model, all_of_them = held.model, True
        more = held.state.extended + len(model) - len(held.model)
        # Titles that are left over come with the next look: until then the catalogue counts as not looked at.
        seen = catalogue if all_of_them else None
        _held = replace(held, model=model, state=replace(held.state, extended=more), catalogue=seen)


def _extended(model: "Model") -> "tuple[Model, bool]":
    from recommend.engine.extend import extend
    from recommend.learning import describing

    described = float(model.about.get("described_at", 0.0))
    since = datetime.fromtimestamp(described, UTC)
    new = describing.newer(model.index, published_after=since, most=EXTEND_BY)
    return extend(model, new), len(new) < EXTEND_BY


def _catalogue() -> object:
    """The catalogue's version, in a form that is never None."""
    try:
        return ("version", catalog.version())
    except DatabaseError as error:
        log.warning("The catalogue's version cannot be asked: %s", error)
        return _held.catalogue


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
                "revision",
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
    revision, number, folder, made_at, before, before_folder, before_made_at = row
    candidates = []
    if folder:
        candidates.append(_Candidate(folder, ModelState(f"m{number}", made_at, "live")))
    if before_folder and before_folder != folder:
        candidates.append(_Candidate(before_folder, ModelState(f"m{before}", before_made_at, "earlier")))
    return (revision, folder, before_folder), candidates

"""Which function does which kind of job, and what runs periodically. Filled by apps as they load."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from netflixlite.jobs.context import JobContext

Handler: TypeAlias = Callable[["JobContext"], None]
PeriodicFunction: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that is done once in every `every`, by whichever worker comes first."""

    name: str
    every: timedelta
    function: PeriodicFunction


class AlreadyRegistered(Exception):
    """Two functions want the same kind or name."""


_handlers: dict[str, Handler] = {}
_heavy: set[str] = set()
_groups: dict[str, set[str]] = {}
_periodics: dict[str, Periodic] = {}


def register(kind: str, *, heavy: bool = False, group: str = "") -> Callable[[Handler], Handler]:
    """Make a function the handler of a kind, e.g. `register("catalog.ingest_video")(handle)`; also a decorator.

    A `heavy` kind keeps a processor core and much memory busy for long: a worker does only so many at once, and keeps
    its other slots for the rest. `group` is a name for several kinds: `manage.py worker --kinds encode`.
    """

    def add(handler: Handler) -> Handler:
        if _handlers.get(kind, handler) is not handler:
            raise AlreadyRegistered(f"{kind} has a handler already.")
        _handlers[kind] = handler
        if heavy:
            _heavy.add(kind)
        if group:
            _groups.setdefault(group, set()).add(kind)
        return handler

    return add


def register_periodic(name: str, every: timedelta) -> Callable[[PeriodicFunction], PeriodicFunction]:
    """Run a function once in every `every` (≥ 1 s), in one of the workers; also a decorator.

    All of a worker's periodic functions share one thread: a function that takes long should enqueue a job. A turn
    whose worker dies is not repeated; the next turn comes.
    """
    if every < timedelta(seconds=1):
        raise ValueError(f"{name}: periodic work comes once a second at most.")

    def add(function: PeriodicFunction) -> PeriodicFunction:
        if name in _periodics and _periodics[name].function is not function:
            raise AlreadyRegistered(f"Periodic work named {name} exists already.")
        _periodics[name] = Periodic(name=name, every=every, function=function)
        return function

    return add


def handler_of(kind: str) -> Handler | None:
    """The handler of a kind, or None."""
    return _handlers.get(kind)


def kinds() -> frozenset[str]:
    """All kinds that this process can do."""
    return frozenset(_handlers)


def heavy() -> frozenset[str]:
    """The kinds of which a worker does only so many at once."""
    return frozenset(_heavy)


def groups() -> dict[str, frozenset[str]]:
    """Names for several kinds."""
    return {name: frozenset(members) for name, members in _groups.items()}


def periodics() -> tuple[Periodic, ...]:
    """All periodic work."""
    return tuple(_periodics.values())

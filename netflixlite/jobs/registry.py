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
_periodics: dict[str, Periodic] = {}


def register(kind: str) -> Callable[[Handler], Handler]:
    """Make a function the handler of a kind, e.g. `register("catalog.ingest_video")(handle)`; also a decorator."""

    def add(handler: Handler) -> Handler:
        if _handlers.get(kind, handler) is not handler:
            raise AlreadyRegistered(f"{kind} has a handler already.")
        _handlers[kind] = handler
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


def periodics() -> tuple[Periodic, ...]:
    """All periodic work."""
    return tuple(_periodics.values())

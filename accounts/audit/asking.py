"""From which address the request came that is being answered, so that not every caller has to pass it on."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from netflixlite import addresses

_address: ContextVar[str] = ContextVar("audit_address", default="")
_written: ContextVar[list[str] | None] = ContextVar("audit_written", default=None)


@contextmanager
def answering(meta: dict[str, object]) -> Iterator[list[str]]:
    """While a request is answered. Gives the list of verbs that are written meanwhile."""
    verbs: list[str] = []
    address, written = _address.set(addresses.of(meta)), _written.set(verbs)
    try:
        yield verbs
    finally:
        _address.reset(address)
        _written.reset(written)


def address() -> str:
    """The address of who asks; '' outside of requests."""
    return _address.get()


def wrote(verb: str) -> None:
    """An entry was written."""
    if (verbs := _written.get()) is not None:
        verbs.append(verb)

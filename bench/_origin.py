"""The tests' origin in a process of its own, so that it does not share a processor's turn with the load generator."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from tests.edge.origin import Origin


class FarOrigin:
    """The other end of the pipe: what of the origin a benchmark asks for."""

    def __init__(self, pipe: Connection, url: str) -> None:
        self._pipe, self.url = pipe, url

    def _do(self, what: str, *given: Any) -> Any:
        self._pipe.send((what, given))
        return self._pipe.recv()

    def add(self, **wanted: Any) -> str:
        """Publish a package; → its id."""
        return str(self._do("add", wanted))

    def asked(self, name: str) -> int:
        """How often an object was fetched, by 'rendition/name'."""
        return int(self._do("asked", name))

    def set(self, name: str, value: Any) -> None:
        """Change how it behaves."""
        self._do("set", name, value)

    def enrolled(self) -> int:
        """How many nodes there are."""
        return int(self._do("enrolled"))


def _serve(pipe: Connection, core: int) -> None:
    os.sched_setaffinity(0, {core})
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # its complaints about nodes that are stopped are no figures
    origin = Origin(trusting=True)
    origin.start()
    pipe.send(origin.url)
    while True:
        try:
            what, given = pipe.recv()
        except EOFError:
            return
        if what == "add":
            pipe.send(origin.add(**given[0])[0])
        elif what == "asked":
            pipe.send(origin.asked[given[0]])
        elif what == "enrolled":
            pipe.send(len(origin.nodes))
        else:
            setattr(origin, *given)
            pipe.send(None)


@contextlib.contextmanager
def far_origin(core: int) -> Iterator[FarOrigin]:
    """An origin that answers whoever asks, on one core."""
    # Forked: nodes judge viewers' tokens by the key that this process signs them with.
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, core), daemon=True)
    process.start()
    theirs.close()
    try:
        yield FarOrigin(ours, ours.recv())
    finally:
        ours.close()
        process.terminate()
        process.join(5)

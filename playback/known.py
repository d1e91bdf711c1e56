"""What this process knows of the fleet for steering: the newest picture, and what nodes hold of the films in use.

A thread of the web process keeps it up to date, so that answering a player asks nobody. What has no such thread (a
test, a command) looks for itself. While the database is away the last picture goes on, its leases stretched: that says
nothing about the nodes. It is also in a file, for a process that starts just then.
"""

import json
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from catalog import services as catalog
from catalog.types import Rendition
from cdn import services as cdn
from cdn.types import Node, NodeState
from playback.picture import WHOLE, Holding, Picture

log = logging.getLogger("playback")

#: How often the picture is made anew, in seconds; that of a large fleet costs more and is of less use so often. Never
#: for more than this share of a processor, but never so late that the picture would count as kept by nobody.
EVERY, EVERY_LARGE, SHARE, LATEST = 0.25, 0.75, 0.1, 2.0
#: A picture that was kept this long ago is no longer kept by anybody, in seconds.
KEPT_FOR = 5.0
#: For how long leases are stretched at a time while the fleet cannot be read, and how often.
STRETCHED_BY, STRETCHED_EVERY = timedelta(seconds=30), 5.0
#: Films whose holders are kept at hand, and for how long after somebody asked, in seconds.
FILMS_MOST, FILMS_FOR = 2000, 90.0
#: How long a starting process waits for its first picture, in seconds.
FIRST_SECONDS = 3.0
#: How often the file is written at most, in seconds.
WRITTEN_EVERY = 5.0
_TIMES = ("lease_until", "serving_since", "healthy_since")
#: What changes from beat to beat and is of no use after a restart.
_PASSING = {"egress_bps": 0, "sessions": 0, "leaving": 1.0, "frozen": False, "suggested_kbps": 0}


class Known:
    """The newest picture; every method may be called from any thread."""

    def __init__(self) -> None:
        #: Set when the fleet was looked at once.
        self.looked = threading.Event()
        self._lock = threading.Lock()
        self._picture = Picture(())
        self._kept_at = self._stretched_at = self._written_at = float("-inf")
        #: By slot: what the file says of a node, and that as text.
        self._lines: dict[int, tuple[tuple[object, ...], str]] = {}
        #: By package: when it was last asked for, and who holds it.
        self._films: OrderedDict[str, tuple[float, Holding]] = OrderedDict()
        self._tracks: dict[str, tuple[Rendition, ...]] = {}

    def picture(self, now: datetime) -> Picture:
        """The fleet as it is, or was when it could last be read."""
        if time.monotonic() - self._kept_at > KEPT_FOR:
            self.look(now)
        return self._picture

    def holding(self, package_id: str) -> Holding:
        """Who holds a film. One that nobody began in this process is not known at once."""
        if not package_id:
            return _NOTHING
        kept = time.monotonic() - self._kept_at <= KEPT_FOR
        found = self._films.get(package_id)
        if found is None or not kept:
            holding = Holding({}) if kept else _looked_up(package_id, self._picture)
        else:
            holding = found[1]
        with self._lock:
            self._films[package_id] = (time.monotonic(), holding)
            self._films.move_to_end(package_id)
            self._bound()
        return holding

    def learn(self, package_id: str) -> None:
        """A film is begun: look at once who holds it, and what it is made of. May ask the database."""
        holding = _looked_up(package_id, self._picture)
        with self._lock:
            self._films[package_id] = (time.monotonic(), holding)
            self._bound()
        if package_id not in self._tracks and (package := catalog.package(package_id)):
            self._tracks[package_id] = package.renditions

    def _bound(self) -> None:
        while len(self._films) > FILMS_MOST:
            package_id, _ = self._films.popitem(last=False)
            self._tracks.pop(package_id, None)

    def tracks(self, package_id: str) -> tuple[Rendition, ...]:
        """What a film is made of; nothing before anybody began it here, or a moment after it was asked for first."""
        return self._tracks.get(package_id, ())

    def look(self, now: datetime) -> None:
        """Make the picture anew. What cannot be read stays as it was."""
        try:
            nodes: Sequence[Node] = cdn.nodes()
        except DatabaseError:
            self._stretch(now)
            return
        except SynchronousOnlyOperation:
            # In an event loop, and the thread is late: it may hang with the database, without any error to tell of it.
            self._stretch(now)
            return
        if nodes is not self._picture.nodes:
            self._picture = Picture(nodes, self._picture)

    def _stretch(self, now: datetime) -> None:
        if time.monotonic() - self._stretched_at < STRETCHED_EVERY:
            return
        log.warning("The fleet cannot be read; steering by what was last known of it.", exc_info=True)
        lease = now + STRETCHED_BY
        nodes = self._picture.nodes or _read()
        self._picture = Picture([replace(one, lease_until=max(one.lease_until, lease)) for one in nodes])
        self._stretched_at = time.monotonic()

    def keep(self, until: threading.Event) -> None:
        """Look until told to end."""
        while True:
            # Its own work counts, not what it waited for: else it would look least often when most is asked.
            begun = time.thread_time()
            try:
                self.look(timezone.now())
                self.looked.set()
                self._look_at_films()
                self._kept_at = time.monotonic()
                self._write()
            except Exception:  # a picture that grows old would be noticed by nobody until a node dies
                log.exception("Making the picture of the fleet stumbled.")
            finally:
                close_old_connections()
            took = time.thread_time() - begun
            every = EVERY if len(self._picture.nodes) <= WHOLE else EVERY_LARGE
            if until.wait(min(LATEST, max(every, took * (1 - SHARE) / SHARE))):
                return

    def _look_at_films(self) -> None:
        now = time.monotonic()
        with self._lock:
            films = list(self._films.items())
        for package_id, (asked_at, before) in films:
            if now - asked_at > FILMS_FOR:
                with self._lock:
                    self._films.pop(package_id, None)
                    self._tracks.pop(package_id, None)
                continue
            if package_id not in self._tracks and (package := catalog.package(package_id)):
                self._tracks[package_id] = package.renditions
            holding = _looked_up(package_id, self._picture)
            if holding.held != before.held:
                with self._lock:
                    self._films[package_id] = (asked_at, holding)

    def _write(self) -> None:
        """Keep what does not pass, when it has changed."""
        if time.monotonic() - self._written_at < WRITTEN_EVERY:
            return
        self._written_at = time.monotonic()
        lines: dict[int, tuple[tuple[object, ...], str]] = {}
        for node in self._picture.nodes:
            lasting, line = _lasting(node), self._lines.get(node.slot)
            lines[node.slot] = line if line and line[0] == lasting else (lasting, json.dumps(_plain(node)))
        if not lines or lines == self._lines:
            return
        partial = _file().with_suffix(f".{os.getpid()}.new")  # each web process keeps its own
        with partial.open("w", encoding="utf-8") as file:
            # A line at a time: text for ten thousand nodes at once would keep the interpreter from everybody else.
            for sign, (_, text) in zip(chain("[", repeat(",")), lines.values(), strict=False):
                file.write(f"{sign}\n{text}")
            file.write("\n]\n")
        partial.replace(_file())
        self._lines = lines

    def forget(self) -> None:
        """As in a fresh process."""
        self.__init__()  # type: ignore[misc]


_NOTHING = Holding({})
_EPOCH = datetime.fromtimestamp(0, tz=UTC)


def _looked_up(package_id: str, picture: Picture) -> Holding:
    try:
        holders = cdn.holders(package_id)
    except (DatabaseError, SynchronousOnlyOperation):
        return _NOTHING
    names = picture.names
    return Holding({names[one]: what for one, what in holders.items() if one in names})


def _file() -> Path:
    return Path(settings.WORK_DIR) / "last-fleet.json"


#: What is of use after a restart.
_KEPT = tuple(spec.name for spec in fields(Node) if spec.name not in (*_PASSING, "lease_until"))
_lasting = attrgetter(*_KEPT)


def _plain(node: Node) -> dict[str, Any]:
    said: dict[str, Any] = {name: getattr(node, name) for name in _KEPT} | _PASSING | {"lease_until": _EPOCH}
    for name in _TIMES:
        said[name] = said[name].isoformat() if said[name] else None
    return said | {"id": str(node.id)}


def _read() -> tuple[Node, ...]:
    """The fleet as a process before this one last knew it; nothing when there is no such file, or not of this kind."""
    known = {spec.name for spec in fields(Node)}
    try:
        found = []
        for said in json.loads(_file().read_text(encoding="utf-8")):
            said |= {name: datetime.fromisoformat(said[name]) for name in _TIMES if said.get(name)}
            said |= {"id": UUID(said["id"]), "state": NodeState(said["state"])}
            found.append(Node(**{name: value for name, value in said.items() if name in known}))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(found)


#: This process'.
KNOWN = Known()


def start() -> None:
    """Keep the picture in a thread for as long as this process lives, and wait a moment for the first.

    Called once, by the web process.
    """
    threading.Thread(target=KNOWN.keep, args=(threading.Event(),), name="steering", daemon=True).start()
    KNOWN.looked.wait(FIRST_SECONDS)

"""Players say that a node sends wrong bytes: we fetch some ourselves, as a viewer would, and compare with the package.

A claim alone does nothing: it may be a proxy on the viewer's way, or a lie. What we find wrong is the node's fault, and
is written down like one that it reported of itself; three in a day put it in quarantine.
"""

import hashlib
import http.client
import logging
import queue
import random
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db import close_old_connections
from django.utils import timezone

from catalog import services as catalog
from catalog.types import RenditionKind
from cdn import faults, keys, signing
from cdn.live import Row, fleet
from cdn.proving import Response, check_place
from cdn.reports import Fault
from cdn.types import NodeState

log = logging.getLogger(__name__)

#: A node is looked at so often at most, in seconds, whoever complains; and this long after a look that found nothing.
AGAIN_SECONDS, CLEAN_SECONDS = 20.0, 120.0
#: So many objects are fetched in one look: the first of a rendition and some from anywhere.
OBJECTS = 6
#: Nothing larger is fetched, in bytes, and none for longer, in seconds.
LARGEST, PATIENCE = 32 << 20, 10.0
_WAITING = 256
#: A node that lies to viewers must not know that it is we who ask.
_AS_A_BROWSER = {"User-Agent": "Mozilla/5.0", "Accept": "*/*"}
#: One session makes us look so often within CLEAN_SECONDS: else a single liar could have us fetch from all nodes
#: without end, and keep us from whoever is right. So many sessions are remembered.
LOOKS_OF_SESSION, _SESSIONS = 4, 4096


@dataclass(frozen=True, slots=True)
class Claim:
    """Wrong bytes of this package came from this node, somebody says."""

    node_id: UUID
    package_id: str


class Claims:
    """What waits to be looked into. Times are of one steady clock, in seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Claim] = queue.Queue(_WAITING)
        self._not_before: OrderedDict[UUID, float] = OrderedDict()
        #: By session: since when, and how many looks were made for it.
        self._made: OrderedDict[UUID, tuple[float, int]] = OrderedDict()

    def report(self, node_id: UUID, session_id: UUID, package_id: str, now: float) -> bool:
        """A session complains; whether the node will be looked at for it. Never waits."""
        with self._lock:
            if now < self._not_before.get(node_id, float("-inf")):
                return False
            since, looks = self._made.get(session_id, (now, 0))
            if now - since >= CLEAN_SECONDS:
                since, looks = now, 0
            if looks >= LOOKS_OF_SESSION:
                return False
            self._made[session_id] = since, looks + 1
            while len(self._made) > _SESSIONS:
                self._made.popitem(last=False)
            self._not_before[node_id] = now + AGAIN_SECONDS
            while len(self._not_before) > _WAITING:
                self._not_before.popitem(last=False)
        try:
            self._waiting.put_nowait(Claim(node_id, package_id))
        except queue.Full:
            return False
        log.info("session %s says that node %s sends wrong bytes of %s", session_id, node_id, package_id)
        return True

    def cleared(self, node_id: UUID, now: float) -> None:
        """Nothing was found: for a while nobody is listened to about this node."""
        with self._lock:
            self._not_before[node_id] = now + CLEAN_SECONDS

    def take(self, seconds: float) -> Claim | None:
        """The next to look into, waiting so long for it."""
        try:
            return self._waiting.get(timeout=seconds)
        except queue.Empty:
            return None

    def forget(self) -> None:
        """As in a fresh process."""
        self.__init__()  # type: ignore[misc]


claims = Claims()


def look_into(claim: Claim) -> int:
    """Fetch some of the package from the node, and write down what is wrong; → how many objects were."""
    row = fleet.row(claim.node_id)
    package = catalog.package(claim.package_id)
    if row is None or package is None or row.state in (NodeState.RETIRED, NodeState.QUARANTINED):
        return 0
    wrong = []
    for rendition, name in _some(claim.package_id):
        stored = catalog.stored_object(claim.package_id, rendition=rendition, name=name)
        if stored is None or stored.length > LARGEST:
            continue
        detail = _wrong(row, claim.package_id, rendition, name, stored.length, stored.sha256)
        if detail:
            wrong.append(
                Fault(
                    id=uuid4().hex[:16],
                    kind="corrupt",
                    package=claim.package_id,
                    rendition=rendition,
                    name=name,
                    detail=detail,
                    at=time.time(),
                )
            )
    if wrong:
        log.error("node %s sends wrong bytes: %s", row.name, "; ".join(one.detail for one in wrong))
        faults.take(row.id, tuple(wrong), timezone.now())
    else:
        claims.cleared(row.id, time.monotonic())
    return len(wrong)


def _some(package_id: str) -> list[tuple[str, str]]:
    """Objects of a package to look at, by rendition and wire name."""
    package = catalog.package(package_id)
    tracks = [one for one in (package.renditions if package else ()) if one.kind is RenditionKind.VIDEO]
    sounds = [one for one in (package.renditions if package else ()) if one.kind is RenditionKind.AUDIO]
    tracks, sounds = [one for one in tracks if one.segments], [one for one in sounds if one.segments]
    found = [(one.name, "0.m4s") for one in (*random.sample(tracks, min(2, len(tracks))), *sounds[:1])]
    while (tracks or sounds) and len(found) < OBJECTS:
        (one,) = random.sample([*tracks, *sounds], 1)
        (number,) = random.sample(range(len(one.segments)), 1)
        found.append((one.name, f"{number}.m4s"))
    return list(dict.fromkeys(found))


def _wrong(row: Row, package_id: str, rendition: str, name: str, length: int, sha256: str) -> str:
    """What is wrong with an object as the node gives it; '' when nothing is, or when it could not be had."""
    path = f"/v1/{_token(package_id)}/{package_id}/{rendition}/{name}"
    try:
        status, body = _fetched(row.base_url, path, length)
    except (OSError, http.client.HTTPException) as error:
        log.info("node %s could not be proved: %r", row.name, error)
        return ""
    if status != 200:
        return ""
    if len(body) != length:
        return f"{len(body)} bytes instead of {length}"
    return "" if hashlib.sha256(body).hexdigest() == sha256 else f"wrong bytes, as players said ({length})"


def _token(package_id: str) -> str:
    """Leave to fetch this package, for a minute: the node cannot tell our look from a viewer."""
    now = timezone.now()
    key = keys.ring.signing(now)
    token = signing.Token(
        kid=key.kid,
        session=uuid4().bytes,
        account=uuid4().bytes[:4],
        package=bytes.fromhex(package_id),
        renditions=signing.ALL_RENDITIONS,
        not_before=int(now.timestamp()),
        expires=int(now.timestamp()) + 60,
    )
    return signing.encode(token, key.private)


def _fetched(base_url: str, path: str, length: int) -> tuple[int, bytes]:
    parts = urlsplit(base_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    # All of it by then: one node that trickles must not keep us from looking at the others.
    connection.response_class = partial(Response, end=time.monotonic() + PATIENCE)  # type: ignore[assignment]
    try:
        connection.connect()
        check_place(base_url, str(connection.sock.getpeername()[0]))
        connection.request("GET", path, headers=_AS_A_BROWSER)
        answer = connection.getresponse()
        body = answer.read(length + 1)
        if (
            answer.length and len(body) <= length
        ):  # it said that there is more: the line was cut, or it was ended
            raise http.client.IncompleteRead(body, answer.length)
        return answer.status, body
    finally:
        connection.close()


def watch(until: threading.Event) -> None:
    """Look into claims until told to end."""
    while not until.is_set():
        claim = claims.take(1.0)
        if claim is None:
            continue
        try:
            look_into(claim)
        except Exception:  # in a thread that nobody waits for
            log.exception("Looking into wrong bytes stumbled.")
        finally:
            close_old_connections()


def start() -> None:
    """Look in a thread for as long as this process lives. Called once, by the web process."""
    threading.Thread(target=watch, args=(threading.Event(),), name="node-corruption", daemon=True).start()

"""Where the bytes of one object come from: a peer, the origin, one after the other, each from where the last stopped.

What the origin sends goes to viewers as it comes. What a peer sends waits until the whole object has the right hash: a
viewer who was given the beginning of wrong bytes would go on with right ones from elsewhere, and have a whole answer
that is wrong. So that nobody waits long for that, a peer has a second when a viewer waits.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdn.edge.faults import Faults
from cdn.edge.gate import ORDER
from cdn.edge.identity import Identity
from cdn.edge.manifest import Spec
from cdn.edge.peers import Peer, Peers
from cdn.edge.upstream import FIRST_BYTE_SECONDS, NEXT_BYTE_SECONDS, Answer, OriginAway, Upstream
from cdn.ranges import etag

if TYPE_CHECKING:
    from cdn.edge.fill import Fill

log = logging.getLogger("edge")

#: Pauses before the origin is asked again, in seconds.
RETRY_SECONDS = (0.1, 0.4)
#: How often a source that breaks off in the middle may go on where it stopped.
RESUMES = 8
#: How long a peer may be silent, in seconds: when it holds the object, and when it fetches it itself.
SILENT_SECONDS, FETCHING_SECONDS = 1.0, 4.0
#: How long a viewer waits for a peer before the origin is asked, and how much longer when it is nearly done (seconds).
VIEWER_SECONDS, NEARLY_SECONDS = 1.0, 0.25
#: A peer that holds an object and sends less than this is left, in bytes per second, looked at after the second figure.
SLOWEST, SLOWEST_AFTER = 256 * 1024, 1.0
#: After the origin did not answer, peers are asked first for so many seconds.
AWAY_SECONDS = 5.0
#: A manifest that is longer is not taken from a peer, in bytes. (A film of three hours has some 3 MB.)
MANIFEST_MOST = 32 << 20
#: What is said to a peer in X-Fill: only if it holds the object; and that nobody waits for it.
ONLY_HELD, ORDERED = "held", "order"
#: The first piece is small, so that everyone who waits has begun before anyone has much.
_FIRST, _CHUNK = 16 * 1024, 256 * 1024


class Failed(Exception):
    """The object cannot be had; `status` is what the viewer is answered."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Elsewhere(Exception):
    """This peer has it not, or not soon enough: ask the next source."""


@dataclass(slots=True)
class Draft:
    """The bytes of one object so far. `sure` of them, from the beginning, came from the origin."""

    received: int = 0
    sure: int = 0
    resumes: int = 0
    #: Who gave bytes that are not yet proved.
    givers: set[str] = field(default_factory=set)
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _sure_hash: "hashlib._Hash | None" = None

    def add(self, chunk: bytes, giver: Peer | None) -> None:
        """More bytes, of a peer or (None) of the origin."""
        if giver is not None:
            self.givers.add(giver.place.id)
            if self._sure_hash is None:
                self._sure_hash = self._hash.copy()
        elif self._sure_hash is None:
            self.sure += len(chunk)
        self._hash.update(chunk)
        self.received += len(chunk)

    def doubt(self) -> None:
        """Forget everything behind what the origin sent."""
        if self._sure_hash is not None:
            self._hash, self._sure_hash = self._sure_hash, None
        self.received = self.sure
        self.givers.clear()

    def digest(self) -> bytes:
        """The hash of what was received."""
        return self._hash.digest()


@dataclass(frozen=True, slots=True)
class Source:
    """Whom to ask: a peer, or the origin after a pause. `held`: only if the peer has it already."""

    peer: Peer | None = None
    held: bool = False
    pause: float = 0.0
    ordered: bool = False


class Sourcing:
    """Brings objects, and knows who was of use."""

    def __init__(
        self, upstream: Upstream, identity: Identity, peers: Peers | None = None, faults: Faults | None = None
    ) -> None:
        self._upstream, self._identity, self._peers, self._faults = upstream, identity, peers, faults
        self._origin_away_until = 0.0
        #: Bytes fetched since this process began.
        self.peer_bytes = self.origin_bytes = 0

    async def bring(self, fill: "Fill") -> bytes:
        """Receive the whole object; → its hash. Raises Failed."""
        spec, draft = fill.spec, fill.draft
        away: OriginAway | None = None
        slow = 0
        for source in self._sources(fill):
            if source.pause:
                await asyncio.sleep(source.pause)
            while draft.received < spec.length:
                before = draft.received
                try:
                    await self._stream(fill, source)
                except Elsewhere as reason:
                    log.debug(
                        "%s of %s is not to be had there: %s", spec.name, spec.rendition.package, reason
                    )
                    break
                except OriginAway as error:
                    away = error
                    if source.peer is None and draft.received > before and draft.resumes < RESUMES:
                        draft.resumes += 1
                        continue
                    self._left(source, error)
                    slow += source.peer is None and error.slow
                    break
                finally:
                    fill.peer = None
                digest = self._proved(fill)
                if digest is not None:
                    return digest
                if source.peer is not None:
                    break
            if slow > 1:
                break
        assert away is not None  # the origin was asked, and it did not bring the object
        raise Failed(504 if away.slow else 502, str(away)) from away

    async def manifest(self, package: str, *, of_origin: bool = False) -> bytes:
        """A package's manifest; the origin's is for the caller to check. Raises Failed."""
        away: OriginAway | None = None
        peers = None if of_origin else self._peers
        asked = peers.leader(place_key(package, "")) if peers is not None else None
        if asked is not None:
            text = await self._manifest_of(asked, package)
            if text is not None:
                return text
        for pause in (0.0, *RETRY_SECONDS):
            await asyncio.sleep(pause)
            try:
                async with self._ask(Source(), f"{package}/manifest.json", {}) as answer:
                    if answer.status == 200:
                        return await answer.body()
                refuse(answer.status)
            except OriginAway as error:
                away = error
                self._left(Source(), error)
                if error.slow:
                    break
        for peer in peers.others(place_key(package, ""), 2) if peers is not None else ():
            text = await self._manifest_of(peer, package, held=True)
            if text is not None:
                return text
        assert away is not None
        raise Failed(504 if away.slow else 502, str(away)) from away

    async def _manifest_of(self, peer: Peer, package: str, *, held: bool = False) -> bytes | None:
        source = Source(peer, held=held)
        try:
            async with asyncio.timeout(2 * VIEWER_SECONDS):
                async with self._ask(source, f"{package}/manifest.json", {}) as answer:
                    if answer.status != 200 or answer.length > MANIFEST_MOST:
                        return None
                    text = await answer.body()
        except OriginAway as error:
            self._left(source, error)
            return None
        except TimeoutError:
            return None
        if hashlib.sha256(text).hexdigest()[:32] == package:
            self.peer_bytes += len(text)
            return text
        self._blame(peer, "another package's manifest", package, "", "manifest.json")
        return None

    def _sources(self, fill: "Fill") -> Iterator[Source]:
        """Whom to ask, in order. What the manifest has no hash for (init segments) comes from the origin only."""
        spec, ordered = fill.spec, fill.ticket.background
        key = place_key(spec.rendition.package, spec.rendition.name)
        peers = self._peers if spec.sha256 is not None else None
        asked: set[str] = set()

        def ask(found: Iterable[Peer], *, held: bool) -> Iterator[Source]:
            for peer in found:
                if peer.place.id not in asked:
                    asked.add(peer.place.id)
                    yield Source(peer, held=held, ordered=ordered)

        if peers is not None and not fill.of_origin:
            leader = peers.leader(key)
            yield from ask([leader] if leader is not None else [], held=False)
            away = time.monotonic() < self._origin_away_until
            nobody_waits = fill.ticket.priority >= ORDER
            yield from ask(peers.others(key, 2 if away else int(nobody_waits)), held=True)
        yield Source()
        if peers is not None and not fill.of_origin:
            yield from ask(peers.others(key, 2), held=True)
        for pause in RETRY_SECONDS:
            yield Source(pause=pause)

    def _ask(self, source: Source, rest: str, headers: dict[str, str]) -> AbstractAsyncContextManager[Answer]:
        if source.peer is None:
            path = f"/origin/v1/{rest}"
            signed = self._identity.sign("GET", path, 0)
            return self._upstream.request(
                "GET", path, headers={**signed, **headers}, patience=FIRST_BYTE_SECONDS
            )
        if self._peers is not None:
            self._peers.asking(source.peer)
        path = f"/peer/v1/{rest}"
        signed = self._identity.sign("GET", path, 0)
        if source.held or source.ordered:
            signed["X-Fill"] = ONLY_HELD if source.held else ORDERED
        return source.peer.upstream.request(
            "GET", path, headers={**signed, **headers}, patience=SILENT_SECONDS
        )

    async def _stream(self, fill: "Fill", source: Source) -> None:
        """Receive the object, or what is still missing of it, from one source."""
        spec, draft, peer = fill.spec, fill.draft, source.peer
        fill.peer, fill.asked_at = None if source.held else peer, time.monotonic()
        headers = {"Range": f"bytes={draft.received}-"} if draft.received else {}
        rest = f"{spec.rendition.package}/{spec.rendition.name}/{spec.name}"
        async with self._ask(source, rest, headers) as answer:
            if peer is not None and self._peers is not None:
                self._peers.answered(peer)
            if peer is not None and answer.status not in (200, 206 if draft.received else 200):
                raise Elsewhere(f"it answered {answer.status}")
            skip = 0
            if answer.status == 200:
                skip = draft.received  # the range was ignored: pass over what is here
            elif answer.status != 206 or not draft.received:
                refuse(answer.status)
            self._check(fill, answer, skip, peer)
            if peer is None:
                await self._from_origin(fill, answer, skip)
            else:
                await self._from_peer(fill, answer, skip, peer)

    def _check(self, fill: "Fill", answer: Answer, skip: int, peer: Peer | None) -> None:
        """Whether what is announced is this object."""
        spec, tag = fill.spec, answer.headers.get("etag", "")
        right = answer.length + (fill.draft.received - skip) == spec.length
        if right and tag and (not fill.tag or tag == fill.tag):
            fill.tag = tag
            return
        if peer is None:
            words = "has changed" if right else "has another length"
            raise Failed(502, f"the origin's object {words}")
        self._blame(peer, "another object than was asked for", *names(spec))
        raise Elsewhere("it announced another object")

    async def _from_origin(self, fill: "Fill", answer: Answer, skip: int) -> None:
        self._origin_away_until = 0.0
        while chunk := await answer.read(
            _CHUNK if fill.draft.received else _FIRST, patience=NEXT_BYTE_SECONDS
        ):
            fresh = chunk[skip:]
            skip -= len(chunk) - len(fresh)
            self.origin_bytes += len(chunk)
            await fill.take(fresh, None)

    async def _from_peer(self, fill: "Fill", answer: Answer, skip: int, peer: Peer) -> None:
        """As long as it is of use: see the figures above. Raises Elsewhere, OriginAway."""
        holds = answer.headers.get("x-cache", "HIT") == "HIT"
        silent = SILENT_SECONDS if holds else FETCHING_SECONDS
        waited, got = 0.0, 0
        while answer.left:
            left = fill.time_left(VIEWER_SECONDS)
            began = time.monotonic()
            try:
                chunk = await answer.read(_CHUNK, patience=max(0.01, min(silent, left)))
            except OriginAway as error:
                if error.slow and left < silent:
                    raise self._too_late(fill) from error
                if not holds and not error.slow:
                    raise Elsewhere("it could not fetch it") from error  # which is not its fault
                raise
            waited += time.monotonic() - began
            got += len(chunk)
            fresh = chunk[skip:]
            skip -= len(chunk) - len(fresh)
            self.peer_bytes += len(chunk)
            await fill.take(fresh, peer)
            if not answer.left:
                return  # however long it took: nobody could bring it sooner
            if holds and waited > SLOWEST_AFTER and got < SLOWEST * waited:
                raise OriginAway("a peer is slow", slow=True)
            if fill.time_left(VIEWER_SECONDS) <= 0:
                nearly = answer.left * waited <= NEARLY_SECONDS * got
                if not nearly or fill.time_left(VIEWER_SECONDS + NEARLY_SECONDS) <= 0:
                    raise self._too_late(fill)

    @staticmethod
    def _too_late(fill: "Fill") -> Elsewhere:
        """A viewer has waited long enough. Less than half is thrown away: the origin's bytes may be given at once."""
        if fill.draft.received * 2 < fill.spec.length:
            fill.draft.doubt()
        return Elsewhere("a viewer waits")

    def _proved(self, fill: "Fill") -> bytes | None:
        """The object's hash when it is the right one. None when peers spoiled it: only the origin's bytes are kept."""
        spec, draft = fill.spec, fill.draft
        found = draft.digest()
        if found == (spec.sha256 or found) and fill.tag == etag(found.hex()):
            for peer in self._givers(draft):
                self._peers.proved(peer)  # type: ignore[union-attr]
            return found
        if not draft.givers:
            log.error("the origin sent wrong bytes for %s of %s", spec.name, spec.rendition.package)
            raise Failed(502, "the origin sent wrong bytes")
        for peer in self._givers(draft):
            self._blame(peer, "wrong bytes", *names(spec))
        draft.doubt()
        return None

    def _givers(self, draft: Draft) -> list[Peer]:
        found = [self._peers.get(giver) for giver in draft.givers] if self._peers else []
        return [peer for peer in found if peer is not None]

    def _blame(self, peer: Peer, what: str, package: str, rendition: str, name: str) -> None:
        pause = self._peers.failed(peer, wrong=True) if self._peers else 0.0
        words = f"n{peer.slot} sent {what}"
        log.error("%s (%s of %s); it is not asked for %.0f s", words, name, package, pause)
        if self._faults is not None:
            self._faults.note("peer", package, rendition, name, words)

    def _left(self, source: Source, error: OriginAway) -> None:
        """A source is of no use now."""
        if source.peer is None:
            self._origin_away_until = time.monotonic() + AWAY_SECONDS
        elif self._peers is not None:
            pause = self._peers.failed(source.peer)
            log.warning("n%d: %s; it is not asked for %.0f s", source.peer.slot, error, pause)


def place_key(package: str, rendition: str) -> bytes:
    """What decides who leads: all objects of a rendition have the same leader."""
    return f"{package}/{rendition}".encode()


def names(spec: Spec) -> tuple[str, str, str]:
    """Package, rendition and name of an object."""
    return spec.rendition.package, spec.rendition.name, spec.name


def refuse(status: int) -> None:
    """What the origin's refusals mean for the viewer. Raises Failed, or OriginAway when it is worth asking again."""
    if status == 404:
        raise Failed(404, "unknown object")
    if status in (401, 403):
        raise Failed(421, "this node may not pull now")
    if status >= 500:
        raise OriginAway(f"the origin answered {status}")
    if status != 200:
        raise Failed(502, f"the origin answered {status}")

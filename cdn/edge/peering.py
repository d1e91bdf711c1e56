"""What this node gives to other nodes: what it holds; and what it lacks, where it leads for its site.

    GET /peer/v1/<package>/manifest.json
    GET /peer/v1/<package>/<rendition>/<name>

signed as for the origin. A leader that lacks an object fetches it from the origin, once, and streams it; anybody else
answers 404, so that no question is ever handed on a second time.
"""

import asyncio
import re
from collections.abc import Callable

from cdn.edge.fill import Failed, Fill, Filler
from cdn.edge.gate import AHEAD, VIEWER
from cdn.edge.http import Request
from cdn.edge.manifest import Spec
from cdn.edge.peers import Peers
from cdn.edge.sourcing import ONLY_HELD, ORDERED, place_key
from cdn.edge.store import Hit, Store, object_key

_PATH = re.compile(rb"/peer/v1/([0-9a-f]{32})/(?:manifest\.json|([a-z0-9-]{1,32})/([A-Za-z0-9.]{1,32}))\Z")
#: A manifest's rendition, as far as leading goes.
_WHOLE = ""
_HERE_NOT = Failed(404, "not held here")


class Peering:
    """Answers peers. `ready`: what was taken down is known already; `spare`: viewers leave something for peers."""

    def __init__(
        self,
        peers: Peers,
        store: Store,
        filler: Filler,
        ready: Callable[[], bool] = lambda: True,
        spare: Callable[[], bool] = lambda: True,
    ) -> None:
        self._peers, self._store, self._filler = peers, store, filler
        self._ready, self._spare = ready, spare
        #: Questions of peers that were answered with bytes since this process began.
        self.answered = 0

    async def find(self, request: Request) -> Hit | Fill | bytes:
        """What this question is answered with. Raises Failed."""
        if request.headers.node is None:
            raise Failed(401, "sign this as a node does")
        asker = self._peers.asker(request.method, request.target.decode(), request.headers.node)
        if asker is None:
            raise Failed(403, "this node does not know who asks")
        if not self._spare():
            raise Failed(429, "this node's viewers need all it has")
        match = _PATH.match(request.target)
        if match is None or request.method != "GET" or not self._ready():
            raise _HERE_NOT
        package, rendition, name = match[1].decode(), match[2], match[3]
        held = request.headers.fill == ONLY_HELD
        if rendition is None:
            found: Hit | Fill | bytes = await self._manifest(package, held=held)
        else:
            wait = AHEAD if request.headers.fill == ORDERED else VIEWER
            found = await self._object(package, rendition, name, held=held, priority=wait)
        self.answered += 1
        return found

    async def _manifest(self, package: str, *, held: bool) -> bytes:
        index = await self._store.recall(package)
        if index is None:
            if held or not self._peers.leads(place_key(package, _WHOLE)):
                raise _HERE_NOT
            await self._filler.package(package, of_origin=True)
        text = await self._store.run(lambda: self._store.disk.manifest(package))
        if text is None:  # it could not be written: whoever asks goes to the origin
            raise _HERE_NOT
        return text

    async def _object(
        self, package: str, rendition: bytes, name: bytes, *, held: bool, priority: int
    ) -> Hit | Fill:
        leads = not held and self._peers.leads(place_key(package, rendition.decode()))
        index = await self._store.recall(package)
        if index is None and leads:
            index = await self._filler.package(package, of_origin=True)
        spec = index.spec(rendition, name) if index is not None else None
        if spec is None:
            raise _HERE_NOT
        for _ in range(3):
            found = await self._hit_or_fill(spec, held=held, leads=leads, priority=priority)
            if not isinstance(found, Hit) or self._store.hits.get(found.key) is found:
                return found
        raise _HERE_NOT  # evicted as soon as it comes: this node is of no use for it now

    async def _hit_or_fill(self, spec: Spec, *, held: bool, leads: bool, priority: int) -> Hit | Fill:
        key = object_key(spec.rendition, spec.name)
        hit = self._store.hits.get(key)
        if hit is not None:
            return hit
        fill = self._filler.fills.get(key)
        if fill is None and not leads:
            hit = await self._store.look(spec)
            if hit is None:
                raise _HERE_NOT
            return hit
        # It is not held yet; or another peer fetches it for this node, perhaps the one that asks: none waits in a ring.
        if fill is not None and (held or fill.peer is not None):
            raise _HERE_NOT
        fill, _ = self._filler.start(spec, priority=priority, of_origin=True)
        # The head goes out before the origin has answered, so that who asks can tell waiting from hanging.
        await asyncio.shield(fill.opened if fill.tag else fill.begun)
        if fill.kept is not None:
            return fill.kept
        if fill.failure is not None:
            raise fill.failure
        return fill

"""The other nodes, as the control plane names them: whom to ask before the origin, and whose questions to answer.

Of the nodes of a site one leads for each rendition (`placement.owners`): it alone fetches from the origin what the
site lacks, the others ask it, or its deputy while it does not answer. Who hangs, dawdles or sends wrong bytes is
passed over for a while that doubles.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cdn import signing
from cdn.ed25519 import Ed25519PublicKey
from cdn.edge import files
from cdn.edge.identity import Identity
from cdn.edge.upstream import Upstream
from cdn.placement import Place, owners

log = logging.getLogger("edge")

MOST = 64
#: Requests under way to one peer; others wait.
CONNECTIONS = 8
#: A signed question is good for so long, in seconds either way.
WINDOW = 30.0
#: How long a peer is passed over the first time, and at most, in seconds: for silence, and for wrong bytes.
AWAY_SECONDS, WRONG_SECONDS, LONGEST = 2.0, 30.0, 300.0
#: How long others wait for the first question after a failure, in seconds.
ALONE_SECONDS = 3.0
#: Who is asked and may lead. (Others are still answered: a draining node goes on filling what it needs.)
_ASKED = frozenset({"active", "degraded", "warming"})
_ANSWERED = _ASKED | {"pending", "verifying", "suspect", "draining"}


class BadPeer(ValueError):
    """An entry of the list makes no sense."""


@dataclass(slots=True)
class Peer:
    """Another node. Times are of the monotonic clock."""

    place: Place
    slot: int
    base_url: str
    public_key: str
    key: Ed25519PublicKey
    state: str
    upstream: Upstream
    strikes: int = 0
    away_until: float = 0.0
    lied: bool = False

    @property
    def asked(self) -> bool:
        """Whether it serves, as far as the control plane knows."""
        return self.state in _ASKED

    @property
    def at_hand(self) -> bool:
        """Whether it serves and is not passed over now."""
        return self.asked and time.monotonic() >= self.away_until


class Peers:
    """What this node was told of the others, kept over restarts."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        *,
        site: str,
        capacity_bps: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._identity, self._now = folder / "peers.json", identity, now
        self._site, self._capacity = site, capacity_bps
        self._region = ""
        self._peers: dict[str, Peer] = {}
        #: The version of the list that is applied; 0 while there is none.
        self.version = self._taken = 0
        self._read()

    def __len__(self) -> int:
        return len(self._peers)

    def get(self, node_id: str) -> Peer | None:
        """A peer by its id."""
        return self._peers.get(node_id)

    def close(self) -> None:
        """Hang up everywhere."""
        for peer in self._peers.values():
            peer.upstream.close()

    # The list ---------------------------------------------------------------------------------------------

    def take(self, entries: Iterable[Mapping[str, Any]], version: int) -> str:
        """Know these nodes and no others; → what `save` writes down. Entries that make no sense are passed over."""
        kept: list[dict[str, Any]] = []
        found: dict[str, Peer] = {}
        for entry in list(entries)[:MOST]:
            try:
                peer = self._peer(entry)
            except BadPeer as error:
                log.warning("a peer is passed over: %s", error)
                continue
            kept.append(dict(entry))
            if peer.place.id == self._identity.state.node_id:
                self._site, self._region = peer.place.site, peer.place.region
                self._capacity = int(peer.place.weight)
            else:
                found[peer.place.id] = peer
        for node_id, peer in self._peers.items():
            if found.get(node_id) is not peer:
                peer.upstream.close()
        self._peers, self._taken = found, version
        return json.dumps({"version": version, "peers": kept})

    def save(self, text: str) -> None:
        """Write down what `take` gave; only then, or when the disk refuses, is the list said to be applied: a node that
        is killed before that is told again. Blocks. Raises OSError.
        """
        try:
            files.replace(self._path, text.encode())
        finally:
            self.version = self._taken

    def _read(self) -> None:
        try:
            stored = json.loads(self._path.read_text())
            self.take(stored["peers"], int(stored["version"]))
            self.version = self._taken
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("the list of peers cannot be read and is asked for anew: %s", error)

    def _peer(self, entry: Mapping[str, Any]) -> Peer:
        """One entry; what was known of the peer is kept while its address and key are the same."""
        try:
            node_id, base_url = str(entry["node_id"]), str(entry["base_url"]).rstrip("/")
            public_key, state = str(entry["public_key"]), str(entry.get("state", "active"))
            slot, weight = int(entry.get("slot", 0)), float(entry.get("capacity_bps", 0) or 1)
            place = Place(node_id, str(entry.get("site", "")), str(entry.get("region", "")), weight)
            parts = urlsplit(base_url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
                raise BadPeer(f"base_url '{base_url}' is no address")
            before = self._peers.get(node_id)
            if before is not None and (before.base_url, before.public_key) == (base_url, public_key):
                before.place, before.slot, before.state = place, slot, state
                return before
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        except BadPeer:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadPeer(f"an entry lacks or spoils a field ({error!r})") from error
        upstream = Upstream(base_url, connections=CONNECTIONS, called="a peer")
        return Peer(place, slot, base_url, public_key, key, state, upstream)

    # Whom to ask ------------------------------------------------------------------------------------------

    def leader(self, key: bytes) -> Peer | None:
        """Who fetches this for the site: its leader, or the deputy while the leader does not answer. None when that is
        this node, or when nobody of the site can be asked.
        """
        for place in owners(key, self._of_the_site(), 2):
            peer = self._peers.get(place.id)
            if peer is None:
                return None
            if peer.at_hand:
                return peer
        return None

    def leads(self, key: bytes) -> bool:
        """Whether this node fetches it for a peer that asks: as its site's leader, or as the deputy, who is only asked
        while the leader does not answer.
        """
        return any(place.id == self._me().id for place in owners(key, self._of_the_site(), 2))

    def others(self, key: bytes, count: int) -> list[Peer]:
        """Who may hold it: of this site first, then of its region, then anywhere; the likeliest first."""
        me = self._me()
        at_hand = [peer for peer in self._peers.values() if peer.at_hand]
        ranked = owners(key, [peer.place for peer in at_hand], len(at_hand))
        tiers = sorted(
            ranked, key=lambda place: 0 if place.site == me.site else 2 - (place.region == me.region)
        )
        return [self._peers[place.id] for place in tiers[:count]]

    def _me(self) -> Place:
        return Place(self._identity.state.node_id, self._site, self._region, float(self._capacity))

    def _of_the_site(self) -> list[Place]:
        me = self._me()
        return [me, *(p.place for p in self._peers.values() if p.asked and p.place.site == me.site)]

    def failed(self, peer: Peer, *, wrong: bool = False) -> float:
        """Pass over a peer for a while; → how long, in seconds."""
        first = WRONG_SECONDS if wrong else AWAY_SECONDS
        pause: float = min(LONGEST, first * 2**peer.strikes) * random.uniform(0.8, 1.2)  # noqa: S311 (jitter)
        peer.strikes, peer.lied = min(peer.strikes + 1, 10), peer.lied or wrong
        peer.away_until = time.monotonic() + pause
        return pause

    def asking(self, peer: Peer) -> None:
        """A question goes to it. After a failure one goes alone: the others wait for how that ends."""
        if peer.strikes:
            peer.away_until = time.monotonic() + ALONE_SECONDS

    def answered(self, peer: Peer) -> None:
        """It speaks, even if only to say no: silence is forgiven, wrong bytes are not."""
        if peer.strikes and not peer.lied:
            peer.strikes, peer.away_until = 0, 0.0

    def proved(self, peer: Peer) -> None:
        """Its bytes were right."""
        peer.strikes, peer.away_until, peer.lied = 0, 0.0, False

    # Whom to answer ---------------------------------------------------------------------------------------

    def asker(self, method: str, path: str, signed: tuple[str, str, str, str]) -> Peer | None:
        """The node that signed this question (its id, time, sequence and signature); None for anybody else."""
        node_id, sent_at, sequence, signature = signed
        peer = self._peers.get(node_id)
        if peer is None or peer.state not in _ANSWERED:
            return None
        message = signing.request_message(method, path, sent_at, sequence, b"")
        if not signing.verified(peer.key, signature, message):
            return None
        try:
            fresh = abs(self._now() - float(sent_at)) <= WINDOW
        except ValueError:
            return None
        return peer if fresh else None

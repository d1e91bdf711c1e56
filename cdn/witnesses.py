"""Who else than the lease says that a node is down: players that could not fetch, and our own probes. In memory.

Any one witness may be wrong in its own way: a lease when our ears are, a probe when our line is, players when their
network is. So players alone only make us look at once and send nobody new there meanwhile; a node is down when its
lease has run out, or when two of the three say so.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

#: Players are believed when so many sessions of so many networks failed within so many seconds.
SESSIONS, NETWORKS, WITHIN_SECONDS = 3, 2, 5.0
#: What they said holds this long after the last of it, in seconds, unless a probe clears the node.
HOLDS_SECONDS = 10.0
#: Players who were found wrong about a node are not listened to for this long, in seconds.
DEAF_SECONDS = 30.0
#: So many probes in a row must fail before they speak against a node, and succeed before they speak for it again.
FAILS, CLEARS = 2, 2
_REPORTS_MOST = 64


def network_of(address: str) -> str:
    """A coarse name of the network of an address: its /24, or its /48; the text itself when it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    # An IPv4 address as a socket for both kinds gives it: else all of IPv4 would be one network.
    found = (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


class Clients:
    """Failures as players report them. Times are of one steady clock, in seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[UUID, deque[tuple[float, UUID, str]]] = {}
        self._since: dict[UUID, float] = {}
        self._deaf_until: dict[UUID, float] = {}

    def report(self, node_id: UUID, session_id: UUID, network: str, now: float) -> None:
        """A session could not fetch from a node."""
        with self._lock:
            reports = self._reports.setdefault(node_id, deque(maxlen=_REPORTS_MOST))
            reports.append((now, session_id, network))
            recent = [one for one in reports if now - one[0] <= WITHIN_SECONDS]
            if (
                len({session for _, session, _ in recent}) >= SESSIONS
                and len({network for _, _, network in recent}) >= NETWORKS
            ):
                self._since[node_id] = now

    def speak_against(self, now: float) -> set[UUID]:
        """The nodes that players call down."""
        with self._lock:
            self._since = {node: at for node, at in self._since.items() if now - at <= HOLDS_SECONDS}
            self._deaf_until = {node: until for node, until in self._deaf_until.items() if now < until}
            return self._since.keys() - self._deaf_until.keys()

    def clear(self, node_id: UUID, now: float) -> None:
        """A probe reached the node: what was said before counts no more, and for a while nothing that is said anew.

        Else a few who mean ill could keep a node that is well out of use.
        """
        with self._lock:
            self._reports.pop(node_id, None)
            if self._since.pop(node_id, None) is not None:
                self._deaf_until[node_id] = now + DEAF_SECONDS

    def forget(self) -> None:
        """As in a fresh process."""
        with self._lock:
            self._since.clear()
            self._reports.clear()
            self._deaf_until.clear()


@dataclass(slots=True)
class Probe:
    """What our own looks at one node found: how often running, and the words of the last failure."""

    failed: int = 0
    reached: int = 0
    words: str = ""
    at: float = 0.0


@dataclass(slots=True)
class Probes:
    """The results of probing. Times are of one steady clock, in seconds."""

    results: dict[UUID, Probe] = field(default_factory=dict)
    _against: set[UUID] = field(default_factory=set)

    def note(self, node_id: UUID, words: str, now: float) -> None:
        """A probe ended; `words` are empty when the node was reached."""
        probe = self.results.setdefault(node_id, Probe())
        probe.at = now
        if words:
            probe.failed, probe.reached, probe.words = probe.failed + 1, 0, words
        else:
            probe.failed, probe.reached = 0, probe.reached + 1
        if probe.failed >= FAILS:
            self._against.add(node_id)
        elif probe.reached >= CLEARS:
            self._against.discard(node_id)

    def speak_against(self) -> set[UUID]:
        """The nodes that probes call down."""
        return set(self._against)

    def forget(self) -> None:
        """As in a fresh process."""
        self.results.clear()
        self._against.clear()


clients = Clients()
probes = Probes()


def forget() -> None:
    """As in a fresh process."""
    clients.forget()
    probes.forget()


def verdict(*, lease_lost: bool, probe: bool, clients: bool) -> str:
    """'down', 'doubted' or '' for what the three witnesses say against a node.

    A lost lease is enough; else it takes two. Players alone raise a doubt; a probe alone (our own line may be the
    trouble, and the node speaks to us) does nothing.
    """
    if lease_lost or (probe and clients):
        return "down"
    return "doubted" if clients else ""

"""Who is served when there is not enough for all: sessions, not requests, and what nobody waits for goes first.

Three marks on the share of the node's capacity that it sends, each left lower than it was entered so that nothing
flaps: above `HINT` every answer says so, and how many of the players should move (one that does goes on elsewhere with
its next segment, without an error; were all to go, the next node would have them all); above `FULL` a session
that is not known here is told to go elsewhere (429); above `CUT` a cut-off falls with the cube of the overload through
the requests' order of importance, prefetches first, start-ups never.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cdn.edge.cmcd import NOTHING, Wish
from cdn.edge.verdicts import Verdict, Verdicts

#: Entered at the first share of capacity, left below the second.
HINT = (0.85, 0.80)
FULL = (0.92, 0.85)
CUT = (0.97, 0.92)
#: A player with more than this in hand comes before others that wait, in seconds. Who waits, waits up to a quarter of
#: what it has in hand, and never longer than the second figure.
AHEAD_SECONDS, LONGEST_DELAY = 20.0, 10.0
#: Who says nothing of itself waits so long, in seconds.
UNSAID_DELAY = 0.5
#: What our player reads beside `du` (a custom key, as CTA-5006 wants them): with which chance to move now.
SHARE = "com.netflixlite-share"
#: Importance from 1 (somebody looks at a still picture) to 100 (nobody would notice).
STARTING, UNSAID, FILLING, SPECULATIVE = 5, 30, 90, 95
#: The cut-off never falls below this: who starts or has run dry is served as long as anybody is.
LAST = 10


class Ruling(NamedTuple):
    """What to do with a request: answer with `status` (0: serve it), or serve it `delay` seconds later."""

    status: int = 0
    delay: float = 0.0


SERVE = Ruling()
ELSEWHERE = Ruling(429)


class Admission:
    """The node's door. `measure` is called about once a second, `admit` only while `judging`."""

    def __init__(self, verdicts: Verdicts, capacity_bps: int, *, name: str = "edge") -> None:
        self._verdicts, self._capacity = verdicts, max(1, capacity_bps)
        #: Who gives the hint, as CTA-5006 wants it: a node's place in the fleet.
        self.name = name
        #: The top bitrate that the control plane suggests while capacity is short, in kbit/s; 0 for none.
        self.ceiling = 0
        #: While draining: the share of the sessions that is told to move on.
        self.leaving = 0.0
        self._load = 0.0
        self._hinting = self._full = self._cutting = False
        #: Requests refused or delayed since this process began.
        self.shed = self.delayed = 0

    @property
    def load(self) -> float:
        """Share of the capacity in use."""
        return self._load

    @property
    def full(self) -> bool:
        """Whether sessions that are not known here are sent elsewhere."""
        return self._full

    @property
    def busy(self) -> bool:
        """Whether requests that come to the responder must ask here first."""
        return self._full or self._cutting

    @property
    def judging(self) -> bool:
        """Whether every single request must be judged: the fast path is closed meanwhile."""
        return self._cutting or self.leaving > 0

    def heard(self, answer: Mapping[str, Any], state: str) -> None:
        """Take what a heartbeat's answer says of hints. Raises TypeError or ValueError when it makes no sense."""
        self.ceiling = min(max(0, int(answer.get("mb", 0))), 1_000_000)
        drain = answer.get("drain") or {}
        share = float(drain.get("share", 1.0)) if state == "draining" else 0.0
        self.leaving = min(1.0, max(0.0, share))

    def measure(self, egress_bps: float) -> None:
        """Take the node's sending rate."""
        self._load = egress_bps / self._capacity
        self._hinting = self._load >= HINT[self._hinting]
        self._full = self._load >= FULL[self._full]
        self._cutting = self._load >= CUT[self._cutting]

    @property
    def hint(self) -> bytes:
        """The header line that every answer carries now; b'' on a calm node (CTA-5006: `du` duress, `mb` kbit/s)."""
        words = [f";du;{SHARE}={self.excess:.3f}"] if self._hinting else []
        if self.ceiling:
            words.append(f";mb={self.ceiling}")
        return self._header("".join(words)) if words else b""

    @property
    def excess(self) -> float:
        """The part of the load that has to go until the first mark is left."""
        return max(0.0, 1 - HINT[1] / self._load) if self._load else 0.0

    def hint_for(self, verdict: Verdict) -> bytes:
        """The header line that this session gets besides: while draining, for the share that is to leave now."""
        if self._hinting or not self.leaving:
            return b""
        place = int.from_bytes(verdict.session[:4], "big") / (1 << 32)
        return self._header(";du") if place < self.leaving else b""

    def _header(self, words: str) -> bytes:
        return f'CMSD-Dynamic: "{self.name}"{words}\r\n'.encode()

    def admit(self, verdict: Verdict, wish: Wish = NOTHING, *, now: float) -> Ruling:
        """Whether and when to serve this request of a session whose token is good. `now` as in `verdict.seen`."""
        if self._full and not self._verdicts.seen_session(verdict.session, now=now):
            self.shed += 1
            return ELSEWHERE
        if not self._cutting or importance(wish) < self.cut_off:
            return SERVE
        if wish.speculative:
            self.shed += 1
            return ELSEWHERE
        # A session that is served here is never refused: it would only ask again, and its picture might stop.
        self.delayed += 1
        return Ruling(0, UNSAID_DELAY if wish.deadline is None else min(wish.deadline / 4, LONGEST_DELAY))

    @property
    def cut_off(self) -> float:
        """Requests of this importance and above are not served at once; above 100 while nothing is cut."""
        if not self._cutting:
            return 101.0
        overload = min(1.0, max(0.0, (self._load - CUT[0]) / (1 - CUT[0])))
        return max(LAST, 100 * (1 - overload**3))

    @property
    def may_fill(self) -> bool:
        """Whether what no viewer waits for may be fetched: such bytes cost the disk and the line."""
        return not self._cutting


def importance(wish: Wish) -> int:
    """How little a request would be missed: 1 to 100."""
    if wish.speculative:
        return SPECULATIVE
    if wish.starting or wish.starved:
        return STARTING
    if wish.deadline is None:
        return UNSAID
    if wish.deadline > AHEAD_SECONDS:
        return 60 + min(30, int(wish.deadline - AHEAD_SECONDS))
    return LAST + int(wish.deadline)

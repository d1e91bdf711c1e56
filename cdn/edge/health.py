"""How this node is: the figures of its heartbeats, what /health shows, what keeps it from being ready."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from cdn.edge.admission import Admission
from cdn.edge.agent import Agent
from cdn.edge.clock import Clock
from cdn.edge.config import Config
from cdn.edge.faults import Faults
from cdn.edge.fill import Filler
from cdn.edge.identity import Identity
from cdn.edge.journal import Journal
from cdn.edge.server import Server
from cdn.edge.store import Store

#: How often the disk is asked how it is, and how long it may take to say so, in seconds.
DISK_SECONDS = 5.0
DISK_PATIENCE = 10.0
#: States in which a node serves; in others it says why not.
_SERVING = ("active", "degraded", "warming", "suspect")


class Health:
    """Looks at all parts of a node; changes none, except that it opens and closes the fast path (`feel`)."""

    def __init__(
        self,
        config: Config,
        *,
        identity: Identity,
        store: Store,
        filler: Filler,
        server: Server,
        journal: Journal,
        admission: Admission,
        faults: Faults,
        clock: Clock,
    ) -> None:
        self._config, self._identity, self._store, self._filler = config, identity, store, filler
        self._server, self._journal, self._admission = server, journal, admission
        self._faults, self._clock = faults, clock
        self.agent: Agent
        #: More figures for the heartbeat, from parts that are added later.
        self.more: list[Callable[[], dict[str, Any]]] = []
        #: More for what /health shows only.
        self.shown: list[Callable[[], dict[str, Any]]] = []
        self._disk_problem, self._disk_free = "", 0
        self._cpu, self._cpu_at = _busy(), 0.0
        #: What /health showed last, and until when it is shown again (monotonic).
        self._page: dict[str, Any] = {}
        self._page_until = 0.0

    # The disk ---------------------------------------------------------------------------------------------

    def ask_disk(self) -> None:
        """Ask the disk how it is. Blocks."""
        self._disk_free = self._store.ask_disk()

    async def run(self) -> None:
        """Ask the disk how it is, in its own thread and with a deadline, until cancelled: a disk may hang."""
        while True:
            asking = asyncio.ensure_future(self._store.examine())
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
            try:
                self._disk_free = await asyncio.wait_for(asyncio.shield(asking), DISK_PATIENCE)
                self._disk_problem = ""  # one that only cannot be written serves on: the store has the words
            except TimeoutError:
                self._disk_problem = f"the cache's disk has not answered for {DISK_PATIENCE:g} s"
                await asyncio.wait({asking})
                continue
            except OSError as error:
                self._disk_problem = f"the cache cannot be read: {error.strerror or error}"
            await asyncio.sleep(DISK_SECONDS)

    # Once a second ----------------------------------------------------------------------------------------

    def feel(self) -> None:
        """Take the load and the clock as they are now, and set what every answer says of it."""
        self._admission.measure(self._server.egress_bps)
        self._server.verdicts.set_skew(self._clock.ahead())
        self.set_path()

    def set_path(self) -> None:
        """Let the fast path serve unless every request must be judged: while draining, or near the limit."""
        self._server.hint = self._admission.hint
        self._server.slow_only = self.agent.state not in _SERVING or self._admission.judging

    # What is said -----------------------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """What keeps this node from doing its work, in words."""
        found = [] if self.agent.enrolled else ["not enrolled"]
        if self.agent.enrolled and not self.agent.greeted.is_set():
            found.append("waiting for the control plane's first word")
        if self.agent.state in ("retired", "quarantined"):
            found.append(f"this node is {self.agent.state}")
        if self._disk_problem:
            found.append(self._disk_problem)
        return found

    def report(self) -> dict[str, Any]:
        """The figures of a heartbeat, beside those that the agent adds."""
        server, store = self._server, self._store
        problem = self._disk_problem or store.problem
        first, slow = self._journal.first_byte_ms()
        figures = {
            "ready": not self._disk_problem,
            "problem": problem[:255],
            "egress_bps": int(server.egress_bps),
            "sessions": server.verdicts.sessions(),
            "inflight": server.connections,
            "cpu": self._share(),
            "inventory": store.epoch,
            "takedowns": store.takedowns.version,
            "cache_bytes": store.used,
            "cache_limit": store.budget,
            "disk_free": self._disk_free,
            "hits": server.hit_count,
            "misses": server.miss_count,
            "shed": self._admission.shed,
            "aborted": server.aborted,
            "errors": self._journal.errors,
            "ttfb_p50_ms": first,
            "ttfb_p95_ms": slow,
        }
        for more in self.more:
            figures |= more()
        return figures

    def page(self) -> dict[str, Any]:
        """What /health shows. Anybody may read it: no session, no key, no address of a viewer.

        With many sessions it takes milliseconds, and anybody may ask as often as he likes: at most a twentieth of this
        process's time goes there.
        """
        began = time.monotonic()
        if began >= self._page_until:
            self._page = self._new_page()
            took = time.monotonic() - began
            self._page_until = began + 20 * took
        return self._page

    def _new_page(self) -> dict[str, Any]:
        agent, journal, admission = self.agent, self._journal, self._admission
        heard = agent.heard_at
        running = sorted(size for size, _, _ in journal.sessions.values())
        shown: dict[str, Any] = {}
        for more in self.shown:
            shown |= more()
        return {
            "name": self._config.name,
            "node": f"n{self._identity.state.slot}",
            "state": agent.state,
            "problems": self.problems(),
            "origin": self._config.origin,
            "heard_seconds_ago": None if heard is None else round(time.monotonic() - heard, 1),
            "grace": self._server.verdicts.in_grace,
            "grace_seconds": agent.silent_seconds,
            "clock": {"skew_seconds": round(self._clock.skew, 1), "problem": self._clock.wrong},
            "connections": self._server.connections,
            "bytes_sent": self._server.bytes_out,
            "fetched": self._filler.fetched,
            "fetched_bytes": self._filler.fetched_bytes,
            "fills": len(self._filler.fills),
            "objects": len(self._store.hits),
            "planned_bytes": self._store.planned,
            "refused": self._server.refused,
            "admission": {
                "load": round(admission.load, 3),
                "full": admission.full,
                "cut_off": round(admission.cut_off, 1),
                "delayed": admission.delayed,
            },
            "journal": {
                "waiting": journal.waiting,
                "bytes": journal.size,
                "lost": journal.lost,
                "problem": journal.problem,
                "sessions": len(running),
                "session_bytes_median": running[len(running) // 2] if running else 0,
                "session_bytes_most": running[-1] if running else 0,
            },
            "faults": {"total": self._faults.total, "untold": len(self._faults)},
            **shown,
            **self.report(),
        }

    def _share(self) -> float:
        """Share of the machine's processors in use since a moment ago, 0 to 1."""
        now = time.monotonic()
        if now - self._cpu_at < 1.0:
            return self._last_share
        busy, total = _busy()
        before_busy, before_total = self._cpu
        self._cpu, self._cpu_at = (busy, total), now
        spent = total - before_total
        self._last_share = round(min(1.0, max(0.0, (busy - before_busy) / spent)), 3) if spent > 0 else 0.0
        return self._last_share

    _last_share = 0.0


def _busy() -> tuple[float, float]:
    """Busy and all ticks of the machine's processors since it started; zeros where that cannot be read."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [float(word) for word in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0.0, 0.0
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)

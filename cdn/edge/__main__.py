"""`python -m cdn.edge`: starts a node, keeps it in the fleet, stops it cleanly."""

import asyncio
import fcntl
import logging
import os
import resource
import signal
import sys
import time
from typing import Any

from cdn.edge import config as configuration
from cdn.edge import install, reach
from cdn.edge.agent import Agent, CannotEnrol
from cdn.edge.config import Config
from cdn.edge.fill import Filler
from cdn.edge.identity import Identity
from cdn.edge.loop import Loop
from cdn.edge.responder import Responder
from cdn.edge.server import Server
from cdn.edge.store import Store
from cdn.edge.upstream import Upstream
from cdn.edge.verdicts import Verdicts

log = logging.getLogger("edge")

#: How long answers that are under way may take once the node was told to stop, in seconds.
STOP_SECONDS = 5.0
#: How often the disk is asked how it is, and how long it may take to say so, in seconds.
DISK_SECONDS = 5.0
DISK_PATIENCE = 10.0
GIB = 1 << 30


class Node:
    """All parts of one edge node."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.identity = Identity(config.cache)
        self.store = Store(config.cache, config.cache_bytes)
        self.verdicts = Verdicts()
        self.upstream = Upstream(config.origin)
        self.filler = Filler(
            self.store, self.upstream, self.identity, memory=config.fill_bytes, pull=config.pull
        )
        self.server = Server(config, self.store, self.filler, self.verdicts)
        # Heartbeats have a connection of their own: fills must never hold them up.
        self.control = Upstream(config.origin, connections=2)
        self.agent = Agent(
            config, self.identity, self.verdicts, self.control, report=self.report, on_state=self.take_state
        )
        self.server.responder = Responder(
            self.server,
            prove=self.identity.prove,
            health=self.health,
            problems=self.problems,
            refusal=self.agent.refusal,
            unknown_key=self.agent.fresh_keys,
        )
        self._disk_problem, self._disk_free = "", 0

    def take_state(self, state: str) -> None:
        """While the node drains, every request is judged anew."""
        self.server.slow_only = state not in ("active", "degraded", "warming", "suspect")

    def problems(self) -> list[str]:
        """What keeps this node from doing its work, in words."""
        found = [] if self.agent.enrolled else ["not enrolled"]
        if self.agent.state in ("retired", "quarantined"):
            found.append(f"this node is {self.agent.state}")
        if self._disk_problem:
            found.append(self._disk_problem)
        return found

    async def watch_disk(self) -> None:
        """Ask the disk how it is, in its own thread and with a deadline, until cancelled: a disk may hang."""
        while True:
            asking = asyncio.ensure_future(self.store.run(self._ask_disk))
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
            try:
                self._disk_problem, self._disk_free = await asyncio.wait_for(
                    asyncio.shield(asking), DISK_PATIENCE
                )
            except TimeoutError:
                self._disk_problem = f"the cache's disk has not answered for {DISK_PATIENCE:g} s"
                await asyncio.wait({asking})
                continue
            except OSError as error:
                self._disk_problem = f"the cache cannot be read: {error.strerror or error}"
            await asyncio.sleep(DISK_SECONDS)

    def _ask_disk(self) -> tuple[str, int]:
        return self.store.disk.writable(), self.store.disk.free()

    def report(self) -> dict[str, Any]:
        """The figures of a heartbeat."""
        problem = self._disk_problem or self.store.problem
        return {
            "ready": not self._disk_problem,
            "problem": problem[:255],
            "egress_bps": int(self.server.egress_bps),
            "sessions": self.verdicts.sessions(),
            "cache_bytes": self.store.used,
            "cache_limit": self.store.budget,
            "disk_free": self._disk_free,
            "hits": self.server.hit_count,
            "misses": self.server.miss_count,
        }

    def health(self) -> dict[str, Any]:
        """What /health shows."""
        heard = self.agent.heard_at
        return {
            "name": self.config.name,
            "node": f"n{self.identity.state.slot}",
            "state": self.agent.state,
            "problems": self.problems(),
            "origin": self.config.origin,
            "heard_seconds_ago": None if heard is None else round(time.monotonic() - heard, 1),
            "grace": self.verdicts.in_grace,
            "connections": self.server.connections,
            "bytes_sent": self.server.bytes_out,
            "fetched": self.filler.fetched,
            "fetched_bytes": self.filler.fetched_bytes,
            "fills": len(self.filler.fills),
            "objects": len(self.store.hits),
            "refused": self.server.refused,
            **self.report(),
        }

    async def run(self) -> int:
        """Serve until told to stop; → the exit code."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        try:
            self.server.listen()
        except OSError as error:
            log.error(
                "cannot listen on %s:%d: %s. Say another place: --listen ADDRESS:PORT",
                self.config.host, self.config.port, error.strerror,
            )  # fmt: skip
            return 2
        reach.remember(self.config.address, self.config.cache)
        used, limit = self.store.used / GIB, self.store.budget / GIB
        log.info(
            "%s listens on %s:%d as %s, cache %.1f of %.1f GiB, origin %s",
            self.config.name, self.config.host, self.config.port, self.config.base_url, used, limit,
            self.config.origin,
        )  # fmt: skip
        if self.config.origin.startswith("https:") and not self.config.base_url.startswith("https:"):
            log.warning(
                "the site is https and this node is not: browsers load nothing from it. docs/nodes.md says how to "
                "give it a certificate"
            )
        self._disk_problem, self._disk_free = self._ask_disk()
        disk = asyncio.create_task(self.watch_disk())
        agent = asyncio.create_task(self.agent.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({agent, stopping}, return_when=asyncio.FIRST_COMPLETED)
        code = 0
        if agent.done():
            failure = agent.exception()
            log.error("%s", failure)
            code = 2 if isinstance(failure, CannotEnrol) else 1
        for task in (stopping, disk, agent):
            await end(task)
        await self._stop()
        return code

    async def _stop(self) -> None:
        """Goodbye first, so that nobody new is sent here; then the answers under way; then the disk."""
        log.info("stopping")
        self.server.stop_listening()
        await self.agent.goodbye()
        deadline = time.monotonic() + STOP_SECONDS
        while self.server.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await self.filler.close()
        self.server.close()
        self.upstream.close()
        self.control.close()
        self.store.close()


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended. Once is not enough: Python 3.11's `wait_for` swallows a cancellation that
    comes in the same turn as its answer, and the task would then go on for ever (cpython issue 86296).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)


def _lock(config: Config) -> int:
    """Hold the cache folder: two nodes in one would destroy each other's files."""
    config.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(config.cache / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"another edge node uses {config.cache}: say another folder with --cache") from None
    return handle


def main() -> int:
    """Start a node from the command line."""
    config = configuration.read(sys.argv[1:])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)-7s %(message)s")
    if config.upgrade:
        return install.upgrade(config)
    handle = _lock(config)
    if config.install:
        return install.install(config)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1 << 16) if hard > 0 else soft, hard))
    try:
        with asyncio.Runner(loop_factory=Loop) as runner:
            return runner.run(_run(config))
    finally:
        os.close(handle)


async def _run(config: Config) -> int:
    return await Node(config).run()


if __name__ == "__main__":
    sys.exit(main())

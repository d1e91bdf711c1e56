"""`python -m cdn.edge`: starts a node, keeps it in the fleet, stops it cleanly."""

import asyncio
import fcntl
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from cdn.edge import config as configuration
from cdn.edge import install, reach
from cdn.edge.admission import Admission
from cdn.edge.agent import Agent, CannotEnrol
from cdn.edge.certificates import Certificates
from cdn.edge.clock import Clock
from cdn.edge.config import Config
from cdn.edge.errands import Errands
from cdn.edge.faults import Faults
from cdn.edge.fill import Filler
from cdn.edge.health import Health
from cdn.edge.identity import Identity
from cdn.edge.journal import Journal
from cdn.edge.loop import Loop, spare_viewers
from cdn.edge.orders import Orders
from cdn.edge.peering import Peering
from cdn.edge.peers import Peers
from cdn.edge.responder import Responder
from cdn.edge.scrub import Scrubber
from cdn.edge.server import Server
from cdn.edge.store import Store
from cdn.edge.tls import BadCertificate
from cdn.edge.upstream import Upstream
from cdn.edge.verdicts import Verdicts
from cdn.edge.workers import Workers

log = logging.getLogger("edge")

#: How long answers that are under way may take once the node was told to stop, in seconds.
STOP_SECONDS = 5.0
#: A part of the node that broke begins again after so many seconds.
AGAIN_SECONDS = 5.0
GIB = 1 << 30


class Node:
    """All parts of one edge node."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.identity = Identity(config.cache)
        self.clock = Clock(not_before=self.identity.state.heard)
        self.identity.clock = self.clock.now
        self.faults = Faults(self.clock.now)
        self.store = Store(config.cache, config.cache_bytes, faults=self.faults)
        self.scrubber = Scrubber(self.store, config.cache)
        self.verdicts = Verdicts(self.clock)
        self.upstream = Upstream(config.origin)
        self.peers = Peers(
            config.cache, self.identity, site=config.site, capacity_bps=config.capacity_bps, now=self.clock.now,
        )  # fmt: skip
        self.filler = Filler(
            self.store, self.upstream, self.identity, memory=config.fill_bytes, pull=config.pull,
            peers=self.peers, faults=self.faults,
        )  # fmt: skip
        self.server = Server(config, self.store, self.filler, self.verdicts)
        self.admission = Admission(self.verdicts, config.capacity_bps, name=f"n{self.identity.state.slot}")
        boot = uuid4().hex
        self.journal = Journal(
            config.cache / "journal", name=boot, limit=config.journal_bytes, skew=self.clock.ahead
        )
        self.health = Health(
            config, identity=self.identity, store=self.store, filler=self.filler, server=self.server,
            journal=self.journal, admission=self.admission, faults=self.faults, clock=self.clock,
        )  # fmt: skip
        self.orders = Orders(
            config.cache, self.store, self.filler, capacity_bps=config.capacity_bps,
            egress_bps=lambda: self.server.egress_bps,
        )  # fmt: skip
        # Heartbeats have a connection of their own: fills must never hold them up, nor must other errands.
        self.control, self.office = Upstream(config.origin, connections=2), Upstream(config.origin)
        self.errands = Errands(
            self.identity, self.office, journal=self.journal, inventory=self.store.shelves,
            plan_version=lambda: self.orders.version, take_plan=self.orders.take,
        )  # fmt: skip
        self.agent = self.health.agent = Agent(
            config, self.identity, self.verdicts, self.control, boot=boot, clock=self.clock, faults=self.faults,
            report=self.health.report, on_takedowns=self.take_down, on_heard=self.take_answer,
        )  # fmt: skip
        #: Encrypted connections cannot pass between processes: over TLS one process serves.
        self.workers = Workers(
            1 if self.config.secure else self.config.workers, self.server, self.store, self.identity,
            greeted=self.agent.greeted.is_set,
        )  # fmt: skip
        self._introduce()

    def _introduce(self) -> None:
        """Let the parts know of each other, where one cannot be given to the other when that is made."""
        self.filler.calm = lambda: self.admission.may_fill
        self.store.on_lost = self.orders.lost
        self.health.more += [self.told_of_fills, lambda: {"workers": self.workers.serving}]
        self.health.shown += [
            lambda: {"orders": self.orders.progress(), "peers_known": len(self.peers)},
            lambda: {"scrub": self.scrubber.progress()},
            self.workers.shown,
        ]
        self.server.note, self.server.on_tick = self.journal.note, self.tick
        self.server.responder = Responder(
            self.server,
            prove=self.identity.prove,
            health=self.health.page,
            problems=self.health.problems,
            refusal=self.agent.refusal,
            unknown_key=self.agent.fresh_keys,
            greeted=self.agent.greeted,
            admission=self.admission,
        )
        self.server.responder.peering = Peering(
            self.peers, self.store, self.filler, self.agent.greeted.is_set, lambda: self.admission.may_fill
        )

    async def take_down(self, news: Sequence[Mapping[str, Any]], version: int = 0) -> None:
        """Drop what was taken down, and stop fetching it: nobody is given any more of it."""
        for one in news:
            if not one.get("lifted"):
                self.filler.forget(str(one.get("package", "")))
        await self.store.take_down(news, version)  # may wait for the disk, for what is in force at once

    def tick(self) -> None:
        """Once a second."""
        self.health.feel()
        self.workers.look()

    def told_of_fills(self) -> dict[str, Any]:
        """Heartbeat figures of the plan and of what was fetched."""
        return {
            "peers": self.peers.version,
            "plan": self.orders.version,
            "pinned": self.orders.pinned,
            "fill_bytes": self.filler.fill_bytes,
            "peer_bytes": self.filler.peer_bytes,
            "origin_bytes": self.filler.origin_bytes,
        }

    def take_answer(self, answer: dict[str, Any]) -> None:
        """The control plane has answered a heartbeat. Raises TypeError or ValueError when that makes no sense."""
        self.admission.name = f"n{self.identity.state.slot}"
        self.admission.heard(answer, self.agent.state)
        self.health.set_path()
        self.workers.tell()
        self.errands.heard(answer)
        if (peers := answer.get("peers")) is not None:
            text = self.peers.take(peers, int(answer.get("peers_version", 0)))
            self._saving = asyncio.ensure_future(asyncio.to_thread(self._save_peers, text))

    def _save_peers(self, text: str) -> None:
        try:
            self.peers.save(text)
        except OSError as error:
            log.error("the list of peers cannot be written: %s", error.strerror or error)

    async def run(self) -> int:
        """Serve until told to stop; → the exit code."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        secure = None
        try:
            if self.config.secure:
                secure = await self._with_certificate(stop)
                if secure is None:
                    return 0
            self.server.listen(shares=self.workers.count)
        except BadCertificate as error:
            log.error("no certificate: %s", error)
            return 2
        except OSError as error:
            log.error(
                "cannot listen on %s:%d: %s. Say another place: --listen ADDRESS:PORT",
                self.config.host, self.config.port, error.strerror,
            )  # fmt: skip
            return 2
        self._announce()
        self.health.ask_disk()
        self.health.set_path()
        self.workers.start()
        spare_viewers()
        loop.add_signal_handler(signal.SIGHUP, self._renew, secure)
        others = [
            asyncio.create_task(keep_running(type(part).__name__, part.run))
            for part in (self.health, self.journal, self.errands, self.orders, self.scrubber)
        ]
        if secure is not None:
            others.append(asyncio.create_task(secure.run()))
        agent = asyncio.create_task(self.agent.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({agent, stopping}, return_when=asyncio.FIRST_COMPLETED)
        code = 0
        if agent.done():
            failure = agent.exception()
            log.error("%s", failure)
            code = 2 if isinstance(failure, CannotEnrol) else 1
        for task in (stopping, *others, agent):
            await end(task)
        await self._stop()
        return code

    def _announce(self) -> None:
        """Say where this node listens and what it has, and keep its address for the next start."""
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

    async def _with_certificate(self, stop: asyncio.Event) -> Certificates | None:
        """Wait for the certificate and serve over TLS with it; None when told to stop meanwhile."""
        secure = Certificates(self.config)
        ready, stopping = asyncio.create_task(secure.ready()), asyncio.create_task(stop.wait())
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ready.done():
            await end(ready)
            return None
        ready.result()
        self.server.new_connection = lambda server, sock: secure.current.connection(server, sock)
        self.health.more.append(secure.report)
        self.health.shown.append(secure.shown)
        return secure

    def _renew(self, secure: Certificates | None) -> None:
        """SIGHUP: take a new certificate, and new workers; no connection is cut."""
        if secure is not None:
            secure.current.look()
        self.workers.renew()

    async def _stop(self) -> None:
        """Goodbye first, so that nobody new is sent here; then the answers under way; then the disk."""
        log.info("stopping")
        self.server.stop_listening()
        self.workers.stop()
        await self.agent.goodbye()
        deadline = time.monotonic() + STOP_SECONDS
        while self.server.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await self.filler.close()
        self.server.close()
        self.workers.close()
        await self.journal.close()
        self.upstream.close()
        self.control.close()
        self.office.close()
        self.peers.close()
        self.store.close()


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended. Once is not enough: Python 3.11's `wait_for` swallows a cancellation that
    comes in the same turn as its answer, and the task would then go on for ever (cpython issue 86296).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)


async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Begin a part of the node again when it breaks: it would be missed by nobody until much later."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s broke and begins again", name)
        await asyncio.sleep(AGAIN_SECONDS)


def _lock(config: Config) -> int:
    """Hold the cache folder: two nodes in one would destroy each other's files."""
    config.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, flags = config.cache / "lock", os.O_RDONLY | os.O_CLOEXEC
    # Never opened for writing: a disk that turned read-only still serves what it holds.
    handle = os.open(path, flags if path.exists() else flags | os.O_CREAT, 0o600)
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

"""The node's side of the fleet's protocol: enrol once, be heard every two seconds, say goodbye."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from cdn.edge import reach
from cdn.edge.clock import Clock
from cdn.edge.config import Config
from cdn.edge.faults import Faults
from cdn.edge.identity import Identity
from cdn.edge.upstream import OriginAway, Upstream
from cdn.edge.verdicts import Verdicts

log = logging.getLogger("edge")

VERSION = "0.1.0"
#: A draining node serves the sessions that it knows this much longer, in seconds.
DRAIN_SECONDS = 20.0
#: Keys are asked for out of turn at most this often, in seconds.
KEYS_SECONDS = 10.0
#: After a start, viewers wait this long for the first word of the control plane, in seconds: what was taken down while
#: this node was away must be gone before it serves. Then it serves what it knows.
GREETING_SECONDS = 3.0
#: A clock further off than this would not be heard at all: heartbeats are signed by the site's time then. Nearer than
#: that they are signed by the machine's, so that the site sees how far it is off.
_UNHEARD_SKEW = 60.0
_HEARD_SAVED = 600.0
_SLOWEST, _LONGEST_LEASE = 5.0, 3600.0
_PATIENCE = 8.0
#: What an answer raises here that is not what it should be, whoever gave it.
NONSENSE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_ENROL_PATH = "/api/v1/cdn/enrol"
_HEARTBEAT_PATH = "/api/v1/cdn/heartbeat"
#: Answers to an enrolment that no waiting will change.
_FINAL = frozenset({"code_unknown", "code_name", "code_used", "code_expired", "base_url", "name", "capacity"})


class CannotEnrol(Exception):
    """The control plane refused this node for good; the words say why and what to do."""


class Agent:
    """Speaks with the control plane. `report` gives the figures of a heartbeat,
    `on_takedowns` carries out what is forbidden before the node serves on, `on_heard` gets every answer whole."""

    def __init__(
        self,
        config: Config,
        identity: Identity,
        verdicts: Verdicts,
        upstream: Upstream,
        *,
        boot: str,
        clock: Clock,
        faults: Faults,
        report: Callable[[], dict[str, Any]],
        on_takedowns: Callable[[list[dict[str, Any]], int], Awaitable[None]],
        on_heard: Callable[[dict[str, Any]], None],
    ) -> None:
        self._config, self._identity, self._verdicts, self._upstream = config, identity, verdicts, upstream
        self._clock, self._faults = clock, faults
        self._report = report
        self._on_takedowns, self._on_heard = on_takedowns, on_heard
        # Above every number that an earlier process used, without writing each of them down.
        self._sequence = int(time.time() * 1000)
        self._said = ""
        self._asked_keys = float("-inf")
        self._asking: asyncio.Task[bool] | None = None
        self._beating, self._saving = asyncio.Lock(), asyncio.Lock()
        self._unsaved = False
        self._interval = 2.0
        self.heard_at: float | None = None
        self.draining_since: float | None = None
        self._drain_seconds = DRAIN_SECONDS
        #: Done when viewers may be served: the control plane was heard, or was waited for long enough.
        self.greeted = asyncio.Event()
        #: The id of this life of the process.
        self.boot = boot
        state = identity.state
        verdicts.set_keys(state.keys)
        verdicts.set_denied(state.deny)
        self._take_state(state.state)

    @property
    def enrolled(self) -> bool:
        """Whether the control plane knows this node."""
        return bool(self._identity.state.node_id)

    @property
    def state(self) -> str:
        """What the control plane last said this node is."""
        return self._identity.state.state

    def refusal(self, known: bool) -> int:
        """The status for viewers that the node's state calls for: 0, or 410 (go to another node)."""
        if self.state in ("active", "degraded", "warming", "suspect", "pending", "verifying"):
            return 0
        if self.state == "draining" and known and self.draining_since is not None:
            return 0 if time.monotonic() - self.draining_since < self._drain_seconds else 410
        return 410

    async def run(self) -> None:
        """Enrol if need be, then be heard until cancelled. Raises CannotEnrol."""
        patience = asyncio.get_running_loop().call_later(GREETING_SECONDS, self._serve_anyway)
        try:
            await self._be_heard()
        finally:
            patience.cancel()

    async def _be_heard(self) -> None:
        failures = 0
        while True:
            try:
                if self.enrolled:
                    await self.beat()
                else:
                    await self._enrol()
                failures = 0
            except OriginAway as error:
                failures += 1
                self._away(str(error), failures)
            wait = self._interval if not failures else min(_SLOWEST, 0.5 * 2**failures)
            # Jitter, so that a fleet does not speak in one breath after an outage.
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311

    async def beat(self, *, goodbye: bool = False, keys_version: int | None = None) -> None:
        """One heartbeat. Raises OriginAway."""
        state = self._identity.state
        async with self._beating:  # sequences must arrive in order
            self._sequence += 1
            figures = self._report()
            figures |= {
                "boot": self.boot,
                "goodbye": goodbye,
                "base_url": self._config.base_url,
                "capacity_bps": self._config.capacity_bps,
                "version": VERSION,
                "keys_version": state.keys_version if keys_version is None else keys_version,
                "deny_version": state.deny_version,
                "grace_seconds": self.silent_seconds,
                "faults": self._faults.told(),
            }
            if self._clock.wrong and not figures.get("problem"):
                figures |= {"ready": False, "problem": self._clock.wrong}
            body = json.dumps(figures).encode()
            wrong = abs(self._clock.skew) > _UNHEARD_SKEW
            at = self._clock.now() if wrong else time.time()
            headers = self._identity.sign("POST", _HEARTBEAT_PATH, self._sequence, body, at=at)
            status, answer = await self._post(_HEARTBEAT_PATH, headers, body)
        if status == 200:
            if goodbye:  # what we are while we are gone is not what we are when we come back
                answer["state"] = state.state
            try:
                await self._take_takedowns(answer)
                self._heard(answer)
            except NONSENSE as error:
                # Some proxy's page, or a control plane of another age: whoever it is, we have not been heard.
                raise OriginAway(f"the heartbeat's answer makes no sense ({error!r})") from error
        else:
            try:
                self._refused(status, answer)
            except NONSENSE as error:
                raise OriginAway(f"the refusal makes no sense ({error!r})") from error
        await self._save()

    async def _post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """POST JSON, and read the clock by the answer's date, whatever the answer is. Raises OriginAway."""
        headers = {"Content-Type": "application/json", **headers}
        began = time.monotonic()
        async with self._upstream.request(
            "POST", path, headers=headers, body=body, patience=_PATIENCE
        ) as reply:
            text = await reply.body()
        self._clock.hear_date(reply.headers.get("date", ""), took=time.monotonic() - began)
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            found = {}
        return reply.status, found if isinstance(found, dict) else {}

    async def fresh_keys(self) -> bool:
        """Ask for the keys out of turn; → whether there were new ones. Callers at the same time share one question."""
        if self._asking is None:
            if not self.enrolled or time.monotonic() - self._asked_keys < KEYS_SECONDS:
                return False
            self._asked_keys = time.monotonic()
            self._asking = asyncio.create_task(self._ask_keys())
            self._asking.add_done_callback(lambda _: setattr(self, "_asking", None))
        return await asyncio.shield(self._asking)

    async def _ask_keys(self) -> bool:
        before = self._identity.state.keys_version
        try:
            await self.beat(keys_version=0)
        except OriginAway:
            return False
        return self._identity.state.keys_version != before

    async def goodbye(self) -> None:
        """Tell the control plane that this node stops, so that nobody is sent here any more."""
        if not self.enrolled:
            return
        try:
            await asyncio.wait_for(self.beat(goodbye=True), 2.0)
        except (OriginAway, TimeoutError) as error:
            log.warning("no goodbye: %s", error or "no answer in time")

    async def _enrol(self) -> None:
        config, identity = self._config, self._identity
        if not config.code:
            raise CannotEnrol(
                "this node is not enrolled: give it a code (manage.py addnode on the site's machine)"
            )
        wish = {
            "code": config.code,
            "name": config.name,
            "public_key": identity.public_hex,
            "base_url": config.base_url,
            "site": config.site,
            "region": config.region,
            "domain": config.domain,
            "place": list(config.place) if config.place else None,
            "capacity_bps": config.capacity_bps,
            "version": VERSION,
        }
        status, answer = await self._post(_ENROL_PATH, {}, json.dumps(wish).encode())
        if status != 201:
            code, message = _error(answer)
            if code in _FINAL:
                raise CannotEnrol(message)
            if code == "unreachable":
                message += " " + await asyncio.to_thread(reach.remedy, config.address, config.origin)
            raise OriginAway(message or f"the control plane answered {status}")
        state = identity.state
        try:
            node_id, slot = str(answer["node_id"]), int(answer["slot"])
            self._take_keys(answer)
        except NONSENSE as error:
            raise OriginAway(f"the enrolment's answer makes no sense ({error!r})") from error
        state.node_id, state.slot = node_id, slot
        state.origin, state.state = config.origin, "warming"
        state.deny, state.deny_version = {}, 0
        self._unsaved = True
        await self._save()
        self._verdicts.set_denied({})
        log.info("enrolled as node n%d", state.slot)
        self._reached()
        await self.beat()

    def _heard(self, answer: dict[str, Any]) -> None:
        """Take in what the control plane said."""
        state = self._identity.state
        told = str(answer["state"])
        drain = answer.get("drain") or {}
        self._drain_seconds = max(0.0, float(drain.get("grace_seconds", DRAIN_SECONDS)))
        if "keys" in answer and int(answer["keys_version"]) != state.keys_version:
            self._take_keys(answer)
            self._unsaved = True
        now = self._clock.now()
        if answer.get("deny"):
            deny = {session: until for session, until in state.deny.items() if until > now}
            deny |= {str(entry["session"]): float(entry["until"]) for entry in answer["deny"]}
            self._verdicts.set_denied(
                deny
            )  # raises before anything is kept that could not be read at the next start
            state.deny = deny
        if int(answer.get("deny_version", 0)) != state.deny_version:
            state.deny_version = int(answer["deny_version"])
            self._unsaved = True
        self._interval = min(30.0, max(0.5, float(answer.get("interval", 2.0))))
        lease = float(answer.get("lease_seconds", state.lease_seconds))
        state.lease_seconds = lease if 0 < lease < _LONGEST_LEASE else state.lease_seconds
        if told != state.state:
            log.info("state: %s → %s (%s)", state.state, told, answer.get("reason", ""))
            state.state = told
            self._take_state(state.state)
            self._unsaved = True
        if now - state.heard > _HEARD_SAVED:
            self._unsaved = True
        state.heard = now
        self._faults.seen(str(fault) for fault in answer.get("faults_seen") or ())
        self._reached()
        self.greeted.set()
        self._on_heard(answer)

    async def _take_takedowns(self, answer: dict[str, Any]) -> None:
        """Carry out what was taken down since, before anything else is served or said. An older site knows none."""
        news = answer.get("takedowns") or ()
        if news or "takedowns_version" in answer:
            await self._on_takedowns([dict(one) for one in news], int(answer.get("takedowns_version", 0)))

    async def _save(self) -> None:
        """Write down what is new, off the loop. What the disk refuses is tried again after the next heartbeat."""
        async with self._saving:
            if not self._unsaved:
                return
            self._unsaved = False
            try:
                await asyncio.to_thread(self._identity.write, self._identity.text())
            except OSError as error:
                self._unsaved = True
                log.error("the node's state cannot be written: %s", error.strerror or error)

    def _take_keys(self, answer: dict[str, Any]) -> None:
        state = self._identity.state
        keys = {str(entry["kid"]): str(entry["public_key"]) for entry in answer["keys"]}
        version = int(answer["keys_version"])
        if not keys:
            raise ValueError("no keys at all: nobody could watch anything")
        self._verdicts.set_keys(keys)
        state.keys, state.keys_version = keys, version

    def _take_state(self, state: str) -> None:
        if state == "draining":
            self.draining_since = self.draining_since or time.monotonic()
        else:
            self.draining_since = None

    def _refused(self, status: int, answer: dict[str, Any]) -> None:
        """The control plane answered, but not with yes."""
        code, message = _error(answer)
        if code == "replay":
            self._sequence = max(self._sequence, int(answer.get("last_sequence", 0)))
        elif code in ("unknown_node", "signature") and self._config.code:
            log.warning("%s Enrolling anew.", message)
            self._identity.state.node_id = ""
        if status >= 500 or not code:
            raise OriginAway(f"the control plane answered {status}")
        self._reached()
        if message != self._said:
            log.error("heartbeat refused: %s", message)
        self._said = message

    def _reached(self) -> None:
        if self._verdicts.cut_off_since is not None:
            log.info("the control plane answers again")
        self._verdicts.cut_off_since = None
        self.heard_at = time.monotonic()
        self._said = ""

    def _serve_anyway(self) -> None:
        if not self.greeted.is_set():
            log.warning("no word from the control plane for %g s: serving what is known", GREETING_SECONDS)
            self.greeted.set()

    @property
    def silent_seconds(self) -> int:
        """How long the control plane has been away, in seconds: 0 while it answers. Viewers are in grace meanwhile."""
        since = self._verdicts.cut_off_since
        return 0 if since is None else max(1, int(time.monotonic() - since))

    def _away(self, words: str, failures: int) -> None:
        now = time.monotonic()
        silent = now - self.heard_at if self.heard_at is not None else float("inf")
        if (
            self.enrolled
            and self._verdicts.cut_off_since is None
            and silent > self._identity.state.lease_seconds
        ):
            self._verdicts.cut_off_since = now
            log.warning("the control plane is away (%s); serving on for sessions already started", words)
        elif words != self._said:
            log.warning("%s", words)
        self._said = words


def _error(answer: dict[str, Any]) -> tuple[str, str]:
    error = answer.get("error")
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code", "")), str(error.get("message", ""))

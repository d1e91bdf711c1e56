"""What a node and the control plane have for each other beside the heartbeat: the plan, the inventory, the deliveries.

A heartbeat's answer says what is due. Each errand has a pace of its own: one that fails is tried again later and later,
one that an older site does not know rests for minutes, and none ever holds up a heartbeat or another errand.
"""

import asyncio
import gzip
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cdn.edge.identity import Identity
from cdn.edge.journal import Journal
from cdn.edge.upstream import OriginAway, Upstream

log = logging.getLogger("edge")

PLAN_PATH = "/api/v1/cdn/plan"
INVENTORY_PATH = "/api/v1/cdn/inventory"
DELIVERIES_PATH = "/api/v1/cdn/deliveries"
#: Deliveries are sent this often when nobody asks for them, and at once when so many wait. In seconds.
DELIVER_SECONDS, DELIVER_ROWS = 10.0, 20_000
#: An inventory is sent and a plan fetched at most so often, in seconds.
INVENTORY_SECONDS, PLAN_SECONDS = 2.0, 5.0
#: A site that does not know an address is asked again after this long; a refusal and a silence after these, in seconds.
UNKNOWN_SECONDS, REFUSED_SECONDS, FIRST_PAUSE, LONGEST_PAUSE = 300.0, 30.0, 1.0, 120.0
#: A batch that is refused as malformed so often is given up: one bad row must not dam up all that follow.
GIVE_UP = 3
_PATIENCE = 30.0
_PLAIN_MOST = 1024


class Inventory(Protocol):
    """What this node holds, with a number that rises with each change."""

    @property
    def epoch(self) -> int:
        """The number now."""

    def changes(self, since: int) -> tuple[int, dict[str, dict[str, list[str | int]]]]:
        """What changed after this number → (the number it starts from, 0 for everything; packages)."""


class Refused(Exception):
    """The site answered, and not with yes."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        error = answer.get("error")
        words = error.get("message", "") if isinstance(error, dict) else ""
        super().__init__(f"the control plane answered {status} {words}".strip())
        self.status, self.answer = status, answer


@dataclass(slots=True)
class Errand:
    """One of them. `due` is of the monotonic clock."""

    name: str
    run: Callable[[], Awaitable[None]]
    due: float = float("inf")
    not_before: float = 0.0
    failures: int = 0
    said: str = ""

    def wanted(self, at: float) -> None:
        """Go at this time, or as soon after it as the last failure allows."""
        self.due = min(self.due, max(at, self.not_before))


class Errands:
    """Runs them. `heard` is called with every heartbeat's answer."""

    def __init__(
        self,
        identity: Identity,
        upstream: Upstream,
        *,
        journal: Journal,
        inventory: Inventory,
        plan_version: Callable[[], int],
        take_plan: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._identity, self._upstream, self._journal = identity, upstream, journal
        self._inventory, self._plan_version, self._take_plan = inventory, plan_version, take_plan
        self._plan = Errand("the plan", self._fetch_plan)
        self._holdings = Errand("the inventory", self._post_inventory)
        self._deliveries = Errand("the deliveries", self._post_deliveries)
        self._wake = asyncio.Event()
        #: The epoch that the site holds, as far as it has said.
        self._told = 0
        #: How often the oldest batch was refused.
        self._rejected = 0

    def heard(self, answer: dict[str, Any]) -> None:
        """See what is due. Raises TypeError or ValueError when the answer makes no sense."""
        now = time.monotonic()
        newest = int(answer.get("plan", 0))
        if newest and newest != self._plan_version():
            self._plan.wanted(now)
        if "inventory" in answer:
            self._told = int(answer["inventory"])
            if self._told != self._inventory.epoch:
                self._holdings.wanted(now)
        if answer.get("deliveries") or self._journal.waiting >= DELIVER_ROWS:
            self._deliveries.wanted(now)
        elif self._journal.waiting:
            self._deliveries.wanted(now + DELIVER_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 (jitter)
        self._wake.set()

    async def run(self) -> None:
        """Run what is due, each beside the others, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for errand in (self._plan, self._holdings, self._deliveries):
                group.create_task(self._keep_running(errand))

    async def _keep_running(self, errand: Errand) -> None:
        while True:
            while (left := errand.due - time.monotonic()) > 0:
                self._wake.clear()
                try:
                    async with asyncio.timeout(min(left, 3600.0)):
                        await self._wake.wait()
                except TimeoutError:
                    continue
            errand.due = float("inf")
            await self._try(errand)

    async def _try(self, errand: Errand) -> None:
        try:
            await errand.run()
            errand.failures, errand.said = 0, ""
            return
        except OriginAway as error:
            words, pause = str(error), min(LONGEST_PAUSE, FIRST_PAUSE * 2**errand.failures)
        except Refused as error:
            words, pause = str(error), REFUSED_SECONDS
            if error.status == 404:
                words, pause = "this site knows nothing of it", UNKNOWN_SECONDS
            elif error.status >= 500 or error.status == 429:
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**errand.failures)
        except Exception:
            log.exception("an errand broke")
            words, pause = "it broke", REFUSED_SECONDS
        errand.failures = min(errand.failures + 1, 10)
        if words != errand.said:
            log.warning("%s: %s", errand.name, words)
        errand.said = words
        errand.not_before = time.monotonic() + pause
        errand.wanted(errand.not_before)

    # The errands ------------------------------------------------------------------------------------------

    async def _fetch_plan(self) -> None:
        await self._take_plan(await self._ask("GET", PLAN_PATH))
        self._plan.not_before = time.monotonic() + PLAN_SECONDS

    async def _post_inventory(self) -> None:
        inventory = self._inventory
        epoch = inventory.epoch
        base, body = await asyncio.to_thread(_inventory, inventory, epoch, self._told)
        try:
            answer = await self._ask("POST", INVENTORY_PATH, body)
        except Refused as error:
            if error.status != 409 or not base:
                raise
            self._told = 0  # it holds another epoch than it said, as after a restart: tell it all, soon
            self._holdings.wanted(time.monotonic())
            return
        self._told = int(answer.get("inventory", epoch))
        self._holdings.not_before = time.monotonic() + INVENTORY_SECONDS

    async def _post_deliveries(self) -> None:
        """Send all that waits, batch by batch."""
        while (batch := await self._journal.batch()) is not None:
            body = await asyncio.to_thread(
                gzip.compress, batch.body(), 1
            )  # half the work of 5, a fifth more bytes
            try:
                answer = await self._ask("POST", DELIVERIES_PATH, body)
            except Refused as error:
                if error.status not in (400, 413, 422):
                    raise
                self._rejected += 1
                if self._rejected < GIVE_UP:
                    raise
                log.error("the control plane never takes these %d deliveries: %s", len(batch.rows), error)
                await self._journal.give_up(batch)
                self._rejected = 0
                continue
            self._rejected = 0
            acked = int(answer.get("acked", 0))
            if acked < batch.first:
                raise OriginAway("the control plane took none of the deliveries")
            await self._journal.taken(batch.journal, acked)

    async def _ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """A signed question. Raises OriginAway or Refused."""
        headers = {}
        if body:
            headers["Content-Type"] = "application/json"
            if body[:2] != b"\x1f\x8b" and len(body) > _PLAIN_MOST:
                body = await asyncio.to_thread(gzip.compress, body, 5)
            if body[:2] == b"\x1f\x8b":
                headers["Content-Encoding"] = "gzip"
        headers |= self._identity.sign(method, path, 0, body)
        async with self._upstream.request(
            method, path, headers=headers, body=body, patience=_PATIENCE
        ) as reply:
            text = await reply.body()
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            found = {}
        answer = found if isinstance(found, dict) else {}
        if reply.status != 200:
            raise Refused(reply.status, answer)
        return answer


def _inventory(inventory: Inventory, epoch: int, told: int) -> tuple[int, bytes]:
    """What the site lacks, as it is sent; all of it takes a while to be written."""
    base, packages = inventory.changes(told)
    return base, json.dumps({"epoch": epoch, "base": base, "packages": packages}).encode()

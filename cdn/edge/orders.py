"""Carrying out the plan: what this node should hold, fetched in the control plane's order, when there is room.

An order is one rendition, its head, or only its playlists and init: [package, rendition, "all", "head" or "init",
class, why]. Pinned ones come first, the rest in the plan's order; each class has its hours and its share of the line
(`pace`). The plan is kept on disk: after a restart the node goes on where it was, with or without a control plane.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdn.edge import files
from cdn.edge.fill import Failed, Filler
from cdn.edge.gate import ORDER
from cdn.edge.manifest import RenditionIndex, Spec, pages
from cdn.edge.pace import CLASSES, PINNED, Pace, Window, allowed_bps, window
from cdn.edge.plan import PLANNED_SHARE
from cdn.edge.shelves import Shelf
from cdn.edge.store import Store

log = logging.getLogger("edge")

#: Objects of orders under way at once: enough to hide the way to the source, few enough to stop soon.
AT_ONCE = 5
#: How often waiting orders look whether their time has come, and how long what failed rests at first and at most, in
#: seconds. What is here is looked over again after the last figure, should something be lost without a word.
LOOK_SECONDS, REST_SECONDS, REST_LONGEST, OVER_SECONDS = 15.0, 5.0, 600.0, 1800.0
#: A new plan is taken in steps of about this length, in seconds: viewers have their turn in between.
TURN_SECONDS = 0.005
HEAD, ALL, INIT = "head", "all", "init"


class BadPlan(ValueError):
    """The plan makes no sense."""


@dataclass(slots=True)
class Order:
    """One line of the plan. `size` and what is `left` of it in bytes; `left` is None while nobody has looked."""

    package: str
    rendition: str
    part: str
    kind: str
    why: str
    size: int = 0
    left: int | None = None
    done: bool = False
    gone: bool = False
    failures: int = 0
    not_before: float = 0.0

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about."""
        return self.package, self.rendition, self.part


@dataclass(slots=True)
class _News:
    """A plan, read: its orders with heads first, everything else as the plan has it."""

    version: int
    cap: int
    window: Window
    made_at: str
    orders: list[Order]
    wholes: set[tuple[str, str]]
    places: set[tuple[str, str]]

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> "_News":
        """Raises BadPlan."""
        try:
            version, cap = int(plan["version"]), max(0, int(plan.get("rate_bps") or 0))
            hours = plan.get("window") or {}
            open_hours = window(str(hours["from"]), str(hours["to"])) if hours else Window()
            found = [_order(line) for line in plan["orders"]]
        except BadPlan:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadPlan(f"the plan lacks or spoils a field ({error!r})") from error
        return cls(
            version, cap, open_hours, str(plan.get("made_at", "")),
            sorted(found, key=lambda order: order.kind != PINNED),  # stable
            {(order.package, order.rendition) for order in found if order.part == ALL},
            {(order.package, order.rendition) for order in found},
        )  # fmt: skip


class Orders:
    """The plan of this node and how far it is."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        filler: Filler,
        *,
        capacity_bps: int,
        egress_bps: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._store, self._filler = folder / "plan.json", store, filler
        self._capacity, self._egress, self._clock = capacity_bps, egress_bps, clock
        self._orders: list[Order] = []
        self._window, self._cap = Window(), 0
        self._wholes: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._kinds = {kind: Pace(self._rate_of(kind)) for kind in CLASSES}
        self._now = ""
        self._made_at = ""
        #: The version of the plan that is applied; 0 while there is none.
        self.version = 0
        self._read()

    # The plan ---------------------------------------------------------------------------------------------

    async def take(self, plan: Mapping[str, Any]) -> None:
        """Carry out this plan from now on. Raises BadPlan; what the disk refuses is only logged.

        In small steps, and beside the loop where that is possible: a large node has tens of thousands of orders.
        """
        news = await asyncio.to_thread(_News.of, plan)
        began = time.monotonic()
        for _ in self._apply(news):
            if time.monotonic() - began > TURN_SECONDS:
                await asyncio.sleep(0)
                began = time.monotonic()
        try:
            await asyncio.to_thread(lambda: files.replace(self._path, _written(plan)))
        except OSError as error:
            log.error("the plan cannot be written down: %s", error.strerror or error)

    def _read(self) -> None:
        try:
            for _ in self._apply(_News.of(json.loads(self._path.read_text()))):
                pass
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("the plan on disk cannot be read and is asked for anew: %s", error)

    def _apply(self, news: "_News") -> Iterator[None]:
        """The new orders stand at once; what is kept for them and what is let go follows, step by step."""
        before = {order.place: order for order in self._orders}
        gone = {place[:2] for place in before} - news.places
        for order in news.orders:
            old = before.get(order.place)
            if old is not None:
                order.size, order.left, order.done = old.size, old.left, old.done
        self._wholes = news.wholes
        self._orders = news.orders
        self._window, self._cap, self.version = news.window, news.cap, news.version
        self._made_at = news.made_at
        self._wake.set()
        for package, rendition in gone:
            self._store.unprotect(package, rendition)
            yield
        for order in news.orders:
            shelf = self._shelf(order.package, order.rendition)
            self._protect(order, shelf.head if shelf is not None else None)
            yield

    def _protect(self, order: Order, head: int | None) -> None:
        """Keep demand from evicting it. Of a head whose length nobody knows yet, nothing is here either."""
        if order.part == ALL:
            self._store.protect(order.package, order.rendition, None)
        elif head is not None and (order.package, order.rendition) not in self._wholes:
            self._store.protect(order.package, order.rendition, 0 if order.part == INIT else head)

    def _shelf(self, package: str, rendition: str) -> Shelf | None:
        standing = self._store.shelves.packages.get(package)
        return standing.shelves.get(rendition) if standing is not None else None

    # Carrying it out --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Fetch what is missing, until cancelled."""
        while True:
            self._wake.clear()
            version = self.version
            for count, order in enumerate(self._orders, 1):
                if self.version != version:
                    break
                if self._due(order):
                    await self._carry_out(order)
                if count % 256 == 0:  # most of them are here already, and nothing is waited for
                    await asyncio.sleep(0)
            self._now = ""
            if self.version == version:
                await self._rest()

    async def _rest(self) -> None:
        waiting = any(not order.done and not order.gone for order in self._orders)
        try:
            async with asyncio.timeout(LOOK_SECONDS if waiting else OVER_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            if not waiting:
                for order in self._orders:
                    order.done = False

    def _due(self, order: Order) -> bool:
        if order.done or order.gone or time.monotonic() < order.not_before:
            return False
        return order.left is None or self._rate_of(order.kind)() > 0

    async def _carry_out(self, order: Order) -> None:
        if self._plainly_here(order):
            order.done, order.left = True, 0
            return
        self._now = f"{order.package}/{order.rendition}"
        try:
            index = await self._filler.package(order.package)
            rendition = index.renditions.get(order.rendition.encode())
            if rendition is None:
                raise Failed(404, "the package has no such rendition")
            self._protect(order, rendition.head_segments)
            missing = await self._survey(order, rendition)
            if missing and self._rate_of(order.kind)() > 0:
                await self._fetch(order, missing)
                missing = await self._survey(order, rendition)
        except Failed as failure:
            self._failed(order, failure)
            return
        except Exception:
            log.exception("an order broke")
            self._failed(order, Failed(500, "this node has a fault"))
            return
        order.done = not missing
        if order.done:
            order.failures = 0

    def _plainly_here(self, order: Order) -> bool:
        """Whether what is known of the disk suffices to say that it is here: most of a plan, after a restart."""
        shelf = self._shelf(order.package, order.rendition)
        if shelf is None or not shelf.bits >> shelf.segments & 1:
            return False
        if order.part == INIT:
            return bool(shelf.bits >> (shelf.segments + 1) & 1)
        return shelf.state == "full" or (order.part == HEAD and shelf.state == "head")

    async def _survey(self, order: Order, rendition: RenditionIndex) -> list[Spec]:
        """What of it is not here, in the order in which viewers need it."""
        shelf = self._shelf(order.package, order.rendition)
        bits = shelf.bits if shelf is not None else 0
        missing, size = [], 0
        for count, spec in enumerate(_specs(rendition, order.part)):
            size += spec.length
            if not bits >> spec.number & 1:
                missing.append(spec)
            if count % 2000 == 1999:
                await asyncio.sleep(0)
        order.size, order.left = size, sum(spec.length for spec in missing)
        return missing

    async def _fetch(self, order: Order, missing: list[Spec]) -> None:
        """Some at once. Raises Failed for the first that cannot be had, after the others have ended."""
        pace, version = self._kinds[order.kind], self.version
        specs = iter(missing)

        async def one_after_the_other() -> None:
            for spec in specs:
                if self.version != version or self._rate_of(order.kind)() <= 0:
                    return
                await self._one(spec, pace)
                order.left = max(0, (order.left or 0) - spec.length)

        found = await asyncio.gather(
            *(one_after_the_other() for _ in range(min(AT_ONCE, len(missing)))), return_exceptions=True
        )
        for failure in found:
            if isinstance(failure, BaseException):
                raise failure

    async def _one(self, spec: Spec, pace: Pace) -> None:
        if words := self._no_room(spec.length):
            raise Failed(507, words)  # before it is fetched: no use in carrying bytes past a full disk
        fill, _ = self._filler.start(spec, priority=ORDER, pace=pace)
        await asyncio.shield(fill.over)
        if fill.failure is not None:
            raise fill.failure
        if fill.kept is None:
            raise Failed(507, self._store.problem or "there is no room for it")

    def _no_room(self, length: int) -> str:
        """Why an object cannot be kept, in words; '' when it can."""
        if self._store.problem:
            return self._store.problem
        if self._store.planned + pages(length) > PLANNED_SHARE * self._store.budget:
            return "the plan is larger than its part of the disk"
        return ""

    def _failed(self, order: Order, failure: Failed) -> None:
        if failure.status == 404:
            order.gone = True  # replaced or taken down meanwhile: the next plan will not have it
            return
        pause = min(REST_LONGEST, REST_SECONDS * 2**order.failures)
        if order.failures == 0:
            log.warning("%s of %s waits: %s", order.rendition, order.package, failure)
        order.failures = min(order.failures + 1, 10)
        order.not_before = time.monotonic() + pause

    def lost(self, package: str, rendition: str, number: int) -> None:
        """A planned object was lost to a fault: fetch it again."""
        for order in self._orders:
            if (order.package, order.rendition) == (package, rendition):
                log.info("%d of %s of %s was lost and is fetched again", number, rendition, package)
                order.done, order.not_before = False, 0.0
                self._wake.set()

    # How far it is ----------------------------------------------------------------------------------------

    def _rate_of(self, kind: str) -> Callable[[], float]:
        def rate() -> float:
            local = time.localtime(self._clock())
            inside = self._window.holds(local.tm_hour * 60 + local.tm_min)
            return allowed_bps(
                kind, inside=inside, cap=self._cap, capacity=self._capacity, egress=self._egress()
            )

        return rate

    @property
    def pinned(self) -> bool:
        """Whether all heads of the plan are here. Without a plan nothing is known, and nothing is here."""
        heads = [order for order in self._orders if order.kind == PINNED]
        return self.version > 0 and all(order.done or order.gone for order in heads)

    def progress(self) -> dict[str, Any]:
        """How far the plan is: orders, bytes that are missing (estimated where nobody has looked yet), what is on."""
        left = sum(order.left or 0 for order in self._orders)
        sizes = [order.size for order in self._orders if order.size]
        unseen = sum(order.left is None and not order.gone for order in self._orders)
        mean = sum(sizes) / len(sizes) if sizes else 0.0
        return {
            "version": self.version,
            "made_at": self._made_at,
            "total": len(self._orders),
            "done": sum(order.done or order.gone for order in self._orders),
            "bytes_left": int(left + mean * unseen),
            "now": self._now,
            "resting": sum(order.not_before > time.monotonic() for order in self._orders),
        }


def _written(plan: Mapping[str, Any]) -> bytes:
    return json.dumps(plan, separators=(",", ":")).encode()


def _order(line: Any) -> Order:
    if not isinstance(line, list | tuple) or len(line) < 4:
        raise BadPlan(f"{line!r} is no order: [package, rendition, part, class, why]")
    package, rendition, part, kind = (str(word) for word in line[:4])
    if part not in (HEAD, ALL, INIT):
        raise BadPlan(f"an order's part is all, head or init, not '{part}'")
    # A class that a later site makes is carried out in the window: at worst it comes late.
    known = kind if kind in CLASSES else "window"
    return Order(package, rendition, part, known, str(line[4]) if len(line) > 4 else "")


def _specs(rendition: RenditionIndex, part: str) -> Iterator[Spec]:
    """Playlists and init first, then the segments from the beginning."""
    for name in (b"index.m3u8", b"index.vtt", b"init.mp4", b"iframes.m3u8"):
        spec = rendition.spec(name)
        if spec is not None:
            yield spec
    last = {HEAD: rendition.head_segments, INIT: 0}.get(part, len(rendition.offsets))
    ending = {"text": "vtt", "images": "webp"}.get(rendition.kind, "m4s")
    for number in range(last):
        spec = rendition.spec(f"{number}.{ending}".encode())
        if spec is not None:
            yield spec

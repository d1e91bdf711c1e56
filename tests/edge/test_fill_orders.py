"""How a plan is carried out: what comes first, when, how fast, and what is left of it after a restart or a fault."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cdn.edge import orders as orders_module
from cdn.edge.fill import Filler
from cdn.edge.identity import Identity
from cdn.edge.orders import BadPlan, Orders
from cdn.edge.pace import PINNED, RELEASE, REPAIR, WINDOW, Pace, Window, allowed_bps, window
from cdn.edge.store import Store
from cdn.edge.upstream import Upstream
from tests.edge.harness import in_a_loop
from tests.edge.origin import Origin, running_origin

CAPACITY = 10**9


class Node:
    """A node's inside with orders; `egress` is what it sends to viewers."""

    def __init__(self, origin: Origin, folder: Path, *, budget: int = 1 << 30) -> None:
        self.origin, self.egress = origin, 0.0
        identity = Identity(folder)
        identity.state.node_id = "me"
        origin.nodes["me"] = {"public_key": identity.public_hex}
        self.store = Store(folder, budget)
        self.upstream = Upstream(origin.url)
        self.filler = Filler(self.store, self.upstream, identity, memory=64 << 20, pull=True)
        self.orders = Orders(
            folder, self.store, self.filler, capacity_bps=CAPACITY, egress_bps=lambda: self.egress
        )
        self.store.on_lost = self.orders.lost
        self.task = asyncio.create_task(self.orders.run())

    async def until(self, condition: Callable[[], Any]) -> None:
        """Let it work until then."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    async def all_done(self) -> None:
        """Let it work until the plan is carried out."""
        await self.until(lambda: self.orders.progress()["done"] == self.orders.progress()["total"])

    def state(self, package: str, rendition: str = "v720") -> str:
        """How much of a rendition is here."""
        return str(self.store.holdings().get(package, {}).get(rendition, ["none"])[0])

    async def close(self) -> None:
        """Stop it."""
        self.task.cancel()
        await asyncio.wait({self.task})
        await self.filler.close()
        self.upstream.close()
        self.store.close()


def plan(
    *orders: list[str], version: int = 1, hours: tuple[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """A plan as the control plane gives it."""
    if hours is not None:
        more["window"] = {"from": hours[0], "to": hours[1]}
    return {
        "version": version,
        "made_at": "2026-01-01T02:00:00Z",
        "rate_bps": 0,
        "orders": list(orders),
        **more,
    }


def closed_now() -> tuple[str, str]:
    """Hours that this moment is not in."""
    hour = time.localtime().tm_hour
    return f"{(hour + 2) % 24:02}:00", f"{(hour + 3) % 24:02}:00"


def story(told: Callable[[Origin, Path], Awaitable[None]], folder: Path) -> None:
    """Run a story with an origin."""

    async def run() -> None:
        with running_origin() as origin:
            await told(origin, folder)

    in_a_loop(run())


def test_heads_come_first_and_then_the_plans_order(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        first, _ = origin.add(seed=1)
        second, _ = origin.add(seed=2)
        order: list[bytes] = []
        node.store.on_hit = lambda hit: order.append(hit.key)
        await node.orders.take(
            plan(
                [first, "v720", "all", "window", "popular"],
                [second, "v720", "head", "pinned", "head of every title"],
                [second, "a-en", "all", "release", "new"],
            )
        )
        assert not node.orders.pinned
        await node.all_done()
        assert node.orders.pinned
        assert (node.state(first), node.state(second), node.state(second, "a-en")) == ("full", "head", "full")
        head = [key for key in order if key.startswith(f"{second}/v720".encode())]
        assert order[: len(head)] == head, "the head came before everything else"
        assert len(head) == 3 + 2, "twelve seconds, the playlist and the init segment"
        assert node.orders.progress()["bytes_left"] == 0
        hit = node.store.hits[head[0]]
        assert hit.planned, "demand may not evict it"
        await node.orders.take(plan([first, "v720", "all", "window", "popular"], version=2))
        assert not hit.planned, "the plan let it go"
        await node.close()

    story(told, tmp_path)


def test_playlists_may_be_all_that_is_wanted(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        package, _ = origin.add(seed=1)
        asked = [package, "v720", "init", "pinned", "every playlist"]
        await node.orders.take(plan(asked))
        await node.all_done()
        assert node.orders.pinned
        here = node.store.holdings()[package]["v720"]
        assert here[1] == 0, "no segment"
        shelf = node.store.shelves.packages[package].shelves["v720"]
        assert shelf.bits >> shelf.segments & 3 == 3, "its init segment and its playlist"
        await node.orders.take(plan(asked, [package, "v720", "all", "release", "new"], version=2))
        await node.all_done()
        assert node.state(package) == "full"
        await node.close()

    story(told, tmp_path)


def test_outside_its_hours_only_what_is_urgent_is_fetched(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        package, _ = origin.add()
        orders = [[package, "v720", "all", "window", ""], [package, "a-en", "all", "release", ""]]
        await node.orders.take(plan(*orders, hours=closed_now()))
        await node.until(lambda: node.orders.progress()["done"] == 1)
        assert (node.state(package), node.state(package, "a-en")) == ("none", "full")
        assert node.orders.progress()["bytes_left"] > 300_000
        await node.orders.take(plan(*orders, version=2))
        await node.all_done()
        assert node.state(package) == "full"
        await node.close()

    story(told, tmp_path)


def test_a_busy_node_carries_out_nothing(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        node.egress = 0.8 * CAPACITY
        package, _ = origin.add()
        await node.orders.take(plan([package, "v720", "head", "pinned", ""]))
        await node.until(lambda: node.orders.progress()["bytes_left"])
        assert origin.asked["v720/0.m4s"] == 0
        node.egress = 0.0
        await node.orders.take(plan([package, "v720", "head", "pinned", ""], version=2))
        await node.all_done()
        await node.close()

    story(told, tmp_path)


def test_a_plan_survives_a_restart_without_a_control_plane(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        package, _ = origin.add()
        other, _ = origin.add(seed=2)
        await node.orders.take(plan([package, "v720", "all", "window", ""], version=7))
        await node.all_done()
        await node.orders.take(
            plan([package, "v720", "all", "window", ""], [other, "v720", "all", "window", ""], version=8)
        )
        await node.close()
        asked = origin.asked.copy()
        again = Node(origin, folder)
        assert again.orders.version == 8
        await again.all_done()
        assert again.state(other) == "full"
        news = origin.asked - asked
        assert news["v720/0.m4s"] <= 1, "what was here already was not fetched again"
        await again.close()

    story(told, tmp_path)


def test_what_was_lost_to_a_fault_is_fetched_again(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        package, _ = origin.add()
        await node.orders.take(plan([package, "v720", "all", "window", ""]))
        await node.all_done()
        hit = node.store.hits[f"{package}/v720/2.m4s".encode()]
        node.store.doubt(hit)
        await node.until(lambda: origin.asked["v720/2.m4s"] == 2)
        await node.all_done()
        assert node.state(package) == "full"
        await node.close()

    story(told, tmp_path)


def test_an_order_that_cannot_be_had_holds_up_no_other(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        package, _ = origin.add()
        spoilt, _ = origin.add(seed=2, segments=9)
        origin.corrupt.add("v720/8.m4s")
        await node.orders.take(
            plan(
                ["0" * 32, "v720", "all", "window", "replaced meanwhile"],
                [package, "v99", "all", "window", "no such rendition"],
                [spoilt, "v720", "all", "window", "one segment is spoilt"],
                [package, "v720", "all", "window", ""],
            )
        )
        await node.until(lambda: node.state(package) == "full")
        await node.until(
            lambda: node.orders.progress()["done"] == 3
        )  # the last object is here before that is known
        found = node.orders.progress()
        assert (found["done"], found["total"], found["resting"]) == (3, 4, 1)
        await node.close()

    story(told, tmp_path)


def test_a_large_plan_is_taken_in_small_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "TURN_SECONDS", 0.0)

    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        turns = 0

        async def somebody_else() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(somebody_else())
        many = [[f"{number:032x}", "v720", "all", "window", ""] for number in range(2000)]
        await node.orders.take(plan(*many))
        assert turns > 1000
        assert node.orders.progress()["total"] == 2000
        before = turns
        await node.orders.take({**plan(*many[:1000]), "version": 2})  # the other thousand is let go
        assert turns > before + 1000
        assert not node.store._plan.firsts(many[1500][0])
        assert node.store._plan.firsts(many[500][0])
        other.cancel()
        await node.close()

    story(told, tmp_path)


def test_nothing_is_fetched_that_the_plans_part_of_the_disk_cannot_hold(tmp_path: Path) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder, budget=1_000_000)
        package, _ = origin.add(segments=40, size=50_000)
        await node.orders.take(plan([package, "v720", "all", "window", ""]))
        await node.until(lambda: node.orders.progress()["resting"])
        assert 700_000 < node.store.planned <= 850_000
        fetched = sum(count for name, count in origin.asked.items() if name.startswith("v720/"))
        assert fetched < 25, "what was under way, and no more"
        await node.close()

    story(told, tmp_path)


@pytest.mark.parametrize(
    "spoilt",
    [{"version": "x"}, {"orders": 5}, {"orders": [["a"]]}, {"orders": [["a", "b", "tail", "pinned", ""]]},
     {"window": {"from": "2", "to": "14:00"}}, {"rate_bps": "fast"}],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_changes_nothing(tmp_path: Path, spoilt: dict[str, Any]) -> None:
    async def told(origin: Origin, folder: Path) -> None:
        node = Node(origin, folder)
        package, _ = origin.add()
        await node.orders.take(plan([package, "a-en", "all", "release", ""], version=3))
        with pytest.raises(BadPlan):
            await node.orders.take(plan(version=4) | spoilt)
        assert node.orders.version == 3
        await node.close()

    story(told, tmp_path)


@pytest.mark.parametrize(
    ("kind", "inside", "cap", "egress", "rate"),
    [
        (WINDOW, True, 0, 0, 0.6e9),
        (WINDOW, True, 0, 0.5e9, 0.3e9),
        (WINDOW, True, 10**8, 0, 1e8),
        (WINDOW, True, 0, 0.75e9, 0),
        (WINDOW, False, 0, 0, 0),
        (RELEASE, False, 0, 0, 0.2e9),
        (REPAIR, False, 0, 0.5e9, 0.1e9),
        (RELEASE, True, 0, 0, 0.6e9),
        (PINNED, False, 0, 0, 0.6e9),
        (PINNED, False, 0, 0.8e9, 0),
    ],
)
def test_viewers_leave_the_orders_their_rate(
    kind: str, inside: bool, cap: int, egress: float, rate: float
) -> None:
    found = allowed_bps(kind, inside=inside, cap=cap, capacity=CAPACITY, egress=egress)
    assert found == pytest.approx(rate)


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        (("02:00", "14:00"), 2 * 60, 14 * 60),
        (("22:30", "06:00"), 30, 12 * 60),
        (("22:30", "06:00"), 1350, 1349),
    ],
)
def test_a_window_may_reach_over_midnight(hours: tuple[str, str], inside: int, outside: int) -> None:
    assert window(*hours).holds(inside)
    assert not window(*hours).holds(outside)
    assert Window().holds(inside)


def test_a_pace_lets_through_what_its_rate_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def pause(seconds: float, hurried: asyncio.Event) -> None:
        waits.append(seconds)

    async def run() -> None:
        monkeypatch.setattr("cdn.edge.pace._pause", pause)
        pace, hurried = Pace(lambda: 8_000_000.0), asyncio.Event()
        for _ in range(3):
            await pace.take(1_000_000, hurried)
        assert waits == pytest.approx([1, 2, 3], abs=0.2)
        hurried.set()
        await pace.take(1_000_000, hurried)
        assert len(waits) == 3, "who waits is not paced"

    in_a_loop(run())

"""What the planner and steering's rule do to a fleet, simulated: loads, churn, origin traffic, decision time.

The planner is the real one (`cdn.allocation`, fed by `cdn.forecast`). Steering's rule (who holds it, two by weighted
rendezvous, the less busy wins, at most 1.25 of the mean) is done for all regions at once with arrays (`_fleet.py`), and
one evening is steered by `playback.steering` itself, to see that both agree. Beside it, with the same viewers: one
owner for each title by consistent hashing, and consistent hashing with bounded loads (1.25).

Run by `make bench NAME=placement`; `--quick` leaves the largest fleet out; `--json` adds one last line for programs.
"""

import resource
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from bench import _report
from bench._fleet import (
    BPS,
    DAY,
    REGION,
    SIZE,
    TITLES,
    Planned,
    World,
    crowd,
    drawn_titles,
    evening,
    loss,
    plan,
    watch,
)
from cdn.types import Node, NodeState
from playback import steering

#: Titles that a node's disk holds: 8 % of the catalogue, and so little that a region cannot hold everything.
ROOM, SMALL = 400, 60
#: Sessions of a day for each of an evening: were every one of them to miss what the evening's missed.
EVENINGS = float(np.mean(DAY)) * 24 / 1.25


def settled(regions: int, room: int, seed: int) -> tuple[World, Planned]:
    """A world and its first plans, after three days of watching."""
    world = World(regions, np.random.default_rng(seed), room)
    planned = Planned(short=np.zeros_like(world.weights), long=np.zeros_like(world.weights))
    for quarter in DAY * 3:
        watch(world, planned, quarter, 21600)
    plan(world, planned, since=86400)
    return world, planned


def new_day(world: World, planned: Planned) -> None:
    """Tastes drift, and what is released today has neither demand nor copies yet."""
    world.pass_a_day()
    for title in np.flatnonzero(world.ages == 0):
        planned.short[:, title] = planned.long[:, title] = 0.0
        planned.held = [[held - {int(title)} for held in region] for region in planned.held]


def fleet(nodes: int, *, days: int, room: int = ROOM, seed: int = 7) -> dict[str, float]:
    """Days in the life of a fleet, an evening's peak at the end of each, then a crowd and a loss."""
    world, planned = settled(max(1, nodes // REGION), room, seed)
    steady, churn, fetched, origin, seconds, slowest = [], [], [], [], [], []
    one = None
    for _day in range(days):
        new_day(world, planned)
        moved = fresh = pulled = 0.0
        for number, quarter in enumerate(DAY[:3]):
            watch(world, planned, quarter, 21600)
            if number < 2 and nodes > 1000:
                continue  # the real one plans every five minutes; one plan a day says as much, sooner
            plan(world, planned, since=21600 if nodes <= 1000 else 86400)
            moved += planned.replaced
            fresh += planned.fetched
            pulled += planned.from_origin
            seconds.append(planned.seconds)
            slowest.append(planned.slowest)
        del one
        one, spread = evening(world, planned.full)
        watch(world, planned, DAY[3], 21600)
        steady.append(spread)
        disks = world.regions * REGION * room * SIZE / 0.85
        churn.append(moved / disks)
        fetched.append(fresh / disks)
        viewed = world.regions * world.sessions * np.mean(DAY) * BPS / 8 * 86400
        origin.append((pulled + one.missed * SIZE * EVENINGS) / viewed)
    everywhere = one.spread_everywhere()
    flash = crowd(replace(one, load=one.load.copy(), partial=one.partial.copy()))
    after, bare = loss(one)
    plan(world, planned, since=86400, alive=one.alive[0])
    copies = planned.full.sum(axis=2)
    held = float((world.shares * planned.full.any(axis=2)).sum(axis=1).mean())
    return {
        "steady": float(np.mean(steady)),
        "everywhere": everywhere,
        "flash": flash,
        "loss": after,
        "bare": bare,
        "churn": float(np.mean(churn)),
        "fetched": float(np.mean(fetched)),
        "offload": 1 - float(np.mean(origin)),
        "seconds": float(np.mean(seconds)),
        "slowest": float(np.max(slowest)),
        "copies": float(copies.mean()),
        "held": held,
        "repair": planned.fetched / (world.regions * REGION * room * SIZE),
    }


def others(nodes: int, *, rule: str, seed: int = 7) -> dict[str, float]:
    """The same evening under another rule."""
    world = World(max(1, nodes // REGION), np.random.default_rng(seed), ROOM)
    nothing = np.zeros((world.regions, TITLES, REGION), dtype=bool)
    one, spread = evening(world, nothing, rule=rule)
    flash = crowd(replace(one, load=one.load.copy(), partial=one.partial.copy()))
    after, _bare = loss(one)
    return {"steady": spread, "flash": flash, "loss": after}


def real(seed: int = 7) -> dict[str, float]:
    """One region's evening with `playback.steering.rank` itself instead of arrays: the two must agree."""
    world, planned = settled(1, ROOM, seed)
    now = datetime(2026, 3, 1, 20, tzinfo=UTC)
    facts = {
        "version": "1", "region": "default", "lease_until": now + timedelta(hours=1), "state": NodeState.ACTIVE,
        "sessions": 0, "egress_bps": 0, "site": "", "name": "", "base_url": "",
    }  # fmt: skip
    names = set(Node.__dataclass_fields__)
    nodes = [
        Node(id=UUID(int=n + 1), slot=n, capacity_bps=int(world.capacity[0, n]),
             **{key: value for key, value in facts.items() if key in names})
        for n in range(REGION)
    ]  # fmt: skip
    count = world.sessions // 4  # a quarter of it, on nodes of a quarter of the size, is enough to see
    nodes = [replace(node, capacity_bps=node.capacity_bps // 4) for node in nodes]
    assigned: dict[str, int] = {}
    began = time.perf_counter()
    for number, title in enumerate(drawn_titles(world, count)[0].tolist()):
        held = {f"n{node}": "full" for node in np.flatnonzero(planned.full[0, title])}
        ranking = steering.rank(
            nodes,
            steering.Viewer(seed=str(number)),
            shield_url="",
            now=now,
            assigned=assigned,
            held=held,
            offered=1,
        )
        first = ranking.order[0].id
        assigned[first] = assigned.get(first, 0) + BPS
    spent = (time.perf_counter() - began) / count
    busy = np.array([assigned.get(f"n{n}", 0) / nodes[n].capacity_bps for n in range(REGION)])
    return {"steady": float(busy.max() / busy.mean()), "rank_us": spent * 1e6}


def _line(nodes: str, days: int, got: dict[str, float], took: float) -> list[object]:
    loads = [f"{got[key]:.3f}" for key in ("steady", "everywhere", "flash", "loss")]
    shares = [f"{got[key]:.2%}" for key in ("churn", "fetched", "held", "offload")]
    return [nodes, days, *loads, *shares, f"{got['copies']:.1f}", f"{got['seconds']:.2f} s", f"{took:.0f} s"]


def _fleets(fleets: dict[int, int], figures: dict[str, float]) -> None:
    """Every size of fleet, and one with small disks; prints a table and adds the figures."""
    rows = []
    for nodes, days, room in [*((nodes, days, ROOM) for nodes, days in fleets.items()), (50, 4, SMALL)]:
        began = time.perf_counter()
        got = fleet(nodes, days=days, room=room)
        name = str(nodes) if room == ROOM else f"{nodes}_small_disks"
        figures |= {f"{key}_{name}": round(value, 4) for key, value in got.items()}
        rows.append(_line(name.replace("_", " "), days, got, time.perf_counter() - began))
    print("Max/mean load; churn is what gave way to something better, of all disk, in a day\n")
    _report.table(
        ["nodes", "days", "steady", "whole fleet", "flash", "site lost", "churn", "fetched", "demand held",
         "origin offload", "copies", "decision", "took"],
        rows,
    )  # fmt: skip
    for name in ("steady", "flash", "loss"):
        figures[f"max_mean_load_{name}"] = max(figures[f"{name}_{nodes}"] for nodes in fleets)
    figures["churn_per_day"] = max(figures[f"churn_{nodes}"] for nodes in fleets)
    figures["origin_offload"] = min(figures[f"offload_{nodes}"] for nodes in fleets)
    figures["titles_without_a_copy_after_a_site_is_lost"] = max(figures[f"bare_{nodes}"] for nodes in fleets)
    figures["decision_seconds"] = max(figures[f"seconds_{nodes}"] for nodes in fleets)


def _others(sizes: list[int], figures: dict[str, float]) -> None:
    """What other rules make of the same evening."""
    rows = []
    for nodes in sizes:
        for rule, name in (("owner", "one owner, consistent hashing"), ("bounded", "bounded loads, 1.25")):
            got = others(nodes, rule=rule)
            figures |= {f"{rule}_{key}_{nodes}": round(value, 3) for key, value in got.items()}
            rows.append([nodes, name, *(f"{got[key]:.3f}" for key in ("steady", "flash", "loss"))])
    print()
    _report.table(["nodes", "instead", "steady", "flash", "site lost"], rows)


def main() -> int:
    """Simulate, print, judge."""
    options = _report.arguments(__doc__ or "", parts=("fleets", "others", "real"))
    fleets = {50: 4, 1000: 1} if options.quick else {50: 10, 1000: 4, 10_000: 2}
    figures: dict[str, float] = {}
    if options.part in ("", "fleets"):
        _fleets(fleets, figures)
    if options.part in ("", "others"):
        _others([nodes for nodes in fleets if nodes <= 1000], figures)
    if options.part in ("", "real"):
        got = real()
        figures |= {
            "real_steering_steady": round(got["steady"], 3),
            "rank_microseconds": round(got["rank_us"], 1),
        }
        print(f"\nplayback.steering itself, 50 nodes: {got['steady']:.3f}, {got['rank_us']:.0f} us a ranking")
    figures["memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    goals = {
        "max_mean_load_steady": ("<=", 1.1), "max_mean_load_flash": ("<=", 1.25), "max_mean_load_loss": ("<=", 1.25),
        "churn_per_day": ("<=", 0.05), "origin_offload": (">=", 0.98), "memory_gb": ("<=", 4.0),
        "titles_without_a_copy_after_a_site_is_lost": ("<=", 0.0), "real_steering_steady": ("<=", 1.1),
    }  # fmt: skip
    if options.part:
        goals = {name: goal for name, goal in goals.items() if name in figures}
    _report.finish("placement", figures, goals, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A made-up fleet with viewers, for `bench/placement.py`: regions of 50 nodes, all simulated at once with arrays.

Popularity is Zipf 0.9 with a chance of each region's own; titles wander every day, some are released and begin near the
top. The planner is the real one; steering's rule is done here with arrays for all regions at once.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from cdn import forecast as forecasts
from cdn.allocation import Allotment, Host, Item, allot, allowance, preferences
from cdn.placement import Place
from playback import steering

REGION, SITES = 50, 10  # nodes in a region, and sites that they stand in
TITLES, SIZE, RELEASED = 5000, 3 * 10**9, 5  # titles; bytes of each; releases in a day
BPS = 5_000_000
BUSY = 0.6  # of a region's capacity, at the evening's peak
DAY = (0.25, 0.5, 0.8, 1.0)  # load of the day's quarters, of the peak
DRIFT = 0.15  # how far a title's popularity wanders in a day (standard deviation of its logarithm)
CROWD = 0.23  # a flash crowd, of the sessions that are there (2,000 of 8,700)
BOUND = steering.BOUND


@dataclass
class World:
    """Regions of alike size: who stands there, what is watched. Arrays are [region, node] or [region, title]."""

    regions: int
    rng: np.random.Generator
    #: Titles that a node's disk holds.
    room: int
    weights: np.ndarray = field(init=False)
    capacity: np.ndarray = field(init=False)
    places: list[Place] = field(init=False)
    ages: np.ndarray = field(init=False)
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        base = 1.0 / np.arange(1, TITLES + 1) ** 0.9
        self.weights = base * np.exp(self.rng.normal(0, 0.3, (self.regions, TITLES)))
        # Half as large again or half as large: fleets are not all of one kind.
        kinds = np.where(np.arange(REGION) % 10 < 3, 2e9, 1e9)
        self.capacity = np.repeat(kinds[None, :], self.regions, axis=0)
        self.places = [
            Place(f"n{node}", site=f"s{node % SITES}", weight=float(min(kinds[node] / kinds.mean(), 1.0)))
            for node in range(REGION)
        ]
        self.ages = np.full(TITLES, 60.0)
        self.names = [f"{title:032x}" for title in range(TITLES)]

    @property
    def shares(self) -> np.ndarray:
        """What part of a region's sessions each title has."""
        return self.weights / self.weights.sum(axis=1, keepdims=True)

    @property
    def sessions(self) -> int:
        """How many there are in a region at the peak."""
        return int(self.capacity[0].sum() * BUSY / BPS)

    def pass_a_day(self) -> None:
        """Titles wander; the least watched make way for releases, which begin near the top."""
        self.weights *= np.exp(self.rng.normal(0, DRIFT, self.weights.shape))
        gone = np.argsort(self.weights.mean(axis=0))[:RELEASED]
        top = np.sort(self.weights, axis=1)[:, -40:]
        for title in gone:
            self.weights[:, title] = top[:, self.rng.integers(0, 40)]
            self.ages[title] = 0.0
            self.names[title] = f"{self.rng.integers(0, 1 << 62):032x}"


@dataclass
class Planned:
    """What the planner knows and has decided. `full` is [region, title, node]."""

    short: np.ndarray
    long: np.ndarray
    watched: float = 0.0
    held: list[list[frozenset[int]]] = field(default_factory=list)
    #: What each host may still replace, in bytes; a whole day's at first.
    left: dict[tuple[int, int], int] = field(default_factory=dict)
    full: np.ndarray = field(default_factory=lambda: np.zeros(0))
    seconds: float = 0.0
    slowest: float = 0.0
    replaced: float = 0.0
    fetched: float = 0.0
    from_origin: float = 0.0


def forecast(world: World, planned: Planned) -> np.ndarray:
    """What `forecasts.rates` would say: whole plays a second at the next peak, [region, title]."""
    days = np.maximum(np.minimum(world.ages, planned.watched), 1 / 24)
    rates = []
    for sums, life in ((planned.short, forecasts.SHORT), (planned.long, forecasts.LONG)):
        seen = 1 - np.exp2(-days * 86400 / life.total_seconds())
        rates.append(sums * np.log(2) / life.total_seconds() / seen)
    found = forecasts.PEAK * np.maximum(rates[1], (rates[0] + rates[1]) / 2)
    one = forecasts.expected(
        float(planned.short[0, 0]), float(planned.long[0, 0]), timedelta(days=float(days[0]))
    )
    assert np.isclose(found[0, 0], one), "the arrays do not say what the forecast says"
    new = np.flatnonzero(world.ages < 14)
    means = found.sum(axis=1) / np.maximum(1, (found > 0).sum(axis=1))
    for title in new.tolist():
        ahead = forecasts.prior(1.0, timedelta(days=float(world.ages[title]))) * means
        found[:, title] = np.maximum(found[:, title], ahead)
    return np.maximum(found, forecasts.NEVER)


def watch(world: World, planned: Planned, load: float, seconds: float) -> None:
    """Some hours pass: what was played is counted, with chance in it."""
    plays = world.sessions * load * world.shares * (BPS / 8) * seconds / SIZE
    counted = world.rng.poisson(plays * 50) / 50  # a play is many segments: chance is small in it
    for name, life in (("short", forecasts.SHORT), ("long", forecasts.LONG)):
        faded = getattr(planned, name) * 2.0 ** (-seconds / life.total_seconds())
        setattr(planned, name, faded + counted)
    planned.watched += seconds / 86400
    world.ages += seconds / 86400


def plan(world: World, planned: Planned, *, since: float, alive: np.ndarray | None = None) -> None:
    """One decision for every region; counts its processor time and what it moves."""
    rates = forecast(world, planned)
    full = np.zeros((world.regions, TITLES, REGION), dtype=bool)
    first = not planned.held
    held = planned.held or [[frozenset()] * REGION for _ in range(world.regions)]
    planned.seconds = planned.slowest = planned.replaced = planned.fetched = planned.from_origin = 0.0
    for region in range(world.regions):
        items = [
            Item(title, world.names[title], SIZE, rate, bool(world.ages[title] < 2))
            for title, rate in enumerate(rates[region].tolist())
        ]
        here = [node for node in range(REGION) if alive is None or alive[node]]
        disk = int(world.room * SIZE / 0.85)
        hosts = [
            Host(
                world.places[node],
                int(world.capacity[region, node]),
                world.room * SIZE,
                held[region][node],
                allowance(disk, planned.left.get((region, node), disk), since),
            )
            for node in here
        ]
        began = time.process_time()
        decided = allot(items, hosts)
        spent = time.process_time() - began
        planned.seconds += spent
        planned.slowest = max(planned.slowest, spent)
        _account(planned, held[region], here, decided, first=first)
        for node, one in zip(here, decided, strict=True):
            full[region, list(one.bundles), node] = True
            held[region][node] = frozenset(one.bundles)
            planned.left[region, node] = hosts[here.index(node)].allowance - one.replaced
    planned.held, planned.full = held, full


def _account(
    planned: Planned,
    held: Sequence[frozenset[int]],
    here: Sequence[int],
    decided: Sequence[Allotment],
    *,
    first: bool,
) -> None:
    had = frozenset().union(*held)
    for node, one in zip(here, decided, strict=True):
        new = one.bundles.keys() - held[node]
        planned.replaced += one.replaced
        planned.fetched += len(new) * SIZE * (not first)
    now = frozenset().union(*(one.bundles.keys() for one in decided))
    planned.from_origin += len(now - had) * SIZE * (not first)


@dataclass
class Evening:
    """Sessions of all regions at their nodes. Loads are bits per second, [region, node]."""

    world: World
    full: np.ndarray
    load: np.ndarray
    alive: np.ndarray
    partial: np.ndarray
    where: np.ndarray
    what: np.ndarray
    spilled: int = 0
    missed: int = 0
    pulls: int = 0
    #: As a rule of steering has it: "ours", "owner" (one by consistent hashing) or "bounded" (walk on past the full).
    rule: str = "ours"
    order: np.ndarray | None = None

    def assign(self, titles: np.ndarray) -> np.ndarray:
        """One session in each region, of these titles; → the nodes."""
        rows = np.arange(self.world.regions)
        busy = np.where(self.alive, self.load / self.world.capacity, np.inf)
        node = getattr(self, f"_{self.rule}")(rows, titles, busy)
        self.load[rows, node] += BPS
        return node

    def _ours(self, rows: np.ndarray, titles: np.ndarray, busy: np.ndarray) -> np.ndarray:
        mean = busy.sum(axis=1, where=self.alive) / self.alive.sum(axis=1)
        quiet = mean <= steering.BOUND_FROM
        bound = np.where(quiet, steering.CROWDED, np.minimum(steering.CROWDED, BOUND * mean))[:, None]
        full = self.full[rows, titles] & self.alive
        some = full | self.partial[rows, titles] & self.alive
        roomy = busy <= bound
        pool = full & roomy
        if not (has := pool.any(axis=1)).all():
            pool = np.where(has[:, None], pool, some & roomy)
            has = pool.any(axis=1)
            anyone = self.alive & (busy <= np.where(quiet, 1.0, BOUND * mean)[:, None])
            pool = np.where(has[:, None], pool, np.where(anyone.any(axis=1)[:, None], anyone, self.alive))
        drawn = self.world.rng.random(busy.shape, dtype=np.float32)
        scores = np.where(pool, -self.world.capacity / np.log(drawn + 1e-9), -1.0)
        one = scores.argmax(axis=1)
        scores[rows, one] = -1.0
        two = scores.argmax(axis=1)
        alone = scores[rows, two] < 0
        less = np.round(busy[rows, two], 2) < np.round(busy[rows, one], 2)
        node = np.where(less & ~alone, two, one)
        new = ~some[rows, node]
        self.spilled += int((new & some.any(axis=1)).sum())
        nowhere = new & ~some.any(axis=1)
        self.missed += int(nowhere.sum())
        self.partial[rows[new], titles[new], node[new]] = True
        return node

    def _owner(self, rows: np.ndarray, titles: np.ndarray, busy: np.ndarray) -> np.ndarray:
        ranked = self.order[titles]
        return ranked[rows, self.alive[rows[:, None], ranked].argmax(axis=1)]

    def _bounded(self, rows: np.ndarray, titles: np.ndarray, busy: np.ndarray) -> np.ndarray:
        ranked = self.order[titles]
        mean = (self.load.sum(axis=1) + BPS) / np.where(self.alive, self.world.capacity, 0).sum(axis=1)
        fits = busy[rows[:, None], ranked] + BPS / self.world.capacity.max() <= BOUND * mean[:, None]
        node = ranked[rows, fits.argmax(axis=1)]
        self.pulls += int((~self.partial[rows, titles, node]).sum())
        self.partial[rows, titles, node] = True
        return node

    def spread(self) -> float:
        """The busiest node over the mean of its region, in the worst region."""
        busy = np.where(self.alive, self.load / self.world.capacity, 0.0)
        return float((busy.max(axis=1) / (busy.sum(axis=1) / self.alive.sum(axis=1))).max())

    def spread_everywhere(self) -> float:
        """The busiest node over the mean of the whole fleet."""
        busy = (self.load / self.world.capacity)[self.alive]
        return float(busy.max() / busy.mean())


def evening(world: World, full: np.ndarray, *, rule: str = "ours") -> tuple[Evening, float]:
    """The peak's sessions come one after another, then a quarter of them go and others come; → the mean spread then."""
    count = world.sessions
    shape = (world.regions, REGION)
    titles = drawn_titles(world, count + count // 4)
    order = preferences(world.names, world.places) if rule != "ours" else None
    one = Evening(
        world, full, np.zeros(shape), np.ones(shape, dtype=bool), np.zeros_like(full),
        np.zeros((world.regions, count), dtype=np.int64), titles[:, :count].copy(), rule=rule, order=order,
    )  # fmt: skip
    for number in range(count):
        one.where[:, number] = one.assign(titles[:, number])
    seen = []
    rows = np.arange(world.regions)
    for number in range(count, count + count // 4):
        leaver = world.rng.integers(0, count)
        one.load[rows, one.where[:, leaver]] -= BPS
        one.where[:, leaver] = one.assign(titles[:, number])
        one.what[:, leaver] = titles[:, number]
        if number % 100 == 0:
            seen.append(one.spread())
    return one, float(np.mean(seen))


def drawn_titles(world: World, count: int) -> np.ndarray:
    """What so many viewers choose in each region, one after another."""
    drawn = world.rng.random((world.regions, count))
    found = np.empty((world.regions, count), dtype=np.int64)
    for region in range(world.regions):
        found[region] = np.searchsorted(np.cumsum(world.shares[region]), drawn[region]).clip(0, TITLES - 1)
    return found


def crowd(one: Evening) -> float:
    """A flash crowd around one title of the middle, within one heartbeat; → the spread right after."""
    title = int(np.argsort(one.world.weights[0])[TITLES // 2])
    titles = np.full(one.world.regions, title)
    for _ in range(int(one.world.sessions * CROWD)):
        one.assign(titles)
    return one.spread()


def loss(one: Evening) -> tuple[float, float]:
    """A whole site goes; its sessions move; → the spread right after, and the part of titles with no copy left."""
    dead = np.array([place.site == "s3" for place in one.world.places])
    one.alive = one.alive & ~dead[None, :]
    one.load = np.where(one.alive, one.load, 0.0)
    homeless = [np.flatnonzero(dead[one.where[region]]) for region in range(one.world.regions)]
    most = max(len(some) for some in homeless)
    rows = np.arange(one.world.regions)
    for number in range(most):
        # Regions with fewer of them start some more viewers instead: the loop stays one for all.
        slots = np.array([some[number % len(some)] for some in homeless])
        one.where[:, number] = one.assign(one.what[rows, slots])
    had = one.full.any(axis=2)
    have = (one.full & one.alive[:, None, :]).any(axis=2)
    return one.spread(), float((had & ~have).sum() / max(1, had.sum()))

"""Which host of one region should hold which bundles whole, and why. Pure: figures in, a decision out; no Django.

How many copies a bundle needs follows from what it is asked for: `max(2, ceil(peak / (0.25 of a host's capacity)))`, in
sites apart where there are several. Whose they are follows from weighted rendezvous hashing of its package (so that
the renditions of a film meet on the same hosts). When not all fit, what is played most per byte comes first. A host
that can hold everything does, and no more is thought about it.

Moving is what costs: a host gives a bundle up only for one worth 1.3 times as much, and replaces at most 5 % of its
disk in a day, unless a release or a repair calls for it. The last copies of what has not arrived elsewhere stay.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cdn import placement
from cdn.placement import Place

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
HOLDS_ALL = "its disk holds everything that is published"


@dataclass(frozen=True, slots=True)
class Policy:
    """The dials, with the values that the simulation was run with (`bench/placement.py`)."""

    #: One copy for each so much of a host's capacity that a bundle is expected to take at its peak.
    share: float = 0.25
    #: Copies of everything, load or no load: one may be lost.
    least: int = 2
    #: What the second copy of something that needs but one for its load is worth, and what a further one is.
    safety: float = 0.5
    spare: float = 0.1
    #: A newcomer must be worth so much more than what it replaces.
    better: float = 1.3


@dataclass(frozen=True, slots=True)
class Item:
    """A bundle. `rate`: whole plays a second that the region is expected to want at its peak.

    What is `urgent` (a release, a repair) is not held up by how much may be replaced in a day.
    """

    id: int
    package: str
    bytes: int
    rate: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    """A node. `budget` is its room for whole bundles, `allowance` how much of it may be replaced now, in bytes.

    `held` are the bundles that its last plan gave it.
    """

    place: Place
    capacity_bps: int
    budget: int
    held: Collection[int] = frozenset()
    allowance: int = 0


@dataclass(slots=True)
class Allotment:
    """What one host should hold: the reason for each bundle, the worthiest first.

    `deferred` would be worth having and waits; `dropped` gives way; `replaced` is the allowance used, in bytes.
    `loaded` are bundles of which one copy cannot carry what is expected: they do not wait for the allowance either.
    """

    everything: bool = False
    bundles: dict[int, str] = field(default_factory=dict)
    deferred: dict[int, str] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    loaded: set[int] = field(default_factory=set)
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class _Ideal:
    """A copy that a host should have if nothing stood there yet: what it is worth, and why."""

    value: float
    why: str
    loaded: bool = False


def allot(items: Sequence[Item], hosts: Sequence[Host], policy: Policy | None = None) -> list[Allotment]:
    """Decide for every host of a region, in their order. The same figures give the same decision."""
    policy = policy or Policy()
    if not items or not hosts:
        return [Allotment(everything=True) for _ in hosts]
    total = sum(item.bytes for item in items)
    whole = [host.budget >= total for host in hosts]
    small = [host for host, is_whole in zip(hosts, whole, strict=True) if not is_whole]
    settled = iter(_allot_small(items, small, policy, elsewhere=sum(whole)) if small else ())
    ranked = _by_rate(items)
    return [
        Allotment(True, dict.fromkeys(ranked, HOLDS_ALL)) if is_whole else next(settled) for is_whole in whole
    ]


def _allot_small(
    items: Sequence[Item], hosts: Sequence[Host], policy: Policy, *, elsewhere: int
) -> list[Allotment]:
    """The same for hosts that cannot hold everything; `elsewhere` others do."""
    needed = np.maximum(1, copies_needed(items, hosts, policy) - elsewhere)
    policy = replace(policy, least=max(1, policy.least - elsewhere))
    ideals = _ideal(items, hosts, needed, policy)
    return _settle_all(items, hosts, needed, ideals, policy)


def copies_needed(items: Sequence[Item], hosts: Sequence[Host], policy: Policy) -> Ints:
    """How many copies each bundle needs for its load alone, 1 or more, at most one for each host."""
    mean = sum(host.capacity_bps for host in hosts) / len(hosts)
    peak = np.array([item.rate * item.bytes * 8 for item in items], dtype=np.float64)
    found = np.ceil(peak / (policy.share * max(1.0, mean))).astype(np.int64)
    return np.clip(found, 1, len(hosts))


def preferences(packages: Sequence[str], places: Sequence[Place]) -> Ints:
    """For each package the places in the order in which they should get a copy: by rendezvous, sites apart.

    The first of them is what `placement.owners` calls the first, and so on within a site.
    """
    drawn = np.array([placement.mark(package.encode()) for package in packages], dtype=np.uint64)
    marks = np.array([placement.mark(place.id.encode()) for place in places], dtype=np.uint64)
    weights = np.array([place.weight for place in places], dtype=np.float64)
    ranked: Ints = np.argsort(-_scores(drawn, marks, weights), axis=1, kind="stable")
    sites = {site: number for number, site in enumerate(sorted({place.site for place in places}))}
    if len(sites) < 2:
        return ranked
    site_of = np.array([sites[place.site] for place in places], dtype=np.int64)[ranked]
    # How many of the same site came before: the first of each site, then the second of each …
    before = np.zeros_like(ranked)
    seen = np.zeros((len(packages), len(sites)), dtype=np.int64)
    rows = np.arange(len(packages))
    for column in range(ranked.shape[1]):
        before[:, column] = seen[rows, site_of[:, column]]
        seen[rows, site_of[:, column]] += 1
    apart = np.argsort(before, axis=1, kind="stable")
    spread: Ints = np.take_along_axis(ranked, apart, axis=1)
    return spread


def _scores(drawn: npt.NDArray[np.uint64], marks: npt.NDArray[np.uint64], weights: Floats) -> Floats:
    """`placement.score` for every key and place."""
    mixed = drawn[:, None] ^ marks[None, :]
    with np.errstate(over="ignore"):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(placement.MIX_1)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(placement.MIX_2)
    mixed ^= mixed >> np.uint64(31)
    share = ((mixed >> np.uint64(12)).astype(np.float64) + 0.5) / (1 << 52)
    scores: Floats = -weights[None, :] / np.log(share)
    return scores


def _by_rate(items: Sequence[Item]) -> list[int]:
    return [item.id for item in sorted(items, key=lambda item: (-item.rate, item.id))]


def _ideal(
    items: Sequence[Item], hosts: Sequence[Host], needed: Ints, policy: Policy
) -> list[dict[int, _Ideal]]:
    """What each host would hold if moving cost nothing, by the items' positions."""
    wanted = np.minimum(np.maximum(needed, policy.least), len(hosts))
    tried = np.minimum(2 * wanted, len(hosts))
    which = np.repeat(np.arange(len(items)), tried)
    number = np.arange(len(which)) - np.repeat(np.cumsum(tried) - tried, tried) + 1
    values = _values(
        np.array([item.rate for item in items])[which], number, needed[which], wanted[which], policy
    )
    packages = list(dict.fromkeys(item.package for item in items))
    row_of = {package: row for row, package in enumerate(packages)}
    order = preferences(packages, [host.place for host in hosts]).tolist()
    rows = [order[row_of[item.package]] for item in items]
    sizes = [item.bytes for item in items]
    free = [host.budget for host in hosts]
    ideals: list[dict[int, _Ideal]] = [{} for _ in hosts]
    at = [0] * len(items)
    sorting = np.argsort(-values, kind="stable")
    smallest = min(sizes)
    roomy = sum(room >= smallest for room in free)
    for item, copy, value in zip(
        which[sorting].tolist(), number[sorting].tolist(), values[sorting].tolist(), strict=True
    ):
        if not roomy:
            break
        row, size, place = rows[item], sizes[item], at[item]
        while place < len(row):
            host = row[place]
            place += 1
            if free[host] >= size:
                free[host] -= size
                roomy -= free[host] < smallest <= free[host] + size
                least = int(needed[item])
                why = _why(copy, least, int(wanted[item]))
                ideals[host][item] = _Ideal(value, why, loaded=1 < least >= copy)
                break
        at[item] = place
    return ideals


def _values(rates: Floats, number: Ints, needed: Ints, wanted: Ints, policy: Policy) -> Floats:
    """What a copy is worth, in plays a second for each byte it takes: its share of the load, or of the safety."""
    for_load = rates / needed
    for_safety = rates * policy.safety
    spare = rates * policy.spare / number
    found: Floats = np.where(number <= needed, for_load, np.where(number <= wanted, for_safety, spare))
    return found


@lru_cache(maxsize=1024)
def _why(copy: int, needed: int, wanted: int) -> str:
    if copy <= needed:
        return f"copy {copy} of {needed} for its load" if needed > 1 else "the first copy"
    return "a second copy, should one be lost" if copy <= wanted else "there is room for one more copy"


def _settle_all(
    items: Sequence[Item],
    hosts: Sequence[Host],
    needed: Ints,
    ideals: Sequence[Mapping[int, _Ideal]],
    policy: Policy,
) -> list[Allotment]:
    """From what hosts hold towards the ideal, as far as moving is worth it."""
    position = {item.id: number for number, item in enumerate(items)}
    held = [{position[bundle] for bundle in host.held if bundle in position} for host in hosts]
    holders = Counter(number for have in held for number in have)
    ideal_copies = Counter(number for ideal in ideals for number in ideal)
    settled = []
    for host, have, ideal in zip(hosts, held, ideals, strict=True):
        leaving = {}
        for number in have - ideal.keys():
            copies = ideal_copies[number]
            rate = items[number].rate
            leaving[number] = rate * policy.spare / (copies + 1) if copies else rate / int(needed[number])
        settled.append(_settle(items, host, ideal, have, leaving, holders, ideal_copies, policy))
    return settled


def _settle(
    items: Sequence[Item],
    host: Host,
    ideal: Mapping[int, _Ideal],
    have: set[int],
    leaving: dict[int, float],
    holders: Counter[int],
    ideal_copies: Counter[int],
    policy: Policy,
) -> Allotment:
    found = Allotment()
    chosen = {number: ideal[number] for number in ideal if number in have}
    free = host.budget - sum(items[number].bytes for number in have)
    # All that is here may give way, the least worth last: what should be here too, while others wait for their place.
    worth = leaving | {number: copy.value for number, copy in chosen.items()}
    victims = sorted(worth, key=lambda number: (-worth[number], number in ideal, -number))
    while free < 0 and victims:  # the disk has become smaller
        number = victims.pop()
        free += items[number].bytes
        found.dropped.add(items[number].id)
    for number in sorted(ideal.keys() - have, key=lambda one: (-ideal[one].value, one)):
        item, copy = items[number], ideal[number]
        if item.bytes > free:
            short = item.bytes - free
            gain, gone, why = _make_room(
                items, short, copy.value, victims, worth, holders, ideal_copies, policy
            )
            may_wait = not item.urgent and not copy.loaded
            over = may_wait and found.replaced + item.bytes > host.allowance
            if gain < short or over:
                said = "waits: so much of the disk was replaced today" if over and not why else why
                found.deferred[item.id] = said or "waits: what is here is worth nearly as much"
                continue
            for victim in gone:
                victims.remove(victim)
                holders[victim] -= 1
                found.dropped.add(items[victim].id)
            free += gain
            found.replaced += 0 if item.urgent else item.bytes
        free -= item.bytes
        holders[number] += 1
        chosen[number] = copy
    kept = set(victims)
    chosen = {number: copy for number, copy in chosen.items() if number in kept or number not in have}
    for number in kept - chosen.keys():
        chosen[number] = _Ideal(leaving[number], "stays: nothing is worth its place yet")
    ranked = sorted(chosen, key=lambda one: (-chosen[one].value, one))
    found.bundles = {items[number].id: chosen[number].why for number in ranked}
    found.loaded = {items[number].id for number in ranked if chosen[number].loaded}
    return found


def _make_room(
    items: Sequence[Item],
    short: int,
    value: float,
    victims: Sequence[int],
    worth: Mapping[int, float],
    holders: Counter[int],
    ideal_copies: Counter[int],
    policy: Policy,
) -> tuple[int, list[int], str]:
    """What could give way to a newcomer of this value that is `short` of so many bytes, the least worth first; → bytes,
    which, and what stood in the way.
    """
    gain = 0
    gone: list[int] = []
    for victim in reversed(victims):
        if gain >= short:
            break
        # Its other copies may be planned and not yet there: the last ones stay until they are.
        if holders[victim] <= min(policy.least, ideal_copies[victim]):
            continue
        if value < policy.better * worth[victim]:
            return gain, gone, "waits: what is here is worth nearly as much"
        gain += items[victim].bytes
        gone.append(victim)
    return gain, gone, "" if gain >= short else "waits: what is here is not yet safe elsewhere"


def weight(host_capacity: int, host_disk: int, *, mean_capacity: float, mean_disk: float) -> float:
    """A host's weight: the smaller of its share of the region's throughput and of its room."""
    shares = (host_capacity / max(1.0, mean_capacity), host_disk / max(1.0, mean_disk))
    return max(1e-9, min(shares))


def allowance(disk: int, left: float, seconds: float, *, daily: float = 0.05) -> int:
    """How much may be replaced now: what was left, and what the time since has added, at most a day's worth."""
    most = disk * daily
    return int(min(most, max(0.0, left) + most * max(0.0, seconds) / 86400))


def lost(before: Iterable[Collection[int]], now: Iterable[Collection[int]], *, least: int = 2) -> set[int]:
    """Bundles that plans gave to somebody before and that fewer than `least` living hosts have now: to be repaired."""
    had = Counter(bundle for have in before for bundle in have)
    have = Counter(bundle for one in now for bundle in one)
    return {bundle for bundle, copies in had.items() if have[bundle] < min(least, copies)}


def finite(value: float) -> float:
    """A rate that arithmetic cannot spoil."""
    return value if math.isfinite(value) and value > 0 else 0.0

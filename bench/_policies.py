"""What a cache's policy is compared with: LRU, FIFO, SIEVE, ours, and what nobody can do better than."""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench._traces import SEGMENT, Trace
from cdn.edge.policy import VIEWERS_BACK, Entry, Policy, on_the_way

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Result:
    """Parts of all requests, and of all bytes, that were hits."""

    requests: float
    bytes: float


def _result(trace: Trace, hits: int, hit_bytes: int) -> Result:
    return Result(hits / len(trace), hit_bytes / int(trace.sizes.sum()))


def _queue(trace: Trace, capacity: int, *, renew: bool) -> Result:
    held: OrderedDict[int, int] = OrderedDict()
    used = hits = hit_bytes = 0
    for item, size in zip(trace.objects.tolist(), trace.sizes.tolist(), strict=True):
        if item in held:
            hits, hit_bytes = hits + 1, hit_bytes + size
            if renew:
                held.move_to_end(item)
            continue
        used += size
        while used > capacity:
            used -= held.popitem(last=False)[1]
        held[item] = size
    return _result(trace, hits, hit_bytes)


def lru(trace: Trace, capacity: int) -> Result:
    """The least recently used goes first."""
    return _queue(trace, capacity, renew=True)


def fifo(trace: Trace, capacity: int) -> Result:
    """The oldest goes first."""
    return _queue(trace, capacity, renew=False)


def sieve(trace: Trace, capacity: int) -> Result:
    """SIEVE (Zhang et al., NSDI 2024): a hand passes over what was asked for since it came by."""
    order: OrderedDict[int, int] = OrderedDict()  # oldest first; the hand is where `waiting` begins
    visited: dict[int, bool] = {}
    passed: OrderedDict[int, int] = OrderedDict()
    used = hits = hit_bytes = 0
    for item, size in zip(trace.objects.tolist(), trace.sizes.tolist(), strict=True):
        if item in visited:
            visited[item] = True
            hits, hit_bytes = hits + 1, hit_bytes + size
            continue
        used += size
        while used > capacity:
            if not order:  # the hand has come to the newest and begins anew with the oldest
                order, passed = passed, order
            other, its = order.popitem(last=False)
            if visited[other]:
                visited[other] = False
                passed[other] = its
            else:
                del visited[other]
                used -= its
        order[item] = size
        visited[item] = False
    return _result(trace, hits, hit_bytes)


class _Item(Entry):
    __slots__ = ("item", "number", "stream", "used")

    def __init__(self, item: int, size: int, stream: int, number: int) -> None:
        super().__init__(size)
        self.item, self.stream, self.number, self.used = item, stream, number, 0.0

    @property
    def ghost(self) -> Hashable:
        return self.item


def ours(trace: Trace, capacity: int, *, ahead: bool = True) -> Result:
    """The node's own policy, this very code; with `ahead` it spares what a viewer is on the way to, like the store."""
    held: dict[int, _Item] = {}
    places: dict[tuple[int, int], _Item] = {}
    clock = 0.0

    def wanted(entry: Entry) -> bool:
        assert isinstance(entry, _Item)
        for back in VIEWERS_BACK:
            before = places.get((entry.stream, entry.number - back))
            way = back * SEGMENT
            if before is not None and on_the_way(before.used, entry.used, clock, way):
                return True
        return False

    policy = Policy(wanted) if ahead else Policy()
    hits = hit_bytes = 0
    columns = (trace.times, trace.objects, trace.sizes, trace.streams, trace.numbers)
    for clock, item, size, stream, number in zip(*(column.tolist() for column in columns), strict=True):
        entry = held.get(item)
        if entry is not None:
            entry.visited = 1
            hits, hit_bytes = hits + 1, hit_bytes + size
        else:
            while policy.room + size > capacity:
                victim = policy.victim()
                assert isinstance(victim, _Item)
                del held[victim.item]
                places.pop((victim.stream, victim.number), None)
            entry = held[item] = _Item(item, size, stream, number)
            if number >= 0:
                places[stream, number] = entry
            policy.add(entry)
        entry.used = clock
    return _result(trace, hits, hit_bytes)


def _next_uses(trace: Trace) -> NDArray[np.int64]:
    order = np.argsort(trace.objects, kind="stable")
    found = np.full(len(trace), _NEVER)
    same = trace.objects[order][1:] == trace.objects[order][:-1]
    found[order[:-1][same]] = order[1:][same]
    return found


def belady(trace: Trace, capacity: int) -> Result:
    """Whoever is asked for last from now on goes first, and what never comes back is not taken in: the optimum when all
    are of one size; with different sizes a good policy that knows the future.
    """
    coming = _next_uses(trace).tolist()
    held: dict[int, int] = {}
    line: list[tuple[int, int, int]] = []
    used = hits = hit_bytes = 0
    for place, (item, size) in enumerate(zip(trace.objects.tolist(), trace.sizes.tolist(), strict=True)):
        following = coming[place]
        if item in held:
            hits, hit_bytes = hits + 1, hit_bytes + size
            used -= size
            del held[item]
        if following == _NEVER:
            continue
        held[item] = following
        used += size
        heapq.heappush(line, (-following, item, size))
        while used > capacity:
            last, other, its = heapq.heappop(line)
            if held.get(other) == -last:
                del held[other]
                used -= its
    return _result(trace, hits, hit_bytes)


def bound(trace: Trace, capacity: int) -> Result:
    """More than any policy can reach (PFOO-L; Berger et al., SIGMETRICS 2018): each stay from one request to the next
    costs room and time, the cheapest are all had, and the room has only to suffice on average.
    """
    coming = _next_uses(trace)
    again = coming < _NEVER
    stay = (coming[again] - np.flatnonzero(again)).astype(float)
    sizes = trace.sizes[again].astype(float)
    cost = stay * sizes
    total = float(capacity) * len(trace)
    by_bytes, by_requests = np.argsort(stay), np.argsort(cost)
    most_bytes = sizes[by_bytes][: np.searchsorted(np.cumsum(cost[by_bytes]), total, side="right")].sum()
    most = int(np.searchsorted(np.cumsum(cost[by_requests]), total, side="right"))
    return Result(most / len(trace), float(most_bytes) / float(trace.sizes.sum()))


POLICIES: Sequence[tuple[str, Callable[[Trace, int], Result]]] = (
    ("ours", ours),
    ("S3-FIFO alone", lambda trace, capacity: ours(trace, capacity, ahead=False)),
    ("SIEVE", sieve),
    ("LRU", lru),
    ("FIFO", fifo),
)

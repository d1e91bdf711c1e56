"""Requests that a node might see, made up but with the shape of the real thing, the same for the same seed.

A trace is arrays of one length: when (seconds), which object (a number), how large (bytes). `viewing` has sessions of
viewers behind it: what they choose follows Zipf's law, they begin at the beginning or where they left, many leave
early, episodes are watched in a row, and a session asks for a segment of picture and one of sound every four seconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEGMENT = 4.0
#: Bit rates of the rungs and what part of the sessions sits on each: picture, then the sound beside it (bit/s).
RUNGS = ((5_000_000, 0.45), (2_800_000, 0.30), (1_100_000, 0.25))
SOUND = 128_000
#: What viewers do: leave within two minutes, leave anywhere, or stay; go on with the next episode; begin in the middle.
LEAVE_AT_ONCE, LEAVE_SOMEWHERE, NEXT_EPISODE, RESUME = 0.25, 0.30, 0.75, 0.2
#: A player fills its buffer at once: so many segments.
AHEAD = 8
#: Part of the segments at which a session changes its rung.
SWITCHES = 0.01


@dataclass(frozen=True)
class Trace:
    """Requests in the order of time. `objects` are numbers from 0 without gaps."""

    times: NDArray[np.float64]
    objects: NDArray[np.int64]
    sizes: NDArray[np.int64]
    #: For a segment's number in its film, and which film and rung it is of (equal for neighbours); -1 when unknown.
    numbers: NDArray[np.int64]
    streams: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def footprint(self) -> int:
        """Bytes of all objects that are asked for, each counted once."""
        _, first = np.unique(self.objects, return_index=True)
        return int(self.sizes[first].sum())


def _ordered(times: NDArray[np.float64], objects: NDArray[np.int64], sizes: NDArray[np.int64],
             numbers: NDArray[np.int64], streams: NDArray[np.int64]) -> Trace:  # fmt: skip
    order = np.argsort(times, kind="stable")
    _, dense = np.unique(objects[order], return_inverse=True)
    return Trace(times[order], dense.astype(np.int64), sizes[order], numbers[order], streams[order])


def zipf(requests: int, objects: int, exponent: float, *, seed: int = 1) -> Trace:
    """Independent requests for objects of one size, by Zipf's law."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, objects + 1) ** exponent
    chosen = rng.choice(objects, size=requests, p=weights / weights.sum())
    chosen = rng.permutation(objects)[chosen]
    unknown = np.full(requests, -1)
    return _ordered(
        np.arange(requests, dtype=float), chosen, np.ones(requests, dtype=np.int64), unknown, unknown
    )


def with_scan(trace: Trace, *, share: float, seed: int = 2) -> Trace:
    """The same with a scan through it: so large a part of all requests is for objects that nobody asks for again."""
    rng = np.random.default_rng(seed)
    count = int(len(trace) * share / (1 - share))
    times = rng.uniform(trace.times[0], trace.times[-1], count)
    once = trace.objects.max() + 1 + np.arange(count)
    unknown = np.full(count, -1)
    return _ordered(
        np.concatenate([trace.times, times]),
        np.concatenate([trace.objects, once]),
        np.concatenate([trace.sizes, np.full(count, int(np.median(trace.sizes)))]),
        np.concatenate([trace.numbers, unknown]),
        np.concatenate([trace.streams, unknown]),
    )


@dataclass(frozen=True)
class Catalogue:
    """Films and episodes: how many segments each has, what comes after it (-1: nothing), and how popular it is."""

    segments: NDArray[np.int64]
    following: NDArray[np.int64]
    weights: NDArray[np.float64]


def catalogue(
    rng: np.random.Generator, *, films: int, series: int, episodes: int, exponent: float
) -> Catalogue:
    """Films of 75 to 150 minutes and series of 25 to 55 minutes, their popularity by Zipf's law in random order."""
    film = rng.integers(75 * 15, 150 * 15, films)
    each = np.repeat(rng.integers(25 * 15, 55 * 15, series), episodes)
    following = np.full(films + series * episodes, -1)
    for number in range(series * episodes):
        if (number + 1) % episodes:
            following[films + number] = films + number + 1
    ranks = 1.0 / np.arange(1, films + series + 1) ** exponent
    rng.shuffle(ranks)
    weights = np.zeros(films + series * episodes)
    weights[:films] = ranks[:films]
    # A series is begun with its first episode mostly, else where the viewer is in it.
    start = np.full(episodes, 0.4 / max(1, episodes - 1))
    start[0] = 0.6
    weights[films:] = (ranks[films:, None] * start).ravel()
    return Catalogue(np.concatenate([film, each]), following, weights / weights.sum())


def viewing(*, sessions: int, hours: float, films: int = 300, series: int = 30, episodes: int = 10,
            exponent: float = 0.9, seed: int = 1) -> Trace:  # fmt: skip
    """What a node is asked while so many people sit down to watch, more of them in the evening."""
    rng = np.random.default_rng(seed)
    titles = catalogue(rng, films=films, series=series, episodes=episodes, exponent=exponent)
    begins = _evenings(rng, sessions, hours * 3600)
    parts: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]] = []
    for begin, title in zip(begins, rng.choice(len(titles.weights), sessions, p=titles.weights), strict=True):
        at, now = float(begin), int(title)
        first = rng.random() < RESUME
        while now >= 0:
            length = int(titles.segments[now])
            start = int(rng.integers(0, length)) if first else 0
            first = False
            stop, to_the_end = _leaves(rng, start, length)
            numbers = np.arange(start, stop)
            when = at + SEGMENT * np.maximum(0, np.arange(len(numbers)) - AHEAD)
            parts.append((when, numbers, np.full(len(numbers), now)))
            at += SEGMENT * len(numbers)
            now = int(titles.following[now]) if to_the_end and rng.random() < NEXT_EPISODE else -1
    return _requests(rng, parts)


def _evenings(rng: np.random.Generator, sessions: int, seconds: float) -> NDArray[np.float64]:
    """Beginnings over the time, three times as many at the day's best hour as at its worst."""
    at = rng.uniform(0, seconds, 4 * sessions)
    kept = rng.random(4 * sessions) < (2 + np.cos(2 * np.pi * (at / 86400 - 0.85))) / 3
    return np.sort(at[kept][:sessions])


def _leaves(rng: np.random.Generator, start: int, length: int) -> tuple[int, bool]:
    """The first segment that is not watched any more, and whether that is the end."""
    mood = rng.random()
    if mood < LEAVE_AT_ONCE:
        return min(length, start + 1 + int(rng.integers(0, 30))), False
    if mood < LEAVE_AT_ONCE + LEAVE_SOMEWHERE:
        return start + 1 + int(rng.integers(0, length - start)), False
    return length, True


def _requests(
    rng: np.random.Generator, parts: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]]
) -> Trace:
    rates = np.array([rate for rate, _ in RUNGS] + [SOUND])
    chances = np.array([chance for _, chance in RUNGS])
    rungs = []
    for times, _, _ in parts:
        # A session stays on its rung, but for a few changes.
        changes = np.cumsum(rng.random(len(times)) < SWITCHES)
        rungs.append(rng.choice(len(RUNGS), changes[-1] + 1, p=chances)[changes])
    times = np.concatenate([part[0] for part in parts])
    numbers = np.concatenate([part[1] for part in parts])
    titles = np.concatenate([part[2] for part in parts])
    picture = titles * len(rates) + np.concatenate(rungs)
    sound = titles * len(rates) + len(RUNGS)
    streams = np.concatenate([picture, sound])
    numbers = np.concatenate([numbers, numbers])
    # The same segment has the same size for everybody: around its rung's mean.
    jitter = 0.7 + 0.6 * ((numbers * 2_654_435_761 + streams * 40_503) % 1000) / 1000
    sizes = (rates[streams % len(rates)] * SEGMENT / 8 * jitter).astype(np.int64)
    return _ordered(
        np.concatenate([times, times + 0.01]), streams * 100_000 + numbers, sizes, numbers, streams
    )

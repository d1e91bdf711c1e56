"""What a stretch of sound is like, in 32 bits for each tenth of a second, and where two films share a stretch. Pure.

The method is Haitsma's and Kalker's: for each moment, whether the energy's slope across 33 bands rose since the moment
before. Loudness, codecs and bit rates hardly change it. Of two unrelated moments half the bits differ; of the same
music encoded twice fewer than a quarter.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Samples a second that fingerprints are made of, mono.
RATE = 8_000
#: Seconds between fingerprints.
HOP = 0.1
_FRAME = 4096
_BANDS = 33
_LOW, _HIGH = 250.0, 3_000.0
#: Quieter than this (root mean square of full scale) nothing can be told.
_QUIET = 0.001
#: Windows of a match, in seconds, and how many bits may differ in them: over the long one on average, and at its ends.
_SMOOTH, _EDGE = 3.0, 1.0
_DIFFER, _DIFFER_EDGE = 0.33, 0.36
#: A match may be interrupted (somebody speaks over the music) for so long, in seconds.
_GAP = 2.0
#: Offsets that are looked at closely, and how many equal halves speak for one at least.
_OFFSETS, _VOTES = 8, 6
#: A pattern that occurs this often in one film says nothing.
_COMMON = 60

Codes = NDArray[np.uint32]
_BITS = np.array([bin(value).count("1") for value in range(1 << 16)], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Match:
    """The same sound in two films: where it begins in each, and how long it is, in seconds; `differ` is the share of
    bits that are not the same, 0 … 0.5."""

    first: float
    second: float
    length: float
    differ: float


def codes(samples: NDArray[np.float32]) -> Codes:
    """Fingerprints of mono sound of `RATE`, one for each `HOP`. Silence is 0, which matches nothing."""
    hop = round(RATE * HOP)
    count = (len(samples) - _FRAME) // hop
    if count < 2:
        return np.zeros(0, dtype=np.uint32)
    window = np.hanning(_FRAME).astype(np.float32)
    edges = _edges()
    energy = np.empty((count, _BANDS), dtype=np.float32)
    loud = np.empty(count, dtype=bool)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::hop]
    for begin in range(0, count, 512):  # in blocks: an hour of spectra would be a gigabyte
        block = frames[begin : min(begin + 512, count)]
        loud[begin : begin + len(block)] = np.sqrt((block**2).mean(axis=1)) > _QUIET
        power = np.abs(np.fft.rfft(block * window, axis=1)) ** 2
        energy[begin : begin + len(block)] = np.add.reduceat(power, edges[:-1], axis=1)[:, :_BANDS]
    slope = np.diff(np.log(energy + 1e-9), axis=1)
    rising = np.diff(slope, axis=0, prepend=slope[:1]) > 0
    packed = np.packbits(rising, axis=1, bitorder="little").view("<u4").reshape(-1)
    return np.where(loud, packed, 0).astype(np.uint32)


def shared(one: Codes, other: Codes, *, least: float, most: float) -> list[Match]:
    """Stretches that both films have, of these lengths in seconds; the longest first, none overlapping a longer one."""
    found: list[Match] = []
    for offset in _offsets(one, other):
        found += _at(one, other, offset, least)
    kept: list[Match] = []
    for match in sorted(found, key=lambda match: (-match.length, match.differ)):
        if match.length <= most and not any(_touches(match, longer) for longer in kept):
            kept.append(match)
    return kept


@lru_cache(maxsize=1)
def _edges() -> NDArray[np.intp]:
    """Where each band begins among the spectrum's lines; bands are equally wide to the ear."""
    borders = np.geomspace(_LOW, _HIGH, _BANDS + 1) * _FRAME / RATE
    return np.unique(np.round(borders).astype(np.intp))


def _offsets(one: Codes, other: Codes) -> list[int]:
    """By how much the second film is behind the first where they share sound: halves of fingerprints vote."""
    votes: dict[int, int] = {}
    for shift in (0, 16):
        left, right = (one >> shift & 0xFFFF).astype(np.uint16), (other >> shift & 0xFFFF).astype(np.uint16)
        order = np.argsort(right, kind="stable")
        begins = np.searchsorted(right[order], left, side="left")
        ends = np.searchsorted(right[order], left, side="right")
        counts = ends - begins
        useful = np.flatnonzero((counts > 0) & (counts <= _COMMON) & (one != 0))
        for place in useful:
            partners = order[begins[place] : ends[place]]
            for behind in partners[other[partners] != 0] - place:
                votes[int(behind)] = votes.get(int(behind), 0) + 1
    # The two grids lie up to half a hop apart: neighbours vote together.
    near = {behind: votes[behind] + votes.get(behind - 1, 0) + votes.get(behind + 1, 0) for behind in votes}
    ranked = sorted((behind for behind in near if near[behind] >= _VOTES), key=lambda one: (-near[one], one))
    chosen: list[int] = []
    for behind in ranked:
        if len(chosen) < _OFFSETS and all(abs(behind - before) > 2 for before in chosen):
            chosen.append(behind)
    return [behind + step for behind in chosen for step in (-1, 0, 1)]


def _at(one: Codes, other: Codes, offset: int, least: float) -> list[Match]:
    """The stretches that match when the second film is shifted so."""
    begin, end = max(0, -offset), min(len(one), len(other) - offset)
    if (end - begin) * HOP < least:
        return []
    left, right = one[begin:end], other[begin + offset : end + offset]
    differ = _distance(left, right)
    smooth = _mean(differ, round(_SMOOTH / HOP))
    edge = _mean(differ, round(_EDGE / HOP))
    good = _bridged(smooth < _DIFFER, round(_GAP / HOP))
    found = []
    for start, stop in _runs(good):
        # The long window blurs the ends by half its width: go on, or back, to where the short one says so.
        reach = round(_SMOOTH / HOP)
        inside = np.flatnonzero(edge[max(0, start - reach) : stop + reach] < _DIFFER_EDGE)
        if len(inside) == 0:
            continue
        first = max(0, start - reach) + int(inside[0])
        last = max(0, start - reach) + int(inside[-1]) + 1
        length = (last - first) * HOP
        if length >= least:
            mean = float(differ[first:last].mean())
            found.append(Match(_time(begin + first), _time(begin + first + offset), round(length, 3), mean))
    return found


def _time(place: int) -> float:
    """When a fingerprint is, in seconds: it tells of a frame's middle."""
    return round(place * HOP + _FRAME / RATE / 2, 3)


def _distance(left: Codes, right: Codes) -> NDArray[np.float32]:
    """The share of bits that differ, moment by moment; where one is silent nothing is alike."""
    changed = left ^ right
    count = _BITS[changed & 0xFFFF].astype(np.float32) + _BITS[changed >> 16]
    return np.where((left == 0) | (right == 0), np.float32(0.5), count / np.float32(32))


def _mean(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """A moving mean, centred, with what is beyond the ends taken as unlike."""
    padded = np.pad(values, width // 2, constant_values=0.5)
    sums = np.cumsum(np.insert(padded.astype(np.float64), 0, 0.0))
    return ((sums[width:] - sums[:-width]) / width)[: len(values)].astype(np.float32)


def _bridged(good: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Short interruptions closed."""
    closed = good.copy()
    for (_, stop), (start, _) in zip(_runs(good), _runs(good)[1:], strict=False):
        if start - stop <= gap:
            closed[stop:start] = True
    return closed


def _runs(good: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, stop) of each run of true values."""
    turns = np.flatnonzero(np.diff(np.concatenate(([0], good.astype(np.int8), [0]))))
    return [(int(start), int(stop)) for start, stop in zip(turns[::2], turns[1::2], strict=True)]


def _touches(one: Match, other: Match) -> bool:
    """Whether two matches are about the same stretch of either film."""
    return any(
        min(a + one.length, b + other.length) - max(a, b) > 0
        for a, b in ((one.first, other.first), (one.second, other.second))
    )

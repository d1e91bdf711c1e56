"""How loud a sound track is (EBU R 128), and what to do about it: one gain for the whole film, and a limiter.

A constant gain keeps the film's own quiet and loud; only what would go over the ceiling is bent down. The one-pass
`loudnorm` filter pumps, costs six times as much and works at 192 kHz; measuring first costs 0.01 s of CPU a second.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: The highest sample that is let through, in dBFS. AAC may go over what it was given by about a decibel.
CEILING = -1.5
#: Bounds of the gain, in dB, and how much of a film's peaks the limiter may take off.
_DOWN_MAX, _UP_MAX, _BEND_MAX = -24.0, 18.0, 6.0
#: Below this there is nothing to hear: silence is not made louder. LUFS.
_SILENCE = -60.0
#: What the filter's summary says.
_INTEGRATED = re.compile(r"^\s*I:\s*(-?[\d.]+|-?inf|nan) LUFS", re.MULTILINE)
_RANGE = re.compile(r"^\s*LRA:\s*([\d.]+|nan) LU\b", re.MULTILINE)
_PEAK = re.compile(r"^\s*Peak:\s*(-?[\d.]+|-?inf|nan) dBFS", re.MULTILINE)
METER = "ebur128=peak=sample:framelog=quiet"


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of a whole track: `integrated` in LUFS, `range` in LU, `peak` (the highest sample) in dBFS."""

    integrated: float
    range: float
    peak: float


def read(summary: str) -> Loudness | None:
    """What ffmpeg's meter wrote at its end; None when there was nothing to measure."""
    found = [pattern.findall(summary) for pattern in (_INTEGRATED, _RANGE, _PEAK)]
    if not all(found):
        return None
    integrated, spread, peak = (_number(values[-1]) for values in found)
    return Loudness(integrated=integrated, range=max(0.0, spread), peak=peak)


def gain(found: Loudness | None, target: float | None) -> float:
    """The gain in dB that brings a track to the target (LUFS), no more than its peaks allow.

    0 for silence, for what could not be measured, and when no target is set. Rounded to 0.1 dB.
    """
    if target is None or found is None or found.integrated <= _SILENCE:
        return 0.0
    allowed = CEILING - found.peak + _BEND_MAX
    return round(max(_DOWN_MAX, min(target - found.integrated, allowed, _UP_MAX)), 1)


def filters(found: Loudness | None, target: float | None, *, mixed: bool) -> list[str]:
    """The filters for a track that measured so. `mixed` tracks (fewer channels than the source) may be over full scale
    even without a gain. The limiter looks ahead and makes up for the delay itself: no sample moves in time."""
    change = gain(found, target)
    steps = [f"volume={change}dB:precision=float"] if change else []
    peak = found.peak + change if found else 0.0
    if peak > CEILING and (change or mixed):
        limit = 10 ** (CEILING / 20)
        steps.append(f"alimiter=level=0:limit={limit:.4f}:attack=5:release=60:latency=1")
    return steps


def plain(found: Loudness | None, target: float | None) -> dict[str, float]:
    """For the record of the finished track, and for people: {} when nothing was measured."""
    if found is None:
        return {}
    told = {"integrated": found.integrated, "range": found.range, "peak": found.peak}
    return told | {"gain": gain(found, target)}


def meter(steps: Sequence[str]) -> str:
    """The filter chain that measures what these steps give."""
    return ",".join([*steps, METER])


def _number(text: str) -> float:
    """Digital silence is -inf, and has no range."""
    return -120.0 if "inf" in text or text == "nan" else float(text)

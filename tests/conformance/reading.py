"""What independent programs make of our files: frames, sound, flashes and beeps."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy

from catalog.media import tools
from tests.conformance.making import EVERY, RATE

SAMPLES = 48_000
#: ffmpeg's arguments for one channel of sound as bare numbers.
MONO = ("-vn", "-ac", "1", "-ar", str(SAMPLES), "-f", "s16le")


def decoded(path: Path | str, *arguments: str) -> bytes:
    """What ffmpeg decodes, as raw bytes; any complaint of its fails the test."""
    run = subprocess.run(
        [tools.ffmpeg().path, "-nostdin", "-v", "warning", "-i", str(path), *arguments, "-"],
        capture_output=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert not run.stderr, run.stderr.decode()
    return run.stdout


def lightness(path: Path | str, width: int, height: int) -> list[float]:
    """How light each frame is (0 … 255), in the order of presentation."""
    raw = decoded(path, "-an", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo")
    return lightness_of(raw, width * height)


def fetched(url: str, *arguments: str) -> bytes:
    """What ffmpeg decodes of an address. Only its errors fail: it warns of renditions that it leaves half-read."""
    argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-i", url, *arguments, "-"]
    run = subprocess.run(argv, capture_output=True, timeout=120)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def lightness_of_stream(url: str, width: int, height: int) -> list[float]:
    """How light each frame is of the first variant of a playlist at `url`."""
    scaled = ("-vf", f"scale={width}:{height}", "-pix_fmt", "gray", "-f", "rawvideo")
    return lightness_of(fetched(url, "-map", "0:v:0", "-fps_mode", "passthrough", *scaled), width * height)


def lightness_of(raw: bytes, pixels: int) -> list[float]:
    """How light each frame is (0 … 255) of grey frames of so many pixels."""
    return [float(value) for value in numpy.frombuffer(raw, numpy.uint8).reshape(-1, pixels).mean(axis=1)]


def flashes(path: Path | str, width: int, height: int) -> list[int]:
    """Numbers of the frames at which a flash begins."""
    return flashes_in(lightness(path, width, height))


def flashes_in(light: Sequence[float]) -> list[int]:
    """Numbers of the frames at which a flash begins, of what `lightness` says."""
    bright = [value > 200 for value in light]
    return [number for number, on in enumerate(bright) if on and (number == 0 or not bright[number - 1])]


def beeps(path: Path | str, *arguments: str) -> list[float]:
    """When each beep begins, in seconds of the decoded sound."""
    return beeps_in(decoded(path, *arguments, *MONO))


def beeps_in(raw: bytes) -> list[float]:
    """When each beep begins, in seconds of sound as `MONO` tells ffmpeg to give it."""
    loud = numpy.abs(numpy.frombuffer(raw, numpy.int16).astype(int))
    edge = loud.max() / 3
    found: list[float] = []
    for position in numpy.flatnonzero(loud > edge):
        moment = float(position) / SAMPLES
        if not found or moment - found[-1] > float(EVERY / RATE) / 2:
            found.append(moment)
    return found


def shown(frame: int) -> float:
    """When a frame is shown, in seconds."""
    return float(Fraction(frame) / RATE)

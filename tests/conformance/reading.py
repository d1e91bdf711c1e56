"""What independent programs make of our files: frames, sound, flashes and beeps."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy

from catalog.media import tools
from tests.conformance.making import EVERY, RATE

SAMPLES = 48_000


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
    frames = numpy.frombuffer(raw, numpy.uint8).reshape(-1, width * height)
    return [float(value) for value in frames.mean(axis=1)]


def lightness_of_stream(url: str, width: int, height: int) -> list[float]:
    """How light each frame is of the smallest variant of a playlist at `url`."""
    argv = [
        tools.ffmpeg().path,
        "-nostdin",
        "-v",
        "error",
        "-i",
        url,
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
    ]
    argv += ["-vf", f"scale={width}:{height}", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    run = subprocess.run(argv, capture_output=True, timeout=120)
    assert run.returncode == 0, run.stderr.decode()
    frames = numpy.frombuffer(run.stdout, numpy.uint8).reshape(-1, width * height)
    return [float(value) for value in frames.mean(axis=1)]


def flashes(path: Path | str, width: int, height: int) -> list[int]:
    """Numbers of the frames at which a flash begins."""
    light = [value > 200 for value in lightness(path, width, height)]
    return [number for number, on in enumerate(light) if on and (number == 0 or not light[number - 1])]


def beeps(path: Path | str, *arguments: str) -> list[float]:
    """When each beep begins, in seconds of the decoded sound."""
    raw = decoded(path, *arguments, "-vn", "-ac", "1", "-ar", str(SAMPLES), "-f", "s16le")
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

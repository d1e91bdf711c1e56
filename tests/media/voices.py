"""Sound for tests of hearing: something like speech, something like a theme tune."""

import numpy as np
from numpy.typing import NDArray

from catalog.media.fingerprint import RATE

Samples = NDArray[np.float32]


def speech(seconds: float, seed: int) -> Samples:
    """Syllables of a voice that never says the same twice."""
    rng = np.random.default_rng(seed)
    out = rng.normal(0, 0.003, int(seconds * RATE)).astype(np.float32)
    place, partials = 0, np.arange(1, 9)
    while place < len(out):
        time = np.arange(min(int(rng.uniform(0.08, 0.4) * RATE), len(out) - place)) / RATE
        pitch, parts = rng.uniform(90, 260), rng.uniform(0, 1, 8) / partials
        waves = np.sin(2 * np.pi * pitch * partials[:, None] * time + rng.uniform(0, 6, 8)[:, None])
        out[place : place + len(time)] += (
            (parts[:, None] * waves).sum(axis=0) * np.hanning(len(time)) * rng.uniform(0.05, 0.4)
        )
        place += len(time) + int(rng.choice([0.0, 0.0, rng.uniform(0, 0.4)]) * RATE)
    return out


def theme(seconds: float, seed: int) -> Samples:
    """A tune: three notes at a time, each dying away."""
    rng = np.random.default_rng(seed)
    out = np.zeros(int(seconds * RATE), np.float32)
    beat = int(0.22 * RATE)
    for place in range(0, len(out), beat):
        time = np.arange(min(beat * 3, len(out) - place)) / RATE
        for _ in range(3):
            note = 220 * 2 ** (rng.integers(0, 36) / 12)
            out[place : place + len(time)] += 0.12 * np.sin(2 * np.pi * note * time) * np.exp(-time * 3)
    return out


def episode(before: float, *, seed: int, length: float = 80.0, opening: Samples, ending: Samples) -> Samples:
    """A cold open, the opening, the story, the credits, and two seconds of nothing."""
    story = length - before - (len(opening) + len(ending)) / RATE - 2
    silence = np.zeros(2 * RATE, np.float32)
    parts = [speech(before, seed), opening, speech(story, seed + 1000), ending, silence]
    return np.concatenate(parts)

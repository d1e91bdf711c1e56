"""A soundtrack from nothing: a loop of about sixteen seconds, composed by rules and written as a WAV file.

Tones come from one second of samples that repeats without a seam (frequencies are whole hertz, which also detunes
them by a hair, like real strings), so that plain Python is quick enough.
"""

from __future__ import annotations

import math
import operator
import wave
from array import array
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from netflixlite.demo.content import Music

#: Samples a second; pads and bells have nothing above 8 kHz.
RATE = 16000
#: The loop's peak; what is added later (echo, wind) needs the rest of 32767.
LOUDEST = 20000
SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9, 12, 14),
}
#: Degrees of the scale that the four chords of a loop stand on.
_CHORDS = ((0, 5, 3, 4), (0, 3, 5, 4), (0, 4, 5, 3), (0, 2, 5, 4))


def compose(path: Path, music: Music, chance: Random) -> float:
    """Write the loop to `path` and return its length in seconds."""
    beat = 60 / music.tempo
    beats = 3 if music.style == "waltz" else 4
    bar = beat * beats
    bars = 4 if bar >= 3 else 8
    per_chord = bars // 4
    total = round(bar * bars * RATE)
    track = array("i", bytes(4 * total))
    scale = SCALES[music.scale]
    for n, degree in enumerate(chance.choice(_CHORDS)):
        start = n * per_chord * bar
        length = per_chord * bar
        chord = [_note(music.key, scale, degree + step) for step in (0, 2, 4)]
        for place, midi in enumerate([chord[0] - 12, *chord]):
            _add(track, start, _pad(midi, length, 2400 if place else 3000))
        for when, midi, kind, loud in _figure(music, scale, degree, beat, per_chord * beats, chance):
            _add(track, start + when, _struck(midi, kind, loud))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        loudest = max(1, max(track), -min(track))
        file.writeframes(array("h", [value * LOUDEST // loudest for value in track]).tobytes())
    return total / RATE


def _figure(
    music: Music, scale: tuple[int, ...], degree: int, beat: float, beats: int, chance: Random
) -> Iterator[tuple[float, int, str, int]]:
    """What is played over one chord: (seconds into it, MIDI note, instrument, loudness)."""
    steps = (0, 2, 4, 7, 4, 2, 9, 7)
    if music.style == "arpeggio":
        for n in range(beats * 2):
            yield (
                n * beat / 2,
                _note(music.key, scale, degree + steps[n % 8]) + 12,
                "pluck",
                3600 - 300 * (n % 3),
            )
    elif music.style == "bells":
        for n in range(beats):
            if chance.random() < 0.75:
                yield n * beat, _note(music.key, scale, degree + chance.choice(steps)) + 12, "bell", 3300
    elif music.style == "pulse":
        for n in range(beats * 2):
            yield n * beat / 2, _note(music.key, scale, degree) - 12, "pluck", 4200 if n % 2 == 0 else 2600
            if n % 4 == 3:
                yield (
                    n * beat / 2,
                    _note(music.key, scale, degree + chance.choice((4, 6, 7))) + 12,
                    "bell",
                    2000,
                )
    elif music.style == "waltz":
        for n in range(beats):
            yield (
                n * beat,
                _note(music.key, scale, degree + (0, 4, 2)[n % 3]),
                "pluck",
                4400 if n % 3 == 0 else 2900,
            )
            if chance.random() < 0.6:
                yield n * beat, _note(music.key, scale, degree + chance.choice(steps)) + 12, "bell", 2300
    elif music.style == "drone":
        yield 0.0, music.key - 12, "bell", 4200
        yield beat * (beats // 2), _note(music.key, scale, degree + 1), "bell", 1900
    else:
        yield 0.0, _note(music.key, scale, degree + 4) + 12, "bell", 2200
        yield (
            beat * (beats // 2),
            _note(music.key, scale, degree + chance.choice((2, 6, 7))) + 12,
            "bell",
            1800,
        )


def _note(key: int, scale: tuple[int, ...], degree: int) -> int:
    octave, place = divmod(degree, 7)
    return key + 12 * octave + scale[place]


def _hertz(midi: int) -> int:
    return round(440 * 2 ** ((midi - 69) / 12))


def _add(track: array[int], start: float, sound: array[int]) -> None:
    """Mix a sound in; what passes the end goes on at the beginning, so that the loop has no seam."""
    at = round(start * RATE) % len(track)
    first = min(len(sound), len(track) - at)
    track[at : at + first] = array("i", map(operator.add, track[at : at + first], sound[:first]))
    if rest := min(len(sound) - first, at):
        track[:rest] = array("i", map(operator.add, track[:rest], sound[first : first + rest]))


@cache
def _tone(hertz: int) -> array[int]:
    """One second of a soft reed: three partials, scaled to ±1000."""
    turn = 2 * math.pi * hertz / RATE
    sine = math.sin
    return array(
        "i",
        [
            round(700 * sine(turn * n) + 210 * sine(2 * turn * n) + 90 * sine(3 * turn * n))
            for n in range(RATE)
        ],
    )


@cache
def _pad(midi: int, seconds: float, loud: int) -> array[int]:
    """A note that swells and fades over a chord's length, reaching a little into the next."""
    count = round(seconds * 1.15 * RATE)
    tone = _tone(_hertz(midi))
    body = (tone * (count // RATE + 1))[:count]
    # The envelope moves in steps of 5 ms: too small to hear, and a fraction of the sums.
    step = RATE // 200
    shaped = array("i")
    for start in range(0, count, step):
        part = start / count
        level = round(loud * math.sin(math.pi * part) ** 0.8 / 10)
        shaped.extend([value * level // 1000 for value in body[start : start + step]])
    return shaped


@cache
def _struck(midi: int, kind: str, loud: int) -> array[int]:
    """A plucked string or a bell: partials that die away, the high ones first."""
    count = round((0.9 if kind == "pluck" else 2.2) * RATE)
    turn = 2 * math.pi * _hertz(midi) / RATE
    partials = ((1, 1.0, 5.0), (2, 0.35, 8.0)) if kind == "pluck" else ((1, 0.8, 1.9), (2.76, 0.22, 4.5))
    sine, exp = math.sin, math.exp
    total = array("i", bytes(4 * count))
    for ratio, share, fall in partials:
        fade, level = exp(-fall / RATE), loud * share
        wave_, step = [], turn * ratio
        for n in range(count):
            wave_.append(int(level * sine(step * n)))
            level *= fade
        total = array("i", map(operator.add, total, wave_))
    ramp = RATE // 250
    for n in range(ramp):
        total[n] = total[n] * n // ramp
        total[count - 1 - n] = total[count - 1 - n] * n // ramp
    return total

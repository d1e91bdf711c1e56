"""Every awkward file gives a package that plays, or a refusal that says why; and nothing else happens."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import services, types
from catalog.media import tools
from netflixlite.jobs.types import JobState
from tests.media.corpus.films import FILMS
from tests.media.corpus.rows import CORNERS, Plays, Row

pytestmark = pytest.mark.slow


def unpacked(package: types.Package, name: str, folder: Path) -> Path:
    """One rendition as one file."""
    rendition = next(one for one in package.renditions if one.name == name)
    parts = ["init.mp4", *(f"{number}.m4s" for number in range(len(rendition.segments)))]
    target = folder / f"{name}.mp4"
    with target.open("wb") as file:
        for part in parts:
            stored = services.stored_object(package.id, rendition=name, name=part)
            assert stored is not None
            file.write(services.open_object(stored))
    return target


def seen_corners(path: Path, at: float) -> list[tuple[int, ...]]:
    """The colours in the middle of each quarter of the frame at a moment, as a browser would show them."""
    size = 64
    command = [
        tools.ffmpeg().path,
        "-v",
        "error",
        "-i",
        str(path),
        "-vf",
        f"trim=start={at},scale={size}:{size}:in_range=tv,format=rgb24",
    ]
    raw = subprocess.run(
        [*command, "-frames:v", "1", "-f", "rawvideo", "-"], check=True, capture_output=True
    ).stdout

    def spot(column: int, row: int) -> tuple[int, ...]:
        start = (row * size + column) * 3
        return tuple(raw[start : start + 3])

    low, high = size // 4, size * 3 // 4
    return [spot(low, low), spot(high, low), spot(low, high), spot(high, high)]


def judge(package: types.Package, wanted: Plays, folder: Path) -> str:
    """Compare a package with what was wanted; returns what to say in the table."""
    videos = [one for one in package.renditions if one.kind is types.RenditionKind.VIDEO]
    sounds = [one for one in package.renditions if one.kind is types.RenditionKind.AUDIO]
    texts = [one for one in package.renditions if one.kind is types.RenditionKind.TEXT]
    first = max(videos, key=lambda one: one.height)
    seconds = package.duration.total_seconds()
    path = unpacked(package, first.name, folder)
    if wanted.corners:
        seen = seen_corners(path, seconds / 2)
        for name, colour in zip(wanted.corners, seen, strict=True):
            off = max(abs(one - other) for one, other in zip(CORNERS[name], colour, strict=True))
            assert off <= wanted.tolerance, f"{name} is {colour}; all: {seen}"
    assert (first.width, first.height) == wanted.size
    assert wanted.rate is None or first.frame_rate == wanted.rate
    assert seconds == pytest.approx(wanted.seconds, abs=0.15)
    assert len(sounds) >= wanted.sounds > 0 or len(sounds) == wanted.sounds
    assert len(texts) == wanted.texts
    for sound in sounds:
        assert sum(part.duration for part in sound.segments) == pytest.approx(wanted.seconds, abs=0.2)
    return f"plays: {first.width} x {first.height}, {first.frame_rate:g} fps"


@pytest.mark.parametrize("row", FILMS, ids=[row.name for row in FILMS])
def test_every_film_plays(row: Row, ingest: Callable, tmp_path: Path):
    folder = tmp_path / "made"
    folder.mkdir()
    path = row.make(folder)
    ticket, job = ingest(path)
    assert job.state is JobState.DONE, job.error
    package = services.current_package(ticket.video_id)
    assert package is not None
    assert isinstance(row.outcome, Plays)
    judge(package, row.outcome, folder)

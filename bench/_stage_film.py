"""The films that stages show, made once a machine: a package of pictures, sound and a subtitle, and one plain MP4.

In the full one rates are held constant (350, 900 and 2,500 kbit/s at 240p, 360p and 720p), so that what a player loads
says what it chose. Must run inside Django: `bench._operator` does.
"""

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from catalog.media import encode, package, plan, probe, sound, tools
from catalog.media.ladder import Rung
from catalog.media.tracks import Written

VIDEO = UUID("00000000-0000-4000-8000-00000000f11a")
#: The whole film in the best picture, as a file that a bare `<video>` plays at once.
PLAIN = "film.mp4"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a film is made. `rate`: pictures a second; `ladder`: name, width, height, bit/s; `grain` uses up all bits."""

    seconds: int
    rate: int
    ladder: tuple[tuple[str, int, int, int], ...]
    grain: bool


_SMALL = (("v240", 426, 240, 350_000), ("v360", 640, 360, 900_000))
#: The same bytes in small pictures, half as many a second: several of these play at once on a machine of two cores.
_LIGHT = (("v180", 320, 180, 350_000), ("v252", 448, 252, 900_000), ("v396", 704, 396, 2_500_000))
#: 'full' is what benches measure with, 'light' those that play several films at once; 'short' is made in seconds, for
#: tests.
KINDS = {
    "full": Kind(156, 24, (*_SMALL, ("v720", 1280, 720, 2_500_000)), grain=True),
    "light": Kind(156, 12, _LIGHT, grain=True),
    "short": Kind(100, 12, _SMALL, grain=False),
}


def make(folder: Path, kind: Kind) -> None:
    """Make a film in this folder, which must not be there yet; the full one takes a minute or more."""
    scratch = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    done, shelf, work = scratch / "done", scratch / "package", scratch / "work"
    for path in (done, shelf, work):
        path.mkdir(parents=True)
    source = scratch / "source.mkv"
    _film(source, kind)
    facts = probe.probe(source)
    made = plan.make(facts, preset="ultrafast", tool=tools.ffmpeg().fingerprint, rungs=_rungs(kind))
    for chunk in made.chunks:
        encode.make_chunk(made, chunk, source=source, done=done / "pictures", scratch=work)
    pieces = [encode.finished(encode.chunk_folder(done / "pictures", chunk)) for chunk in made.chunks]
    sounds = []
    for one in sound.wanted(facts):
        sound.make(made, one, source=source, done=done / "sound", scratch=work)
        piece = encode.finished(sound.folder(done / "sound", one))
        assert piece is not None
        sounds.append((one, piece))
    package.build(
        video_id=VIDEO,
        videos=package.plan_videos(made, [piece for piece in pieces if piece]),
        sounds=package.plan_sounds(sounds),
        texts=[Written("en", "English", _words(kind))],
        sheets=None,
        folder=shelf,
        tool=made.tool,
    )
    _plain(source, scratch / PLAIN, kind)
    for path in (done, work):
        shutil.rmtree(path)
    source.unlink()
    scratch.rename(folder)


def _rungs(kind: Kind) -> tuple[Rung, ...]:
    """Largest first, each of its very rate."""
    return tuple(
        replace(
            Rung(name, f"{height}p", width, height, 22, rate, "main" if height <= 360 else "high"),
            bits=rate,
            cap=rate + rate // 10,
        )
        for name, width, height, rate in reversed(kind.ladder)
    )


def _film(path: Path, kind: Kind) -> None:
    """A test card and a tone."""
    _, width, height, _ = kind.ladder[-1]
    card = f"testsrc2=s={width}x{height}:r={kind.rate}:d={kind.seconds}" + (
        ",noise=alls=12:allf=t" if kind.grain else ""
    )
    tone = f"sine=frequency=330:sample_rate=48000:duration={kind.seconds}"
    _ffmpeg(
        *("-f", "lavfi", "-i", card, "-f", "lavfi", "-i", tone, "-ac", "2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "128k", "-metadata:s:a:0", "language=eng", path),
    )


def _plain(source: Path, path: Path, kind: Kind) -> None:
    rate = kind.ladder[-1][3]
    if not kind.grain:  # the card alone is small as it is
        _ffmpeg("-i", source, "-c", "copy", "-movflags", "+faststart", path)
        return
    _ffmpeg(
        *("-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", str(rate), "-maxrate", str(rate)),
        *("-bufsize", str(rate), "-g", str(4 * kind.rate), "-c:a", "copy", "-movflags", "+faststart", path),
    )


def _words(kind: Kind) -> bytes:
    cues = (
        f"{_stamp(start)} --> {_stamp(start + 3)}\nLine {start // 4 + 1} of the film"
        for start in range(0, kind.seconds, 4)
    )
    return ("WEBVTT\n\n" + "\n\n".join(cues) + "\n").encode()


def _stamp(seconds: int) -> str:
    return f"00:{seconds // 60:02d}:{seconds % 60:02d}.000"


def _ffmpeg(*arguments: str | Path) -> None:
    argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True, timeout=900)

"""The film that stages show, made once a machine: a package of three pictures, sound and a subtitle, and one plain MP4.

Rates are held constant (350, 900 and 2,500 kbit/s at 240p, 360p and 720p), so that what a player loads says what it
chose. Must run inside Django: `bench._operator` does.
"""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from catalog.media import encode, package, plan, probe, sound, tools
from catalog.media.ladder import Rung
from catalog.media.tracks import Written

VIDEO = UUID("00000000-0000-4000-8000-00000000f11a")
SECONDS = 156
#: Name, width, height, bit/s.
LADDER = (("v240", 426, 240, 350_000), ("v360", 640, 360, 900_000), ("v720", 1280, 720, 2_500_000))
#: The whole film in the best picture, as a file that a bare `<video>` plays at once.
PLAIN = "film.mp4"
_WIDTH, _HEIGHT, _RATE = 1280, 720, 24


def make(folder: Path) -> None:
    """Make the film in this folder, which must not be there yet; takes a minute."""
    scratch = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    done, shelf, work = scratch / "done", scratch / "package", scratch / "work"
    for path in (done, shelf, work):
        path.mkdir(parents=True)
    source = scratch / "source.mkv"
    _film(source)
    facts = probe.probe(source)
    made = plan.make(facts, preset="ultrafast", tool=tools.ffmpeg().fingerprint, rungs=_rungs())
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
        texts=[Written("en", "English", _words())],
        sheets=None,
        folder=shelf,
        tool=made.tool,
    )
    _plain(source, scratch / PLAIN)
    for path in (done, work):
        shutil.rmtree(path)
    source.unlink()
    scratch.rename(folder)


def _rungs() -> tuple[Rung, ...]:
    """Largest first, each of its very rate."""
    return tuple(
        replace(
            Rung(name, f"{height}p", width, height, 22, rate, "main" if height <= 360 else "high"),
            bits=rate,
            cap=rate + rate // 10,
        )
        for name, width, height, rate in reversed(LADDER)
    )


def _film(path: Path) -> None:
    """A test card with grain, so that every rate is used up, and a tone."""
    card = f"testsrc2=s={_WIDTH}x{_HEIGHT}:r={_RATE}:d={SECONDS},noise=alls=12:allf=t"
    tone = f"sine=frequency=330:sample_rate=48000:duration={SECONDS}"
    _ffmpeg(
        *("-f", "lavfi", "-i", card, "-f", "lavfi", "-i", tone, "-ac", "2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "128k", "-metadata:s:a:0", "language=eng", path),
    )


def _plain(source: Path, path: Path) -> None:
    rate = LADDER[-1][3]
    _ffmpeg(
        *("-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", str(rate), "-maxrate", str(rate)),
        *("-bufsize", str(rate), "-g", str(4 * _RATE), "-c:a", "copy", "-movflags", "+faststart", path),
    )


def _words() -> bytes:
    cues = (
        f"{_stamp(start)} --> {_stamp(start + 3)}\nLine {start // 4 + 1} of the film"
        for start in range(0, SECONDS, 4)
    )
    return ("WEBVTT\n\n" + "\n\n".join(cues) + "\n").encode()


def _stamp(seconds: int) -> str:
    return f"00:{seconds // 60:02d}:{seconds % 60:02d}.000"


def _ffmpeg(*arguments: str | Path) -> None:
    argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True, timeout=900)

"""Small films for tests, drawn by ffmpeg itself; and a way to look at what came out."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalog.media import tools

QUICK = ["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"]


def ffmpeg(*arguments: str | Path) -> None:
    """Run the bundled ffmpeg, unconfined: these are our own files."""
    subprocess.run(
        [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", *map(str, arguments)],
        check=True,
        capture_output=True,
        timeout=120,
    )


def ffprobe(*arguments: str | Path) -> dict[str, Any]:
    """What ffprobe says, as JSON."""
    said = subprocess.run(
        [tools.ffprobe().path, "-v", "error", "-of", "json", *map(str, arguments)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def film(
    path: Path,
    *,
    seconds: float = 10,
    size: str = "320x180",
    rate: str = "24",
    sound: bool = True,
    extra: tuple[str, ...] = (),
    source: str = "testsrc2",
) -> Path:
    """A film with a moving test picture and a tone."""
    arguments: list[str] = ["-f", "lavfi", "-i", f"{source}=s={size}:r={rate}:d={seconds}"]
    if sound:
        arguments += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:d={seconds}"]
    ffmpeg(*arguments, *QUICK, *(["-c:a", "aac"] if sound else []), *extra, path)
    return path


#: A counting film's frames are so wide: one block for each bit of the frame's number.
BITS, BLOCK, COUNT_HEIGHT = 11, 16, 96


def counting(path: Path, *, seconds: float, extra: Sequence[str] = ()) -> Path:
    """25 frames a second that each carry their own number, as black and white blocks, and a tone."""
    blocks = f"if(mod(floor(N/pow(2\\,floor(X/{BLOCK})))\\,2)\\,235\\,16)"
    picture = f"color=s={BITS * BLOCK}x{COUNT_HEIGHT}:r=25:d={seconds},geq=lum='{blocks}':cb=128:cr=128"
    sound = f"sine=frequency=440:sample_rate=44100:d={seconds}"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *QUICK, "-c:a", "aac", *extra, path)
    return path


def numbers(path: Path, width: int, height: int) -> list[int]:
    """The numbers that the frames of a counting film carry, in the order they are shown."""
    grey = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(
        [tools.ffmpeg().path, "-v", "error", "-i", path, "-an", *grey],
        check=True,
        capture_output=True,
        timeout=120,
    ).stdout
    found = []
    for start in range(0, len(raw), width * height):
        row = raw[start + width * (height // 2) :][:width]
        lit = [row[int((bit + 0.5) * width / BITS)] > 125 for bit in range(BITS)]
        found.append(sum(on << bit for bit, on in enumerate(lit)))
    return found

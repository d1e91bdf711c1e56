"""Small films for tests, drawn by ffmpeg itself; and a way to look at what came out."""

import json
import subprocess
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

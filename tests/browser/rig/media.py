"""A real film for the rig: CMAF in three renditions with sound and subtitles, in the wire names of an edge node."""

import fcntl
import os
import re
import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

#: Made once per machine and kept: the film is the same every time.
FILMS = Path(os.environ.get("RIG_FILMS") or Path(tempfile.gettempdir()) / "netflixlite-rig-film-v2")
#: 32 hex characters, as a package id is.
PACKAGE = "0123456789abcdef0123456789abcdef"
#: The same film while it is still being made: its lowest picture, and no further than the first segments.
EARLY_PACKAGE = "fedcba9876543210fedcba9876543210"
EARLY_SECONDS = 16
#: The same film, encrypted, and its key.
KEYED_PACKAGE = "0f1e2d3c4b5a69780f1e2d3c4b5a6978"
KEY = bytes(range(16))
#: Name, width, height, bit/s.
LADDER = (("v240", 426, 240, 350_000), ("v360", 640, 360, 900_000), ("v720", 1280, 720, 2_500_000))
SEGMENT_SECONDS = 4
AUDIO_RATE = 128_000


def _run(arguments: list[str]) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=240)


def _hls(folder: Path) -> list[str]:
    return [
        *("-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", str(SEGMENT_SECONDS)),
        *("-hls_playlist_type", "vod", "-hls_flags", "independent_segments"),
        *("-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", str(folder / "%d.m4s")),
        str(folder / "index.m3u8"),
    ]


def make(root: Path, *, seconds: int = 48, source: str = "") -> Path:
    """Make the film under root/<package>/ unless it is there; takes a few seconds. Returns the package's folder.

    `source` is a film to take the picture from instead of a test card.
    """
    package = root / PACKAGE
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:  # several test processes may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (package / "done").exists():
            _film(package, root, seconds=seconds, source=source)
        if not (package / "t-de" / "index.m3u8").exists():
            _text(package / "t-de", seconds, "Zeile {} des Films")
        if not (root / KEYED_PACKAGE / "done").exists():
            _keyed(package, root / KEYED_PACKAGE)
    return package


def _film(package: Path, root: Path, *, seconds: int, source: str) -> None:
    card = ["-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=24:duration={seconds}"]
    picture = ["-stream_loop", "-1", "-t", str(seconds), "-i", source] if source else card
    for name, width, height, rate in LADDER:
        folder = package / name
        folder.mkdir(parents=True, exist_ok=True)
        _run(
            [
                *(*picture, "-vf", f"scale={width}:{height},fps=24", "-an"),
                *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-profile:v", "main"),
                *("-b:v", str(rate), "-minrate", str(rate), "-maxrate", str(rate), "-bufsize", str(rate)),
                *("-x264-params", "nal-hrd=cbr:keyint=96:min-keyint=96:scenecut=0"),
                *_hls(folder),
            ]
        )
    for name, tone in (("a-en", 330), ("a-de", 440)):
        folder = package / name
        folder.mkdir(parents=True, exist_ok=True)
        sound = f"sine=frequency={tone}:sample_rate=48000:duration={seconds}"
        _run(
            [
                *("-f", "lavfi", "-i", sound, "-vn", "-c:a", "aac", "-b:a", str(AUDIO_RATE), "-ac", "2"),
                *_hls(folder),
            ]
        )
    _text(package / "t-en", seconds)
    _early(package, root / EARLY_PACKAGE)
    (package / "done").touch()


def _keyed(package: Path, keyed: Path) -> None:
    """The film as an encrypted package: AES-128 over whole segments, their numbers as IV, the key named `key.bin`."""
    for name in (*(name for name, *_ in LADDER), "a-en", "a-de", "t-en"):
        folder = keyed / name
        folder.mkdir(parents=True, exist_ok=True)
        for file in (package / name).iterdir():
            data = file.read_bytes()
            if file.suffix == ".m4s":
                pad = PKCS7(128).padder()
                seal = Cipher(algorithms.AES128(KEY), modes.CBC(int(file.stem).to_bytes(16))).encryptor()
                data = seal.update(pad.update(data) + pad.finalize()) + seal.finalize()
            elif file.suffix == ".m3u8":
                data = re.sub(rb"(#EXT-X-MAP:.*\n)", rb'\1#EXT-X-KEY:METHOD=AES-128,URI="key.bin"\n', data)
            (folder / file.name).write_bytes(data)
    (keyed / "done").touch()


def _early(package: Path, early: Path) -> None:
    """The beginning of the film as a package of its own, which shares the files."""
    count = EARLY_SECONDS // SEGMENT_SECONDS
    for name in ("v240", "a-en", "a-de", "t-en"):
        folder = early / name
        folder.mkdir(parents=True, exist_ok=True)
        playlist = (package / name / "index.m3u8").read_text(encoding="utf-8")
        for file in [*re.findall(r"^\S+\.(?:m4s|vtt)$", playlist, re.MULTILINE)[:count], "init.mp4"]:
            if (package / name / file).exists() and not (folder / file).exists():
                os.link(package / name / file, folder / file)
        head = re.split(rf"(?m)^#EXTINF.*\n{count}\.m4s$", playlist)[0]
        (folder / "index.m3u8").write_text(
            head if head.rstrip().endswith("#EXT-X-ENDLIST") else head + "#EXT-X-ENDLIST\n", encoding="utf-8"
        )


def _text(folder: Path, seconds: int, words: str = "<i>Line</i> {} of the film") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cues = [
        f"{_stamp(start)} --> {_stamp(min(seconds, start + 3))}\n{words.format(start // 4 + 1)}"
        for start in range(0, seconds, 4)
    ]
    (folder / "0.vtt").write_text("WEBVTT\n\n" + "\n\n".join(cues) + "\n", encoding="utf-8")
    (folder / "index.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{seconds}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f"#EXTINF:{seconds:.3f},\n0.vtt\n#EXT-X-ENDLIST\n",
        encoding="utf-8",
    )


def _stamp(seconds: int) -> str:
    return f"00:{seconds // 60:02d}:{seconds % 60:02d}.000"

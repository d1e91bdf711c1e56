"""Runs ffmpeg and ffprobe on hostile bytes: locked in, limited, watched.

Every child is started through `launcher.py` (Landlock: only the paths given; seccomp: no network) in a process group
of its own, dies with this process, and is killed with its group when it is told to stop, takes too long, or makes
no progress. The argument list is ours alone: names are chosen by us, and numbers are the only thing that a source adds.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from catalog.media import launcher
from catalog.media.errors import Stalled, ToolFailed
from netflixlite.jobs import machine, process
from netflixlite.jobs.context import JobContext

logger = logging.getLogger(__name__)

#: Containers that may hold a film. What is not here (playlists, concat scripts, pictures, teletypes) is not opened.
DEMUXERS = "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,avi,mpegts,mpeg,ogg,flv,asf,mxf"
#: Sound-only containers, opened by the probe alone, so that it can say "this is only sound".
SOUND_DEMUXERS = "wav,mp3,flac,aac,w64,aiff,caf,ac3,eac3,amr"
#: What may be decoded: what films are made of, edited in, recorded and archived as. ffmpeg has some 550 decoders, most
#: of them for games and cameras of the nineties, where memory bugs are found; these are the well-trodden ones.
DECODERS = (
    "h264,hevc,av1,libdav1d,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg1video,mpeg2video,mpeg4,mpegvideo,h263,h263p,theora,"
    "msmpeg4,msmpeg4v1,msmpeg4v2,wmv1,wmv2,wmv3,vc1,flv,vp6,vp6a,vp6f,svq1,svq3,cinepak,mjpeg,dvvideo,"
    "prores,dnxhd,cfhd,jpeg2000,ffv1,huffyuv,ffvhuff,utvideo,rawvideo,v210,qtrle,png,bmp,gif,webp,"
    "aac,aac_latm,mp1,mp1float,mp2,mp2float,mp3,mp3float,ac3,eac3,dca,truehd,mlp,flac,alac,vorbis,libvorbis,opus,libopus,"
    "wmav1,wmav2,wmapro,wmalossless,wavpack,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,nellymoser,speex,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_u8,pcm_s8,"
    "pcm_alaw,pcm_mulaw,pcm_bluray,pcm_dvd,s302m,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,adpcm_swf,adpcm_yamaha,"
    "subrip,srt,ass,ssa,webvtt,mov_text,text,pgssub,dvdsub,dvbsub,xsub,cc_dec,libzvbi_teletextdec"
)
STREAMS_MAX = 64
#: 4096 x 2304: nothing that we make is larger, and a frame of this size costs 30 MB already.
PIXELS_MAX = 9_437_184
_ALLOC_MAX = 512 * 1024 * 1024

#: Where programs find their libraries. What does not exist is left out by the launcher.
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/nix/store")
_DEVICES = (
    "/dev/null",
    "/dev/urandom",
    "/dev/zero",
    "/sys/devices/system/cpu",
    "/proc/cpuinfo",
    "/proc/stat",
)
_LAUNCHER = str(Path(launcher.__file__).resolve())
_TAIL = 8192
#: What of `-progress` tells that something moves.
_SIGNS = frozenset({"frame", "total_size", "out_time_us"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use. Memory and file size in bytes, CPU in seconds; `wall` and `quiet` (the time
    without a sign of progress) in seconds. `idle` work gets only what other processes leave of the processors."""

    memory: int = 6 * 1024**3
    file_size: int = 64 * 1024**3
    cpu: int = 4 * 3600
    wall: float = 4 * 3600
    quiet: float = 60.0
    files: int = 256
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Confinement:
    """What this kernel gives. `complete` means: no foreign file, no network."""

    landlock: int
    seccomp: bool

    @property
    def complete(self) -> bool:
        """Whether children see nothing but what they are given."""
        return self.landlock > 0 and self.seccomp


class Halted(Exception):
    """Another child of the same job failed: this one is no longer wanted."""


def guards(*, sound: bool = False, demuxer: str = "") -> list[str]:
    """The options that must stand before every `-i` (and before ffprobe's): nothing but local files of known kinds, and
    none but known decoders."""
    allowed = f"{DEMUXERS},{SOUND_DEMUXERS}" if sound else DEMUXERS
    options = ["-protocol_whitelist", "file,pipe", "-format_whitelist", allowed]
    options += [
        "-max_streams",
        str(STREAMS_MAX),
        "-max_pixels",
        str(PIXELS_MAX),
        "-max_alloc",
        str(_ALLOC_MAX),
    ]
    options += ["-codec_whitelist", DECODERS, "-probesize", "20M", "-analyzeduration", "10M"]
    return options + (["-f", demuxer] if demuxer else [])


@lru_cache(maxsize=1)
def confinement() -> Confinement:
    """What can be done on this machine; says so loudly, once, when it is less than everything."""
    found = Confinement(landlock=launcher.landlock_abi(), seccomp=launcher.seccomp_known())
    if not found.complete:
        logger.warning(
            "ffmpeg cannot be locked in fully on this machine (Landlock version %s, seccomp %s): films are opened with "
            "format and protocol lists and limits only. A kernel of 5.13 or later with Landlock on cures this.",
            found.landlock,
            "yes" if found.seccomp else "no",
        )
    return found


def command(argv: Sequence[str], *, read: Sequence[Path], write: Sequence[Path], limits: Limits) -> list[str]:
    """The argument list that starts `argv` locked in."""
    found = confinement()
    policy = {
        "parent": os.getpid(),
        "nice": 10,
        "idle": limits.idle,
        "limits": {
            "AS": machine.memory_for(limits.memory),
            "FSIZE": limits.file_size,
            "CPU": limits.cpu,
            "NOFILE": limits.files,
            "CORE": 0,
        },
        "read": [*_SYSTEM, *_DEVICES, argv[0], *(str(path) for path in read)],
        "write": ["/dev/null", *(str(path) for path in write)],
        "landlock": found.landlock > 0,
        "seccomp": found.seccomp,
    }
    return [sys.executable, "-I", "-S", _LAUNCHER, json.dumps(policy), *argv]


def run(
    argv: Sequence[str],
    *,
    what: str,
    read: Sequence[Path] = (),
    write: Sequence[Path] = (),
    limits: Limits | None = None,
    on_line: Callable[[str], None] | None = None,
    halt: "Halt | None" = None,
) -> str:
    """Run to the end, handing each line of stdout to `on_line`; returns the end of what it said on stderr.

    `what` names the step in errors. Raises `ToolFailed` when it ends badly, `Stalled` when it is killed for taking
    too long or standing still, `Halted` or the job's own interruption when it is no longer wanted, and whatever
    `on_line` raises: in every case the child is gone.
    """
    bounds = limits or Limits()
    watch = _Watch(what=what, quiet=bounds.quiet, on_line=on_line, halt=halt)
    try:
        ended = process.run(
            command(argv, read=read, write=write, limits=bounds),
            context=halt.context if halt else None,
            on_line=watch.see,
            timeout=bounds.wall,
            stall_timeout=bounds.quiet,
            limits=process.Limits(nice=0, error_bytes=_TAIL),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SVT_LOG": "1"},
        )
    except (process.TimedOut, process.Stalled) as error:
        raise Stalled(what, -signal.SIGKILL, str(error)) from error
    except process.CannotStart as error:
        raise ToolFailed(what, launcher.FAILED, str(error)) from error
    if ended.code != 0:
        raise ToolFailed(what, ended.code, ended.stderr)
    return ended.stderr


@dataclass(slots=True)
class Halt:
    """How several children of one job are stopped together: by the job's end, or by one of them failing."""

    context: JobContext | None = None
    asked: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class _Watch:
    """Looks at every line a child writes."""

    what: str
    quiet: float
    on_line: Callable[[str], None] | None
    halt: Halt | None
    moved_at: float = field(default_factory=time.monotonic)
    signs: dict[str, str] = field(default_factory=dict)

    def see(self, line: str) -> None:
        """Note progress, raise when there has been none for too long, hand the line on."""
        if self.halt is not None and self.halt.asked.is_set():
            raise Halted(self.what)
        name, equals, value = line.partition("=")
        # `-progress` goes on reporting while ffmpeg hangs: only a position that advances counts.
        if not equals or (name in _SIGNS and self.signs.get(name) != value):
            self.moved_at = time.monotonic()
            self.signs[name] = value
        elif time.monotonic() - self.moved_at > self.quiet:
            raise Stalled(
                self.what, -signal.SIGKILL, f"it made no progress for {self.quiet:.0f} s and was stopped"
            )
        if self.on_line:
            self.on_line(line)

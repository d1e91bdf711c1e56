"""Encoders that live in graphics hardware: which are there, whether they really work, and what they are told.

That ffmpeg lists an encoder says nothing about the machine: each is tried on half a second of film before it is used,
once per process. Hardware does what it likes with threads and rate control, so its bytes are not reproducible; the
checks of frames, times and keyframes are the same as for software.
"""

import logging
import subprocess
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from catalog.media import tools
from catalog.media.ladder import Rung
from catalog.media.plan import Plan

logger = logging.getLogger(__name__)

#: Where Linux keeps the devices that encode; children may open them only when hardware is asked for.
_NVIDIA = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm")
_RENDER = "/dev/dri/renderD128"


@dataclass(frozen=True, slots=True)
class Maker:
    """A way to encode in hardware: `name` for people, ffmpeg's encoder for each codec, the devices it needs."""

    name: str
    encoders: tuple[tuple[str, str], ...]
    devices: tuple[str, ...]

    def encoder(self, codec: str) -> str:
        """ffmpeg's encoder for a codec; '' when there is none."""
        return dict(self.encoders).get(codec, "")


#: In the order of how well they do at equal bits.
MAKERS = (
    Maker("NVENC", (("h264", "h264_nvenc"), ("av1", "av1_nvenc")), _NVIDIA),
    Maker("Quick Sync", (("h264", "h264_qsv"), ("av1", "av1_qsv")), (_RENDER,)),
    Maker("VAAPI", (("h264", "h264_vaapi"), ("av1", "av1_vaapi")), (_RENDER,)),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of looking for hardware. `encoder` is ffmpeg's name, '' for none; `words` say which or why not."""

    encoder: str
    words: str
    devices: tuple[str, ...] = ()


def choose(codec: str = "h264") -> Choice:
    """The best hardware encoder of this machine that passes its test. Takes up to some seconds the first time."""
    reasons: list[str] = []
    for maker in MAKERS:
        encoder = maker.encoder(codec)
        missing = [device for device in maker.devices if not Path(device).exists()]
        if missing:
            reasons.append(f"{maker.name}: there is no {missing[0]}")
            continue
        failed = trial(tools.ffmpeg().path, encoder)
        if not failed:
            return Choice(encoder, f"{maker.name} encodes", maker.devices)
        reasons.append(f"{maker.name}: {failed}")
    return Choice(
        "", f"No hardware encoder works here ({'; '.join(reasons)}). Films are encoded by the processor."
    )


@lru_cache(maxsize=16)
def trial(ffmpeg: str, encoder: str) -> str:
    """Encode half a second with it → '' when that comes out as a keyframe on the grid, else why not, briefly."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x192:r=24:d=0.5", "-vf", _upload(encoder) or "null"]
    argv = [ffmpeg, "-nostdin", "-v", "error", *_device(encoder), *source, "-c:v", encoder, "-g", "12"]
    try:
        ended = subprocess.run(
            [*argv, "-movflags", "+frag_keyframe+cmaf", "-f", "mp4", "pipe:1"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not answer ({error})"
    if ended.returncode or b"moof" not in ended.stdout:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        return (said[0] if said else f"it ended with {ended.returncode}")[-160:]
    return ""


def equip(rungs: tuple[Rung, ...], choice: Choice) -> tuple[Rung, ...]:
    """The same rungs made by this hardware; as they are when there is none."""
    return tuple(replace(rung, encoder=choice.encoder) for rung in rungs) if choice.encoder else rungs


def options(plan: Plan, rung: Rung) -> list[str]:
    """What a hardware encoder is told: constant quality under the rung's cap, on the plan's grid."""
    quality, cap = f"{round(rung.crf)}", ["-maxrate", str(rung.cap), "-bufsize", str(rung.buffer)]
    told = ["-c:v", rung.encoder, *cap, "-g", str(plan.gop)]
    if rung.codec == "h264":
        told += ["-profile:v", rung.profile]
    if rung.encoder.endswith("_nvenc"):
        told += [
            "-preset",
            "p5",
            "-rc",
            "vbr",
            "-cq",
            quality,
            "-b:v",
            "0",
            "-no-scenecut",
            "1",
            "-forced-idr",
            "1",
        ]
    elif rung.encoder.endswith("_qsv"):
        told += ["-preset", "medium", "-global_quality", quality, "-look_ahead", "0", "-idr_interval", "0"]
    else:
        told += [
            "-rc_mode",
            "QVBR",
            "-global_quality",
            quality,
            "-b:v",
            str(rung.cap // 2),
            "-idr_interval",
            "0",
        ]
    return told


def filters(rungs: tuple[Rung, ...]) -> str:
    """What must follow each rung's scaling so that its encoder can take the picture; '' for software."""
    return _upload(rungs[0].encoder) if rungs else ""


def inputs(rungs: tuple[Rung, ...]) -> list[str]:
    """What must stand before the inputs of a command with these rungs."""
    return _device(rungs[0].encoder) if rungs else []


def devices(rungs: tuple[Rung, ...]) -> tuple[Path, ...]:
    """What a confined child must be able to open."""
    for maker in MAKERS:
        if rungs and rungs[0].encoder and rungs[0].encoder in dict(maker.encoders).values():
            return tuple(Path(device) for device in maker.devices if Path(device).exists())
    return ()


def _upload(encoder: str) -> str:
    if encoder.endswith("_vaapi"):
        return "format=nv12,hwupload"
    return "format=nv12" if encoder else ""


def _device(encoder: str) -> list[str]:
    if encoder.endswith("_vaapi"):
        return ["-vaapi_device", _RENDER]
    return []

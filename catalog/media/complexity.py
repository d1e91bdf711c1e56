"""Measures what a film costs and looks like: short windows, encoded a few ways, compared with the source by VMAF.

Each window is drawn exactly as an encode would see it (turned, deinterlaced, tone-mapped, on the grid), so that the
two pictures compared are the same frames by construction: both are counted from 0 on the plan's grid, whatever the
container thinks of time. Cost scales with the film: a window for every four minutes, never less than three.
"""

import contextlib
import json
import logging
import math
import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from catalog.media import encode, encoders, plan, sandbox, tools
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts
from catalog.media.ladder import Rung
from catalog.media.pertitle import Measurement, Point
from catalog.media.plan import Chunk, Plan

logger = logging.getLogger(__name__)

#: How long a window is, in seconds; AV1 looks further back and so needs more.
_WINDOW: dict[str, Fraction] = {"h264": Fraction(1), "av1": Fraction(2)}
#: A window for every so many seconds of film, at least and at most so many.
_EVERY, _WINDOWS_MIN, _WINDOWS_MAX = 240, 3, 24
#: The source's own bits tell where it is busy: counted by the second, evened out over so many (keyframes are large).
_EVEN = 5
#: How far the windows' bits are corrected for being calmer or busier than the film.
_CORRECT = 2.0
#: Which sizes are encoded at which quality factors: position among the rungs that a source could have → factors.
_TRIALS: dict[str, tuple[tuple[float, tuple[float, ...]], ...]] = {
    "h264": ((1.0, (21, 32)), (0.67, (23, 33)), (0.34, (23, 33))),
    "av1": ((1.0, (32, 52)), (0.67, (34, 52)), (0.34, (34, 52))),
}
#: VMAF looks at every so many frames: the mean moves by less than 0.2.
_EVERY_FRAME = 4
#: Below this mean brightness a window is black, and tells nothing.
_BLACK = 20.0
#: Both pictures of a comparison are named these colours, whatever they are: where names differ, ffmpeg converts one of
#: the two before it compares, and VMAF drops by 3 to 10 for no other reason.
SAME_COLOURS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
_PROTOCOLS = ["-protocol_whitelist", "file,pipe"]


class NotMeasurable(Exception):
    """This film cannot be measured on this machine, for a reason that is said: a fixed ladder serves it."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """One way to encode a window."""

    rung: Rung
    crf: float

    @property
    def name(self) -> str:
        """Its file, without the ending."""
        return f"{self.rung.name}-{self.crf:g}"


@dataclass(slots=True)
class _Probe:
    """What all windows of one film share."""

    plan: Plan
    source: Path
    folder: Path
    halt: sandbox.Halt | None
    trials: tuple[_Trial, ...]
    frames: int


def measure(
    facts: Facts,
    source: Path,
    *,
    scratch: Path,
    halt: sandbox.Halt | None = None,
    on_progress: Callable[[float], None] | None = None,
    codec: str = "h264",
    preset: str = "veryfast",
) -> Measurement:
    """Encode short windows of the film in a few ways and compare them with the source.

    `scratch` needs room for one window of raw pictures (150 MB at 1080p). Raises `NotMeasurable`, and `ToolFailed`,
    `Stalled`, `Halted` as encoding does.
    """
    if not tools.self_test().has_vmaf:
        raise NotMeasurable("this ffmpeg cannot compute VMAF")
    made = plan.make(facts, ladder_name="standard", preset=preset, tool=tools.ffmpeg().fingerprint)
    frames = min(made.frames, max(2, round(_WINDOW[codec] * made.rate)))
    profile = _profile(facts, source, halt)
    starts = _starts(made, frames, profile)
    folder = scratch / f"probe-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    probe = _Probe(made, source, folder, halt, _trials(made.rungs, codec), frames)
    windows: list[dict[str, tuple[float, float]]] = []
    used: list[int] = []
    grain: list[float] = []
    try:
        for number, start in enumerate(starts):
            noise = _draw(probe, start)
            if noise is not None or (number == len(starts) - 1 and not windows):
                windows.append(_compare(probe))
                used.append(start)
                grain.append(noise or 0.0)
            if on_progress:
                on_progress((number + 1) / len(starts))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _summed(probe, windows, used, grain, _Weights.of(profile, used, made), preset)


def _profile(facts: Facts, source: Path, halt: sandbox.Halt | None) -> list[float]:
    """What the source spends on each second of the film, evened out: its own encoder's word on where it is busy."""
    sums = [0.0] * max(1, math.ceil(facts.duration))
    start = float(facts.start)

    def add(line: str) -> None:
        time, _, size = line.partition(",")
        with contextlib.suppress(ValueError):  # undated packets say N/A
            second = int(float(time) - start)
            if 0 <= second < len(sums):
                sums[second] += int(size.strip(","))

    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(demuxer=facts.demuxer)]
    argv += ["-select_streams", str(facts.picture.index), "-show_entries", "packet=pts_time,size"]
    argv += ["-of", "csv=p=0", "-i", f"file:{source}"]
    limits = sandbox.Limits(file_size=0, cpu=1200, wall=1800.0, quiet=120.0)
    try:
        sandbox.run(argv, what="Reading the film", read=[source], limits=limits, on_line=add, halt=halt)
    except ToolFailed as failed:
        logger.info("the film's bits could not be counted: %s", failed)
    around = min(_EVEN, len(sums)) // 2
    return [
        sum(near) / len(near)
        for near in (sums[max(0, second - around) : second + around + 1] for second in range(len(sums)))
    ]


def _starts(made: Plan, frames: int, profile: list[float]) -> list[int]:
    """First frames of the windows: as many calm as busy ones, each from the middle of its share of the film."""
    count = max(_WINDOWS_MIN, min(_WINDOWS_MAX, round(len(profile) / _EVERY)))
    count = max(1, min(count, made.frames // frames))
    last = made.frames - frames
    # A film's own beginning and end (logos, credits) are no example of it.
    margin = len(profile) // 20
    seconds = sorted(range(margin, len(profile) - margin), key=lambda second: profile[second])
    chosen = (seconds[int(len(seconds) * (position + 0.5) / count)] for position in range(count))
    return sorted({min(last, round(second * made.rate)) for second in chosen})


def _trials(rungs: tuple[Rung, ...], codec: str) -> tuple[_Trial, ...]:
    """What to encode: the sizes nearest to the shares of the largest that are wanted, each once."""
    found: dict[str, _Trial] = {}
    for share, crfs in _TRIALS[codec]:
        wanted = rungs[0].height * share
        rung = replace(min(rungs, key=lambda rung: abs(rung.height - wanted)), codec=codec)
        for crf in crfs:
            trial = _Trial(rung, crf)
            found.setdefault(trial.name, trial)
    return tuple(found.values())


def _draw(probe: _Probe, start: int) -> float | None:
    """Write the window's pictures as the largest rung would get them → their noise; None when it is black."""
    made = probe.plan
    chunk = Chunk(number=1 if start else 0, first=start, frames=probe.frames, segment=0, last=False)
    whole = replace(made, rungs=made.rungs[:1])
    target = probe.folder / "window.y4m"
    argv = encode.input_command(whole, chunk, probe.source)
    argv += [
        "-map",
        "[v0]",
        "-fps_mode",
        "passthrough",
        "-pix_fmt",
        "yuv420p",
        "-f",
        "yuv4mpegpipe",
        str(target),
    ]
    _run(probe, argv, "Looking at the film", read=[probe.source])
    return _noise(target, made.rungs[0])


def _compare(probe: _Probe) -> dict[str, tuple[float, float]]:
    """Encode the window in every way and compare → (bits a second, VMAF) by trial."""
    reference = probe.folder / "window.y4m"
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", "-y", *_PROTOCOLS]
    argv += ["-i", f"file:{reference}"]
    graph = [f"[0:v]split={len(probe.trials)}" + "".join(f"[s{n}]" for n in range(len(probe.trials)))]
    for number, trial in enumerate(probe.trials):
        graph.append(f"[s{number}]scale={trial.rung.width}:{trial.rung.height}:flags=bicubic[v{number}]")
    argv += ["-filter_complex", ";".join(graph)]
    chunk = Chunk(number=0, first=0, frames=probe.frames, segment=0, last=True)
    for number, trial in enumerate(probe.trials):
        # Without a cap: what the picture costs is what is asked, and the cap follows from it.
        rung = replace(trial.rung, crf=trial.crf, cap=_NO_CAP)
        argv += ["-map", f"[v{number}]", *encoders.options(probe.plan, chunk, rung)]
        argv += [
            "-stats_enc_post",
            str(probe.folder / f"{trial.name}.sizes"),
            "-stats_enc_post_fmt",
            "{size}",
        ]
        argv += [str(probe.folder / f"{trial.name}.mp4")]
    _run(probe, argv, "Trying encodes of the film", read=[reference])
    scores = _scores(probe, reference)
    sizes = {trial.name: _rate(probe, trial) for trial in probe.trials}
    return {trial.name: (sizes[trial.name], scores[trial.name]) for trial in probe.trials}


#: No film needs so much: 100 Mb/s.
_NO_CAP = 100_000_000


def _scores(probe: _Probe, reference: Path) -> dict[str, float]:
    """VMAF of every trial at the size of the reference."""
    top = probe.plan.rungs[0]
    argv = [
        tools.ffmpeg().path,
        "-hide_banner",
        "-nostdin",
        "-v",
        "error",
        *_PROTOCOLS,
        "-i",
        f"file:{reference}",
    ]
    rate = probe.plan.rate
    # Frames are counted on one clock, not timed: containers that round times would pair neighbours otherwise.
    count = f"{SAME_COLOURS},settb={rate.denominator}/{rate.numerator},setpts=N"
    graph = [f"[0:v]{count},split={len(probe.trials)}" + "".join(f"[r{n}]" for n in range(len(probe.trials)))]
    for number, trial in enumerate(probe.trials):
        argv += ["-i", f"file:{probe.folder / trial.name}.mp4"]
        log = probe.folder / f"{trial.name}.json"
        graph.append(
            f"[{number + 1}:v]scale={top.width}:{top.height}:flags=bicubic,{count}[d{number}];"
            f"[d{number}][r{number}]libvmaf=n_subsample={_EVERY_FRAME}:n_threads=1:log_fmt=json:log_path={log}"
        )
    argv += ["-filter_complex", ";".join(graph), "-f", "null", "-"]
    _run(probe, argv, "Comparing encodes with the film", read=[probe.folder])
    found: dict[str, float] = {}
    for trial in probe.trials:
        try:
            told = json.loads((probe.folder / f"{trial.name}.json").read_text(encoding="utf-8"))
            pooled = told["pooled_metrics"]["vmaf"]
            found[trial.name] = float(pooled["mean"])
            frames = sum("vmaf" in frame["metrics"] for frame in told["frames"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ToolFailed("Comparing encodes with the film", 0, f"no VMAF came out: {error}") from error
        if frames != -(-probe.frames // _EVERY_FRAME):
            raise ToolFailed("Comparing encodes with the film", 0, f"{frames} frames were compared")
    return found


def _rate(probe: _Probe, trial: _Trial) -> float:
    """Bits a second that a whole segment would take: a window's one keyframe weighs more than a segment's."""
    text = (probe.folder / f"{trial.name}.sizes").read_text(encoding="ascii")
    sizes = [int(size) for size in re.findall(r"\d+", text)]
    if len(sizes) < 2:
        return 8.0 * sum(sizes) * float(probe.plan.rate) / max(1, probe.frames)
    gop = probe.plan.gop
    others = sum(sizes[1:]) / (probe.frames - 1)
    return float((sizes[0] + others * (gop - 1)) / gop * probe.plan.rate * 8)


def _noise(path: Path, rung: Rung) -> float | None:
    """How grainy the window is, in steps of brightness; None when it is black.

    Between two neighbouring frames, in the blocks that changed least, what still differs is noise: twice its
    variance. Flat drawings give 0.
    """
    size = rung.width * rung.height
    with path.open("rb") as file:
        file.readline()
        planes = []
        for _ in range(2):
            file.readline()
            data = file.read(size + 2 * ((rung.width + 1) // 2) * ((rung.height + 1) // 2))
            planes.append(np.frombuffer(data[:size], dtype=np.uint8).astype(np.float32))
    if len(planes[-1]) < size or len(planes[0]) < size:
        return 0.0
    one, two = (plane.reshape(rung.height, rung.width) for plane in planes)
    if float(one.mean()) < _BLACK and float(two.mean()) < _BLACK:
        return None
    high, wide = rung.height // 16 * 16, rung.width // 16 * 16
    if not high or not wide:
        return 0.0
    blocks = (one - two)[:high, :wide].reshape(high // 16, 16, wide // 16, 16)
    variances = blocks.var(axis=(1, 3)).ravel()
    return float(np.sqrt(np.percentile(variances, 20) / 2))


@dataclass(frozen=True, slots=True)
class _Weights:
    """How the windows stand to the film, by the source's own bits: `correction` of their mean, and how much the
    `busiest` seconds take beside the mean one."""

    correction: float
    busiest: float

    @classmethod
    def of(cls, profile: list[float], starts: list[int], made: Plan) -> "_Weights":
        """From the source's bits by the second and the first frames of the windows."""
        mean = sum(profile) / len(profile)
        seen = [profile[min(len(profile) - 1, int(start / made.rate))] for start in starts]
        here = sum(seen) / len(seen) if seen else 0.0
        if mean <= 0 or here <= 0:
            return cls(1.0, 2.0)
        high = sorted(profile)[int(len(profile) * 0.98)]
        return cls(max(1 / _CORRECT, min(_CORRECT, mean / here)), max(1.0, high / mean))


def _summed(
    probe: _Probe,
    windows: list[dict[str, tuple[float, float]]],
    starts: list[int],
    grain: list[float],
    weights: _Weights,
    preset: str,
) -> Measurement:
    codec = probe.trials[0].rung.codec
    points: list[Point] = []
    for trial in probe.trials:
        bits = [window[trial.name][0] for window in windows]
        vmaf = [window[trial.name][1] for window in windows]
        points.append(
            Point(
                frame=int(trial.rung.name[1:]),
                crf=float(trial.crf),
                bits=round(sum(bits) / len(bits) * weights.correction, 1),
                vmaf=round(sum(vmaf) / len(vmaf), 3),
            )
        )
    return Measurement(
        codec=codec,
        preset=preset if codec == "h264" else encoders.AV1_PRESET,
        points=tuple(points),
        windows=tuple(round(float(start / probe.plan.rate), 3) for start in starts),
        seconds=round(float(probe.frames / probe.plan.rate), 3),
        busiest=round(weights.busiest, 3),
        grain=round(sorted(grain)[len(grain) // 2], 3),
        tool=tools.ffmpeg().fingerprint,
    )


def _run(probe: _Probe, argv: list[str], what: str, *, read: list[Path]) -> None:
    # These say nothing until they are done, and are nice: a busy machine may take its time.
    limits = sandbox.Limits(file_size=4 * 1024**3, cpu=900, wall=3600, quiet=3600.0)
    sandbox.run(argv, what=what, read=read, write=[probe.folder], limits=limits, halt=probe.halt)

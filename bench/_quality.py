"""Bits at equal VMAF: our ladders beside Apple's fixed one, on the same film, grid, scaler, preset and thread.

Every ladder is encoded whole, by the pipeline's own command. What is compared are curves through the ladders' points
(bits on a logarithmic scale, straight between two rungs), over the VMAF that both reach, as Bjøntegaard's difference
does: bits that the fixed ladder spends above our best rung are not counted as saved. A rung that costs more and looks
worse than another is left out of its curve, which favours the fixed ladder. Pairs of frames are exact: both pictures
come off the same grid and are counted, not timed, both are named the same colours, and a comparison that collapses on
some frame stops the benchmark.
"""

import hashlib
import itertools
import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench._sources import Film
from catalog.media import complexity, encode, ladder, pertitle, plan, probe, tools
from catalog.media.ladder import Rung
from catalog.media.plan import Plan

#: VMAF looks at every so many frames.
EVERY, EVERY_QUICK = 2, 6
#: A mean that lies this far above the harmonic one has frames at nothing: they were not paired rightly.
_COLLAPSE = 25.0


@dataclass(frozen=True, slots=True)
class Made:
    """A rendition as it came out: bits a second and VMAF at the size of the source."""

    rung: Rung
    bits: float
    vmaf: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The ladders of one film, and what ours saves at equal VMAF, in per cent."""

    film: Film
    fixed: tuple[Made, ...]
    ours: tuple[Made, ...]
    av1: tuple[Made, ...]
    saved: float
    saved_av1: float
    worst_rung: float


class Studio:
    """Encodes and compares, and remembers both in a folder, by everything that decides them."""

    def __init__(self, folder: Path, *, every: int, seconds: int = 60) -> None:
        self._folder, self._every, self._seconds = folder, every, seconds
        folder.mkdir(parents=True, exist_ok=True)

    def judge(self, film: Film, *, av1: bool) -> Outcome:
        """Make all ladders of a film and compare them."""
        facts = probe.probe(film.path)
        width, height = facts.picture.display
        base = plan.make(facts, ladder_name="apple", preset="veryfast", tool=tools.ffmpeg().fingerprint)
        top = ladder.rungs(width=width, height=height, rate=base.rate)[0]
        reference = self._folder / f"{film.name}.y4m"
        try:
            ladders: dict[str, tuple[Made, ...]] = {
                "fixed": self._made(film, base, base.rungs, top, reference)
            }
            for codec in ("h264", "av1") if av1 else ("h264",):
                measured = complexity.measure(facts, film.path, scratch=self._folder, codec=codec)
                rungs = pertitle.rungs(measured, width=width, height=height, rate=base.rate, codec=codec)
                ladders[codec] = self._made(film, base, rungs, top, reference)
        finally:
            reference.unlink(missing_ok=True)
        fixed, ours, second = ladders["fixed"], ladders["h264"], ladders.get("av1", ())
        rungs_saved = [one for one in at_rungs(ours, fixed) if one is not None]
        return Outcome(
            film,
            fixed,
            ours,
            second,
            saved=saved(ours, fixed),
            saved_av1=saved(second, fixed) if second else math.nan,
            worst_rung=min(rungs_saved, default=math.nan),
        )

    def _made(
        self, film: Film, base: Plan, rungs: tuple[Rung, ...], top: Rung, reference: Path
    ) -> tuple[Made, ...]:
        made = replace(base, rungs=rungs)
        frames = min(base.frames, round(self._seconds * base.rate))
        whole = replace(base.chunks[0], frames=frames, last=frames == base.frames)
        argv = encode.chunk_command(made, whole, film.path, self._folder)
        stat = film.path.stat()
        told = json.dumps([argv, stat.st_size, self._every, made.tool], sort_keys=True)
        memory = self._folder / f"{film.name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}.json"
        if memory.exists():
            known = json.loads(memory.read_text(encoding="utf-8"))
            return tuple(Made(rung, *pair) for rung, pair in zip(rungs, known, strict=True))
        _run([argv[0], "-y", *argv[1:]])
        if not reference.exists():
            alone = encode.input_command(replace(base, rungs=(top,)), whole, film.path)
            raw = [
                "-fps_mode",
                "passthrough",
                "-pix_fmt",
                "yuv420p",
                "-f",
                "yuv4mpegpipe",
                "-y",
                str(reference),
            ]
            _run([*alone, "-map", "[v0]", *raw])
        found = [self._compared(rung, reference, top, base) for rung in rungs]
        memory.write_text(json.dumps([[one.bits, one.vmaf] for one in found]), encoding="utf-8")
        return tuple(found)

    def _compared(self, rung: Rung, reference: Path, top: Rung, base: Plan) -> Made:
        file, log = self._folder / f"{rung.name}.mp4", self._folder / "vmaf.json"
        # Told alike on both sides: where names of colours differ, ffmpeg converts one picture before comparing.
        count = f"{complexity.SAME_COLOURS},settb={base.rate.denominator}/{base.rate.numerator},setpts=N"
        graph = (
            f"[0:v]scale={top.width}:{top.height}:flags=bicubic,{count}[d];[1:v]{count}[r];"
            f"[d][r]libvmaf=n_subsample={self._every}:n_threads=2:log_fmt=json:log_path={log}"
        )
        inputs = ["-i", str(file), "-i", str(reference)]
        _run([tools.ffmpeg().path, "-nostdin", "-v", "error", *inputs, "-lavfi", graph, "-f", "null", "-"])
        told = json.loads(log.read_text(encoding="utf-8"))
        pooled, frames = told["pooled_metrics"]["vmaf"], [frame["frameNum"] for frame in told["frames"]]
        length = reference.stat().st_size // (top.width * top.height * 3 // 2)
        if max(frames) >= length or max(frames) < length - self._every - 1:
            raise RuntimeError(f"{rung.name}: frames up to {max(frames)} were compared, of {length}")
        if pooled["mean"] - pooled["harmonic_mean"] > _COLLAPSE and pooled["mean"] > 60:
            raise RuntimeError(f"{rung.name}: VMAF collapses ({pooled}): frames are not paired rightly")
        bits = file.stat().st_size * 8 / float(length / base.rate)
        file.unlink()
        return Made(rung, round(bits, 1), round(pooled["mean"], 3))


def _run(argv: list[str]) -> None:
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{argv[0]} failed: {ended.stderr[-800:]}")


def front(ladder_made: Sequence[Made]) -> list[tuple[float, float]]:
    """(VMAF, logarithm of bits) of the rungs that are worth their bits, rising."""
    kept: list[tuple[float, float]] = []
    for one in sorted(ladder_made, key=lambda made: made.bits):
        if not kept or one.vmaf > kept[-1][0]:
            kept.append((one.vmaf, math.log(one.bits)))
    return kept


def _log_bits(curve: Sequence[tuple[float, float]], vmaf: float) -> float:
    """What a curve costs at this VMAF, which must lie on it."""
    for (low, low_bits), (high, high_bits) in itertools.pairwise(curve):
        if low <= vmaf <= high:
            return low_bits + (vmaf - low) / (high - low) * (high_bits - low_bits)
    raise ValueError(f"VMAF {vmaf} is not on the curve")


def saved(ours: Sequence[Made], fixed: Sequence[Made]) -> float:
    """Per cent of bits that ours does without at equal VMAF, over all VMAF that both reach."""
    mine, its = front(ours), front(fixed)
    low, high = max(mine[0][0], its[0][0]), min(mine[-1][0], its[-1][0])
    if high <= low:
        return math.nan
    steps = 400
    grid = [low + (high - low) * (step + 0.5) / steps for step in range(steps)]
    mean = sum(_log_bits(mine, vmaf) - _log_bits(its, vmaf) for vmaf in grid) / steps
    return 100 * (1 - math.exp(mean))


def at_rungs(ours: Sequence[Made], fixed: Sequence[Made]) -> list[float | None]:
    """The same at each fixed rung's own VMAF; None where ours does not go."""
    mine, found = front(ours), []
    for one in fixed:
        reached = mine[0][0] <= one.vmaf <= mine[-1][0]
        found.append(100 * (1 - math.exp(_log_bits(mine, one.vmaf)) / one.bits) if reached else None)
    return found

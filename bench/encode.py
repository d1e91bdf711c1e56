"""The media pipeline beside a raw ffmpeg command and beside Apple's fixed ladder.

(a) CPU and wall clock of the whole pipeline (probe, measuring, early package, ladder, sound, pictures, package) beside
one x264 command that makes the same renditions; (b) bits at equal VMAF, per-title H.264 and AV1 ladders beside the
fixed one, over films of many kinds; (c) seconds from the end of an upload until the film can be played; (d) two
workers beside one. Everything runs on an installation of its own that is removed; films and comparisons are kept in a
folder for the next run. `--quick` ends within a minute on an idle machine and is no more than a trial: one short
film, no AV1, no measuring in (a), no (d).
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

HOME = Path(tempfile.mkdtemp(prefix="netflixlite-bench-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ |= {
    "NETFLIXLITE_HOME": str(HOME),
    "NETFLIXLITE_DEBUG": "1",
    "NETFLIXLITE_AV1": "never",
    "NETFLIXLITE_LOG_LEVEL": "ERROR",
    "SVT_LOG": "1",
    "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
}

import django  # noqa: E402 (the settings come first)

django.setup()

from django.core.management import call_command  # noqa: E402

from bench import _pipeline, _quality, _report, _sources  # noqa: E402
from catalog import types  # noqa: E402

#: Where sources and comparisons are kept: they cost more than everything else.
KEPT = Path(tempfile.gettempdir()) / "netflixlite-bench-films"
QUICK_FILMS, QUICK_SECONDS = ("action",), 4
GOALS: dict[str, tuple[str, float]] = {
    "cpu_ratio_to_raw_x264": ("<=", 1.10),
    "bits_saved_h264_pct": (">=", 30.0),
    "bits_saved_h264_worst_pct": (">=", 0.0),
    "bits_saved_av1_pct": (">=", 50.0),
    "first_playable_over_copy_s": ("<=", 3.0),
    "first_playable_encoded_s": ("<=", 20.0),
    "two_workers_speedup": (">=", 1.8),
}
Figures = dict[str, float | int | None]


def quality(*, quick: bool, figures: Figures) -> None:
    """(b): print each film's ladders, and what they save."""
    studio = _quality.Studio(KEPT / "made", every=_quality.EVERY)
    if quick:
        studio = _quality.Studio(KEPT / "made", every=_quality.EVERY_QUICK, seconds=QUICK_SECONDS)
    films = [film for film in _sources.films(KEPT) if not quick or film.name in QUICK_FILMS]
    outcomes, rows = [], []
    for film in films:
        outcome = studio.judge(film, av1=not quick)
        outcomes.append(outcome)
        tops = [
            max(one, key=lambda made: made.bits)
            for one in (outcome.fixed, outcome.ours, outcome.av1 or outcome.ours)
        ]
        shown = [f"{made.bits / 1000:.0f} kb/s, {made.vmaf:.1f}" for made in tops]
        storage = sum(made.bits for made in outcome.ours) / sum(made.bits for made in outcome.fixed)
        saved = [f"{value:.1f} %" for value in (outcome.saved, outcome.worst_rung, outcome.saved_av1)]
        rows.append((film.name, film.kind, *saved, *shown, f"{100 * (1 - storage):.0f} %"))
    head = (
        "film",
        "what",
        "saved",
        "worst rung",
        "AV1 saved",
        "top fixed",
        "top ours",
        "top AV1",
        "less to keep",
    )
    _report.table(head, rows)
    figures["films"] = len(films)
    figures["bits_saved_h264_pct"] = round(sum(one.saved for one in outcomes) / len(outcomes), 1)
    figures["bits_saved_h264_worst_pct"] = round(min(one.saved for one in outcomes), 1)
    if quick:
        return
    figures["bits_saved_av1_pct"] = round(sum(one.saved_av1 for one in outcomes) / len(outcomes), 1)
    figures["bits_saved_av1_worst_pct"] = round(min(one.saved_av1 for one in outcomes), 1)


def cost(*, quick: bool, figures: Figures) -> None:
    """(a): one film through everything, between two raw commands."""
    film, name = _sources.long_film(KEPT, seconds=24 if quick else 300), "light" if quick else "per-title"
    idle = _pipeline.start_cost(1)
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        facts, rungs = _pipeline.ladder_of(film, Path(folder), name=name)
        raws = [_pipeline.raw(film, facts, rungs, Path(folder))]
        ours = _pipeline.ingest(film, [()], options=types.IngestOptions(ladder=name), idle=idle)
        if not quick:
            raws.append(_pipeline.raw(film, facts, rungs, Path(folder)))
    wall = sum(one[0] for one in raws) / len(raws)
    cpu = sum(one[1] for one in raws) / len(raws)
    rows = [
        ("one raw x264 command", f"{wall:.1f}", f"{cpu:.1f}"),
        ("pipeline", f"{ours.wall:.1f}", f"{ours.cpu:.1f}"),
    ]
    print(f"\n{film.name}, {len(rungs)} renditions: {', '.join(rung.label for rung in rungs)}")
    _report.table(("what", "wall, s", "CPU, s"), rows)
    figures["cpu_ratio_to_raw_x264"] = round(ours.cpu / cpu, 3)
    figures["wall_ratio_to_raw_x264"] = round(ours.wall / wall, 3)


def early(*, quick: bool, figures: Figures) -> None:
    """(c): how soon a film can be watched, one that fits and one that does not."""
    fits = _sources.long_film(KEPT, seconds=24 if quick else 300)
    other = _pipeline.foreign(_sources.long_film(KEPT, seconds=24 if quick else 120))
    options = types.IngestOptions(ladder="light", preset="ultrafast")
    copied = _pipeline.copy_seconds(fits.path)
    first = _pipeline.ingest(fits, [()], options=options, idle=0.0)
    second = _pipeline.ingest(other, [()], options=options, idle=0.0)
    print()
    rows = [(fits.name, f"{first.playable:.2f}", f"{copied:.2f}"), (other.name, f"{second.playable:.2f}", "")]
    _report.table(("film", "playable after, s", "copying its bytes, s"), rows)
    figures["first_playable_over_copy_s"] = round(first.playable - copied, 2)
    figures["first_playable_encoded_s"] = round(second.playable, 2)


def together(*, quick: bool, figures: Figures) -> None:
    """(d): one worker on one core, then two on two."""
    cores = sorted(os.sched_getaffinity(0))
    if quick or len(cores) < 2:
        print("\ntwo workers are not measured: that needs two idle cores and some minutes")
        return
    film = _sources.long_film(KEPT, seconds=300)
    options = types.IngestOptions(ladder="light", early=False)
    told = [("--cpus", str(core), "--heavy", "1") for core in cores[:2]]
    alone = _pipeline.ingest(film, told[:1], options=options, idle=0.0)
    both = _pipeline.ingest(film, told, options=options, idle=0.0)
    print(
        f"\n{film.name}: one worker {alone.wall:.1f} s, two {both.wall:.1f} s, load {os.getloadavg()[0]:.1f}"
    )
    figures["two_workers_speedup"] = round(alone.wall / both.wall, 2)


#: What can be run alone: (b) needs no idle machine, its figures do not hang on time.
PARTS = {"early": early, "together": together, "cost": cost, "quality": quality}


def main() -> None:
    """Run the benchmark."""
    options = _report.arguments(__doc__ or "", parts=tuple(PARTS))
    KEPT.mkdir(parents=True, exist_ok=True)
    (HOME / "db").mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    figures: Figures = {}
    for name, part in PARTS.items():
        if options.part in ("", name):
            part(quick=options.quick, figures=figures)
    _report.finish("encode", figures, GOALS, as_json=options.json)


if __name__ == "__main__":
    main()

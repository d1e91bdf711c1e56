"""What training costs by the size of the catalogue: CPU seconds and the most memory, each run in a process of its own.

Synthetic viewers: 45 events each, titles by Zipf's law, two viewers for each title, like the study's that this is held
against (docs/recommend-engine.md). The figures with goals are those of the taste matrix, which the study measured;
beside them stand the whole training (taste, what follows, content, tail) and plain LAPACK making an inverse of
10,000 titles in the same minute. A machine that is slower than the study's then, by that, is granted the difference.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report

#: CPU seconds and peak MB of the study, by titles.
STUDY = {10_000: (11.0, 620), 20_000: (97.0, 1_870), 30_000: (251.0, 3_860)}
#: Billions of operations a second of the study's machine: n³ in 251 s at 30,000, all else included.
STUDY_SPEED = 30_000**3 / 251 / 1e9
GOALS = {f"train_{titles}_{what}_ratio": ("<=", 1.2) for titles in STUDY for what in ("cpu", "memory")}
GOALS["train_50000_memory_mb"] = ("<=", 6_000.0)
#: Titles of the plain run beside each.
_PLAIN = 10_000
_EACH, _VIEWERS_A_TITLE = 45, 2
_SIZES = (10_000, 20_000, 30_000, 50_000)


def main() -> None:
    """Measure the sizes that were asked for, one process after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, nargs="*", default=_SIZES)
    parser.add_argument(
        "--part", choices=("taste", "whole", "lapack"), help="(what a process of this one does)"
    )
    parser.add_argument("--only-taste", action="store_true", help="leave out the whole training")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="10,000 titles only")
    options = parser.parse_args()
    if options.part:
        print(json.dumps(_part(options.part, options.titles[0])))
        return
    figures: dict[str, float | int | None] = {}
    rows = []
    for titles in (10_000,) if options.quick else options.titles:
        rows += _size(titles, figures, whole=not options.only_taste)
    report.table(("titles", "what", "CPU s", "peak MB", "study", "speed Gflop/s", "CPU ratio", "about"), rows)
    report.finish("recommend_training", figures, GOALS, as_json=options.json)


def _size(titles: int, figures: dict[str, float | int | None], *, whole: bool) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    study = STUDY.get(titles)
    if study is not None:
        plain = _run("lapack", _PLAIN)
        taste = _run("taste", titles)
        speed = _PLAIN**3 / plain["cpu"] / 1e9
        slower = max(1.0, STUDY_SPEED / speed)
        ratio = taste["cpu"] / (study[0] * slower)
        figures |= {
            f"train_{titles}_cpu_s": round(taste["cpu"], 1),
            f"train_{titles}_memory_mb": round(taste["peak"]),
            f"train_{titles}_cpu_ratio": round(ratio, 3),
            f"train_{titles}_memory_ratio": round(taste["peak"] / study[1], 3),
            f"train_{titles}_to_lapack": round(taste["cpu"] * speed * 1e9 / titles**3, 3),
        }
        said = f"{study[0]:g} s, {study[1]} MB"
        rows.append(
            (
                _PLAIN,
                "plain LAPACK",
                f"{plain['cpu']:.1f}",
                f"{plain['peak']:.0f}",
                "",
                f"{speed:.0f}",
                "",
                "",
            )
        )
        rows.append(
            (
                titles,
                "taste",
                f"{taste['cpu']:.1f}",
                f"{taste['peak']:.0f}",
                said,
                "",
                f"{ratio:.2f}",
                taste["about"],
            )
        )
    if whole or study is None:
        all_of_it = _run("whole", titles)
        figures[f"train_{titles}_whole_cpu_s"] = round(all_of_it["cpu"], 1)
        figures[f"train_{titles}_whole_memory_mb"] = round(all_of_it["peak"])
        if titles == 50_000:
            figures["train_50000_memory_mb"] = round(all_of_it["peak"])
        rows.append(
            (
                titles,
                "whole",
                f"{all_of_it['cpu']:.1f}",
                f"{all_of_it['peak']:.0f}",
                "",
                "",
                "",
                all_of_it["about"],
            )
        )
    return rows


def _run(part: str, titles: int) -> dict[str, float]:
    """One part in a process of its own, with one thread."""
    done = subprocess.run(
        [sys.executable, __file__, "--part", part, "--titles", str(titles)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _part(part: str, titles: int) -> dict[str, object]:
    """CPU seconds, and how far the memory grew beyond what numpy, scipy and the events take (MB)."""
    import numpy as np
    from scipy.linalg import lapack

    from recommend.engine import train_taste
    from recommend.engine.training import Settings, train

    events, content = _made(titles) if part != "lapack" else (None, None)
    before = _now_mb()
    started = time.process_time()
    about = ""
    if part == "lapack":
        matrix = np.zeros((titles, titles), np.float32)
        matrix[np.diag_indices(titles)] = 2
        matrix[0, :] = matrix[:, 0] = 1e-4
        matrix[0, 0] = 2
        lapack.spotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
        _, failed = lapack.spotri(matrix.T, lower=1, overwrite_c=1)
        about = str(failed)
    elif part == "taste":
        from recommend.engine.training import _watched

        watched, _at = _watched(events, titles)
        rows = train_taste.taste(watched, ridge=200, drop=0.5, width=500)
        about = f"{rows.targets.nbytes + rows.weights.nbytes:,} bytes kept"
    else:
        ids = [uuid.UUID(int=number + 1) for number in range(titles)]
        model = train(ids, events, content, Settings())
        told = model.about
        about = f"{told['way']}, head {told['head']}, scales {model.scales}, tail {titles - model.trained}"
    return {"cpu": time.process_time() - started, "peak": _peak_mb() - before, "about": about}


def _made(titles: int) -> tuple[object, object]:
    """Events by Zipf's law, and content such as a catalogue has."""
    import numpy as np

    from recommend.engine.content import Features, content
    from recommend.engine.training import Events

    draw = np.random.default_rng(8)
    viewers = titles * _VIEWERS_A_TITLE
    share = 1 / np.arange(1, titles + 1)
    title = draw.choice(titles, viewers * _EACH, p=share / share.sum()).astype(np.int32)
    viewer = np.repeat(np.arange(viewers, dtype=np.int32), _EACH)
    at = draw.random(len(title)) * 86_400 * 365
    events = Events(viewer, title, np.ones(len(title), np.float32), at)
    features = [
        Features(
            genres=[f"g{each}" for each in draw.integers(0, 20, 3)],
            people=[f"p{each}" for each in draw.integers(0, titles, 6)],
            words=[f"w{each}" for each in draw.zipf(1.3, 8)],
            year=int(1950 + draw.integers(0, 75)),
            kind="film",
        )
        for _ in range(titles)
    ]
    return events, content(features)


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _now_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()

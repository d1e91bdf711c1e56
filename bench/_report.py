"""What every benchmark prints: a table for people, a verdict for each goal, and with --json one last line."""

import argparse
import json
import operator
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

_COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


def arguments(description: str, *, parts: Sequence[str] = ()) -> argparse.Namespace:
    """The options that all benchmarks share; `parts` can be run alone with --part."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="end within 50 s, with fewer repeats")
    if parts:
        parser.add_argument("--part", choices=("", *parts), default="", help="measure only this")
    return parser.parse_args()


def machine() -> dict[str, object]:
    """What it ran on: figures without it mean nothing."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 1),
    }


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their head, in columns."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def finish(
    name: str,
    figures: Mapping[str, float | int | None],
    goals: Mapping[str, tuple[str, float]],
    *,
    as_json: bool,
) -> None:
    """Print each goal with its verdict (a missed one is never hidden), then the JSON line if asked for."""
    print()
    for figure, (sign, value) in goals.items():
        have = figures.get(figure)
        if have is None:
            print(f"goal {figure} {sign} {value}: NOT MEASURED")
        else:
            verdict = "met" if _COMPARE[sign](have, value) else "MISSED"
            print(f"goal {figure} {sign} {value}: {have:g} {verdict}")
    if as_json:
        print(
            json.dumps(
                {
                    "bench": name,
                    "figures": dict(figures),
                    "goals": {key: list(goal) for key, goal in goals.items()},
                    "machine": machine(),
                }
            )
        )

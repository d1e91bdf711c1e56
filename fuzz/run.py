"""make fuzz: a million inputs by default, guided by coverage, over everything that strangers send to a node.

With the package atheris (libFuzzer) where it can be had, else with an engine of our own. Ends with 1 as soon as an
input makes the node do wrong, and says how to try that input again.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ("http", "answers", "token", "range", "manifest")


def main() -> int:
    """Run each target in a process of its own."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs in all (default: 1000000)")
    parser.add_argument("--seconds", type=float, default=3600.0, help="at most so long in all")
    parser.add_argument("--target", choices=NAMES, help="only this one")
    parser.add_argument("--replay", type=Path, help="try the input in this file once (with --target)")
    parser.add_argument("--engine", choices=("atheris", "own"), default=_best(), help="what makes the inputs")
    parser.add_argument("--keep", action="store_true", help="add what reached new code to fuzz/corpus")
    options = parser.parse_args()
    from fuzz.targets import TARGETS

    if options.replay:
        if not options.target:
            parser.error("--replay needs --target")
        TARGETS[options.target][0](options.replay.read_bytes())
        print("nothing wrong")
        return 0
    names = [options.target] if options.target else list(NAMES)
    whole = sum(TARGETS[name][1] for name in names)
    total, began = 0, time.monotonic()
    for name in names:
        share = TARGETS[name][1] / whole
        runs = round(options.runs * share)
        print(f"== {name}: {runs} inputs, engine: {options.engine}", flush=True)
        command = [
            sys.executable,
            "-m",
            "fuzz.run_one",
            name,
            str(runs),
            str(max(1, options.seconds * share)),
        ]
        code, tried = _run([*command, options.engine, str(int(options.keep))])
        if code:
            print(f"{name}: FOUND. Try it again: python -m fuzz.run --target {name} --replay FILE")
            return 1
        total += tried
    print(f"nothing found: {total} inputs, {time.monotonic() - began:.0f} s")
    return 0


def _run(command: list[str]) -> tuple[int, int]:
    """Run it and pass on what it says; → its exit code, and how many inputs it says that it tried."""
    tried = 0
    with subprocess.Popen(
        command,
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := re.match(r"Done (\d+) ", line):
                tried = int(found[1])
    return process.returncode, tried


def _best() -> str:
    return "atheris" if importlib.util.find_spec("atheris") else "own"


if __name__ == "__main__":
    sys.exit(main())

"""What viewers notice when something breaks in the middle of a film: our player beside stock hls.js and Shaka Player.

Each cell is a film in a real Chromium, played from the real site and its real edge nodes; something is broken after
0.2, 3 or 10 seconds, with two nodes and with four, with the players' own buffers and with 4 seconds. kill -9 and
SIGSTOP are what they say; drain and evacuation are the site's own; the rest is done by the network between
(`bench/_shim.py`). Cells are shuffled, and some are played without any fault: what stalls there is the machine's doing,
and such a run is worth nothing.

Finished cells are kept in a journal (--journal), so that a run can be interrupted and go on with the same command.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report, _stage_home
from bench._failover import summary
from bench._failover.cell import FILM, Cell
from bench._failover.faults import FAULTS
from bench._failover.summary import PLAYERS

#: When faults come, in seconds of film; how many nodes there are; how much may be buffered (0: the player's own).
AT, NODES, AHEAD = (0.2, 3.0, 10.0), (2, 4), (0, 4)
#: Repeats of a fault and a player in a full run: each way of the above once.
FULL = len(AT) * len(NODES) * len(AHEAD)
GOALS = {
    "controls_stalls": ("<=", 0.0),
    "ours_stalls": ("<=", 0.0),
    "ours_stall_ms_max": ("<=", 0.0),
    "ours_fatal": ("<=", 0.0),
    "ours_wrong_decoded": ("<=", 0.0),
    "ours_switch_p95_s": ("<=", 2.0),
    "ours_switch_p99_s": ("<=", 4.0),
    "ours_repeated_share": ("<=", 0.05),
}
#: A lane that says nothing for so long is broken, in seconds.
PATIENCE = 420.0


def plan(faults: Sequence[str], players: Sequence[str], repeats: int, *, quick: bool) -> list[list[Cell]]:
    """What is played, in groups that share a stage; shuffled, always alike."""
    chance = random.Random(5)
    groups: list[list[Cell]] = []
    for fault in faults:
        ways = [(nodes, at, ahead) for nodes in NODES for at in AT for ahead in AHEAD]
        chance.shuffle(ways)
        if quick:
            ways = [(2, 3.0, 4)]
        for repeat in range(repeats):
            nodes, at, ahead = ways[repeat % len(ways)]
            cells = [Cell(fault, player, nodes, at, ahead, repeat) for player in players]
            groups += [cells] if FAULTS[fault].together else [[cell] for cell in cells]
    chance.shuffle(groups)
    # What takes minutes comes first: at the end one lane would work while the others wait.
    return sorted(groups, key=lambda cells: FAULTS[cells[0].fault].window < 60)


class Run:
    """The lanes, what they have still to play, and the journal of what is done."""

    def __init__(self, groups: list[list[Cell]], journal: Path, *, keep: str, fresh: bool) -> None:
        self._journal = journal
        self.done = [] if fresh else _read(journal)
        if not self.done:
            journal.write_text(json.dumps({"code": _code()}) + "\n", encoding="utf-8")
        have = {one["key"] for one in self.done if "failed" not in one}
        self._total = sum(len(cells) for cells in groups)
        self._waiting = deque(cells for cells in groups if any(cell.key not in have for cell in cells))
        self._keep, self._lock, self._began = keep, threading.Lock(), time.monotonic()
        self._seconds = sum(map(_cost, self._waiting))
        self._all_seconds = self._seconds
        self._processes: list[subprocess.Popen[str]] = []

    def play(self, lanes: int) -> None:
        """Play all of it."""
        threads = [
            threading.Thread(target=self._lane, args=(number,), daemon=True)
            for number in range(min(lanes, len(self._waiting)))
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
        finally:
            for process in self._processes:
                process.terminate()
            for process in self._processes:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _next(self, last: int) -> list[Cell] | None:
        """The next group, of the other stage if there is one, for the last one mends."""
        with self._lock:
            for cells in list(self._waiting)[:12]:
                if cells[0].nodes != last:
                    self._waiting.remove(cells)
                    return cells
            return self._waiting.popleft() if self._waiting else None

    def _lane(self, number: int) -> None:
        last = NODES[number % len(NODES)]
        process = self._process()
        while (cells := self._next(last)) is not None:
            last = cells[0].nodes
            assert process.stdin is not None
            assert process.stdout is not None
            watch = threading.Timer(PATIENCE, process.kill)
            watch.start()
            try:
                process.stdin.write(json.dumps([asdict(cell) for cell in cells]) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            watch.cancel()
            if not line:
                process = self._process()
                line = json.dumps([{"key": cell.key, "failed": "the lane ended"} for cell in cells])
            self._take(cells, json.loads(line))

    def _process(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "bench._failover.lane", self._keep]
        process = subprocess.Popen(
            argv, cwd=_stage_home.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._processes.append(process)
        return process

    def _take(self, cells: list[Cell], told: list[dict[str, Any]]) -> None:
        with self._lock, self._journal.open("a", encoding="utf-8") as file:
            self._seconds -= _cost(cells)
            for one in told:
                self.done.append(one)
                file.write(json.dumps(one) + "\n")
                print(
                    f"[{len(self.done):>4}/{self._total}] {_line(one)}{self._left()}",
                    file=sys.stderr,
                    flush=True,
                )

    def _left(self) -> str:
        played = self._all_seconds - self._seconds
        minutes = (time.monotonic() - self._began) * self._seconds / max(1.0, played) / 60
        return f" · about {minutes:.0f} min left"


def _cost(cells: Sequence[Cell]) -> float:
    """Seconds that a group takes a lane, more or less."""
    return FAULTS[cells[0].fault].window + cells[0].at + 5


def _line(one: dict[str, Any]) -> str:
    if "failed" in one:
        return f"{one['key']}: SPOILED, {one['failed'][:300]}"
    recovery = one["recovery"]
    said = "not touched" if recovery is None else f"elsewhere after {recovery:.2f} s"
    return (
        f"{one['key']}: {one['stalls']} stalls ({one['stall_ms']} ms), {said}"
        + (f", FATAL {one['fatal']}" if one["fatal"] else "")
        + (f", {one['wrong']} pieces of wrong bytes decoded" if one["wrong"] else "")
        + (f", looks late by {one['late']} ms" if one["late"] > 500 else "")
    )


def _code() -> str:
    """What the cells were played with: those of other code must not stand beside them."""
    folders = [_stage_home.ROOT / name for name in ("static/js", "playback", "cdn", "bench/_failover")]
    newest = max(
        file.stat().st_mtime_ns
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".js", ".py") and "__pycache__" not in file.parts
    )
    return str(newest)


def _read(journal: Path) -> list[dict[str, Any]]:
    """The cells of an earlier run of the same code."""
    if not journal.exists():
        return []
    head, *lines = journal.read_text(encoding="utf-8").splitlines()
    if json.loads(head).get("code") != _code():
        print(f"the code has changed since {journal} was begun: all cells are played anew", file=sys.stderr)
        return []
    print(f"going on with {len(lines)} cells of {journal}", file=sys.stderr)
    return [json.loads(line) for line in lines]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument(
        "--quick", action="store_true", help="end within a minute: three faults, ours only, once"
    )
    parser.add_argument("--faults", default="", help=f"some of {','.join(FAULTS)}")
    parser.add_argument("--players", default="", help=f"some of {','.join(PLAYERS)}")
    parser.add_argument(
        "--only",
        type=re.compile,
        default=re.compile(""),
        metavar="PATTERN",
        help="the cells whose name this finds, 'wrong/.*at 10 s/buffer 4'",
    )
    parser.add_argument("--repeats", type=int, default=0, help=f"of each fault and player (default {FULL})")
    parser.add_argument("--lanes", type=int, default=0, help="films at once (default: two for each core)")
    parser.add_argument(
        "--journal", type=Path, default=Path(tempfile.gettempdir()) / "netflixlite-failover.jsonl"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what the journal has")
    parser.add_argument(
        "--keep", default="", metavar="FOLDER", help="keep all that was seen of each cell there"
    )
    options = parser.parse_args()
    for name, known in (("faults", FAULTS), ("players", PLAYERS)):
        chosen = [one for one in getattr(options, name).split(",") if one]
        if unknown := set(chosen) - set(known):
            parser.error(f"--{name}: {', '.join(sorted(unknown))} is unknown; use some of {', '.join(known)}")
        setattr(options, name, chosen or list(known))
    if options.quick:
        options.faults, options.players = ["none", "hang", "slow300"], ["ours"]
    options.repeats = options.repeats or (1 if options.quick else FULL)
    options.lanes = options.lanes or (2 if options.quick else 2 * (os.cpu_count() or 1))
    return options


def main() -> int:
    """Run the benchmark."""
    options = _options()
    if "none" not in options.faults:
        options.faults.insert(0, "none")
    every = plan(options.faults, options.players, options.repeats, quick=options.quick)
    chosen = ([cell for cell in cells if options.only.search(cell.key)] for cells in every)
    groups = [cells for cells in chosen if cells]
    journal = options.journal.with_suffix(".quick.jsonl") if options.quick else options.journal
    run = Run(groups, journal, keep=options.keep, fresh=options.fresh or options.quick)
    _stage_home.template(FILM)
    print(f"{sum(map(len, groups))} cells in {options.lanes} lanes", file=sys.stderr)
    try:
        run.play(options.lanes)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
    keys = {cell.key for cells in groups for cell in cells}
    done = list({one["key"]: one for one in run.done if one["key"] in keys}.values())
    _show(done, options)
    return 0


def _show(done: list[dict[str, Any]], options: argparse.Namespace) -> None:
    rows = [summary.row(done, fault, player) for fault in options.faults for player in options.players]
    _report.table(summary.HEAD, [row for row in rows if row is not None])
    print(
        "\nstalled: cells in which the playhead stood still for more than 200 ms; recovery: from the first request "
        "that the fault\ntouched to the first byte of media from elsewhere; quality: mean rate of what was loaded, "
        "over that without fault;\ntwice: bytes that were sent more than once"
    )
    for player in options.players:
        if bad := summary.worst(done, player) if player == "ours" else []:
            print(f"\n{summary.NAMES[player]}, what a viewer could notice:")
            print("\n".join(f"  {line}" for line in bad))
    for one in done:
        if "failed" in one:
            print(f"spoiled by the rig: {one['key']}: {one['failed'][:200]}")
    _report.finish("failover", summary.figures(done), GOALS, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())

"""The adaptive bitrate beside BOLA, the throughput rule and hls.js's own, over made networks, by Pensieve's scores.

The modules that the browser runs play films in simulated time under Node (bench/_abr): 90 segments of four seconds,
half the sessions with a real package's sizes. No clock is read, so a busy machine changes no figure; seeds are fixed
and were not used to fit parameters. docs/adaptation.md says what is compared and how.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._report import arguments, finish, table

_SESSIONS = 250
_QUICK_SESSIONS = 40
_COLUMNS = ("lin", "log", "mbps", "stalls", "stall_s", "switches", "start_s", "wasted")
_HEAD = (
    "algorithm",
    "QoE lin",
    "QoE log",
    "Mbit/s",
    "stalls",
    "stalled s",
    "switches",
    "start s",
    "wasted %",
)
_NAMES = {
    "bola": "BOLA-U",
    "bola_o": "BOLA-O",
    "mpc": "robust MPC",
    "throughput": "throughput rule",
    "hls": "hls.js",
}


def main() -> None:
    """Run, print a table for each class of networks, and the lead over the best other algorithm of each score."""
    options = arguments(__doc__ or "")
    node = shutil.which("node")
    if node is None:
        sys.exit("bench/abr.py needs Node 20: it runs the player's own modules.")
    sessions = _QUICK_SESSIONS if options.quick else _SESSIONS
    run = subprocess.run(
        [node, "bench/_abr/run.js", str(sessions)], stdout=subprocess.PIPE, text=True, check=True
    )
    classes: dict[str, Any] = json.loads(run.stdout)["classes"]
    figures: dict[str, float | int | None] = {"sessions_per_class": sessions}
    for name, results in classes.items():
        print(f"\n{name}: means of {sessions} sessions of six minutes")
        table(_HEAD, [_row(algorithm, means) for algorithm, means in results["rows"].items()])
        for score, lead in results["leads"].items():
            key = f"abr_{name}_{score}_lead"
            figures[key] = round(lead["mean"], 4)
            rival = _NAMES[lead["rival"]]
            print(f"QoE {score}: ahead of {rival} by {lead['mean']:.3f} ± {lead['half']:.3f} (95 %, paired)")
        ours = results["rows"]["ours"]
        for column in _COLUMNS:
            figures[f"abr_{name}_{column}"] = round(ours[column], 4)
    goals = {key: (">", 0.0) for key in figures if key.endswith("_lead")}
    finish("abr", figures, goals, as_json=options.json)


def _row(algorithm: str, means: dict[str, float]) -> list[str]:
    shown = [100 * means[column] if column == "wasted" else means[column] for column in _COLUMNS]
    return [_NAMES.get(algorithm, algorithm), *(f"{value:.2f}" for value in shown)]


if __name__ == "__main__":
    main()

"""What all cells add up to: rows for the table, and the bench's figures. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench._failover.faults import FAULTS

Done = Mapping[str, Any]
PLAYERS = ("ours", "hls", "shaka")
NAMES = {"ours": "netflixlite", "hls": "hls.js, steered", "shaka": "Shaka Player"}
HEAD = (
    "fault",
    "player",
    "cells",
    "stalled",
    "longest stall",
    "fatal",
    "recovery p50",
    "p95",
    "never",
    "quality",
    "twice",
)
#: What stands for a recovery that never came, in seconds: JSON knows no infinity.
NEVER = 999.0


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that so much of them does not exceed; None without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def played(done: Sequence[Done], **wanted: Any) -> list[Done]:
    """The cells that were played to their end, of a fault, a player …"""
    return [
        one
        for one in done
        if "failed" not in one and all(one.get(key) == value for key, value in wanted.items())
    ]


def row(done: Sequence[Done], fault: str, player: str) -> tuple[str, ...] | None:
    """The table's line of a fault and a player; None when it was not played."""
    cells = played(done, fault=fault, player=player)
    if not cells:
        return None
    recoveries = recovered(cells)
    never = sum(value >= NEVER for value in recoveries)
    longest = max(cells, key=lambda one: float(one["stall_ms"]))
    open_end = "≥ " if longest["stuck"] else ""
    sent = sum(one["sent"] for one in cells)
    return (
        FAULTS[fault].words,
        NAMES[player],
        str(len(cells)),
        str(sum(one["stalls"] > 0 for one in cells)),
        f"{open_end}{longest['stall_ms'] / 1000:.1f} s" if longest["stalls"] else "0",
        str(sum(bool(one["fatal"]) for one in cells)),
        _seconds(percentile(recoveries, 0.5)),
        _seconds(percentile(recoveries, 0.95)),
        str(never) if recoveries else "",
        _share(quality(done, cells)),
        _share(sum(one["repeated"] for one in cells) / sent if sent else None),
    )


def recovered(cells: Sequence[Done]) -> list[float]:
    """Seconds to the first byte from elsewhere, of the cells whose fault touched anything."""
    return [min(NEVER, float(one["recovery"])) for one in cells if one["recovery"] is not None]


def quality(done: Sequence[Done], cells: Sequence[Done]) -> float | None:
    """The mean rate of what was loaded from the fault on, over the same player's without fault, alike otherwise."""
    ratios = []
    for one in cells:
        same = played(
            done, fault="none", player=one["player"], nodes=one["nodes"], at=one["at"], ahead=one["ahead"]
        )
        without = [other["bps"] for other in same if other["bps"]]
        if one["bps"] and without:
            ratios.append(one["bps"] / statistics.mean(without))
    return statistics.mean(ratios) if ratios else None


def figures(done: Sequence[Done]) -> dict[str, float | int | None]:
    """What is compared with the goals, for each player; and what the controls say of the machine."""
    found: dict[str, float | int | None] = {
        "cells": len(played(done)),
        "cells_spoiled": len(done) - len(played(done)),
    }
    for player in PLAYERS:
        every = played(done, player=player)
        faulted = [one for one in every if one["fault"] != "none"]
        if not faulted:
            continue
        recoveries, sent = recovered(faulted), sum(one["sent"] for one in faulted)
        found |= {
            f"{player}_cells": len(faulted),
            f"{player}_stalls": sum(one["stalls"] for one in faulted),
            f"{player}_stalled_cells": sum(one["stalls"] > 0 for one in faulted),
            f"{player}_stall_ms_max": max(one["stall_ms"] for one in faulted),
            f"{player}_fatal": sum(bool(one["fatal"]) for one in faulted),
            f"{player}_wrong_decoded": sum(one["wrong"] for one in faulted),
            f"{player}_switch_p50_s": _rounded(percentile(recoveries, 0.5)),
            f"{player}_switch_p95_s": _rounded(percentile(recoveries, 0.95)),
            f"{player}_switch_p99_s": _rounded(percentile(recoveries, 0.99)),
            f"{player}_repeated_share": round(sum(one["repeated"] for one in faulted) / sent, 4)
            if sent
            else None,
            f"{player}_quality": _rounded(quality(done, faulted)),
        }
    controls = played(done, fault="none")
    found["controls"] = len(controls)
    found["controls_stalls"] = sum(one["stalls"] for one in controls) if controls else None
    found["controls_late_ms"] = max((one["late"] for one in controls), default=None)
    return found


def worst(done: Sequence[Done], player: str) -> list[str]:
    """The cells of a player in which the viewer noticed anything, worst first, to be played again by name."""

    def harm(one: Done) -> float:
        never = one["recovery"] is not None and float(one["recovery"]) > 4
        return 1e6 * bool(one["fatal"]) + one["stall_ms"] + 1e4 * bool(one["wrong"]) + 100 * never

    bad = sorted((one for one in played(done, player=player) if harm(one)), key=harm, reverse=True)
    return [
        f"{one['key']}: {one['stalls']} stalls, {one['stall_ms']} ms, buffered then {one.get('in_hand')}, recovery "
        f"{_seconds(one['recovery'])}, fatal {one['fatal']}, wrong bytes decoded {one['wrong']}"
        for one in bad
    ]


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return "never" if value >= NEVER else f"{value:.2f} s"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

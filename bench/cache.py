"""The cache's policy: how much of what viewers ask for it holds, beside LRU, FIFO, SIEVE and the optimum.

Made-up requests with the shape of the real thing (bench/_traces.py), the same in every run; the node's code decides.
Zipf: independent requests for objects of one size. Scan: the same with one request in three for something that nobody
asks for again. Viewing: sessions of viewers, segments of picture and sound, byte hit ratio, cache of 5 and 10 % of all
bytes that are asked for. The optimum knows the future: Belady's for objects of one size, else an upper bound that no
policy can reach.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from bench import _traces as traces
from bench._policies import POLICIES, Result, belady, bound
from bench._traces import Trace

GOALS = {
    "hit_ratio_to_lru_zipf": (">=", 1.10),
    "hit_ratio_to_lru_scan": (">=", 1.10),
    "hit_ratio_to_lru_viewing_5": (">=", 1.10),
    "hit_ratio_to_lru_viewing_10": (">=", 1.10),
    "hit_ratio_to_sieve_viewing_5": (">=", 1.0),
    "hit_ratio_to_optimum_zipf": (">=", 0.80),
    "hot_set_kept_through_scan": (">=", 0.95),
}


def compare(
    name: str, trace: Trace, share: float, figures: dict[str, float | int | None]
) -> list[list[object]]:
    """Every policy on this trace with a cache of this share of its footprint → rows for the table."""
    capacity = int(trace.footprint * share)
    equal = int(trace.sizes.min()) == int(trace.sizes.max())
    best = (belady if equal else bound)(trace, capacity)
    found: dict[str, Result] = {}
    rows: list[list[object]] = []
    for policy, run in POLICIES:
        began = time.process_time()
        found[policy] = run(trace, capacity)
        spent = 1e6 * (time.process_time() - began) / len(trace)
        result = found[policy]
        shown = [
            f"{result.bytes:.3f}",
            f"{result.requests:.3f}",
            f"{result.bytes / best.bytes:.2f}",
            f"{spent:.1f}",
        ]
        rows.append([name, policy, *shown])
    rows.append(
        [name, "optimum" if equal else "upper bound", f"{best.bytes:.3f}", f"{best.requests:.3f}", "1.00", ""]
    )
    mine = found["ours"].bytes
    figures[f"hit_ratio_{name}"] = round(mine, 4)
    figures[f"hit_ratio_to_optimum_{name}"] = round(mine / best.bytes, 3)
    for other, key in (("LRU", "lru"), ("FIFO", "fifo"), ("SIEVE", "sieve")):
        figures[f"hit_ratio_to_{key}_{name}"] = round(mine / found[other].bytes, 3)
    return rows


def hot_set(requests: int, policy: str) -> float:
    """What the requests of the hot set hit during a scan, as a part of what they hit without one."""
    plain = traces.zipf(requests, requests // 10, 1.0)
    scanned = traces.with_scan(plain, share=1 / 3)
    capacity = requests // 200
    run = dict(POLICIES)[policy]
    alone = run(plain, capacity).requests
    return (run(scanned, capacity).requests * len(scanned) / len(plain)) / alone


def main() -> None:
    """Run all and print."""
    options = report.arguments(__doc__ or "")
    scale = 1 if options.quick else 3
    figures: dict[str, float | int | None] = {}
    zipf = traces.zipf(200_000 * scale, 20_000 * scale, 0.9)
    viewing = traces.viewing(sessions=500 * scale, hours=12 if options.quick else 16)
    rows = compare("zipf", zipf, 0.1, figures)
    rows += compare("scan", traces.with_scan(zipf, share=1 / 3), 0.05, figures)
    for percent in (5, 10):
        rows += compare(f"viewing_{percent}", viewing, percent / 100, figures)
    figures["hot_set_kept_through_scan"] = round(hot_set(200_000 * scale, "ours"), 3)
    figures["hot_set_kept_through_scan_lru"] = round(hot_set(200_000 * scale, "LRU"), 3)
    print(
        f"{len(zipf):,} requests by Zipf's law (exponent 0.9); {len(viewing):,} of viewers, "
        f"{viewing.footprint / 2**30:.0f} GiB of different bytes\n"
    )
    report.table(
        ("trace", "policy", "byte hit ratio", "request hit ratio", "of the optimum", "µs a request"), rows
    )
    print("\nof what the hot set hits, a scan (one request in three) leaves:", end=" ")
    print(f"{figures['hot_set_kept_through_scan']} ours, {figures['hot_set_kept_through_scan_lru']} LRU")
    report.finish("cache", figures, GOALS, as_json=options.json)


if __name__ == "__main__":
    main()

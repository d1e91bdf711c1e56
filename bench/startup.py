"""From the click on Play to the first frame: ours, cold and prefetched, beside stock hls.js, Shaka and a bare file.

Real Chromium, the real site, real nodes (bench/_stage.py), a new browser profile for each start. The clock begins with
the click's own time and ends when the compositor is given the first frame (requestVideoFrameCallback).

- cold: the title's page is open and the player's code is loaded, as the others' libraries are. Nothing of the film is
  here: no session, no connection to a node, no byte. What is fetched ahead is off, as it is on a line that costs.
- prefetched: the title's page has been open until it had the film ready, as it does by itself.
- by address: a link in a letter; the clock begins with the navigation, so all of the page and its code is in it.
- hls.js, Shaka: their session is open before the click; ours asks for it within its time.
- bare file: a `<video>` with the same film as one MP4 (index first), its address known.

The arms are shuffled in each round, and no round begins after `--seconds` of a line. `--line NAME` measures one line
only: "loopback", or "20 Mbit/s" with 30 ms there and back.
"""

import argparse
import random
import sqlite3
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Error, sync_playwright

from bench import _report
from bench._stage import Stage
from tests.conftest import CHROMIUM_FLAGS, chromium_path

#: Bit/s (0: as fast as it goes) and seconds one way of each line.
LINES = {"loopback": (0.0, 0.0), "20 Mbit/s": (20e6, 0.015)}
PATIENCE_S = 25
GOALS = {
    "loopback_cold_p50_ms": ("<=", 300.0),
    "loopback_prefetched_p50_ms": ("<=", 120.0),
    "loopback_prefetched_over_file_ms": ("<=", 0.0),
    "loopback_cold_over_file_ms": ("<=", 0.0),
    "line_prefetched_over_file_ms": ("<=", 0.0),
    "line_cold_over_file_ms": ("<=", 0.0),
}

#: Before any script of the page: the click's time, and the first frame of whatever element is played.
CLOCK = """
  const clock = { from: 0, frame: 0, height: 0 };
  globalThis.startClock = clock;
  addEventListener("click", ({ timeStamp }) => (clock.from ||= timeStamp), { capture: true });
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (!this.startWatched) {
      this.startWatched = true;
      this.requestVideoFrameCallback((now) => {
        clock.frame ||= now;
        clock.height ||= this.videoHeight;
      });
    }
    return play.call(this);
  };
"""
#: A line that costs, as a browser on a telephone says it: nothing is fetched ahead.
METERED = """
  Object.defineProperty(navigator, "connection", { value: Object.assign(new EventTarget(), { type: "cellular" }) });
"""
#: Objects of the film that have come: two playlists, two inits, two segments are a beginning.
STOCKED = """performance.getEntriesByType("resource").filter(
  ({ name, responseEnd }) => name.includes("/v1/") && responseEnd > 0).length"""
PLAY = "document.querySelector('.title-hero .actions a[href^=\"/watch/\"]').click()"


@dataclass
class Start:
    """One start: milliseconds, and the height of the first picture."""

    ms: float
    height: int


@dataclass
class Arm:
    """A way to begin. `ready` makes the page ready, `go` starts it; `scripts` run before the page's own."""

    name: str
    ready: Callable[[Any, Stage], None]
    go: str
    scripts: tuple[str, ...] = ()
    starts: list[Start] = field(default_factory=list)


def until(page: Any, fact: str) -> None:
    """Wait until an expression is true. (Playwright's own way needs eval in the page, which its policy forbids.)"""
    deadline = time.monotonic() + PATIENCE_S
    while not page.evaluate(fact):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S} s: {fact}")
        page.wait_for_timeout(20)


def _title(page: Any, stage: Stage) -> None:
    """The title's page, with the player's code loaded."""
    page.goto(f"{stage.url}/title/{stage.template.title}/")
    page.mouse.move(5, 5)  # somebody is there
    until(page, "Boolean(customElements.get('nl-player'))")
    page.wait_for_timeout(300)


def _prefetched(page: Any, stage: Stage) -> None:
    """The same when it has the film ready: nothing is asked of a node for a while."""
    # A browser gets eight in a row (playback/preparing.py); all these profiles are one to the site.
    with closing(sqlite3.connect(stage.home / "db" / "main.sqlite3", timeout=20)) as database, database:
        database.execute("DELETE FROM playback_prepared")
    _title(page, stage)
    until(page, f"{STOCKED} >= 6")
    page.wait_for_timeout(500)


def _stock(player: str) -> Callable[[Any, Stage], None]:
    def ready(page: Any, stage: Stage) -> None:
        page.goto(stage.address(player, auto=0))
        until(page, "Boolean(globalThis.bench?.begin)")
        page.wait_for_timeout(300)

    return ready


def arms() -> list[Arm]:
    """All ways, ours first."""
    begin = "(globalThis.startClock.from = performance.now(), void bench.begin())"
    return [
        Arm("ours, cold", _title, PLAY, (METERED,)),
        Arm("ours, prefetched", _prefetched, PLAY),
        Arm("ours, by address", lambda page, stage: None, ""),
        Arm("hls.js", _stock("hls"), begin),
        Arm("Shaka", _stock("shaka"), begin),
        Arm("bare file", _stock("bare"), begin),
    ]


def measure(browser: Any, stage: Stage, arm: Arm) -> Start:
    """One start in a profile of its own."""
    with closing(browser.new_context(viewport={"width": 1280, "height": 720})) as context:
        context.add_cookies(stage.cookies)
        for script in (CLOCK, *arm.scripts):
            context.add_init_script(script)
        page = context.new_page()
        arm.ready(page, stage)
        if arm.name == "ours, by address":
            page.goto(stage.pages.ours, wait_until="commit")  # its clock begins with the navigation
        else:
            page.evaluate(arm.go)
        until(page, "globalThis.startClock?.frame > 0")
        clock = page.evaluate("globalThis.startClock")
        page.close(run_before_unload=True)
        return Start(clock["frame"] - clock["from"], int(clock["height"]))


def run(browser: Any, line: str, repeats: int, seed: int, seconds: float) -> list[Arm]:
    """All arms over one line, shuffled in each round; the first round warms up and is thrown away.

    No round begins after `seconds`: a busy machine gives fewer repeats, and every arm as many as the others.
    """
    began = time.monotonic()
    link, latency = LINES[line]
    ways = arms()
    order = random.Random(seed)
    with Stage(2, rate_bps=0, link_bps=link, latency=latency) as stage:
        for repeat in range(repeats + 1):
            if repeat > 1 and time.monotonic() - began > seconds:
                break
            for arm in order.sample(ways, len(ways)):
                try:
                    start = measure(browser, stage, arm)
                except (Error, TimeoutError) as error:
                    print(f"\n{line}, {arm.name}: {str(error).splitlines()[0]}", file=sys.stderr)
                    continue
                if repeat:
                    arm.starts.append(start)
            print(f"\r{line}: {repeat}/{repeats} rounds", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    return ways


def quantile(values: list[float], part: float) -> float:
    """The smallest value that this part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="end within 60 s, with few repeats")
    parser.add_argument("--line", choices=("", *LINES), default="", help="measure only this line")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300, help="of each line; no round begins after that")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    figures: dict[str, float] = {}
    rows: list[list[object]] = []
    chosen = [options.line] if options.line else list(LINES)[: 1 if options.quick else None]
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        for line in chosen:
            ways = run(browser, line, 2 if options.quick else options.repeats, options.seed, options.seconds)
            rows += _rows(line, ways)
            figures |= _figures("loopback" if line == "loopback" else "line", ways)
        browser.close()
    _report.table(["line", "player", "starts", "p50 ms", "p95 ms", "fastest", "first picture"], rows)
    _report.finish("startup", figures, GOALS, as_json=options.json)


def _rows(line: str, ways: list[Arm]) -> list[list[object]]:
    rows: list[list[object]] = []
    for arm in ways:
        times = [start.ms for start in arm.starts]
        heights: dict[int, int] = defaultdict(int)
        for start in arm.starts:
            heights[start.height] += 1
        if not times:
            rows.append([line, arm.name, 0, "-", "-", "-", "-"])
            continue
        seen = ", ".join(f"{height}p" for height in sorted(heights))
        middle = f"{statistics.median(times):.0f}"
        rows.append(
            [line, arm.name, len(times), middle, f"{quantile(times, 0.95):.0f}", f"{min(times):.0f}", seen]
        )
    return rows


def _figures(prefix: str, ways: list[Arm]) -> dict[str, float]:
    names = {
        "ours, cold": "cold",
        "ours, prefetched": "prefetched",
        "ours, by address": "address",
        "bare file": "file",
        "hls.js": "hls",
        "Shaka": "shaka",
    }
    figures: dict[str, float] = {}
    for arm in ways:
        times = [start.ms for start in arm.starts]
        if times:
            figures[f"{prefix}_{names[arm.name]}_p50_ms"] = round(statistics.median(times), 1)
            figures[f"{prefix}_{names[arm.name]}_p95_ms"] = round(quantile(times, 0.95), 1)
    for ours in ("cold", "prefetched"):
        mine, theirs = figures.get(f"{prefix}_{ours}_p50_ms"), figures.get(f"{prefix}_file_p50_ms")
        if mine is not None and theirs is not None:
            figures[f"{prefix}_{ours}_over_file_ms"] = round(mine - theirs, 1)
    return figures


if __name__ == "__main__":
    main()

"""A region is taken out of use while 1,000 sessions and three browsers play: how soon they are gone, and the price.

The site's own server, eight real nodes in three regions with capacities of their own, `manage.py evacuate region …` as
it is typed. The sessions are simulated with the loader's rules (`bench/_viewers.py`) in two processes; every byte and
every question of steering goes over HTTP. The browsers play the real watch page. Counted from the moment at which the
command is started: when each session had its last byte from the region, whether a playhead stood still, and how busy
the others became by their own account (what they tell the site, and what steering goes by).
"""

import contextlib
import multiprocessing
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from bench._evacuated import Fleet, Node
from bench._viewers import live

SESSIONS, BROWSERS = 1000, 3
#: What a simulated session takes: the smallest picture and the sound, in bit/s, with the boxes around them.
SESSION_BPS = 515_000
#: How busy the others are to be when all have come, on average: what an operator may plan.
AFTERWARDS = 0.66
REGION = "east"
#: Seconds: until all have come, until their buffers are full, and how long it is watched.
RAMP, SETTLE, WATCH = 90.0, 35.0, 75.0
GOALS = {
    "off_after_60_s": (">=", 1.0),
    "off_worst_s": ("<=", 60.0),
    "stalls": ("<=", 0),
    "browser_stalls": ("<=", 0),
    "browsers_left_there": ("<=", 0),
    "browsers_off_worst_s": ("<=", 60.0),
    "survivors_busiest": ("<=", 0.85),
}
#: Where its playhead stood still, and when each origin last sent a whole file (epoch ms). Its film begins anew when it
#: ends, and it never has more than 30 s of it: so it fetches whenever it is looked at.
_METER = """() => {
  const element = document.querySelector("nl-player");
  const video = element.video;
  video.loop = true;
  const meter = { stalls: 0, longest: 0, last: video.currentTime, since: performance.now(), still: false, heard: {} };
  globalThis.benchMeter = meter;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (/[.]m4s/.test(one.name)) meter.heard[new URL(one.name).origin] = performance.timeOrigin + one.responseEnd;
    }
  }).observe({ type: "resource", buffered: true });
  setInterval(() => {
    const now = performance.now();
    if (video.currentTime !== meter.last || video.paused || video.ended || video.seeking) {
      meter.last = video.currentTime;
      meter.since = now;
      meter.still = false;
    } else if (now - meter.since > 200) {
      if (!meter.still) meter.stalls += 1;
      meter.still = true;
      meter.longest = Math.max(meter.longest, now - meter.since);
    }
  }, 20);
}"""
_AHEAD = """new MutationObserver(() => {
  const player = document.querySelector("nl-player");
  if (player && !player.dataset.ahead) player.dataset.ahead = "30";
}).observe(document, { childList: true, subtree: true });"""


@dataclass
class Crowd:
    """The simulated viewers' processes."""

    pipes: list[Connection]
    processes: list[Any]
    pictures: list[dict[str, Any]] = field(default_factory=list)

    def picture(self) -> dict[str, Any]:
        """All of them together, now."""
        found = self._ask("picture")
        together = {
            "at": time.monotonic(),
            "active": sum((Counter(one["active"]) for one in found), Counter()),
            "sent": sum((Counter(one["sent"]) for one in found), Counter()),
            "buffer": min(one["buffer"] for one in found),
            **{name: sum(one[name] for one in found) for name in ("stalls", "ended", "opened")},
        }
        self.pictures.append(together)
        return together

    def result(self) -> list[dict[str, Any]]:
        """End them; → what each has to tell."""
        return self._ask("end")

    def _ask(self, what: str) -> list[Any]:
        for pipe in self.pipes:
            pipe.send(what)
        return [pipe.recv() for pipe in self.pipes]


@contextlib.contextmanager
def crowd(fleet: Fleet, sessions: int, ramp: float) -> Iterator[Crowd]:
    """Simulated viewers who join within `ramp` seconds."""
    context = multiprocessing.get_context("spawn")
    cookies = fleet.cookies(sessions)
    found = Crowd([], [])
    for part in range(2):
        ours, theirs = context.Pipe()
        arguments = (theirs, fleet.url, fleet.film.video, cookies[part::2], ramp)
        process = context.Process(target=live, args=arguments, daemon=True)
        process.start()
        found.pipes.append(ours)
        found.processes.append(process)
    try:
        yield found
    finally:
        for process in found.processes:
            process.kill()
            process.join()


class Browsers:
    """Real Chromium pages on the real watch page, on nodes of the region that will go."""

    def __init__(self, fleet: Fleet, count: int, there: set[str]) -> None:
        self._fleet, self._there = fleet, there
        self.pages: list[Any] = []
        if not count:
            return
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--autoplay-policy=no-user-gesture-required"]
        )
        for _ in range(count):
            self.pages.append(self._open())

    def _open(self) -> Any:
        """A page whose film comes from the region: it is opened anew until steering sends it there."""
        for _ in range(12):
            context = self._chromium.new_context(viewport={"width": 640, "height": 360})
            cookie = {
                "name": "netflixlite_session",
                "value": self._fleet.cookies(1)[0],
                "url": self._fleet.url,
            }
            context.add_cookies([cookie])
            page = context.new_page()
            page.add_init_script(_AHEAD)
            watch = f"{self._fleet.url}/watch/{self._fleet.film.video}/"
            page.goto(watch, wait_until="commit", timeout=90_000)
            self._moving(page)
            if self.state(page)["node"] in self._there:
                page.evaluate(_METER)
                return page
            context.close()
        raise SystemExit("no browser was sent to the region that is to be evacuated")

    @staticmethod
    def _moving(page: Any) -> None:
        """Wait until its film moves. Asked again and again: the page's policy forbids waiting by an expression."""
        deadline = time.monotonic() + 90
        while not page.evaluate("document.querySelector('nl-player')?.state?.position > 1"):
            if time.monotonic() > deadline:
                raise SystemExit("a browser's film did not begin")
            page.wait_for_timeout(200)

    def state(self, page: Any) -> dict[str, Any]:
        """What the player says."""
        return dict(page.evaluate("document.querySelector('nl-player').state"))

    def meters(self) -> list[dict[str, Any]]:
        """What each playhead did since its film began."""
        return [dict(page.evaluate("globalThis.benchMeter")) for page in self.pages]

    def close(self) -> None:
        """End them."""
        if self.pages:
            self._chromium.close()
            self._playwright.stop()


def capacity(sessions: int) -> int:
    """Of an ordinary node in Mbit/s, so that the others are as busy as planned when all have come."""
    from bench._evacuated import REGIONS

    sizes = sum(sum(nodes) for region, nodes in REGIONS.items() if region != REGION)
    return max(4, round((sessions * SESSION_BPS + BROWSERS * 2_700_000) / AFTERWARDS / sizes / 1e6))


def look(others: list[Node], viewers: Crowd, gone: set[str], since: float) -> dict[str, Any]:
    """One line of progress."""
    loads = [node.look() for node in others]
    picture = viewers.picture()
    there = sum(count for pathway, count in picture["active"].items() if pathway in gone)
    moment = f"{time.monotonic() - since:6.1f} s"
    print(
        f"{moment}  {picture['opened']:5d} playing, {there:4d} in {REGION}, stalls {picture['stalls']}, "
        f"least buffer {picture['buffer']:4.1f} s, others {min(loads):.0%} to {max(loads):.0%}",
        flush=True,
    )
    return picture | {"there": there}


def run(*, sessions: int, browsers: int, quick: bool) -> dict[str, float | int | None]:
    """The whole evening."""
    ramp, settle, watch = (RAMP, SETTLE, WATCH) if not quick else (14.0, 10.0, 20.0)
    with Fleet(capacity(sessions)) as fleet:
        gone = {node.pathway for node in fleet.nodes if node.region == REGION}
        others = [node for node in fleet.nodes if node.region != REGION]
        names = ", ".join(f"{node.name} {node.capacity_mbps}" for node in fleet.nodes)
        print(f"nodes, Mbit/s: {names}\n", flush=True)
        with crowd(fleet, sessions, ramp) as viewers:
            since = time.monotonic()
            while look(others, viewers, gone, since)["opened"] < sessions:
                time.sleep(4)
                if time.monotonic() - since > ramp + 240:
                    raise SystemExit("not all sessions could be opened")
            screens = Browsers(fleet, browsers, gone)
            settled = time.monotonic() + settle
            while time.monotonic() < settled:
                look(others, viewers, gone, since)
                time.sleep(4)
            before = look(others, viewers, gone, since)
            for node in others:
                node.busiest = 0.0
            print(
                f"\n$ manage.py evacuate region {REGION} --dry-run\n{fleet.forecast('region', REGION)}",
                flush=True,
            )
            started, typed = time.monotonic(), time.time()
            forecast = fleet.evacuate("region", REGION)
            print(
                f"\nevacuating {REGION}: forecast {forecast['moved_sessions']} sessions in "
                f"{forecast['seconds']:.0f} s, the busiest of the others at {forecast['worst']:.0%}\n",
                flush=True,
            )
            began = time.monotonic()
            print(f"(the command took {began - started:.1f} s)", flush=True)
            while time.monotonic() - began < watch:
                look(others, viewers, gone, started)
                time.sleep(1)
            meters = screens.meters()
            states = [screens.state(page) for page in screens.pages]
            screens.close()
            told = viewers.result()
            progress = fleet.progress()
    bases = {f"http://127.0.0.1:{node.port}" for node in fleet.nodes if node.pathway in gone}
    last = [
        max((at / 1000 - typed for base, at in one["heard"].items() if base in bases), default=0.0)
        for one in meters
    ]
    return figures(told, started, gone, others, before, forecast, meters, states, sessions) | {
        "progress_lines": len(progress),
        "said_empty_s": next(
            (
                round(began - started + one["seconds"], 1)
                for one in progress
                if not any(node["sessions"] for node in one["leaving"])
            ),
            None,
        ),
        "browsers_off_worst_s": round(max(last, default=0.0), 1) if last else None,
        "browsers_left_there": sum(seconds > 60 for seconds in last),
        "command_s": round(began - started, 1),
    }


def figures(
    told: list[dict[str, Any]], started: float, gone: set[str], others: list[Node], before: dict[str, Any],
    forecast: dict[str, Any], meters: list[dict[str, Any]], states: list[dict[str, Any]], sessions: int,
) -> dict[str, float | int | None]:  # fmt: skip
    """What came of it, printed and returned."""
    served = [one for process in told for one in process["served"]]
    last = [max((at for node, at in one.items() if node in gone), default=0.0) - started for one in served]
    moved = sorted(max(0.0, seconds) for seconds in last if seconds > -8)
    failures = sum((Counter(process["failures"]) for process in told), Counter())
    ended = [line for process in told for line in process["ended"]]
    steered = sorted(seconds for process in told for seconds in process["steered"])
    for line in ended[:5]:
        print(f"a session ended: {line}")
    print()
    rows = [(node.name, node.capacity_mbps, f"{node.busiest:.0%}") for node in others]
    report.table(("survivor", "Mbit/s", "busiest"), rows)
    print(f"\nfailures that viewers met (and nobody saw): {dict(failures) or 'none'}")
    for number, (meter, state) in enumerate(zip(meters, states, strict=True), start=1):
        moves = "; ".join(f"{one['from']} → {one['to']} ({one['why']})" for one in state["switches"])
        print(f"browser {number}: {meter['stalls']} stalls, longest {meter['longest']:.0f} ms; {moves}")
    cut = statistics.quantiles(moved, n=100) if len(moved) > 1 else [0.0] * 99
    in_browsers = max((meter["longest"] for meter in meters), default=0)
    return {
        "sessions": sessions,
        "in_region": before["there"],
        "off_after_60_s": round(sum(seconds <= 60 for seconds in last) / max(1, len(last)), 4),
        "off_p50_s": round(cut[49], 1),
        "off_p95_s": round(cut[94], 1),
        "off_worst_s": round(max(moved, default=0.0), 1),
        "forecast_s": round(forecast["seconds"], 1),
        "stalls": sum(process["stalls"] for process in told) - before["stalls"],
        "stalls_before": before["stalls"],
        "stalled_s": round(sum(process["stalled"] for process in told), 1),
        "ended": len(ended),
        "browsers": len(meters),
        "browser_stalls": sum(meter["stalls"] for meter in meters) if meters else None,
        "browser_stall_ms_max": round(in_browsers),
        "survivors_busiest": round(max(node.busiest for node in others), 3),
        "survivors_forecast": round(forecast["worst"], 3),
        "requests_failed": sum(failures.values()),
        "steering_p50_ms": round(1000 * statistics.median(steered), 1) if steered else None,
        "steering_p99_ms": round(1000 * steered[int(len(steered) * 0.99)], 1) if steered else None,
        "steering_failed": sum(process["steering_failures"] for process in told),
    }


def main() -> int:
    """Run the benchmark."""
    given = report.arguments(__doc__ or "")
    sessions, browsers = (200, 1) if given.quick else (SESSIONS, BROWSERS)
    found = run(sessions=sessions, browsers=browsers, quick=given.quick)
    print()
    report.table(("figure", "value"), [(name, value) for name, value in found.items()])
    report.finish("evacuation", found, GOALS, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())

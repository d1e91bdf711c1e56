"""Four hours of film in one page, with a token renewed every quarter of an hour and another node every minute.

The real site, three real nodes, the real watch page in Chromium. The film is a loop, played at 16 times its speed, and
the site's times (tokens, rankings, reports) are divided by the same, so that a session's whole evening passes in a
quarter of an hour: as many renewals, reports, segments and changes of node as in the real one. Each minute of film the
node in use fails in another way: it refuses, resets in the middle of a segment, answers 503, stalls, or gives wrong
bytes, for some seconds of film.

Memory is the page's JavaScript heap after a collection forced by the browser's own tools, its DOM nodes and listeners.
A line is fitted through what was measured after the first fifth; its slope with the standard error says whether it is
flat. Beside it the page's own objects by two snapshots (the heap has compiled code in it, which grows for the first
hour), and the process's memory, which has the media buffers in it, and the records that the tools keep of each request.
"""

import itertools
import json
import math
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from bench._stage import Stage

SPEED, HOURS, TOKEN_SECONDS = 16, 4.0, 900
#: Film seconds between two changes of node, and between two looks at the memory.
CHANGE, LOOK = 60.0, 160.0
#: A machine that is too busy plays more slowly; after this multiple of the time that it should take, it is given up.
PATIENCE = 3.0
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 503}),
    ("reset", {}),
    ("stall", {}),
    ("status", {"status": 429}),
    ("wrong", {}),
    ("silent", {}),
)
#: How long a node misbehaves at most, in film seconds: until it was left, or it counts as missed.
MISBEHAVES = 50.0
#: What a heap snapshot calls the things that a page makes.
OBJECTS = frozenset(
    {"object", "array", "closure", "string", "concatenated string", "sliced string", "number", "regexp"}
)
GOALS = {
    "hours": (">=", HOURS),
    "heap_growth_share": ("<=", 0.05),
    "objects_growth_kb": ("<=", 100),
    "dom_nodes_growth": ("<=", 100),
    "listeners_growth": ("<=", 50),
    "renewals": (">=", HOURS * 3600 / TOKEN_SECONDS),
    "changes_missed_share": ("<=", 0.05),
    "fatal": ("<=", 0),
}
#: The session's events, counted in the page; its own lists are bounded.
_COUNT = """() => {
  const { player, video } = document.querySelector("nl-player");
  const seen = { switches: 0, loops: 0, failed: 0, refused: 0, film: 0, last: video.currentTime, stalls: 0, still: 0 };
  globalThis.benchSeen = seen;
  for (const [type, name] of [["switch", "switches"], ["failed", "failed"], ["refused", "refused"]]) {
    player.addEventListener(type, () => (seen[name] += 1));
  }
  video.loop = true;
  video.muted = true;
  video.playbackRate = SPEED;
  let since = performance.now();
  setInterval(() => {
    const now = performance.now();
    const step = video.currentTime - seen.last;
    if (step > 0) seen.film += step;
    else if (step < -30) seen.loops += 1;
    seen.last = video.currentTime;
    if (step !== 0 || video.seeking) since = now;
    else if (now - since > 200) {
      seen.still += 20;
      if (now - since < 230) seen.stalls += 1;
    }
    if (video.playbackRate !== SPEED) video.playbackRate = SPEED;
  }, 20);
}""".replace("SPEED", str(SPEED))

#: The page buffers 30 s and no more, or on a fast line all of the film were there before a node could fail.
_AHEAD = """new MutationObserver(() => {
  const player = document.querySelector("nl-player");
  if (player && !player.dataset.ahead) player.dataset.ahead = "30";
}).observe(document, { childList: true, subtree: true });"""


@dataclass
class Look:
    """The page at one moment: film seconds since the start, bytes, counts."""

    film: float
    heap: int
    nodes: int
    listeners: int
    resident: int


@dataclass
class Run:
    """The page and what was seen of it."""

    stage: Stage
    page: Any
    tools: Any
    looks: list[Look] = field(default_factory=list)
    #: Bytes of the page's own objects, after the first fifth and at the end.
    objects: list[int] = field(default_factory=list)
    changes: int = 0
    missed: int = 0

    def state(self) -> dict[str, Any]:
        """What the player says."""
        return dict(self.page.evaluate("document.querySelector('nl-player').state"))

    def seen(self) -> dict[str, Any]:
        """What was counted in the page."""
        return dict(self.page.evaluate("globalThis.benchSeen"))

    def look(self, film: float) -> Look:
        """Collect garbage, then measure."""
        for _ in range(2):
            self.tools.send("HeapProfiler.collectGarbage")
        figures = {one["name"]: one["value"] for one in self.tools.send("Performance.getMetrics")["metrics"]}
        found = Look(
            film,
            int(figures["JSHeapUsedSize"]),
            int(figures["Nodes"]),
            int(figures["JSEventListeners"]),
            resident(self.page.context.browser),
        )
        self.looks.append(found)
        return found

    def change(self, kind: str, more: dict[str, Any]) -> str:
        """Make the node in use misbehave; → its pathway."""
        used = str(self.state()["node"])
        if used in self.stage.nodes:
            self.stage.fault(used, kind, **more)
        return used


def objects(tools: Any) -> int:
    """Bytes of the page's JavaScript objects, without compiled code and what the browser keeps for itself."""
    pieces: list[str] = []

    def take(event: dict[str, str]) -> None:
        pieces.append(event["chunk"])

    tools.on("HeapProfiler.addHeapSnapshotChunk", take)
    tools.send("HeapProfiler.collectGarbage")
    tools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    tools.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    snapshot = json.loads("".join(pieces))
    meta, values = snapshot["snapshot"]["meta"], snapshot["nodes"]
    kind, size = meta["node_fields"].index("type"), meta["node_fields"].index("self_size")
    ours = {number for number, name in enumerate(meta["node_types"][kind]) if name in OBJECTS}
    width = len(meta["node_fields"])
    return sum(values[at + size] for at in range(0, len(values), width) if values[at + kind] in ours)


def resident(browser: Any) -> int:
    """Bytes that the largest of the browser's renderers holds; 0 when that cannot be seen."""
    tools = browser.new_browser_cdp_session()
    try:
        found = tools.send("SystemInfo.getProcessInfo")["processInfo"]
        sizes = []
        for one in found:
            if one["type"] == "renderer":
                lines = Path(f"/proc/{one['id']}/status").read_text().splitlines()
                sizes += [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")]
        return max(sizes, default=0)
    except OSError:
        return 0
    finally:
        tools.detach()


def slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of a line through the points, with its standard error."""
    count = len(points)
    if count < 3:
        return 0.0, math.inf
    mean_x, mean_y = (statistics.fmean(values) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    steep = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    left = sum((y - mean_y - steep * (x - mean_x)) ** 2 for x, y in points)
    return steep, math.sqrt(left / (count - 2) / spread)


def run(hours: float) -> dict[str, float | int | None]:
    """Play so many hours of film."""
    from playwright.sync_api import sync_playwright

    environment = {
        "NETFLIXLITE_TOKEN_SECONDS": str(round(TOKEN_SECONDS / SPEED)),
        "DJANGO_SETTINGS_MODULE": "bench._hurried",
        "BENCH_SPEED": str(SPEED),
    }
    with (
        Stage(3, rate_bps=100e6, latency=0.002, environment=environment) as stage,
        sync_playwright() as tools,
    ):
        # Without a cache of its own: the second round of a loop would need no node.
        flags = ["--autoplay-policy=no-user-gesture-required", "--disk-cache-size=1", "--media-cache-size=1"]
        browser = tools.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        context = browser.new_context(viewport={"width": 400, "height": 225})
        context.add_cookies(stage.cookies)
        page = context.new_page()
        page.add_init_script(_AHEAD)
        page.goto(stage.pages.ours, wait_until="commit", timeout=90_000)
        began = time.monotonic()
        while not page.evaluate("document.querySelector('nl-player')?.state?.position > 1"):
            if time.monotonic() - began > 90:
                raise SystemExit("the film did not begin")
            page.wait_for_timeout(200)
        page.evaluate(_COUNT)
        cdp = context.new_cdp_session(page)
        cdp.send("Performance.enable")
        one = Run(stage, page, cdp)
        watch(one, hours)
        found = figures(one, time.monotonic() - began)
        browser.close()
        return found


def watch(one: Run, hours: float) -> None:
    """Let the film run, with a change of node each minute of it, until the hours are over."""
    faults = itertools.cycle(FAULTS)
    began = time.monotonic()
    change_at, look_at, heal_at = CHANGE / 2, 0.0, math.inf
    used, switches, forgotten = "", 0, 0.0
    while True:
        seen = one.seen()
        film = float(seen["film"])
        left = seen["switches"] > switches
        if heal_at <= film or (heal_at < math.inf and left):
            one.stage.fault(used)
            heal_at = math.inf
            one.missed += not left
        if change_at <= film and heal_at == math.inf:
            kind, more = next(faults)
            switches = seen["switches"]
            used = one.change(kind, more)
            if used in one.stage.nodes:
                one.changes += 1
                heal_at = film + MISBEHAVES
            change_at = max(change_at + CHANGE, film + CHANGE / 2)
        if look_at <= film:
            line(one, one.look(film), seen)
            look_at = film + LOOK
        if time.monotonic() - forgotten > 20:
            one.stage.clear()  # the network's own log would grow with the hours
            forgotten = time.monotonic()
        if not one.objects and film >= hours * 720:
            one.objects.append(objects(one.tools))
        if film >= hours * 3600:
            one.objects.append(objects(one.tools))
            line(one, one.look(film), seen)
            return
        if time.monotonic() - began > PATIENCE * hours * 3600 / SPEED + 60:
            print("GIVEN UP: this machine is too busy to play at that speed", flush=True)
            return
        one.page.wait_for_timeout(150)


def line(one: Run, look: Look, seen: dict[str, Any]) -> None:
    """Progress."""
    state = one.state()
    print(
        f"{look.film / 3600:5.2f} h  heap {look.heap / 1e6:6.2f} MB, {look.nodes:5d} nodes, "
        f"{look.listeners:4d} listeners, "
        f"process {look.resident / 1e6:4.0f} MB; {one.changes:3d} changes, "
        f"{seen['switches']:4d} switches, "
        f"{state['renewals']:3d} renewals, {seen['stalls']:2d} stalls",
        flush=True,
    )


def figures(one: Run, seconds: float) -> dict[str, float | int | None]:
    """What came of it."""
    seen, state = one.seen(), one.state()
    film = float(seen["film"])
    later = [look for look in one.looks if look.film >= film / 5]
    heap, error = slope([(look.film / 3600, look.heap) for look in later])
    nodes, _ = slope([(look.film / 3600, look.nodes) for look in later])
    listeners, _ = slope([(look.film / 3600, look.listeners) for look in later])
    process, _ = slope([(look.film / 3600, look.resident) for look in later])
    mean = statistics.fmean(look.heap for look in later)
    hours = film / 3600
    return {
        "hours": round(hours, 3),
        "wall_seconds": round(seconds),
        "speed": round(film / seconds, 1),
        "loops": seen["loops"],
        "heap_mb": round(mean / 1e6, 2),
        "heap_kb_per_hour": round(heap / 1e3, 1),
        "heap_kb_per_hour_error": round(error / 1e3, 1) if math.isfinite(error) else None,
        "heap_growth_share": round(heap * hours / mean, 4),
        "objects_growth_kb": round((one.objects[-1] - one.objects[0]) / 1e3, 1) if one.objects[1:] else None,
        "dom_nodes_growth": round(nodes * hours, 1),
        "listeners_growth": round(listeners * hours, 1),
        "process_mb": round(statistics.fmean(look.resident for look in later) / 1e6),
        "process_mb_per_hour": round(process / 1e6, 1),
        "renewals": state["renewals"],
        "changes": one.changes,
        "changes_missed_share": round(one.missed / max(1, one.changes), 3),
        "switches": seen["switches"],
        "resumes": state["resumes"],
        "hedges": state["hedges"],
        "wrong_bytes": state["corrupt"],
        "kept_switches": len(state["switches"]),
        "kept_errors": len(state["errors"]),
        "unsent": state["unsent"],
        "stalls": seen["stalls"],
        "stalled_film_s": round(seen["still"] / 1000 * SPEED, 1),
        "fatal": seen["refused"],
        "panels": seen["failed"],
    }


def main() -> int:
    """Run the benchmark."""
    given = report.arguments(__doc__ or "")
    hours = 0.12 if given.quick else HOURS
    found = run(hours)
    print()
    report.table(("figure", "value"), list(found.items()))
    goals = GOALS | {"hours": (">=", hours), "renewals": (">=", hours * 3600 / TOKEN_SECONDS)}
    report.finish("longrun", found, goals, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())

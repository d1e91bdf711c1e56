"""Four hours of film in one page, with a token renewed every quarter of an hour and another node every minute.

The real site, three real nodes, the real watch page in Chromium. The film is a loop, played at 16 times its speed, and
the site's times (tokens, rankings, reports) are divided by the same, so that a session's whole evening passes in a
quarter of an hour: as many renewals, reports, segments and changes of node as in the real one. Each minute of film the
node in use fails in another way: it refuses, resets in the middle of a segment, answers 503, stalls, or gives wrong
bytes, until it was left. The player's own times of penalties are divided, too (`nodes.js`, as the page gets it).

Memory is the page's JavaScript heap after a collection forced by the browser's own tools, its DOM nodes and listeners.
A line is fitted through what was measured after the first fifth; its slope with the standard error says whether it is
flat. Beside it the page's own objects by two snapshots (the heap has compiled code in it, which grows for the first
hour), and the process's memory, which has the media buffers in it, and the records that the tools keep of each request.
"""

import itertools
import json
import math
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
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
MISBEHAVES = 60.0
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
    "forbidden": ("<=", 0),
    "changes_missed_share": ("<=", 0.05),
    "fatal": ("<=", 0),
}
#: The session's events, counted in the page, which tells them: each question from outside would leave compiled code.
_COUNT = """() => {
  const element = document.querySelector("nl-player");
  const { player, video } = element;
  const seen = { switches: 0, loops: 0, failed: 0, refused: 0, film: 0, last: video.currentTime, stalls: 0, still: 0 };
  const told = ["renewals", "resumes", "hedges", "corrupt", "unsent"];
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
  setInterval(() => benchTell(JSON.stringify(seen)), 100);
  setInterval(() => {
    const state = element.state;
    for (const name of told) seen[name] = state[name];
    seen.kept_switches = state.switches.length;
    seen.kept_errors = state.errors.length;
  }, 500);
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
    #: What the heap holds, in bytes by kind and name, after the first fifth and at the end.
    censuses: list[Counter[tuple[str, str]]] = field(default_factory=list)
    changes: int = 0
    #: Faults after which the film did not change its node, by what they were.
    missed: Counter[str] = field(default_factory=Counter)

    forbidden: int = 0
    #: What was counted in the page, as it last told.
    seen: dict[str, Any] = field(default_factory=dict)

    def hear(self, event: dict[str, Any]) -> None:
        """The page tells."""
        self.seen = json.loads(event["payload"])

    def forget(self) -> None:
        """Empty the network's log, and keep what of it is counted: answers 401 and 403, of the site and of nodes."""
        self.forbidden += sum(one["status"] in (401, 403) for one in self.stage.log())
        self.stage.clear()

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


def hurry(route: Any) -> None:
    """Give the page `nodes.js` with its times (…_MS) divided: a node is as long out of use as in the real evening."""
    answer = route.fetch()
    text, count = re.subn(
        r"(?m)^(const [A-Z_]+_MS = )([\d_]+);",
        lambda found: f"{found[1]}{int(found[2]) / SPEED};",
        str(answer.text()),
    )
    if not count:
        raise SystemExit("nodes.js has no times that could be divided: has it been written anew?")
    route.fulfill(response=answer, body=text)


def census(tools: Any) -> Counter[tuple[str, str]]:
    """Bytes of everything in the page's heap, by the snapshot's kind and name (texts: by kind alone)."""
    pieces: list[str] = []

    def take(event: dict[str, str]) -> None:
        pieces.append(event["chunk"])

    tools.on("HeapProfiler.addHeapSnapshotChunk", take)
    tools.send("HeapProfiler.collectGarbage")
    tools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    tools.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    snapshot = json.loads("".join(pieces))
    meta, values, texts = snapshot["snapshot"]["meta"], snapshot["nodes"], snapshot["strings"]
    kind, name, size = (meta["node_fields"].index(field) for field in ("type", "name", "self_size"))
    kinds = meta["node_types"][kind]
    found: Counter[tuple[str, str]] = Counter()
    for at in range(0, len(values), len(meta["node_fields"])):
        what = kinds[values[at + kind]]
        found[what, "" if "string" in what else texts[values[at + name]][:60]] += values[at + size]
    return found


def own(found: Counter[tuple[str, str]]) -> int:
    """Bytes of the page's own objects among it: no compiled code, and nothing that the browser keeps for itself."""
    return sum(size for (kind, _), size in found.items() if kind in OBJECTS)


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
        page.route("**/player/nodes*.js", hurry)
        page.goto(stage.pages.ours, wait_until="commit", timeout=90_000)
        began = time.monotonic()
        while not page.evaluate("document.querySelector('nl-player')?.state?.position > 1"):
            if time.monotonic() - began > 90:
                raise SystemExit("the film did not begin")
            page.wait_for_timeout(200)
        page.unroute_all()
        cdp = context.new_cdp_session(page)
        cdp.send("Performance.enable")
        cdp.send("Runtime.enable")
        cdp.send("Runtime.addBinding", {"name": "benchTell"})
        one = Run(stage, page, cdp)
        cdp.on("Runtime.bindingCalled", one.hear)
        page.evaluate(_COUNT)
        while "renewals" not in one.seen:
            page.wait_for_timeout(200)
        watch(one, hours)
        grown(one)
        found = figures(one, time.monotonic() - began)
        browser.close()
        return found


def watch(one: Run, hours: float) -> None:
    """Let the film run, with a change of node each minute of it, until the hours are over."""
    began = time.monotonic()
    changes = Changes(one)
    look_at, forgotten = 0.0, 0.0
    while True:
        seen = one.seen
        film = float(seen["film"])
        changes.go_on(film, seen["switches"])
        if look_at <= film:
            line(one, one.look(film), seen)
            look_at = film + LOOK
        if time.monotonic() - forgotten > 20 and not changes.under_way:
            one.forget()  # the network's own log would grow with the hours
            forgotten = time.monotonic()
        if not one.censuses and film >= hours * 720:
            one.censuses.append(census(one.tools))
        if film >= hours * 3600:
            one.censuses.append(census(one.tools))
            line(one, one.look(film), seen)
            return
        if time.monotonic() - began > PATIENCE * hours * 3600 / SPEED + 60:
            print("GIVEN UP: this machine is too busy to play at that speed", flush=True)
            return
        one.page.wait_for_timeout(150)


@dataclass
class Changes:
    """A change of node for each minute of film. A fault counts from when a request met it.

    For two fifths of each round nothing is asked for: what the page keeps behind the playhead is ahead of it again.
    """

    run: Run
    #: Film seconds of the next change, and at which the present fault is given up.
    at: float = CHANGE / 2
    heal_at: float = math.inf
    used: str = ""
    kind: str = ""
    switches: int = 0
    faults: Iterator[tuple[str, dict[str, Any]]] = field(default_factory=lambda: itertools.cycle(FAULTS))

    @property
    def under_way(self) -> bool:
        """Whether a node misbehaves."""
        return self.heal_at < math.inf

    def go_on(self, film: float, switches: int) -> None:
        """End the fault that did its work or was not noticed, and begin the next when it is time."""
        if self.under_way:
            left = switches > self.switches
            if not left and film < self.heal_at:
                return
            met = left or any(
                one["fault"] and one["door"] == self.used and one["kind"] in ("video", "audio")
                for one in self.run.stage.log()
            )
            self.run.stage.fault(self.used)
            self.heal_at = math.inf
            self.at = film if not met else max(self.at + CHANGE, film + CHANGE / 4)
            self.run.changes += met
            if met and not left:
                self.run.missed[self.kind] += 1
                print(f"{film / 3600:5.2f} h  '{self.kind}' of {self.used} was not left", flush=True)
        elif film >= self.at:
            used = self.run.stage.serving(since=time.time() - 0.5)
            if used in self.run.stage.nodes:  # not the site itself: a moment later a node serves again
                self.kind, more = next(self.faults)
                self.used, self.switches, self.heal_at = str(used), switches, film + MISBEHAVES
                self.run.forget()
                self.run.stage.fault(self.used, self.kind, **more)


def line(one: Run, look: Look, seen: dict[str, Any]) -> None:
    """Progress."""
    print(
        f"{look.film / 3600:5.2f} h  heap {look.heap / 1e6:6.2f} MB, {look.nodes:5d} nodes, "
        f"{look.listeners:4d} listeners, "
        f"process {look.resident / 1e6:4.0f} MB; {one.changes:3d} changes, {one.missed.total()} missed, "
        f"{seen['switches']:4d} switches, "
        f"{seen['renewals']:3d} renewals, {seen['stalls']:2d} stalls",
        flush=True,
    )


def grown(one: Run) -> None:
    """What takes more of the heap than it did, by kind and name."""
    if len(one.censuses) < 2:
        return
    more = one.censuses[-1] - one.censuses[0]
    rows = [(f"{size / 1e3:.0f}", kind, name) for (kind, name), size in more.most_common(14)]
    print("\nwhat grew in the heap")
    report.table(("kB", "kind", "name"), rows)


def figures(one: Run, seconds: float) -> dict[str, float | int | None]:
    """What came of it."""
    seen = one.seen
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
        "objects_growth_kb": round((own(one.censuses[-1]) - own(one.censuses[0])) / 1e3, 1)
        if one.censuses[1:]
        else None,
        "dom_nodes_growth": round(nodes * hours, 1),
        "listeners_growth": round(listeners * hours, 1),
        "process_mb": round(statistics.fmean(look.resident for look in later) / 1e6),
        "process_mb_per_hour": round(process / 1e6, 1),
        "renewals": seen["renewals"],
        "forbidden": one.forbidden,
        "changes": one.changes,
        "changes_missed_share": round(one.missed.total() / max(1, one.changes), 3),
        "switches": seen["switches"],
        "resumes": seen["resumes"],
        "hedges": seen["hedges"],
        "wrong_bytes": seen["corrupt"],
        "kept_switches": seen["kept_switches"],
        "kept_errors": seen["kept_errors"],
        "unsent": seen["unsent"],
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

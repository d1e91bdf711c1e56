"""One cell: a film begins in a real browser, something breaks, and what the viewer saw is written down."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench._failover import figures
from bench._failover.faults import FAULTS, Fault, Scene
from bench._stage import Stage

METER = Path(__file__).resolve().parent.parent / "_players" / "meter.js"
#: The first picture must be there within so many seconds.
START = 30.0
#: The film, and a picture's size, which is what it has at most: small, so that several films play at once unhindered.
FILM, VIEW = "light", {"width": 704, "height": 396}
#: The playhead is asked for no more often than this, in milliseconds, and less often while it is far away.
LOOK_MS, FAR_MS = 30, 500
#: Says whether the player itself gave up, or showed the viewer an error.
FATAL = {
    "ours": """() => {
      const player = document.querySelector("nl-player");
      const said = (player?.state?.errors ?? []).map(({ text }) => text).filter((text) => text.startsWith("fatal"));
      const shown = document.querySelector(".player-error");
      if (shown && !shown.hidden && shown.offsetParent) said.push(`shown: ${shown.textContent.trim().slice(0, 80)}`);
      return said;
    }""",
    "hls": "() => globalThis.bench?.fatal ?? ['the page did not load']",
    "shaka": "() => globalThis.bench?.fatal ?? ['the page did not load']",
}
STATE = """() => {
  const state = document.querySelector("nl-player")?.state;
  if (!state) return null;
  const { node, switches, stalls, stall_ms, resumes, hedges, errors, nodes, throughput, adaptation } = state;
  return { node, switches, stalls, stall_ms, resumes, hedges, errors, nodes, throughput, adaptation };
}"""


@dataclass(frozen=True, slots=True)
class Cell:
    """What to do. `at` is the playhead's second of the fault, `ahead` the seconds to buffer (0: as it comes)."""

    fault: str
    player: str
    nodes: int
    at: float
    ahead: int
    repeat: int = 0

    @property
    def key(self) -> str:
        """Its name in the journal and on the screen."""
        ahead = f"{self.ahead} s" if self.ahead else "full"
        return f"{self.fault}/{self.player}/{self.nodes} nodes/at {self.at:g} s/buffer {ahead}/{self.repeat}"


class Page:
    """A player in a page of its own."""

    def __init__(self, browser: Any, stage: Stage, cell: Cell) -> None:
        self.cell, self.stage = cell, stage
        self.context = browser.new_context(viewport=VIEW)
        self.context.add_cookies(stage.cookies)
        self.context.add_init_script(path=str(METER))
        self.page = self.context.new_page()
        self.console: list[str] = []
        self.page.on("pageerror", lambda error: self.console.append(str(error)[:300]))
        options = {"buffer": cell.ahead} if cell.ahead and cell.player != "ours" else {}
        address = stage.address(cell.player, **options)
        if cell.player == "ours" and cell.ahead:
            address += f"#ahead={cell.ahead}"
        self.opened_at = time.time()
        self.page.goto(address, wait_until="commit")

    def position(self) -> float:
        """The playhead, 0 before the first frame."""
        found = self.page.evaluate("() => globalThis.rigMeter?.first ? rigMeter.position : 0")
        return float(found or 0)

    def reach(self, position: float) -> None:
        """Wait until the playhead is there. Raises TimeoutError."""
        deadline = time.monotonic() + START + 2 * position
        while (left := max(0.05, position) - self.position()) > 0:
            if time.monotonic() > deadline:
                seen = self.page.inner_text("body")[:300]
                raise TimeoutError(f"no picture at {position:g} s; the page says {seen!r}; {self.tell()}")
            self.page.wait_for_timeout(min(FAR_MS, max(LOOK_MS, 800 * (left - 0.5))))

    def fail_names(self, base_url: str) -> None:
        """From now on the browser finds no address for this host: its very error, by its own debugging protocol."""
        line = self.context.new_cdp_session(self.page)
        line.on(
            "Fetch.requestPaused",
            lambda event: line.send(
                "Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "NameNotResolved"}
            ),
        )
        line.send("Fetch.enable", {"patterns": [{"urlPattern": f"{base_url}/*"}]})

    def tell(self) -> dict[str, Any]:
        """What the meter and the player say."""
        told = dict(self.page.evaluate("() => globalThis.rigMeter?.tell() ?? {}"))
        told["fatal"] = self.page.evaluate(FATAL[self.cell.player])
        told["state"] = self.page.evaluate(STATE)
        told["console"] = self.console[:5]
        return told

    def shot(self, path: Path) -> None:
        """A picture of the page."""
        self.page.screenshot(path=str(path))

    def close(self) -> None:
        """Leave."""
        self.context.close()


@contextmanager
def page(browser: Any, stage: Stage, cell: Cell) -> Iterator[Page]:
    """A page that is closed in the end."""
    opened = Page(browser, stage, cell)
    try:
        yield opened
    finally:
        opened.close()


def run(browser: Any, stage: Stage, wanted: list[Cell], *, keep: Path | None = None) -> list[dict[str, Any]]:
    """Play cells of one fault together on a healthy stage; → what happened to each, ready for the journal.

    `keep` takes all that was seen, and a picture of each page.
    """
    fault = FAULTS[wanted[0].fault]
    stage.clear()
    stage.forget_bookmarks()
    with ExitStack() as stack:
        pages = [stack.enter_context(page(browser, stage, cell)) for cell in wanted]
        for opened in pages:
            opened.reach(opened.cell.at)
        before = [opened.tell() for opened in pages]
        if any(told["from"] > 1 for told in before):
            raise RuntimeError(
                f"films began at {[told['from'] for told in before]} s and not at their beginning"
            )
        nodes = [figures.serving(figures.own(stage.log(), told["requests"])) for told in before]
        if any(node not in stage.nodes for node in nodes):
            raise RuntimeError(f"before the fault {nodes} served, and not all of these are nodes")
        scene = Scene(stage, nodes[0] or "", pages[0].fail_names)
        at = fault.strike(scene)
        _watch(pages[0].page.wait_for_timeout, fault, scene, at)
        found = []
        for opened, early, node in zip(pages, before, nodes, strict=True):
            told = opened.tell()
            seen = Seen(node or "", stage.nodes[node or ""].base_url, at, opened.opened_at, early, told)
            log = figures.own(stage.log(), told["requests"])
            if keep is not None:
                _keep(keep, opened, seen, log)
            found.append(_written(opened.cell, fault, seen, log))
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What one page was when the fault came (`before`), and after. Times in seconds since 1970."""

    node: str
    base_url: str
    at: float
    opened_at: float
    before: dict[str, Any]
    told: dict[str, Any]


def _watch(pause: Callable[[float], None], fault: Fault, scene: Scene, at: float) -> None:
    while (passed := time.time() - at) < fault.window:
        if fault.then is not None:
            fault.then(scene, passed)
        pause(min(500.0, max(1.0, 1000 * (fault.window - passed))))


def _keep(folder: Path, opened: Page, seen: Seen, log: list[Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = opened.cell.key.replace("/", "_").replace(" ", "")
    (folder / f"{name}.json").write_text(json.dumps(asdict(seen) | {"log": log}), encoding="utf-8")
    opened.page.screenshot(path=str(folder / f"{name}.png"))


def _written(cell: Cell, fault: Fault, seen: Seen, log: list[Any]) -> dict[str, Any]:
    told, node, at = seen.told, seen.node, seen.at
    touched = figures.touched(
        log, told["requests"], node=node, base_url=seen.base_url, at=at, how=fault.touches
    )
    recovery = None
    if touched is not None:
        place = {"node": node, "touched": touched}
        kinds = figures.needed(log, told["requests"], base_url=seen.base_url, **place)
        recovery = figures.recovery(log, kinds=kinds, **place)
    stalls = [one for one in told["stalls"] if one[0] / 1000 >= at - 0.2]
    sent, repeated = figures.repeated(log)
    return asdict(cell) | {
        "key": cell.key,
        "node": node,
        "start_ms": round(told["first"] - 1000 * seen.opened_at),
        "buffer": round(seen.before["buffer"], 2),
        "stalls": len(stalls),
        "stall_ms": sum(one[1] for one in stalls),
        "in_hand": [round(one[2], 2) for one in stalls],
        "stuck": told["stuck"],
        "stalled_before": len(told["stalls"]) - len(stalls),
        "longest": told["longest"],
        "late": told["late"],
        "least": told["least"],
        "dropped": told["frames"]["dropped"],
        "frames": told["frames"]["total"],
        "fatal": told["fatal"],
        "errors": told["errors"],
        "paused": told["paused"],
        "wrong": told["wrong"],
        "recovery": recovery,
        "switched": figures.switched(log, node=node, at=at),
        "bps": figures.mean_rate(log, since=at),
        "sent": sent,
        "repeated": repeated,
        "state": told["state"],
        "console": told["console"],
    }

"""Lighthouse at mobile settings on home, a title and the player, of the production server with the demo catalogue.

Also what Lighthouse cannot see in the laboratory: the interaction to next paint (INP), measured while rows are walked,
a title is put on the list and a search is typed, on a processor that is slowed down four times; and what home weighs
without its pictures.

The demo catalogue is made once and kept in the folder for temporary files; making it takes some minutes.
"""

import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench import _report
from bench._stage_home import FOLDER, ROOT
from netflixlite.demo.content import FEATURE_SLUG
from tests.browser import installation
from tests.conftest import CHROMIUM_FLAGS, chromium_path, wait_for

NAME, PASSWORD = "Olu", "correct-horse-battery-staple"
SERIES_SLUG = "station-keeping"
SLOWER = 4
TRIES = 3
GOALS = {
    **{f"{page}_performance": (">=", 95.0) for page in ("home", "title", "watch")},
    **{f"{page}_accessibility": (">=", 100.0) for page in ("home", "title", "watch")},
    **{f"{page}_best_practices": (">=", 100.0) for page in ("home", "title", "watch")},
    "home_kb_without_images": ("<=", 200.0),
    "inp_ms": ("<=", 200.0),
}
#: Keeps the longest of the interactions (Event Timing; an interaction's parts share an id).
OBSERVE = """() => {
  globalThis.slowest = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.interactionId) globalThis.slowest = Math.max(globalThis.slowest, one.duration);
    }
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
}"""


def main() -> int:
    """Returns the exit code."""
    given = _report.arguments(__doc__ or "")
    runs = 1 if given.quick else 5
    home = FOLDER / "lighthouse-home"
    fresh = not (home / "db").exists()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with installation.running(home, demo="1") as site, tempfile.TemporaryDirectory() as profile:
        print("waiting for the demo catalogue", flush=True)
        wait_for(lambda: _made(home), seconds=1500, what="the demo catalogue")
        wait_for(lambda: _answers(site.url), seconds=120, what="the site to answer")
        with sync_playwright() as playwright:
            port = _free_port()
            context = playwright.chromium.launch_persistent_context(
                profile,
                executable_path=chromium_path(),
                args=[*CHROMIUM_FLAGS, f"--remote-debugging-port={port}"],
                viewport={"width": 412, "height": 823},
            )
            page = context.pages[0]
            enter(page, site, first=fresh)
            pages = {"home": "/", "title": f"/title/{FEATURE_SLUG}/", "watch": watch_of(page, site.url)}
            page.goto("about:blank")  # the page of a title would go on beside what is measured
            figures, rows = lighthouse(page, site.url, pages, port, runs)
            figures["inp_ms"] = interactions(page, site.url)
            context.close()
    print()
    _report.table(
        (
            "page",
            "performance",
            "accessibility",
            "best practices",
            "LCP ms",
            "TBT ms",
            "CLS",
            "kB",
            "kB bare",
        ),
        rows,
    )
    _report.finish("lighthouse", figures, GOALS, as_json=given.json)
    return 0


def _made(home: Path) -> bool:
    with suppress(OSError):
        return (home / "demo").read_text(encoding="ascii").startswith("done")
    return False


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def enter(page: Page, site: installation.Installation, *, first: bool) -> None:
    """Become the administrator by the one-time link, or sign in; then through the gate."""
    if first:
        page.goto(site.first_run_link())
        page.select_option("select[name=language]", "en")
        page.fill("input[name=name]", NAME)
        page.fill("input[name=password1]", PASSWORD)
        page.fill("input[name=password2]", PASSWORD)
        page.click("main button.button--lamp")
    else:
        page.goto(f"{site.url}/accounts/login/")
        page.fill("input[name=login]", NAME)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
    page.wait_for_url("**/profiles/**")
    page.get_by_role("button", name=re.compile(NAME)).first.click()
    page.wait_for_url(re.compile(r"://[^/]+/$"))


def watch_of(page: Page, url: str) -> str:
    """Where the feature is played."""
    page.goto(f"{url}/title/{FEATURE_SLUG}/")
    address = page.get_by_role("link", name=re.compile("^(Play|Resume)")).first.get_attribute("href")
    assert address
    return address


def lighthouse(
    page: Page, url: str, pages: dict[str, str], port: int, runs: int
) -> tuple[dict[str, float | int | None], list[tuple[object, ...]]]:
    """The median of `runs` of each page, the pages taking turns, each as on a first visit: nothing is in the cache."""
    browser = page.context.new_cdp_session(page)
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in pages}
    for run in range(runs):
        for name, address in pages.items():
            found = _visit(browser, url + address, port)
            seen[name].append(found)
            speed = f"this machine {found['benchmark']:.0f} (2,000 and more: a desk left alone)"
            print(f"[{run + 1}/{runs}] {name}: {found['scores']}; {speed}", flush=True)
    figures: dict[str, float | int | None] = {}
    rows: list[tuple[object, ...]] = []
    for name, runs_of in seen.items():
        middle = {
            key: statistics.median([one[key] or 0 for one in runs_of]) for key in ("lcp_ms", "tbt_ms", "cls")
        }
        scores = {
            key: statistics.median([one["scores"][key] for one in runs_of]) for key in runs_of[0]["scores"]
        }
        bare = statistics.median([one["bytes_without_images"] for one in runs_of]) / 1000
        whole = statistics.median([one["bytes"] for one in runs_of]) / 1000
        for key, value in scores.items():
            figures[f"{name}_{key.replace('-', '_')}"] = value
        figures |= {f"{name}_{key}": round(value, 3) for key, value in middle.items()}
        figures[f"{name}_kb_without_images"] = round(bare, 1)
        rows.append(
            (
                name,
                *scores.values(),
                *(f"{value:.3g}" for value in middle.values()),
                f"{whole:.0f}",
                f"{bare:.0f}",
            )
        )
        for line in sorted({line for one in runs_of for line in one["lost"]}):
            print(f"  {name}: {line}")
    return figures, rows


def _visit(browser: CDPSession, address: str, port: int) -> dict[str, Any]:
    """One first visit. What Lighthouse could not make out (a lost trace) is no visit: it is made again, said so."""
    for _ in range(TRIES):
        browser.send("Network.clearBrowserCache")
        found = _one(address, port)
        if not found["error"]:
            return found
        print(f"  once more: {found['error']}", flush=True)
    raise RuntimeError(f"Lighthouse could not judge {address} {TRIES} times: {found['error']}")


def _one(address: str, port: int) -> dict[str, Any]:
    run = subprocess.run(
        ["node", "bench/_lighthouse.mjs", address, str(port)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    if run.returncode:
        raise RuntimeError(f"Lighthouse failed at {address}: {run.stderr[-2000:]}")
    return dict(json.loads(run.stdout.strip().splitlines()[-1]))


def interactions(page: Page, url: str) -> float:
    """The slowest interaction in ms: keys along the rows, the list button, a search typed letter by letter."""
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    slowest = 0.0
    page.goto(f"{url}/")
    page.evaluate(OBSERVE)
    page.locator("nl-row .card__link").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    slowest = max(slowest, float(page.evaluate("globalThis.slowest")))
    page.goto(f"{url}/title/{SERIES_SLUG}/")
    page.evaluate(OBSERVE)
    page.locator("nl-list-button button").first.click()
    page.wait_for_timeout(600)
    page.locator("nl-list-button button").first.click()
    page.wait_for_timeout(600)
    slowest = max(slowest, float(page.evaluate("globalThis.slowest")))
    page.goto(f"{url}/search/")
    page.evaluate(OBSERVE)
    page.locator("input#q").click()
    page.keyboard.type("night mail", delay=60)
    page.wait_for_timeout(1000)
    slowest = max(slowest, float(page.evaluate("globalThis.slowest")))
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return round(slowest, 1)


if __name__ == "__main__":
    sys.exit(main())

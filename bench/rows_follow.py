"""From a thumb in one browser to the changed rows in another, both real Chromium, on a running site.

    manage.py personas NAME
    python bench/rows_follow.py http://127.0.0.1:8000 NAME PASSWORD [--profile Nora] [--times 50] [--json]

Both browsers watch as one profile. In the first one a title that the second one's home page suggests gets a thumb down,
as its button gives it; the clock ends when the title is gone from every row of suggestions in the second one, in sight
or not. Then the thumb is taken back, and the next one waits until the rows have come to rest. The home page is one that
nobody has in hand, as the living room's is (docs/live.md).
"""

import argparse
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, Page, sync_playwright

from bench import _report
from tests.conftest import CHROMIUM_FLAGS

PATIENCE_MS = 15_000
#: Between two thumbs: rows have followed by then, and nobody is asked to wait (the API's own measure).
REST_MS = 1_200
GOALS = {"rows_p50_ms": ("<=", 1000.0), "rows_p99_ms": ("<=", 1000.0), "missed": ("<=", 0.0)}

#: What the rows suggest, by title; and when the last card of one is gone.
SUGGESTED = """() => [...document.querySelectorAll(
    '[data-row]:not([data-row=continue]):not([data-row=my-list]) .card[data-title]')].map(card => card.dataset.title)"""
WATCH = """([title, patience]) => {
  const cards = `[data-row]:not([data-row=continue]):not([data-row=my-list]) .card[data-title="${title}"]`;
  window.rowsFollowed = new Promise((done) => {
    const watch = new MutationObserver(() => {
      if (document.querySelector(cards)) return;
      watch.disconnect();
      done(Date.now());
    });
    watch.observe(document.body, { childList: true, subtree: true });
    setTimeout(() => done(0), patience);
  });
}"""
THUMB = """async ([title, thumb]) => {
  const at = Date.now();
  const answer = await fetch(`/api/v1/thumbs/${title}`, {
    method: "PUT",
    headers: {
      "content-type": "application/json",
      "x-csrftoken": document.querySelector("#state [name=csrfmiddlewaretoken]").value,
    },
    body: JSON.stringify({ thumb }),
  });
  if (!answer.ok) throw new Error(`a thumb was answered with ${answer.status}`);
  return [at, Date.now() - at];
}"""


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", help="address of the site, without a slash at the end")
    parser.add_argument("name", help="user name or e-mail address")
    parser.add_argument("password")
    parser.add_argument("--profile", default="Nora")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.stderr.write("No Chromium or Chrome is installed.\n")
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_FLAGS])
        who = (given.site.rstrip("/"), given.name, given.password, given.profile)
        took, answered = measure(enter(browser, *who), enter(browser, *who), given.times)
        browser.close()
    told(took, answered, as_json=given.json)
    return 0


def enter(browser: Browser, site: str, name: str, password: str, profile: str) -> Page:
    """Somebody's home page, with all of its rows, in a browser of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{site}/accounts/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click(".entrance__panel .button--lamp")
    page.wait_for_url("**/profiles/**")
    page.locator(f"button.person:has-text('{profile}')").click()
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/?rows=all")
    page.wait_for_timeout(5_000)  # the line is opened when the page has nothing else to do
    return page


def measure(hand: Page, shown: Page, times: int) -> tuple[list[float | None], list[float]]:
    """→ milliseconds from each thumb to rows without its title (None: not while we waited), and to its answer."""
    took: list[float | None] = []
    answered: list[float] = []
    done: list[str] = []
    for _each in range(times):
        offered: list[str] = list(dict.fromkeys(shown.evaluate(SUGGESTED)))
        if not offered:
            raise SystemExit(
                "The home page suggests nothing: has the profile watched anything (manage.py personas)?"
            )
        # Never one that was just taken back while there are others.
        title = min(offered, key=lambda one: done.index(one) if one in done else -1)
        done = [one for one in done if one != title] + [title]
        shown.evaluate(WATCH, [title, PATIENCE_MS])
        at, answer = _thumb(hand, title, "down")
        gone = float(shown.evaluate("() => window.rowsFollowed"))
        took.append(gone - at if gone else None)
        answered.append(answer)
        _thumb(hand, title, None)
        shown.wait_for_timeout(REST_MS)
    return took, answered


def _thumb(page: Page, title: str, thumb: str | None) -> tuple[float, float]:
    found: Any = page.evaluate(THUMB, [title, thumb])
    return float(found[0]), float(found[1])


def told(took: list[float | None], answered: list[float], *, as_json: bool) -> None:
    """Print what came of it."""
    followed = sorted(each for each in took if each is not None)
    parts = statistics.quantiles(followed, n=100, method="inclusive") if len(followed) > 1 else followed * 99
    figures: dict[str, float | int | None] = {
        "thumbs": len(took),
        "missed": len(took) - len(followed),
        "rows_p50_ms": round(parts[49], 1),
        "rows_p95_ms": round(parts[94], 1),
        "rows_p99_ms": round(parts[98], 1),
        "rows_most_ms": round(followed[-1], 1),
        "answer_p50_ms": round(statistics.median(answered), 1),
    }
    _report.table(("figure", "value"), list(figures.items()))
    _report.finish("rows_follow", figures, GOALS, as_json=as_json)


if __name__ == "__main__":
    sys.exit(main())

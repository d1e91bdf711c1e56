"""Pictures of every page, of a running site with the finished demo catalogue: on a desk, a telephone, a television, and
in Arabic from right to left.

    python docs/screenshots/make.py http://127.0.0.1:8000 NAME PASSWORD [--only home,watch] [--sizes desktop,phone]

NAME and PASSWORD are of an account there that may see everything; its first profile watches a little of some films,
so that the home page has something to go on with, and a profile for a child is made if there is none. Needs an
installed Chromium or Chrome and the development environment (`make setup-dev`); `make screenshots URL=… NAME=…
PASSWORD=…` does the same. Writes desktop/NAME.jpg (1440 by 900), phone/ (390 by 844, twice as dense), tv/ (1920 by
1080, walked with keys) and rtl/ (1440 by 900) beside this file.
"""

import argparse
import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = Path(__file__).resolve().parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
#: What was watched, and where it was left: a film or series by its address, and the share of it.
WATCHED = {
    "neon-rain": 0.4,
    "tidewater": 0.7,
    "the-2340-north": 0.3,
    "station-keeping": 0.5,
    "balloon-season": 0.6,
}
LIKED = ("the-lighthouse-log", "caldera")
FILM, SERIES, MOMENT = "the-long-dusk", "station-keeping", 0.35
KID = "Mia"
#: Who looks at the site in Arabic.
READER = "سارة"
BIGGEST = 90_000


@dataclass(frozen=True, slots=True)
class Size:
    """A screen: its folder, what a browser context is given for it, and the language."""

    name: str
    how: dict[str, Any]
    language: str = "en"


SIZES = (
    Size("desktop", {"viewport": {"width": 1440, "height": 900}}),
    Size(
        "phone",
        {
            "viewport": {"width": 390, "height": 844},
            "device_scale_factor": 2,
            "is_mobile": True,
            "has_touch": True,
        },
    ),
    Size("tv", {"viewport": {"width": 1920, "height": 1080}}),
    Size("rtl", {"viewport": {"width": 1440, "height": 900}}, "ar"),
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A page: where it is, and what is done there before the picture is taken. `whole`: all of it, not a screenful."""

    name: str
    address: str
    act: Callable[[Page], None] | None = None
    whole: bool = False


def rows(page: Page) -> None:
    """Down to the rows, with a card of the second one in the hand."""
    card = page.locator("nl-row").nth(1).locator(".card__link").nth(1)
    card.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1200)


def typed(words: str) -> Callable[[Page], None]:
    """Words in the search field, letter by letter."""

    def act(page: Page) -> None:
        field = page.locator("input#q")
        field.click()
        page.keyboard.type(words, delay=40)
        page.wait_for_timeout(1500)

    return act


def keyed(*keys: str) -> Callable[[Page], None]:
    """These keys in the player, which has begun and was moved to MOMENT."""

    def act(page: Page) -> None:
        playing(page, MOMENT)
        page.mouse.move(600, 400)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(250)
        page.wait_for_timeout(500)

    return act


SHOTS = (
    Shot("gate", "/profiles/"),
    Shot("home", "/"),
    Shot("home-rows", "/", rows),
    Shot("title", f"/title/{FILM}/"),
    Shot("series", f"/title/{SERIES}/", whole=True),
    Shot("browse", "/browse/"),
    Shot("browse-genre", "/browse/?kind=film&sort=year"),
    Shot("search", "/search/", typed("ligthouse")),
    Shot("search-empty", "/search/", typed("xyzzy")),
    Shot("my-list", "/my-list/"),
    Shot("history", "/history/"),
    Shot("downloads", "/downloads/"),
    Shot("account", "/account/"),
    Shot("profile", "/profiles/new/"),
    Shot("plans", "/account/plans/"),
    Shot("devices", "/account/devices/"),
    Shot("data", "/account/data/"),
    Shot("security", "/accounts/2fa/"),
    Shot("tv", "/tv/"),
    Shot("watch", f"/watch/{FILM}", keyed()),
    Shot("watch-help", f"/watch/{FILM}", keyed("?")),
)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", help="address of the site, without a slash at the end")
    parser.add_argument("name", help="user name or e-mail address")
    parser.add_argument("password")
    parser.add_argument("--only", default="", help="names of pages, parted by commas")
    parser.add_argument("--sizes", default=",".join(size.name for size in SIZES))
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.stderr.write("No Chromium or Chrome is installed.\n")
        return 1
    site = given.site.rstrip("/")
    wanted = set(given.only.split(",")) if given.only else {shot.name for shot in SHOTS} | {"login", "kids"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        state = prepare(browser, site, given.name, given.password)
        for size in SIZES:
            if size.name in given.sizes.split(","):
                take(browser, site, state, size, wanted)
        browser.close()
    return 0


def prepare(browser: Browser, site: str, name: str, password: str) -> Any:
    """Sign in, make a child's profile, watch a little; → what the browser keeps of it."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    sign_in(page, site, name, password)
    for who in (READER, KID):
        make_profile(page, site, who)
    for who in (READER, ""):
        choose(page, site, who)
        for slug, share in WATCHED.items():
            watch(page, site, slug, share)
        for slug in LIKED:
            page.goto(f"{site}/title/{slug}/")
            button = page.locator(".title-hero nl-list-button button")
            if button.get_attribute("aria-pressed") != "true":
                button.click()
                page.wait_for_load_state("networkidle")
    state = page.context.storage_state()
    page.context.close()
    return state


def make_profile(page: Page, site: str, name: str) -> None:
    """The profile of this name, unless there is one."""
    page.goto(f"{site}/profiles/")
    if page.locator(f"button.person:has-text('{name}')").count():
        return
    page.goto(f"{site}/profiles/new/")
    page.fill("input[name=name]", name)
    page.locator("input[name=is_kid]").set_checked(name == KID, force=True)
    page.select_option("select[name=language]", "ar" if name == READER else "en")
    page.locator("main form button.button--lamp").first.click()
    page.wait_for_url(f"{site}/profiles/**")


def take(browser: Browser, site: str, state: Any, size: Size, wanted: set[str]) -> None:
    """All pictures on one screen."""
    folder = HERE / size.name
    folder.mkdir(exist_ok=True)
    context = open_context(browser, size, state)
    page = context.new_page()
    page.set_default_timeout(30_000)
    who = "" if size.language == "en" else READER
    choose(page, site, who)
    for shot in SHOTS:
        if shot.name not in wanted:
            continue
        address = shot.address
        if address.startswith("/watch/"):
            address = film_of(page, site, address.removeprefix("/watch/"))
        answer = page.goto(site + address)
        if answer is not None and answer.status == 404:
            sys.stdout.write(f"{address} is not in this house (no plans are on offer?): left out\n")
            continue
        if shot.act:
            shot.act(page)
        # A bar that sticks to a telephone's edge would stand in the middle of a whole page.
        whole = shot.whole and size.name != "phone"
        save(page, folder / f"{shot.name}.jpg", still=shot.act is None, whole=whole)
    if "person" in wanted or len(wanted) > 2:
        page.goto(f"{site}/title/{FILM}/")
        person = page.locator("main a[href*='/person/']").first
        if person.count():
            page.goto(site + str(person.get_attribute("href")))
            save(page, folder / "person.jpg")
    if "kids" in wanted and size.language == "en":
        choose(page, site, KID)
        save(page, folder / "kids.jpg")
    context.close()
    if "login" in wanted:
        stranger = open_context(browser, size, None)
        page = stranger.new_page()
        page.goto(f"{site}/accounts/login/")
        save(page, folder / "login.jpg")
        stranger.close()


def open_context(browser: Browser, size: Size, state: Any) -> BrowserContext:
    """A browser of this size and language, signed in as `state` says."""
    return browser.new_context(**size.how, storage_state=state, locale=size.language)


def sign_in(page: Page, site: str, name: str, password: str) -> None:
    """In by the front door, and through the gate as the first profile."""
    page.goto(f"{site}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/profiles/**")
    page.locator("button.person").first.click()
    page.wait_for_url(f"{site}/")


def choose(page: Page, site: str, who: str) -> None:
    """Through the gate as the profile of this name, or as the first one."""
    page.goto(f"{site}/profiles/")
    page.locator(f"button.person:has-text('{who}')" if who else "button.person").first.click()
    page.wait_for_url(lambda url: "/profiles/" not in url)


def film_of(page: Page, site: str, slug: str) -> str:
    """Where a title is played."""
    page.goto(f"{site}/title/{slug}/")
    return str(page.locator(".title-hero a.button--lamp").first.get_attribute("href"))


def watch(page: Page, site: str, slug: str, share: float) -> None:
    """Play a title from some share of it on for a moment; leaving the page stores the place."""
    page.goto(site + film_of(page, site, slug))
    playing(page, share)
    page.wait_for_timeout(2000)
    page.goto(f"{site}/title/{slug}/")


def playing(page: Page, share: float) -> None:
    """The film runs, from that share of it on."""
    page.wait_for_function(
        """() => {
          const video = document.querySelector("nl-player video");
          if (video?.readyState >= 2 && video.paused) video.play();
          return video && !video.paused && video.currentTime > 0.1;
        }"""
    )
    page.evaluate(
        """share => {
          const video = document.querySelector("nl-player video");
          video.currentTime = share * video.duration;
        }""",
        share,
    )
    page.wait_for_function("() => !document.querySelector('nl-player video').seeking")
    page.wait_for_timeout(500)


def save(page: Page, file: Path, *, still: bool = True, whole: bool = False) -> None:
    """Once pictures and typefaces are there: a JPEG within bounds."""
    if still:
        page.wait_for_load_state("load")
        page.evaluate("() => document.fonts.ready.then(() => true)")
        page.mouse.move(4, 400)
        page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    for quality in (80, 70, 60, 50, 40, 32):
        picture.save(file, quality=quality, optimize=True, progressive=True)
        if file.stat().st_size <= BIGGEST:
            break
    sys.stdout.write(
        f"{file.parent.name}/{file.name}: {picture.width} by {picture.height}, {file.stat().st_size / 1000:.0f} kB\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

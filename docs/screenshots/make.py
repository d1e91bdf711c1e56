"""Make the pictures of the README from a running site with the finished demo catalogue.

    python docs/screenshots/make.py http://127.0.0.1:8000 NAME PASSWORD

NAME and PASSWORD are of an account there; its first profile watches a little of some films, so that the home page
has something to go on with. Needs an installed Chromium or Chrome and the development environment
(`make setup-dev`); `make screenshots URL=… NAME=… PASSWORD=…` does the same. Writes home.jpg, title.jpg and watch.jpg
(1440 by 900) and phone.jpg (390 by 844, twice as dense) beside this file, each of at most 250 kB.
"""

import argparse
import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

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
TITLE, FILM, MOMENT = "station-keeping", "the-long-dusk", 0.35
BIGGEST = 250_000


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", help="address of the site, without a slash at the end")
    parser.add_argument("name", help="user name or e-mail address")
    parser.add_argument("password")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.stderr.write("No Chromium or Chrome is installed.\n")
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        take(browser, given.site.rstrip("/"), given.name, given.password)
        browser.close()
    return 0


def take(browser: Browser, site: str, name: str, password: str) -> None:
    """Sign in, watch a little, and take the four pictures."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    sign_in(page, site, name, password)
    for slug, share in WATCHED.items():
        watch(page, site, slug, share)
    for slug in LIKED:
        page.goto(f"{site}/title/{slug}/")
        button = page.locator(".title-hero nl-list-button button")
        if button.get_attribute("aria-pressed") != "true":
            button.click()
            page.wait_for_load_state("networkidle")
    page.goto(f"{site}/")
    save(page, "home")
    page.goto(f"{site}/title/{TITLE}/")
    save(page, "title")
    watch(page, site, FILM, MOMENT, leave=False)
    page.mouse.move(700, 500)
    save(page, "watch")
    state = page.context.storage_state()
    phone = browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        storage_state=state,
    ).new_page()
    phone.goto(f"{site}/")
    save(phone, "phone")


def sign_in(page: Page, site: str, name: str, password: str) -> None:
    """In by the front door, and through the gate as the first profile."""
    page.goto(f"{site}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/profiles/**")
    page.locator("button.person").first.click()
    page.wait_for_url(f"{site}/")


def watch(page: Page, site: str, slug: str, share: float, *, leave: bool = True) -> None:
    """Play a title from some share of it on for a moment; leaving the page stores the place."""
    page.goto(f"{site}/title/{slug}/")
    page.locator(".title-hero a.button--lamp").click()
    page.wait_for_url("**/watch/**")
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
    page.wait_for_timeout(2500)
    if leave:
        page.goto(f"{site}/title/{slug}/")


def save(page: Page, name: str) -> None:
    """Once pictures and typefaces are there: a JPEG within bounds."""
    if name != "watch":
        page.wait_for_load_state("networkidle")
        page.evaluate("() => document.fonts.ready")
        page.mouse.move(4, 400)
        page.wait_for_timeout(1200)
    else:
        page.wait_for_timeout(400)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for quality in (82, 76, 70, 62, 54):
        picture.save(HERE / f"{name}.jpg", quality=quality, optimize=True, progressive=True)
        size = (HERE / f"{name}.jpg").stat().st_size
        if size <= BIGGEST:
            break
    sys.stdout.write(f"{name}.jpg: {picture.width} by {picture.height}, {size / 1000:.0f} kB\n")


if __name__ == "__main__":
    sys.exit(main())

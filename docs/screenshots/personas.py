"""The home pages of three people with tastes of their own, side by side: would each feel known?

    manage.py personas NAME                                                       they live there, and watch
    python docs/screenshots/personas.py http://127.0.0.1:8000 NAME PASSWORD       their pages

NAME and PASSWORD are of the account. Writes personas.jpg (1440 wide), personas-phone.jpg (390) and personas-tv.jpg
(1920) beside this file, and says what stands in the rows; needs what make.py needs, and a site with the demo catalogue.
"""

import argparse
import io
import shutil
import sys
from pathlib import Path

from make import FLAGS, HERE, sign_in
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

#: As netflixlite/demo/personas.py calls them.
PEOPLE = ("Nora", "Ravi", "Lena")
#: By what is added to the picture's name: a screen, how much of the page is shown, and how wide that is in the picture.
SCREENS: dict[str, tuple[ViewportSize, int, int]] = {
    "": ({"width": 1440, "height": 900}, 2600, 640),
    "-phone": ({"width": 390, "height": 844}, 2400, 390),
    "-tv": ({"width": 1920, "height": 1080}, 2200, 640),
}
GAP = 12
BIGGEST = 400_000


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", help="address of the site, without a slash at the end")
    parser.add_argument("name", help="user name or e-mail address")
    parser.add_argument("password")
    parser.add_argument("--to", type=Path, default=HERE, help="the folder of the pictures")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.stderr.write("No Chromium or Chrome is installed.\n")
        return 1
    site = given.site.rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        pages = [taken(browser, site, given.name, given.password, who) for who in PEOPLE]
        browser.close()
    for name in SCREENS:
        save(beside([each[name] for each in pages], SCREENS[name][2]), given.to / f"personas{name}.jpg")
    return 0


def save(picture: Image.Image, to: Path) -> None:
    """As good as it fits into so many bytes."""
    for quality in (82, 74, 66, 58, 50):
        picture.save(to, quality=quality, optimize=True, progressive=True)
        if to.stat().st_size <= BIGGEST:
            break
    sys.stdout.write(f"{to.name}: {picture.width} by {picture.height}\n")


def taken(browser: Browser, site: str, name: str, password: str, who: str) -> dict[str, Image.Image]:
    """Somebody's home page, from its head on, on every screen."""
    context = browser.new_context(viewport=SCREENS[""][0], locale="en", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    sign_in(page, site, name, password)
    page.goto(f"{site}/profiles/")
    page.locator(f"button.person:has-text('{who}')").click()
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/?rows=all")
    loaded(page)
    billboard = page.locator("section.billboard")
    over = billboard.locator(".billboard__over")
    why = over.inner_text().strip() if over.count() else ""
    sys.stdout.write(f"{who}: {billboard.locator('h1').inner_text()} ({why})\n")
    for row in page.locator("[data-row]").all():
        heading = row.locator("h2").inner_text().strip()
        reason = row.locator(".row__reason")
        said = reason.inner_text().strip() if reason.count() else ""
        first = ", ".join(each.strip() for each in row.locator(".card__name").all_text_contents()[:5])
        sys.stdout.write(f"{who}: {heading} ({said}): {first}\n")
    pictures = {}
    for screen, (size, tall, _wide) in SCREENS.items():
        page.set_viewport_size(size)
        loaded(page)
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        pictures[screen] = picture.crop((0, 0, picture.width, min(tall, picture.height)))
    context.close()
    return pictures


def loaded(page: Page) -> None:
    """All pictures are there, also those that wait to be scrolled to."""
    page.wait_for_load_state("load")
    page.evaluate(
        "() => document.querySelectorAll('img[loading=lazy]').forEach(each => each.loading = 'eager')"
    )
    page.wait_for_load_state("networkidle")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.mouse.move(4, 400)
    page.wait_for_timeout(1500)


def beside(pages: list[Image.Image], wide: int) -> Image.Image:
    """In one picture, each so wide."""
    small = [
        each.resize((wide, each.height * wide // each.width), Image.Resampling.LANCZOS) for each in pages
    ]
    height = max(each.height for each in small)
    together = Image.new("RGB", (wide * len(small) + GAP * (len(small) - 1), height), "#0b0911")
    for place, each in enumerate(small):
        together.paste(each, (place * (wide + GAP), 0))
    return together


if __name__ == "__main__":
    sys.exit(main())

"""An operator at the fleet's page: a third node is added by the printed command, seen to come, fill, and be drained."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CALM, wait_for
from tests.upload.site import Site, free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

FILMS = """
from catalog.tests.factories import make_title
for name in ("Night Mail", "Nanook"):
    make_title(name=name)
"""


class Machines:
    """Machines of their own, as far as a folder, a port and an environment make one: each runs what is typed there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def type(self, name: str, command: str) -> None:
        """Run a command as a person would type it, in an empty home; `python3` is this one."""
        folder = self.home / name
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python3").symlink_to(shutil.which("python3.11") or sys.executable)
        with (folder / "log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                ["bash", "-c", f"{command} --listen 127.0.0.1:{free_port()}"],
                cwd=folder,
                env={"HOME": str(folder), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End all that runs on them."""
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            process.wait(20)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    up = Site(tmp_path_factory.mktemp("fleet-site"))
    up.prepare()
    up.shell(FILMS)
    up.start()
    up.sign_in()
    yield up
    up.stop()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    found = Machines(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def page(site: Site, chromium: Any) -> Iterator[Any]:
    """A browser's page of a signed-in operator; what goes wrong in its scripts fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion=CALM)
    context.add_cookies([{"name": "netflixlite_session", "value": site.session, "url": site.url}])
    found, problems = context.new_page(), []
    found.on("pageerror", lambda error: problems.append(str(error)))

    def listen(said: Any) -> None:
        if said.type == "error" and "422" not in said.text:  # that one is the site saying no, in words
            problems.append(said.text)

    found.on("console", listen)
    yield found
    context.close()
    assert problems == []


def says(page: Any, selector: str, words: str, *, seconds: float = 30) -> None:
    """Wait until a part of the page says this, without loading it again."""

    def there() -> bool:
        parts = page.locator(selector)
        return any(words in text for text in parts.all_inner_texts())

    wait_for(there, seconds=seconds, what=f"{words!r} in {page.locator(selector).all_inner_texts()!r}")


def add(page: Any, site: Site, machines: Machines, name: str) -> None:
    """Add a node with the browser and run its command."""
    page.goto(f"{site.url}/admin/fleet/add/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the command").click()
    command = page.locator("[data-command]").inner_text()
    says(page, ".nl-arrival .now", "Waiting for the machine")
    machines.type(name, command)


def test_a_third_node_comes_fills_and_is_drained(page: Any, site: Site, machines: Machines) -> None:
    for name in ("one", "two", "three"):
        add(page, site, machines, name)
    says(page, ".nl-arrival .done", "In service", seconds=40)
    assert page.locator("[data-command]").count() == 0, (
        "the code is spent: its command opens nothing any more"
    )
    page.get_by_role("link", name="Open the node").click()
    wait_for(
        lambda: page.locator("[data-part-of=history] .nl-event").count() >= 3,
        what="the way from verifying to active",
    )

    page.goto(f"{site.url}/admin/fleet/")
    says(page, "[data-figure=active]", "3")
    three = page.locator("[data-node]", has_text="three")
    site.manage("plan")  # as the worker does each half minute
    says(page, "[data-part=fill]", "complete", seconds=40)

    three.get_by_role("link", name="Drain").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label(re.compile("Why")).fill("a new disk")
    assert "Nothing has to move" in dialog.inner_text()
    dialog.get_by_role("button", name="Drain").click()
    wait_for(lambda: three.get_attribute("data-state") == "evacuated", what="the node being drained")
    says(page, "[data-section=events]", "a new disk")
    says(page, "[data-figure=active]", "2")

    three.get_by_role("link", name="Put back").click()
    dialog.get_by_role("button", name="Put back").click()
    wait_for(lambda: three.get_attribute("data-state") == "active", what="the node serving again")


def test_a_node_that_cannot_be_reached_says_why_to_who_waits(
    page: Any, site: Site, machines: Machines
) -> None:
    page.goto(f"{site.url}/admin/fleet/add/")
    page.get_by_label("Name").fill("hidden")
    page.get_by_role("button", name="Make the command").click()
    command = page.locator("[data-command]").inner_text()
    machines.type("hidden", f"{command} --base-url http://127.0.0.1:{free_port()}")
    says(page, "[data-part=refused]", "connection refused")
    page.goto(f"{site.url}/admin/fleet/")
    says(page, "[data-expected=hidden]", "connection refused")
    page.locator("[data-expected=hidden]").get_by_role("button").click()
    wait_for(lambda: page.locator("[data-expected=hidden]").count() == 0, what="the code being void")


def test_the_map_shows_a_title_and_takes_it_down(page: Any, site: Site, machines: Machines) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/admin/fleet/map/")
    page.get_by_label("Find a title").fill("nan")
    wait_for(lambda: "Night Mail" not in page.inner_text("[data-grid]"), what="the search")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Nanook").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="Take down").click()
    says(page, "[data-refused]", "Say why")
    dialog.get_by_label("Why").fill("a claim")
    dialog.get_by_role("button", name="Take down").click()
    says(page, "[data-grid]", "taken down")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Nanook").click()
    dialog.get_by_role("button", name="Lift the takedown").click()
    wait_for(lambda: "taken down" not in page.inner_text("[data-grid]"), what="the lifting")

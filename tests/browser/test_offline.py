"""Films that are kept on a device, in real Chromium: fetched from nodes, played with the network off and every server
dead, sealed, of no use after their time, and gone with who signs out.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from accounts import services as accounts
from catalog import services as catalog
from netflixlite.live.hub import HUB
from playback import models
from playback import services as playback
from tests.browser import household
from tests.browser.household import Window
from tests.conformance import making, staging
from tests.conformance.making import Made, Studio
from tests.conftest import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry", "cache"]),
]

#: Where pictures of the pages go when somebody wants to look at them.
LOOK = os.environ.get("NETFLIXLITE_LOOK", "")
#: All pieces that lie in the browser, as it has them.
PIECES = """async () => {
  const { Cellar } = await import(document.querySelector("script[src*='offline/'], script[src*='main']").src
    .replace(/js\\/(offline\\/\\w+|main)\\.js.*/, "js/offline/cellar.js"));
  const cellar = new Cellar();
  const records = await cellar.all();
  const found = [];
  for (const { id } of records) for (const path of await cellar.paths(id)) {
    const bytes = await cellar.piece(id, path);
    const plain = new TextDecoder("latin1").decode(bytes);
    found.push({ path, plain: /ftyp|moof|EXTM3U|WEBVTT|RIFF/.test(plain), size: bytes.length });
  }
  const key = await cellar.note("key");
  cellar.close();
  const stand = records.map(({ state, got, bytes }) => ({ state, got, bytes }));
  return { records: stand, found, extractable: key?.extractable ?? null };
}"""


@dataclass
class House:
    """A site with two nodes and a film, and a window where Ada is signed in."""

    window: Window
    stage: staging.Stage
    serving: ExitStack
    slug: str

    @property
    def page(self) -> Any:
        return self.window.page

    def die(self) -> None:
        """Every server is gone, and so is the network."""
        for edge in self.stage.edges:
            edge.kill()
        self.serving.close()
        self.window.context.set_offline(True)

    def keep(self) -> None:
        """Press the button, choose, and wait until all of it is here."""
        page = self.window.go(f"/title/{self.slug}/")
        page.click("nl-download button")
        page.wait_for_selector(".download-dialog[open]")
        look(page, "download-dialog")
        page.click(".download-dialog button[type=submit]")
        page.wait_for_selector("nl-download[data-state=complete]", timeout=60_000)

    def ready(self) -> None:
        """The worker that stands in for the site is there."""
        page = self.window.go("/downloads/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_selector(".download")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = tmp_path_factory.mktemp("offline")
    return Studio(making.film(home / "film.mkv"), home, UUID(int=7)).pack("Night Mail")


@pytest.fixture
def house(chromium: Any, made: Made, settings: Any, tmp_path: Path) -> Iterator[House]:
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.NODE_LEASE_SECONDS = 30.0
    with ExitStack() as all_of_it:
        serving = ExitStack()
        all_of_it.callback(serving.close)
        url = serving.enter_context(household.serving())
        settings.SITE_URL = url
        stage = all_of_it.enter_context(staging.standing(url, tmp_path, nodes=2))
        stage.publish(made)
        video = catalog.video(stage.video)
        assert video is not None
        title = catalog.title(video.title_id)
        assert title is not None
        window = Window(chromium, url)
        all_of_it.callback(window.close)
        window.enter(user=accounts.user(stage.ada.user_id).email)
        yield House(window, stage, serving, title.slug)


def look(page: Any, name: str) -> None:
    if LOOK:
        page.screenshot(path=f"{LOOK}/{name}.png", full_page=True)


def playing(page: Any, beyond: float) -> dict[str, Any]:
    """The player's state once the film is beyond that second."""

    def state() -> dict[str, Any] | None:
        # A page that nobody has touched may not play with sound: the browser says so, and the player asks for Play.
        # (An `evaluate` that comes before counts as a touch, so that it happens on a busy machine only.)
        if page.is_visible(".player-start"):
            page.click(".player-start")
        found = page.evaluate("document.querySelector('nl-player')?.state ?? null")
        return found if found and found["position"] > beyond and not found["paused"] else None

    return dict(wait_for(state, seconds=120, what=f"playing beyond {beyond} s"))


def test_a_kept_film_plays_with_the_network_off_and_every_server_dead(house: House) -> None:
    house.keep()
    licence = models.Licence.objects.get()
    wait_for(lambda: models.Licence.objects.get().complete_at, seconds=20, what="the site hearing of it")
    assert house.stage.answers > 10, "it came from the nodes"
    house.ready()
    page = house.page
    kept = page.evaluate(PIECES)
    assert kept["records"] == [
        {"state": "complete", "got": kept["records"][0]["got"], "bytes": licence.bytes}
    ]
    assert kept["records"][0]["got"] >= licence.bytes
    assert [one["path"] for one in kept["found"] if one["plain"]] == []
    assert kept["extractable"] is False
    look(page, "downloads-1440")

    house.die()
    page.goto(f"{house.window.url}/downloads/")
    page.wait_for_selector(".download[data-state=complete]")
    look(page, "downloads-offline-1440")
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, "downloads-offline-390")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.click(".download a.button")
    page.wait_for_selector("nl-player video", state="attached")
    state = playing(page, 1)
    assert state["node"] == "device"
    look(page, "downloads-playing")
    page.evaluate("document.querySelector('nl-player').video.currentTime = 15")
    assert playing(page, 16)["errors"] == []
    tracks = page.evaluate(
        """() => { const { engine } = document.querySelector("nl-player").player;
          return { text: engine.textTracks.length, sound: engine.audioTracks.length }; }"""
    )
    assert tracks["text"] == 2
    assert tracks["sound"] >= 1
    # Any other page of the site leads to what is here.
    page.goto(f"{house.window.url}/watch/{house.stage.video}/")
    playing(page, 16)  # and where it was left
    page.goto(f"{house.window.url}/")
    page.wait_for_selector("#shell-away:not([hidden])")

    # A month later it does not play, and setting the clock back does not help.
    # The clock of the page is what localStorage says: init scripts add up, and cannot be taken back.
    page.context.add_init_script(
        "{ const now = Date.now; Date.now = () => now() + Number(localStorage.getItem('later') ?? 0); }"
    )
    page.evaluate("localStorage.setItem('later', String(31 * 86400000))")
    page.goto(f"{house.window.url}/downloads/")
    page.wait_for_selector(".download:has-text('Expired')")
    assert page.locator(".download a.button").is_hidden()
    page.evaluate("localStorage.setItem('later', '0')")
    page.goto(f"{house.window.url}/downloads/watch/{house.stage.video}/")
    page.wait_for_selector(".player-error, .download:has-text('clock')")
    assert page.evaluate("document.querySelector('nl-player')?.state?.position ?? 0") == 0


def test_what_was_watched_away_arrives_and_signing_out_leaves_nothing(house: House) -> None:
    house.keep()
    house.ready()
    page = house.page
    house.window.context.set_offline(True)
    page.goto(f"{house.window.url}/downloads/watch/{house.stage.video}/")
    page.wait_for_selector("nl-player video", state="attached")
    playing(page, 6)
    page.evaluate("document.querySelector('nl-player').video.pause()")
    assert not playback.bookmarks(house.stage.ada.id, [house.stage.video])
    house.window.context.set_offline(False)
    page = house.window.go("/")

    def told() -> Any:
        return playback.bookmarks(house.stage.ada.id, [house.stage.video]).get(house.stage.video)

    mark = wait_for(told, seconds=60, what="the bookmark on the site")
    assert mark.position.total_seconds() > 5
    assert playback.active_sessions(house.stage.ada.user_id) == []

    page.evaluate("document.querySelector('form[action$=\"/accounts/logout/\"]').requestSubmit()")
    page.wait_for_url("**/accounts/login/**")
    wait_for(
        lambda: not models.Licence.objects.filter(ended="").exists(), seconds=20, what="the licence's end"
    )
    nothing = {"records": [], "found": [], "extractable": None}
    wait_for(lambda: page.evaluate(PIECES) == nothing, seconds=30, what="nothing being left")


@pytest.mark.parametrize("looking", [True, False], ids=["while it looks", "when it comes back"])
def test_what_the_site_ends_goes_from_the_device(house: House, looking: bool) -> None:
    house.keep()
    house.ready()
    page = house.page
    wait_for(lambda: HUB.listening, seconds=60, what="the page listening")
    page.evaluate("document.body.dataset.mark = 'same'")
    video = catalog.video(house.stage.video)
    assert video is not None
    catalog.unpublish(video.title_id)
    if looking:
        playback.look_at_licences()  # as a worker does every now and then
    else:
        house.window.go("/downloads/")
    page.wait_for_selector("nl-downloads .empty:not([hidden])")
    wait_for(lambda: page.evaluate(PIECES)["found"] == [], seconds=30, what="its bytes being gone")
    assert page.evaluate("document.body.dataset.mark ?? ''") == ("same" if looking else "")

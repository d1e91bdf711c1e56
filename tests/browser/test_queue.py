"""An operator watches the queue while a viewer watches the film that is being made: nothing stands still for either."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.film import PAUSE_MAX, Film
from tests.conftest import wait_for
from tests.media import clips
from tests.upload.site import TOP, Site

pytestmark = [pytest.mark.browser, pytest.mark.steady, pytest.mark.timeout(300)]

SECONDS = 40
PROFILE = """
from accounts import services
from django.contrib.auth import get_user_model
olu = get_user_model().objects.get().pk
services.create_profile(user_id=olu, name="Olu", avatar="ember", is_kid=False, language="en")
"""


class Worker:
    """A worker that can be sent away and called again: the test, not the machine's speed, says what comes when."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.site.home / "worker.log").open("ab") as log:
            command = [sys.executable, "manage.py", "worker"]
            self.process = subprocess.Popen(
                command, cwd=TOP, env=self.site.environment, stdout=log, stderr=log
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    up = Site(tmp_path_factory.mktemp("queue-site"), more={"NETFLIXLITE_AV1": "never"})
    up.prepare()
    up.shell(PROFILE)
    up.start()
    up.sign_in()
    yield up
    up.stop()


@pytest.fixture
def worker(site: Site) -> Iterator[Worker]:
    worker = Worker(site)
    yield worker
    worker.stop()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A film that cannot be copied, so that something has to be encoded before anything can be watched."""
    path = tmp_path / "The Long Meridian.mkv"
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=640x360:r=24:d={SECONDS}"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:d={SECONDS}"]
    clips.ffmpeg(*picture, *sound, "-c:v", "mpeg4", "-q:v", "5", "-c:a", "ac3", path)
    return path


def test_a_film_is_watched_while_it_is_made(
    site: Site, worker: Worker, chromium: Any, clip: Path, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "netflixlite_session", "value": site.session, "url": site.url}])
    queue, problems = context.new_page(), []
    queue.on("pageerror", lambda error: problems.append(str(error)))
    queue.goto(f"{site.url}/admin/queue/")
    entry = queue.locator("[data-entry]")

    def says(words: str, seconds: float = 60) -> None:
        wait_for(
            lambda: entry.count() and words in entry.inner_text(),
            seconds=seconds,
            what=f"{words!r} in {queue.inner_text('.nl-queue-main')!r}",
        )

    assert "Nothing is being made" in queue.inner_text(".nl-queue-main")
    site.manage("ingest", str(clip), "--ladder", "standard", "--preset", "veryfast")
    says("No worker is running")
    queue.get_by_role("button", name="First").click()
    wait_for(lambda: queue.locator(".nl-chip--lamp").count(), what="the priority")
    worker.start()
    wait_for(
        lambda: site.database("SELECT current_package_id FROM catalog_video")[0][0],
        seconds=90,
        what="something to watch",
    )
    worker.stop()
    says("can be watched")
    assert queue.locator("[data-part=pieces] span").count() >= 1

    film = Film(context.new_page())
    film.page.goto(f"{site.url}/admin/catalog/title/")
    film.page.get_by_role("link", name="The Long Meridian").first.click()
    film.page.get_by_role("button", name="Publish", exact=True).click()
    to_the_site = film.page.get_by_role("link", name="See it on the site")
    to_the_site.wait_for()
    film.page.wait_for_load_state()  # what moves while the page is laid out loses the press
    to_the_site.click()
    film.page.wait_for_url(re.compile("/(profiles|title/the-long-meridian)/"))
    if "/profiles/" in film.page.url:
        film.page.get_by_role("button", name="Olu").first.click()
        film.page.wait_for_url(lambda url: "/profiles/" not in url)
        film.page.goto(f"{site.url}/title/the-long-meridian/")
    film.page.get_by_role("link", name="Play").first.click()
    started = "it?.start && (!it.start.hidden || it.video.currentTime > 0)"
    wait_for(lambda: film.element(started), seconds=30, what="a start")
    if not film.element("it.start.hidden"):
        film.page.click(".player-start")
    early = film.playing()
    assert len(early["levels"]) == 1
    assert early["duration"] == pytest.approx(SECONDS, abs=0.5)
    film.problems.clear()  # of the pages on the way here
    film.meter()
    worker.start()

    def laddered(now: dict[str, Any]) -> bool:
        if now["available"] > SECONDS - 1 and now["position"] > SECONDS - 12:
            film.element(
                "it.viewer.seek(2)"
            )  # however long the machine takes, the film is still being watched
        return len(now["levels"]) > 1

    after = film.until(laddered, seconds=150, what="the ladder")
    assert after["handovers"] >= 1
    assert after["reloads"] == 0
    film.element(f"it.viewer.seek({SECONDS - 4})")
    film.until(lambda now: now["ended"], seconds=60, what="the end")
    assert film.longest_pause < PAUSE_MAX
    assert film.state["stalls"] == 0
    says("ready")
    assert "Finished lately" in queue.inner_text(".nl-queue-main")
    assert film.problems + problems == []
    context.close()

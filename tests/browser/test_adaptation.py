"""The adaptive bitrate in a real Chromium, on a link that is as slow as the test says, beside the simulator."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.browser.film import Film, begin
from tests.browser.rig import media
from tests.browser.rig.stage import FILMS, ROOT, Stage
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.steady]

FAST, SLOW = 9_000_000, 500_000
LATENCY_MS = 20
SEGMENTS = 4
PICTURE = re.compile(r"/(v\d+)/(\d+)\.m4s")


class Line:
    """The viewer's link, by the browser's own emulation."""

    def __init__(self, film: Film) -> None:
        self._session = film.page.context.new_cdp_session(film.page)
        self._session.send("Network.enable")

    def shape(self, bps: int) -> None:
        """So many bits a second from now on."""
        conditions = {"offline": False, "latency": LATENCY_MS, "uploadThroughput": -1}
        self._session.send("Network.emulateNetworkConditions", {**conditions, "downloadThroughput": bps / 8})


def pictures(stage: Stage) -> list[tuple[int, str]]:
    """Number and rendition of the picture segments that were asked for, in order."""
    asked = [one for node in stage.nodes.values() for one in node.log() if one["method"] == "GET"]
    # Each node keeps its own list: together they are in order only by the clock.
    asked.sort(key=lambda one: float(one["at"]))
    found = [PICTURE.search(one["path"]) for one in asked]
    return [(int(one[2]), one[1]) for one in found if one]


def fetched(film: Film) -> list[str]:
    """Renditions of the picture segments that this page asked for, in order: nothing of the page before it is in it."""
    addresses = film.page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    found = [PICTURE.search(address) for address in addresses]
    return [one[1] for one in found if one]


def simulated(first: str) -> list[str]:
    """What the simulator chooses for the same film on the same link."""
    package = Path(FILMS) / media.PACKAGE
    names = [name for name, *_ in media.LADDER]
    sizes = [[(package / name / f"{n}.m4s").stat().st_size for n in range(12)] for name in names]
    question = {
        "levels": [{"average": rate, "height": height} for _, _, height, rate in media.LADDER],
        "sizes": sizes,
        "duration": media.SEGMENT_SECONDS,
        # Sound comes beside the picture and takes its part of the link.
        "rates": [FAST - 2 * media.AUDIO_RATE] * 60,
        "latency": LATENCY_MS / 1000,
        "capacity": 60,
        "expectation": {"expected": 1_200_000, "doubt": 0.8},
        "first": names.index(first),
    }
    run = subprocess.run(
        ["node", "bench/_abr/replay.js", json.dumps(question)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [names[level] for level in json.loads(run.stdout)["levels"][:SEGMENTS]]


def test_the_player_chooses_what_the_simulator_chooses(film: Film, stage: Stage) -> None:
    line = Line(film)
    line.shape(FAST)
    begin(film, stage)
    film.meter()
    wait_for(lambda: len(pictures(stage)) >= SEGMENTS, seconds=20, what="the first segments")
    chosen = [name for _, name in pictures(stage)[:SEGMENTS]]
    expected = simulated(chosen[0])
    # A busy machine gives the first segments their bytes late: one of them may come a step later than in the simulator.
    assert sum(name != other for name, other in zip(chosen, expected, strict=True)) <= 1, (chosen, expected)
    assert chosen[-1] == "v720"
    # Then the line breaks down, with a large segment under way that would come too late: it makes way for a small one.
    before = len(pictures(stage))
    line.shape(SLOW)
    lower = wait_for(
        lambda: [name for _, name in pictures(stage)[before + 1 :] if name != "v720"],
        seconds=20,
        what="a smaller picture",
    )
    assert lower
    assert film.state["stalls"] == 0
    assert film.state["adaptation"]["why"]


def test_data_saver_holds_the_picture_small_and_is_kept(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.element("it.viewer.toggleSaver()")
    assert film.element("it.player.savesData")
    begin(film, stage)
    wait_for(lambda: film.state["buffer"] > 20, seconds=10, what="a buffer")
    assert film.state["adaptation"]["cap"] == "data saver"
    film.element("it.bar.quality.toggle(true)")
    assert film.page.get_by_role("switch", name="Data saver").get_attribute("aria-checked") == "true"
    seen = fetched(film)
    assert seen
    assert "v720" not in seen

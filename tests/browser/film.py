"""The player in a page, as tests look at it: its state, its element, the pauses of its playhead."""

import json
from collections.abc import Callable
from typing import Any

from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

#: The promise: the playhead never pauses longer than this, in ms.
PAUSE_MAX = 500

#: Notes the longest time for which the playhead stood still, every 20 ms; a player that should not play does not count.
#: Also the largest step by which it was elsewhere than the time that had passed says, in seconds. The element is asked
#: for each time: it is another one after a newer package has taken over.
METER = """() => {
  const player = document.querySelector("nl-player");
  const meter = { longest: 0, jump: 0, last: player.video.currentTime, since: performance.now(), looked: NaN };
  globalThis.rigMeter = meter;
  setInterval(() => {
    const now = performance.now();
    const { currentTime, ended, paused, seeking, playbackRate } = player.video;
    const rests = ended || paused || seeking;
    if (!rests && !Number.isNaN(meter.looked)) {
      const step = currentTime - meter.last - (playbackRate * (now - meter.looked)) / 1000;
      if (currentTime !== meter.last) meter.jump = Math.max(meter.jump, Math.abs(step));
    }
    if (currentTime !== meter.last || rests) {
      meter.last = currentTime;
      meter.since = now;
      meter.looked = rests ? NaN : now;
    }
    meter.longest = Math.max(meter.longest, now - meter.since);
  }, 20);
}"""


class Film:
    """A page with a film, asked by `evaluate`: waiting by expression would need eval, which the policy forbids."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._hear(message))

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    @property
    def state(self) -> dict[str, Any]:
        """What the player says of itself."""
        return dict(self.page.evaluate("document.querySelector('nl-player')?.state ?? {}"))

    def element(self, expression: str) -> Any:
        """A JavaScript expression over `it`, the element."""
        return self.page.evaluate(f"(it => {expression})(document.querySelector('nl-player'))")

    def until(
        self, fact: Callable[[dict[str, Any]], Any], *, seconds: float = 15, what: str = ""
    ) -> dict[str, Any]:
        """The state as soon as `fact` holds of it."""

        def ask() -> dict[str, Any] | None:
            state = self.state
            return state if state and fact(state) else None

        return dict(
            wait_for(ask, seconds=seconds, what=what or f"last state: {json.dumps(self.state)[:800]}")
        )

    def playing(self, *, beyond: float = 0.5, seconds: float = 15) -> dict[str, Any]:
        """Wait until the film moves and is beyond that second."""
        return self.until(lambda now: not now["paused"] and now["position"] > beyond, seconds=seconds)

    def meter(self) -> None:
        """Measure pauses of the playhead from now on."""
        self.page.evaluate(METER)

    @property
    def longest_pause(self) -> float:
        """In ms, since `meter`."""
        return float(self.page.evaluate("globalThis.rigMeter.longest"))

    @property
    def longest_jump(self) -> float:
        """In seconds, since `meter`."""
        return float(self.page.evaluate("globalThis.rigMeter.jump"))


def begin(film: Film, stage: Stage) -> None:
    """Open the page and press Play if the browser asks for it."""
    film.page.goto(stage.watch)
    wait_for(
        lambda: film.element("it?.start && (!it.start.hidden || it.video.currentTime > 0)"), what="a start"
    )
    if not film.element("it.start.hidden"):
        film.page.click(".player-start")
    film.playing()


def narrow(stage: Stage, rate: int) -> None:
    """Give the nodes a link of so many bytes per second for each request, so that the buffer fills slowly."""
    for node in stage.nodes.values():
        node.mood(rate=rate)


def beats(stage: Stage, event: str) -> list[dict[str, Any]]:
    """The beacons of that event that the site was sent, taken or not."""
    bodies = [json.loads(one["body"]) for one in stage.site.seen("/beacon")]
    reports = [one for body in bodies for one in body.get("reports", [body])]
    return [one for one in reports if one["event"] == event]

"""An encrypted film in our player: it plays, changes its language at a run and jumps, however late its key comes."""

from collections.abc import Iterator

import pytest

from tests.browser.film import Film, begin
from tests.browser.rig.stage import Stage

pytestmark = pytest.mark.browser


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        stage.site.encrypted = True
        yield stage


def speak(film: Film, *languages: str) -> None:
    """Choose these languages one after the other, as fast as they can be chosen."""
    film.page.evaluate(
        """(languages) => {
          const { player } = document.querySelector("nl-player");
          for (const tag of languages) {
            const { engine } = player;
            engine.chooseAudio(engine.audioTracks.find(({ language }) => language === tag).id);
          }
        }""",
        list(languages),
    )


def spoken(film: Film) -> str:
    """The language that the engine says it plays."""
    return str(
        film.element("it.player.engine.audioTracks[it.player.engine.audioTrack]?.language"),
    )


def goes_on(film: Film, seconds: float = 2, *, within: float = 20) -> None:
    """The picture moves for that many seconds more."""
    position = film.state["position"]
    film.until(lambda now: now["position"] > position + seconds, seconds=within, what="going on")


@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_the_language_changes_twice_at_once(film: Film, stage: Stage, delay: float) -> None:
    stage.site.key_delay = delay
    begin(film, stage)
    film.playing(beyond=1)
    assert spoken(film) == "en"
    speak(film, "de", "en")
    assert spoken(film) == "en"
    goes_on(film)
    speak(film, "de")
    film.page.wait_for_timeout(200)
    speak(film, "en")
    film.page.wait_for_timeout(200)
    speak(film, "de")
    goes_on(film)
    assert spoken(film) == "de"
    film.element("it.viewer.seek(30)")
    film.playing(beyond=31)
    speak(film, "en", "de", "en")
    film.element("it.viewer.seek(20)")
    film.until(lambda now: 21 < now["position"] < 25, what="going on after the jump")
    assert spoken(film) == "en"
    assert film.state["reloads"] == 0
    assert film.problems == []


def test_a_site_that_is_away_stops_no_change_of_language(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.playing(beyond=1)
    assert len(stage.site.seen("/content-key")) in (1, 2)  # picture and sound begin together
    stage.site.down = True
    speak(film, "de")
    film.element("it.viewer.seek(30)")
    film.playing(beyond=31)
    assert spoken(film) == "de"
    assert len(stage.site.seen("/content-key")) in (1, 2)
    assert film.problems == []

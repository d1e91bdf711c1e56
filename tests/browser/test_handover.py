"""A film that gets better while it is watched: its viewer is taken along, and the picture never stands still."""

from collections.abc import Iterator

import pytest

from tests.browser.film import PAUSE_MAX, Film, beats, begin
from tests.browser.rig.media import EARLY_SECONDS
from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.steady]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        stage.site.early = True
        yield stage


def test_the_ladder_arrives_while_the_beginning_is_watched(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.meter()
    state = film.playing(beyond=1.5)
    assert state["levels"] == [240]
    assert state["duration"] == pytest.approx(48, abs=0.5), "the whole film's length is known"
    assert state["available"] == pytest.approx(EARLY_SECONDS, abs=0.5)
    assert film.element("it.bar.scrubber.element.classList.contains('growing')")
    film.element("(it.viewer.setVolume(0.35), it.viewer.setRate(1.25), null)")
    stage.site.early = False
    film.element("(it.video.pause(), it.player.play(), null)")  # a beacon, whose answer tells of it
    after = film.until(lambda now: now["handovers"] == 1, seconds=20, what="the hand-over")
    assert after["levels"] == [240, 360, 720]
    assert after["available"] == pytest.approx(48, abs=0.5)
    assert film.element("[it.video.volume, it.video.muted, it.video.playbackRate]") == [0.35, False, 1.25]
    assert not film.element("it.bar.scrubber.element.classList.contains('growing')")
    film.until(lambda now: now["position"] > EARLY_SECONDS + 4, seconds=40, what="beyond what there was")
    assert film.longest_pause < PAUSE_MAX
    assert film.longest_jump < 0.25
    assert film.state["stalls"] == 0
    assert film.state["reloads"] == 0
    wait_for(lambda: film.element("it.querySelectorAll('video').length") == 1, what="one element again")
    assert film.problems == []


def test_at_the_end_of_what_is_there_it_waits_with_words_and_goes_on(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.element("it.viewer.seek(40)")
    assert film.element("it.video.currentTime") < EARLY_SECONDS
    assert "does not reach that far yet" in film.page.inner_text(".player-notice")
    words = wait_for(lambda: film.element("it.spinner.element.textContent"), seconds=20, what="words")
    assert "still being prepared" in words
    assert film.state["ended"] is False
    assert not film.page.is_visible(".player-end")
    assert not beats(stage, "ended")
    stage.site.early = False
    film.playing(beyond=EARLY_SECONDS + 1, seconds=20)
    assert film.state["handovers"] == 1
    assert film.page.is_hidden(".player-spinner")
    film.element("it.viewer.seek(45)")
    film.until(lambda now: now["ended"], seconds=20, what="the real end")
    assert film.problems == []


def test_who_rests_is_handed_over_in_place(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.playing(beyond=1)
    film.element("it.video.pause()")
    film.element("it.viewer.seek(7)")
    stage.site.early = False
    film.element("it.viewer.seek(7.5)")
    film.until(lambda now: now["handovers"] == 1, seconds=20, what="the hand-over")
    assert film.element("[it.video.paused, it.video.currentTime]") == [True, 7.5]
    film.element("it.player.play()")
    film.playing(beyond=8)
    assert film.problems == []


@pytest.mark.parametrize("anew", [False, True], ids=["the same package", "packaged anew"])
def test_after_a_sleep_another_session_goes_on_with_the_package_of_now(
    film: Film, stage: Stage, anew: bool
) -> None:
    begin(film, stage)
    film.playing(beyond=1)
    before = film.state["session"]
    stage.site.early = not anew
    stage.site.silent.add("key1")
    film.element("(it.video.pause(), it.player.play(), null)")
    after = film.until(lambda now: now["session"] != before, seconds=20, what="another session")
    film.playing(beyond=after["position"] + 1)
    assert film.state["handovers"] == int(anew)
    assert film.state["levels"] == ([240, 360, 720] if anew else [240])
    assert film.state["reloads"] == film.state["stalls"] == 0
    assert len(stage.site.seen("/sessions")) == 2
    assert film.problems == []


def test_a_newer_package_that_cannot_be_played_leaves_the_picture_alone(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.meter()
    film.playing(beyond=1)
    stage.site.broken = True
    stage.site.early = False
    film.element("(it.video.pause(), it.player.play(), null)")
    film.until(lambda now: any("not handed over" in one["text"] for one in now["errors"]), seconds=25)
    position = film.state["position"]
    film.playing(beyond=position + 0.5)
    assert film.longest_pause < PAUSE_MAX
    stage.site.broken = False
    film.element("(it.video.pause(), it.player.play(), null)")
    film.until(lambda now: now["handovers"] + now["reloads"] == 1, seconds=40, what="another try")

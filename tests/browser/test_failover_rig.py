"""What only a browser shows of the loader: no wrong bytes reach the decoder, and nobody sees a slow node go."""

import pytest

from tests.browser.film import PAUSE_MAX, Film, begin, narrow
from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.steady]


def test_wrong_bytes_never_reach_the_decoder(film: Film, stage: Stage) -> None:
    narrow(stage, 900_000)
    begin(film, stage)
    film.meter()
    film.playing(beyond=2)
    wait_for(lambda: stage.site.seen("/segments/v720.json"), what="the digests")
    stage.nodes["n1"].mood(fault="wrong")
    moved = film.until(lambda now: now["node"] == "n2", seconds=20, what="the other node")
    assert moved["corrupt"] > 0
    assert "wrong bytes" in [one["why"] for one in moved["switches"]]
    film.until(lambda now: now["position"] > moved["position"] + 6, seconds=30, what="going on")
    assert film.longest_pause < PAUSE_MAX
    assert film.state["stalls"] == 0
    assert film.problems == []


def test_a_throttled_node_is_left_without_a_stall(film: Film, stage: Stage) -> None:
    narrow(stage, 900_000)
    begin(film, stage)
    film.meter()
    film.playing(beyond=2)
    stage.nodes["n1"].mood(rate=60_000)
    moved = film.until(lambda now: now["node"] == "n2", seconds=20, what="the other node")
    film.until(lambda now: now["position"] > moved["position"] + 6, seconds=30, what="going on")
    assert film.longest_pause < PAUSE_MAX
    assert film.state["stalls"] == 0
    assert film.problems == []


def test_a_film_begins_though_the_first_node_never_answers(film: Film, stage: Stage) -> None:
    stage.nodes["n1"].freeze()
    begin(film, stage)
    state = film.playing(beyond=1)
    assert state["node"] == "n2"
    assert film.problems == []

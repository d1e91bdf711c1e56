"""The small pictures that a card shows: which they are, and who is shown them."""

import pytest

from accounts.tests.factories import client_of
from catalog import services
from catalog.services.previews import MOST, Tile, chosen, tiles_of
from catalog.tests.factories import make_package, make_series, make_title


def _tiles(count: int, *, apart: float, each: int = 64) -> list[Tile]:
    return [Tile(at * apart, at // each, 0, 0, 240, 136) for at in range(count)]


def test_pictures_come_from_one_sheet_of_the_quieter_part() -> None:
    film = chosen(_tiles(1800, apart=4.0), 7200.0)
    assert len(film) == MOST
    assert {each.sheet for each in film} == {3}
    assert film == sorted(film, key=lambda each: each.start)
    short = chosen(_tiles(20, apart=3.0), 60.0)
    assert [each.start for each in short] == [9.0 + 3 * step for step in range(10)]
    assert chosen(_tiles(1, apart=4.0), 4.0) == _tiles(1, apart=4.0)
    assert chosen([], 60.0) == []


def test_an_index_is_read_with_and_without_hours() -> None:
    index = (
        "WEBVTT\n\n00:04.000 --> 00:08.000\n0.webp#xywh=240,0,240,136\n\n"
        "01:00:04.500 --> 01:00:08.000\n12.webp#xywh=0,136,240,136\n"
    )
    assert tiles_of(index) == [Tile(4.0, 0, 240, 0, 240, 136), Tile(3604.5, 12, 0, 136, 240, 136)]


@pytest.mark.django_db
def test_a_card_asks_for_the_pictures_and_where_they_stand(ada, ben) -> None:
    film = make_title(name="Night Mail", maturity=12)
    make_package(film.video_id, duration=60.0, sheets=2)
    client = client_of(ada)
    told = client.get(f"/api/v1/titles/{film.id}/preview")
    assert told.status_code == 200
    answer = told.json()
    assert (answer["width"], answer["height"]) == (160, 90)
    assert answer["tiles"]
    picture = client.get(answer["picture"])
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/webp")
    assert "immutable" in picture["Cache-Control"]
    assert "private" in picture["Cache-Control"]
    wrong = answer["picture"].replace(answer["picture"].rsplit("/", 1)[1], "0" * 32 + ".webp")
    assert client.get(wrong).status_code == 404
    child = client_of(ben)
    assert child.get(f"/api/v1/titles/{film.id}/preview").status_code == 404
    assert child.get(answer["picture"]).status_code == 404


@pytest.mark.django_db
def test_a_series_shows_its_first_episode_and_what_has_no_pictures_says_so(ada) -> None:
    series, plain = make_series(), make_title(name="Plain")
    video = services.first_video(series.id)
    assert video is not None
    make_package(services.videos([video])[video], duration=40.0, sheets=1)
    client = client_of(ada)
    assert client.get(f"/api/v1/titles/{series.id}/preview").status_code == 200
    assert client.get(f"/api/v1/titles/{plain.id}/preview").status_code == 204

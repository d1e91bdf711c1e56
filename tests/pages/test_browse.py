"""Browse: every choice stands in the address, and works without a script."""

from datetime import timedelta

import pytest
from django.test import Client

from catalog import services as catalog
from catalog.tests.factories import make_title
from netflixlite.pages import browsing
from playback.tests.factories import make_viewing
from recommend import services as recommend
from recommend.types import Thumb
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def names(client: Client, address: str) -> list[str]:
    return [tile.title.name for tile in client.get(address).context["tiles"]]


def picker(client: Client, address: str, key: str) -> browsing.Picker:
    return next(each for each in client.get(address).context["pickers"] if each.key == key)


def test_every_choice_narrows_and_keeps_the_others(house: House) -> None:
    make_title(name="Blow-Up", year=1966, maturity=16, genres=["Drama"])
    client = house.client(house.ada)
    assert names(client, "/browse/?decade=1960") == ["Blow-Up"]
    assert names(client, "/browse/?year=1966") == ["Blow-Up"]
    assert names(client, "/browse/drama/?kind=film&decade=1930&age=7&sort=name") == [
        "Night Mail 1",
        "Night Mail 3",
    ]
    assert client.get("/browse/?age=0&kind=series").context["total"] == 1
    address = "/browse/drama/?kind=film&decade=1960&sort=year"
    links = {each.name: each for each in picker(client, address, "genre").choices}
    assert links["Family"].url == "/browse/family/?kind=film&decade=1960&sort=year"
    assert links["Drama"].current
    assert client.get(address).context["clear_url"] == "/browse/?kind=film&sort=year"
    times = picker(client, "/browse/?year=1966", "time")
    assert (times.value, times.chosen) == ("1966", True)


def test_only_what_there_is_is_offered(house: House) -> None:
    make_title(name="Blow-Up", year=1966, maturity=16)
    grown_up, kid = house.client(house.ada), house.client(house.ben)
    assert "1960s" in [each.name for each in picker(grown_up, "/browse/", "time").choices]
    assert all(each.key != "age" for each in kid.get("/browse/").context["pickers"])
    page = kid.get("/browse/").content.decode()
    assert "1960s" not in page
    assert "Up to age" not in page


def test_what_is_watched_here_comes_first_when_asked_and_the_newest_after_it(house: House) -> None:
    client = house.client(house.ada)
    for film, times in ((house.films[2], 1), (house.films[5], 3)):
        for _each in range(times):
            make_viewing(profile_id=house.ben.id, video_id=film.video_id)
    newest = names(client, "/browse/?kind=film")
    favourites = [house.films[5].name, house.films[2].name]
    popular = names(client, "/browse/?kind=film&sort=popular")
    assert popular == favourites + [each for each in newest if each not in favourites]


def test_what_suits_comes_first_when_asked(house: House) -> None:
    recommend.rate(profile_id=house.ada.id, title_id=house.series.id, thumb=Thumb.DOUBLE_UP)
    client = house.client(house.ada)
    suits = names(client, "/browse/?sort=suits")
    assert sorted(suits) == sorted(names(client, "/browse/"))
    dramas = set(names(client, "/browse/drama/"))
    assert set(suits[: len(dramas)]) == dramas


def test_sheets_follow_each_other_without_gap_or_repetition(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "SHEET", 4)
    for film in house.films[:6]:
        make_viewing(profile_id=house.ben.id, video_id=film.video_id)
    client = house.client(house.ada)
    for sort in browsing.Sort:
        seen, address = [], f"/browse/?sort={sort.value}"
        while address:
            page = client.get(address)
            seen += [tile.title.name for tile in page.context["tiles"]]
            address = page.context["on_url"]
        assert len(seen) == len(set(seen)) == 11, sort
        assert set(seen) == {each.name for each in catalog.browse(maturity=house.ada.maturity)}


def test_nonsense_in_the_address_is_no_error(house: House) -> None:
    client = house.client(house.ada)
    for said in ("decade=x", "age=-1", "year=99999999999999", "sheet=9999", "sort=", "age=²", "decade=0"):
        assert client.get(f"/browse/?{said}").status_code == 200, said
    empty = client.get("/browse/?decade=1700")
    assert "Clear all choices" in empty.content.decode()


def test_my_list_is_sorted_as_asked(house: House) -> None:
    client = house.client(house.ada)
    for film in (house.films[8], house.films[1]):
        recommend.add_to_list(profile_id=house.ada.id, title_id=film.id)
    assert names(client, "/my-list/") == ["Night Mail 1", "Night Mail 8", "Night Mail 3"]
    assert names(client, "/my-list/?sort=name") == ["Night Mail 1", "Night Mail 3", "Night Mail 8"]
    assert names(client, "/my-list/?sort=year") == ["Night Mail 8", "Night Mail 3", "Night Mail 1"]
    assert client.get("/my-list/?sort=nonsense").status_code == 200


def test_old_viewings_make_nothing_popular(house: House) -> None:
    client = house.client(house.ada)
    newest = names(client, "/browse/")
    film = house.films[0]
    make_viewing(
        profile_id=house.ben.id,
        video_id=film.video_id,
        ended_at=film.published_at - timedelta(days=400),
    )
    assert names(client, "/browse/?sort=popular") == newest

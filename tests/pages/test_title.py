"""What a title's page says: how it suits, who is in it, what was watched, its chapters; and what cards carry."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from catalog import services as catalog
from catalog.types import Credit, Marker
from netflixlite.templatetags import nl
from playback.tests.factories import make_bookmark, make_viewing
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def _finish(house: House, *videos: UUID | None) -> None:
    for video in videos:
        assert video is not None
        make_bookmark(profile_id=house.ada.id, video_id=video, finished=True)


def test_a_match_and_its_reason_stand_only_where_something_is_known(house: House) -> None:
    client, film = house.client(house.ada), house.films[5]
    assert client.get(f"/title/{film.slug}/").context["suits"] is None
    now = timezone.now()
    for seen in (house.films[1], house.films[3]):
        assert seen.video_id is not None
        make_viewing(
            profile_id=house.ada.id, video_id=seen.video_id, title_id=seen.id, fraction=0.95, ended_at=now
        )
    page = client.get(f"/title/{film.slug}/")
    suits = page.context["suits"]
    assert suits.percent > 60
    text = page.content.decode()
    assert f"{suits.percent}% match" in text
    assert suits.reason in text


def test_the_cast_stands_by_itself_and_each_name_is_a_link(house: House) -> None:
    page = house.client(house.ada).get(f"/title/{house.films[1].slug}/")
    people = page.context["people"]
    assert [credit.person for credit in people.cast] == ["Ines Okafor"]
    assert [group.name for group in people.makers] == ["Direction"]
    text = page.content.decode()
    for credit in (*people.cast, *people.makers[0].credits):
        assert f'href="{nl.person_url(credit)}"' in text
    assert "Okafor" in nl.person_url(Credit("Ines Okafor", "cast")), "without a page of their own: search"


def test_a_begun_film_offers_its_beginning_too(house: House) -> None:
    film = house.films[0]
    client = house.client(house.ada)
    assert f'href="/watch/{film.video_id}/?t=0"' in client.get(f"/title/{film.slug}/").content.decode()
    other = house.films[1]
    assert "?t=0" not in client.get(f"/title/{other.slug}/").content.decode()


def test_seasons_and_episodes_say_what_was_watched(house: House) -> None:
    first, second = catalog.seasons(house.series.id)
    _finish(house, *(episode.video_id for episode in first.episodes), second.episodes[0].video_id)
    page = house.client(house.ada).get(f"/title/{house.series.slug}/?season=2")
    assert [tab.done for tab in page.context["seasons"]] == [True, False]
    text = page.content.decode()
    assert text.count('class="episode is-watched"') == 1
    assert text.count('class="episode is-next"') == 1


def test_a_card_of_a_series_plays_where_the_series_goes_on(house: House) -> None:
    client = house.client(house.ada)
    address = f"/title/{house.series.slug}/play/"
    first, second = (season.episodes[0] for season in catalog.seasons(house.series.id))
    assert f'data-play="{address}"' in client.get("/browse/drama/").content.decode()
    assert client.get(address)["Location"] == f"/watch/{first.video_id}/"
    _finish(house, *(episode.video_id for episode in catalog.seasons(house.series.id)[0].episodes))
    assert client.get(address)["Location"] == f"/watch/{second.video_id}/"
    child = house.client(house.ben)
    assert child.get(f"/title/{house.grown_up.slug}/play/").status_code == 404


def test_a_film_lists_its_chapters_when_it_has_several(house: House, monkeypatch: Any) -> None:
    film, client = house.films[1], house.client(house.ada)
    parts = [("chapter", 0, "Euston"), ("intro", 2, ""), ("chapter", 65, "The border"), ("chapter", 70, "")]
    found = tuple(
        Marker(kind, timedelta(seconds=at), timedelta(seconds=at + 5), name) for kind, at, name in parts
    )
    monkeypatch.setattr(catalog, "markers", lambda _video: found)
    page = client.get(f"/title/{film.slug}/")
    assert [chapter.name for chapter in page.context["chapters"]] == ["Euston", "The border"]
    assert f'href="/watch/{film.video_id}/?t=65"' in page.content.decode()
    assert "1:05" in page.content.decode()
    monkeypatch.setattr(catalog, "markers", lambda _video: found[:2])
    assert client.get(f"/title/{film.slug}/").context["chapters"] == []


def test_a_page_has_one_panel_for_all_its_cards(house: House) -> None:
    text = house.client(house.ada).get("/").content.decode()
    assert text.count('<template id="card-panel"') == 1
    assert text.count('class="card__panel"') == 1
    assert text.count('data-does="play"') == 1
    assert f'data-title="{house.films[3].id}" data-video="{house.films[3].video_id}" data-listed' in text


@pytest.mark.parametrize(
    ("name", "letters"), [("Ines Okafor", "IO"), ("Cher", "C"), ("", ""), ("Ana de la Ree", "AR")]
)
def test_letters_stand_where_a_photo_would_be(name: str, letters: str) -> None:
    assert nl.initials(name) == letters


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (245, "4:05"), (3729, "1:02:09")])
def test_a_place_in_a_film_reads_as_on_a_clock(seconds: int, shown: str) -> None:
    assert nl.clock(timedelta(seconds=seconds)) == shown


def test_a_television_is_given_the_far_page(house: House) -> None:
    client = house.client(house.ada)
    television = "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 Safari/537.36"
    assert 'class="far"' in client.get("/", headers={"user-agent": television}).content.decode()
    assert (
        'class="far"'
        not in client.get("/", headers={"user-agent": "Mozilla/5.0 (X11; Linux)"}).content.decode()
    )

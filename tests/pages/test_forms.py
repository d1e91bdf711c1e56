"""Everything that changes something works as a plain form, without script."""

import pytest

from accounts.tests.factories import client_of
from playback import services as playback
from recommend import services as recommend
from recommend.types import Thumb
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def test_a_title_goes_on_the_list_and_off_again(house: House) -> None:
    client = house.client(house.ada)
    film = house.films[5]
    answer = client.post(f"/my-list/{film.id}/", {"listed": "1", "next": "/browse/drama/"})
    assert (answer.status_code, answer["Location"]) == (302, "/browse/drama/")
    assert film.name in client.get("/my-list/").content.decode()
    client.post(f"/my-list/{film.id}/", {"listed": "0"})
    assert film.name not in client.get("/my-list/").content.decode()


def test_a_thumb_is_kept_shown_and_taken_back(house: House) -> None:
    client = house.client(house.ada)
    film = house.films[2]

    def said() -> Thumb | None:
        return recommend.about(house.ada.id, [film.id])[film.id].thumb

    client.post(f"/thumbs/{film.id}/", {"thumb": "double_up"})
    assert said() is Thumb.DOUBLE_UP
    page = client.get(f"/title/{film.slug}/").content.decode()
    assert 'data-thumb="double_up" aria-pressed="true"' in page
    client.post(f"/thumbs/{film.id}/", {"thumb": "none"})
    assert said() is None


def test_a_film_leaves_continue_watching(house: House) -> None:
    client = house.client(house.ada)
    film = house.films[0]
    client.post(f"/continue/{film.video_id}/remove/", {"next": "/"})
    assert playback.continue_watching(house.ada.id) == []


def test_forms_lead_back_only_to_our_own_pages(house: House) -> None:
    client = house.client(house.ada)
    for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)", ""):
        answer = client.post(f"/my-list/{house.films[1].id}/", {"listed": "1", "next": elsewhere})
        assert answer["Location"] == "/", elsewhere


def test_a_kid_cannot_list_or_rate_what_it_may_not_see(house: House) -> None:
    client = house.client(house.ben)
    assert client.post(f"/my-list/{house.grown_up.id}/", {"listed": "1"}).status_code == 404
    assert client.post(f"/thumbs/{house.grown_up.id}/", {"thumb": "up"}).status_code == 404


def test_forms_need_their_token_and_a_post(house: House) -> None:
    strict = client_of(house.ada, csrf_checks=True)
    address = f"/my-list/{house.films[1].id}/"
    assert strict.post(address, {"listed": "1"}).status_code == 403
    assert strict.get(address).status_code == 405


def test_the_pages_one_state_form_carries_the_buttons(house: House) -> None:
    page = house.client(house.ada).get("/").content.decode()
    assert page.count('id="state"') == 1
    assert 'form="state"' in page
    assert 'formaction="/my-list/' in page
    assert f'data-video="{house.films[0].video_id}" data-removable' in page, "made for the card under a hand"
    page = house.client(house.ada).get(f"/title/{house.films[0].slug}/").content.decode()
    assert f'formaction="/continue/{house.films[0].video_id}/remove/"' in page


def test_signing_out_and_choosing_a_profile_are_posts(house: House) -> None:
    client = house.client(house.ada)
    gate = client.get("/profiles/?next=/browse/").content.decode()
    assert f'action="/profiles/choose/{house.ben.id}/"' in gate
    assert 'value="/browse/"' in gate
    assert client.post(f"/profiles/choose/{house.ben.id}/", {"next": "/browse/"})["Location"] == "/browse/"
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/").status_code == 302

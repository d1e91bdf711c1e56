"""What each page shows, and to whom."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile
from catalog import services as catalog
from netflixlite.demo import progress
from playback.tests.factories import make_bookmark, make_viewing
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def addresses(house: House) -> list[str]:
    """Every page that a profile can open."""
    return [
        "/",
        f"/title/{house.films[0].slug}/",
        f"/title/{house.series.slug}/",
        f"/title/{house.series.slug}/?season=2",
        "/search/",
        "/search/?q=mail",
        "/search/?q=nothing-is-called-this",
        "/search/?q=mail&partial=1",
        "/my-list/",
        "/browse/",
        "/browse/?kind=film&sort=name",
        "/browse/?kind=series",
        "/browse/drama/",
        "/browse/drama/?sort=year&sheet=7",
        "/browse/?decade=1930&age=7&sort=popular",
        "/browse/?sort=suits",
        "/person/ines-okafor/",
        "/history/",
        "/picks/",
        f"/title/{house.films[0].slug}/why/",
        f"/watch/{house.films[0].video_id}/",
    ]


def test_every_page_opens_for_a_grown_up_and_for_a_kid(house: House) -> None:
    for who in (house.ada, house.ben):
        client = house.client(who)
        answers = {address: client.get(address).status_code for address in addresses(house)}
        assert set(answers.values()) == {200}, answers


def test_the_gate_comes_before_every_page_and_leads_back_to_it(house: House) -> None:
    client = house.client(house.ada)
    session = client.session
    del session["profile_id"]
    session.save()
    for address in addresses(house):
        answer = client.get(address)
        gate = urlsplit(answer["Location"])
        assert (answer.status_code, gate.path) == (302, "/profiles/"), address
        assert parse_qs(gate.query)["next"] == [address]


def test_a_stranger_is_asked_to_sign_in(house: House) -> None:
    for address in addresses(house):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/"), address


def test_a_kid_sees_nothing_for_adults_on_any_page(house: House) -> None:
    client = house.client(house.ben)
    pages = [*addresses(house), "/search/?q=forbidden", "/browse/family/", "/my-list/"]
    for address in pages:
        assert house.grown_up.name not in client.get(address).content.decode(), address
    assert client.get(f"/title/{house.grown_up.slug}/").status_code == 404
    assert client.get(f"/watch/{house.grown_up.video_id}/").status_code == 404


def test_an_adult_finds_what_a_kid_does_not(house: House) -> None:
    assert house.grown_up.name in house.client(house.ada).get("/search/?q=forbidden").content.decode()


def test_an_unpublished_title_is_nowhere(house: House) -> None:
    client = house.client(house.ada)
    for address in [*addresses(house), "/search/?q=unready"]:
        assert house.hidden.name not in client.get(address).content.decode(), address
    assert client.get(f"/title/{house.hidden.slug}/").status_code == 404


def test_a_kid_gets_its_own_look_and_no_way_to_the_account(house: House) -> None:
    kid = house.client(house.ben).get("/").content.decode()
    assert '<body class="kids ' in kid
    assert "/account/" not in kid
    assert "/account/" in house.client(house.ada).get("/").content.decode()


def test_only_operators_see_the_way_to_administration(house: House) -> None:
    operator = make_profile(user=make_operator())
    assert "/admin/" in house.client(operator).get("/").content.decode()
    assert "/admin/" not in house.client(house.ada).get("/").content.decode()


def test_the_home_page_has_a_billboard_and_rows_with_reasons(house: House) -> None:
    page = house.client(house.ada).get("/")
    assert page.context["billboard"] is not None
    shelves = {shelf.key: shelf for shelf in page.context["shelves"]}
    assert shelves["continue"].removable
    assert [tile.title.name for tile in shelves["continue"].tiles] == [house.films[0].name]
    assert shelves["my-list"].url == "/my-list/"
    assert all(shelf.reason for shelf in shelves.values())


def test_what_is_watched_most_is_ranked_in_ten_places_at_most(house: House) -> None:
    for film in (*house.films, *house.films):
        assert film.video_id is not None
        make_viewing(profile_id=house.ben.id, video_id=film.video_id)
    page = house.client(house.ada).get("/")
    ranked = [shelf for shelf in page.context["shelves"] if shelf.shape == "ranked"]
    assert [shelf.key for shelf in ranked] == ["trending"]
    assert 0 < len(ranked[0].tiles) <= 10


def test_an_empty_house_says_so_and_tells_the_operator_what_to_do() -> None:
    operator = make_profile(user=make_operator())
    viewer = make_profile()
    assert "/admin/" in client_of(operator).get("/").content.decode()
    assert "nothing to watch for this profile yet" in client_of(viewer).get("/").content.decode()


def test_a_title_page_resumes_where_the_film_was_left(house: House) -> None:
    page = house.client(house.ada).get(f"/title/{house.films[0].slug}/")
    assert page.context["play"].bookmark.position == timedelta(seconds=4)
    assert "Resume" in page.content.decode()


def test_a_title_page_names_the_owner_of_licensed_footage(house: House) -> None:
    page = house.client(house.ada).get(f"/title/{house.films[1].slug}/").content.decode()
    assert house.films[1].credit in page
    assert "Basil Wright" in page
    assert "The guard" in page


def test_a_series_goes_on_with_the_episode_after_the_finished_one(house: House) -> None:
    episodes = [episode for season in catalog.seasons(house.series.id) for episode in season.episodes]
    client = house.client(house.ada)
    address = f"/title/{house.series.slug}/"
    assert client.get(address).context["play"].video_id == episodes[0].video_id
    assert episodes[1].video_id is not None
    make_bookmark(profile_id=house.ada.id, video_id=episodes[1].video_id, finished=True)
    page = client.get(address)
    assert page.context["play"].video_id == episodes[2].video_id
    assert page.context["play"].label == "S2 E1"
    assert page.context["season"].number == 2, "the season that Play is in is the one shown"
    assert page.context["season"].number != client.get(f"{address}?season=1").context["season"].number


def test_a_finished_series_starts_again(house: House) -> None:
    episodes = [episode for season in catalog.seasons(house.series.id) for episode in season.episodes]
    assert episodes[-1].video_id is not None
    make_bookmark(profile_id=house.ada.id, video_id=episodes[-1].video_id, finished=True)
    page = house.client(house.ada).get(f"/title/{house.series.slug}/")
    assert page.context["play"].video_id == episodes[0].video_id


def test_the_watch_page_knows_its_episode_and_where_back_leads(house: House) -> None:
    episode = catalog.seasons(house.series.id)[0].episodes[0]
    page = house.client(house.ada).get(f"/watch/{episode.video_id}/")
    assert page.context["episode"].id == episode.id
    assert page.context["back_url"] == f"/title/{house.series.slug}/"
    assert page.context["next_video"].number == 2


def test_search_as_you_type_gets_only_the_results(house: House) -> None:
    client = house.client(house.ada)
    part = client.get("/search/?q=mail&partial=1").content.decode()
    assert "<html" not in part
    assert house.films[0].name in part
    empty = client.get("/search/?q=xyzzy&partial=1").content.decode()
    assert "/browse/drama/" in empty, "nothing found: genres to look around in"


def test_what_was_searched_is_shown_as_text(house: House) -> None:
    page = house.client(house.ada).get("/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_browse_keeps_its_choices_in_its_addresses(house: House) -> None:
    page = house.client(house.ada).get("/browse/drama/?kind=film&sort=name")
    names = [tile.title.name for tile in page.context["tiles"]]
    assert names == sorted(names)
    assert house.series.name not in names
    [genres] = [picker for picker in page.context["pickers"] if picker.key == "genre"]
    links = {link.name: link for link in genres.choices}
    assert links["Drama"].current
    assert links["Family"].url == "/browse/family/?kind=film&sort=name"


def test_browse_shrugs_at_nonsense_and_refuses_unknown_genres(house: House) -> None:
    client = house.client(house.ada)
    assert client.get("/browse/?kind=opera&sort=smell&sheet=-1").status_code == 200
    assert client.get("/browse/no-such-genre/").status_code == 404


def test_the_pages_of_accounts_are_dressed(house: House) -> None:
    signed_in = house.client(house.ada)
    for address in ("/profiles/", "/profiles/new/", f"/profiles/{house.ben.id}/edit/", "/account/"):
        assert signed_in.get(address).status_code == 200, address
    for address in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page = Client().get(address).content.decode()
        assert 'class="entrance"' in page, address
        assert "css/main.css" in page


def test_a_wrong_password_is_answered_on_the_page(house: House) -> None:
    answer = Client().post("/accounts/login/", {"login": "household", "password": "not this"})
    assert 'role="alert"' in answer.content.decode()
    right = Client().post("/accounts/login/", {"login": "household", "password": PASSWORD})
    assert right.status_code == 302


def test_what_is_not_there_is_answered_in_the_houses_own_look(house: House) -> None:
    answer = house.client(house.ada).get("/title/no-such-title/")
    assert answer.status_code == 404
    assert "error-page" in answer.content.decode()


def test_before_anything_trends_the_newest_stand_without_places(house: House) -> None:
    shelves = {shelf.key: shelf for shelf in house.client(house.ada).get("/").context["shelves"]}
    assert "trending" not in shelves
    assert shelves["recent"].shape == "poster"


def test_home_is_honest_while_the_demo_is_being_made(house: House, settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    client = house.client(house.ada)
    assert "<nl-growing" not in client.get("/").content.decode()
    progress.write(0.314)
    page = client.get("/").content.decode()
    assert "31 %. New titles appear here by themselves." in page
    assert "growing__cards" not in page, "there are titles already"
    progress.write(None)
    assert "<nl-growing" not in client.get("/").content.decode()


def test_before_the_first_film_home_says_that_it_is_coming(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    make_operator()
    client = client_of(make_profile("Ada"))
    assert "There is nothing to watch" in client.get("/").content.decode()
    progress.write(0.02)
    page = client.get("/").content.decode()
    assert "The first films are being made on this machine." in page
    assert "There is nothing to watch" not in page
    assert "growing__cards" in page


def test_continue_watching_leads_straight_into_the_film(house: House) -> None:
    film = house.films[0]
    page = house.client(house.ada).get("/").content.decode()
    row = page.split('id="row-continue"')[1].split("</section>")[0]
    assert f'class="card__link" href="/watch/{film.video_id}/"' in row
    title = house.client(house.ada).get(f"/title/{film.slug}/").content.decode()
    assert f'formaction="/continue/{film.video_id}/remove/"' in title

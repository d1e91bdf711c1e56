"""Not interested, why this, the first three, and all that counts."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.tests.factories import make_profile, make_user
from playback.tests.factories import make_viewing
from recommend import services as recommend
from recommend.types import Switches, Thumb
from tests.pages.conftest import House
from tests.pages.markup import Page

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


@pytest.fixture
def then(django_capture_on_commit_callbacks: Any) -> Any:
    """Does what is done after a commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def sure(client: Client, address: str) -> str:
    """A page that is there, obeys the policy and has one first heading."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    page = Page(answer.content.decode())
    assert page.faults == []
    assert page.headings.count("h1") == 1
    return answer.content.decode()


def suggested(client: Client) -> str:
    return client.get("/?rows=all").content.decode()


# Not interested -----------------------------------------------------------------------------------------


def test_what_is_hidden_is_not_suggested_and_comes_back(house: House, then: Any) -> None:
    client, film = house.client(house.ada), house.films[5]
    assert f'data-title="{film.id}"' in suggested(client)
    with then():
        answer = client.post(f"/hidden/{film.id}/", {"hidden": "1", "next": "/my-list/"}, follow=True)
    assert answer.redirect_chain == [("/my-list/", 302)]
    assert "You will not be shown this any more." in answer.content.decode()
    assert f'data-title="{film.id}"' not in suggested(client)
    page = client.get(f"/title/{film.slug}/").content.decode()
    assert re.search(r'name="hidden" value="0" aria-pressed="true"', page), "it is undone where it was said"
    with then():
        client.post(f"/hidden/{film.id}/", {"hidden": "0"})
    assert f'data-title="{film.id}"' in suggested(client)


def test_forms_that_come_too_fast_are_not_taken_in_and_the_page_says_so(
    house: House, monkeypatch: Any
) -> None:
    asked, before = list[bool](), recommend.taste(house.ada.id).entries
    monkeypatch.setattr(
        recommend, "too_fast", lambda profile_id, withdrawing=False: asked.append(withdrawing) or True
    )
    client, film = house.client(house.ada), house.films[5]
    mine = f"/profiles/{house.ada.id}/recommendations/"
    for address, form in (
        (f"/hidden/{film.id}/", {"hidden": "1"}),
        ("/picks/", {"pick": str(film.id)}),
        (f"/title/{film.slug}/why/", {"forget": str(film.id)}),
        (mine, {"learn": "on"}),
        (f"/my-list/{film.id}/", {"listed": "1"}),
        (f"/thumbs/{film.id}/", {"thumb": "up"}),
    ):
        answer = client.post(address, form, follow=True)
        assert "Too many requests." in answer.content.decode(), address
    assert asked == [False, False, True, True, False, False]
    assert recommend.taste(house.ada.id).entries == before
    assert recommend.hidden(house.ada.id) == []
    assert recommend.switches(house.ada.id) == Switches()


def test_only_what_may_be_seen_can_be_hidden_and_nowhere_else_does_one_go(house: House) -> None:
    client = house.client(house.ada)
    assert client.post(f"/hidden/{house.hidden.id}/", {"hidden": "1"}).status_code == 404
    assert client.get(f"/hidden/{house.films[0].id}/").status_code == 405
    elsewhere = client.post(f"/hidden/{house.films[0].id}/", {"hidden": "1", "next": "https://example.org/"})
    assert elsewhere.headers["Location"] == "/"


def test_hiding_over_the_api(house: House, then: Any) -> None:
    client, film = house.client(house.ada), house.films[5]
    with then():
        assert client.put(f"/api/v1/hidden/{film.id}").json() == {"title_id": str(film.id), "hidden": True}
    assert film.id in recommend.taste(house.ada.id).hidden
    with then():
        assert client.delete(f"/api/v1/hidden/{film.id}").json()["hidden"] is False
    assert film.id not in recommend.taste(house.ada.id).hidden
    assert client.put(f"/api/v1/hidden/{house.hidden.id}").status_code == 404


# Why this? ----------------------------------------------------------------------------------------------


def test_why_names_a_cause_and_takes_it_back(house: House, then: Any) -> None:
    client, film, liked = house.client(house.ada), house.films[3], house.films[5]
    with then():
        recommend.rate(profile_id=house.ada.id, title_id=liked.id, thumb=Thumb.DOUBLE_UP)
    page = sure(client, f"/title/{film.slug}/why/")
    assert film.name in page
    said = recommend.why(house.ada.id, film.id)
    assert said is not None
    assert said.causes[0].text in unescape(page)
    with then():
        answer = client.post(f"/title/{film.slug}/why/", {"forget": liked.id})
    assert "It does not count any more." in answer.content.decode()
    assert liked.id not in {entry.title_id for entry in recommend.taste(house.ada.id).entries}
    assert client.post(f"/title/{film.slug}/why/", {"forget": "rubbish"}).status_code == 404


def test_a_child_reads_why_and_changes_nothing(house: House) -> None:
    kid, film = house.client(house.ben), house.films[0]
    assert "Do not go by this" not in sure(kid, f"/title/{film.slug}/why/")
    assert kid.post(f"/title/{film.slug}/why/", {"forget": film.id}).status_code == 403
    assert kid.get(f"/title/{house.grown_up.slug}/why/").status_code == 404
    assert kid.get(f"/profiles/{house.ben.id}/recommendations/").status_code == 302


# The first three ----------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(house: House) -> Client:
    """Somebody of whom nothing is known."""
    wren = make_profile("Wren", user=make_user("another"))
    client = house.client(wren)
    client.wren = wren  # type: ignore[attr-defined]
    return client


def test_who_is_new_is_asked_for_three_until_something_is_known(newcomer: Client, then: Any) -> None:
    assert "/picks/" in newcomer.get("/").content.decode()
    page = sure(newcomer, "/picks/")
    offered = re.findall(r'name="pick" value="([^"]+)"', page)
    assert len(offered) >= 8
    assert len(offered) == len(set(offered))
    with then():
        answer = newcomer.post("/picks/", {"pick": offered[0]}).content.decode()
    assert re.findall(r'name="drop" value="([^"]+)"', answer) == offered[:1]
    again = re.findall(r'name="(?:pick|drop)" value="([^"]+)"', answer)
    assert again == offered, "nothing moves under the finger"
    assert "Then this might be for you" in answer
    assert "/picks/" not in newcomer.get("/").content.decode()
    with then():
        answer = newcomer.post("/picks/", {"drop": offered[0]}).content.decode()
    assert 'name="drop"' not in answer
    assert newcomer.post("/picks/", {"pick": "rubbish"}).status_code == 404


def test_not_now_is_heard(newcomer: Client) -> None:
    assert newcomer.post("/picks/", {"skip": "1"}).headers["Location"] == "/"
    assert "/picks/" not in newcomer.get("/").content.decode()


# All that counts ----------------------------------------------------------------------------------------


def test_all_that_counts_is_there_and_can_be_taken_back(house: House, then: Any) -> None:
    client, address = house.client(house.ada), f"/profiles/{house.ada.id}/recommendations/"
    with then():
        recommend.rate(profile_id=house.ada.id, title_id=house.films[2].id, thumb=Thumb.DOUBLE_UP)
        recommend.rate(profile_id=house.ada.id, title_id=house.films[4].id, thumb=Thumb.DOWN)
        recommend.hide(profile_id=house.ada.id, title_id=house.films[6].id)
    page = sure(client, address)
    for words in ("Two thumbs up", "Thumb down", "Show again", house.films[6].name):
        assert words in page
    with then():
        page = client.post(address, {"forget": house.films[2].id}, follow=True).content.decode()
    assert "Two thumbs up" not in page
    with then():
        client.post(address, {"show": house.films[6].id})
    assert house.films[6].id not in recommend.taste(house.ada.id).hidden


def test_switches_are_kept_and_off_means_off(house: House, then: Any) -> None:
    client, address = house.client(house.ada), f"/profiles/{house.ada.id}/recommendations/"
    with then():
        client.post(address, {"save": "1", "learn": "on", "steady": "on"})
    assert recommend.switches(house.ada.id) == Switches(personal=False, learn=True, shared=False, steady=True)
    assert len(re.findall(r'type="checkbox"[^>]* checked', client.get(address).content.decode())) == 2
    video_id = house.films[1].video_id
    assert video_id is not None
    make_viewing(profile_id=house.ada.id, video_id=video_id)
    assert "Because you" not in suggested(client)


@pytest.mark.parametrize("asked", ["anew", "erase"])
def test_starting_anew_and_erasing_leave_nothing_that_counts(house: House, then: Any, asked: str) -> None:
    client, address = house.client(house.ada), f"/profiles/{house.ada.id}/recommendations/"
    with then():
        recommend.rate(profile_id=house.ada.id, title_id=house.films[2].id, thumb=Thumb.UP)
    assert recommend.taste(house.ada.id).entries
    with then():
        client.post(address, {asked: "1"})
    assert recommend.taste(house.ada.id).entries == ()


def test_only_the_household_s_grown_ups_look(house: House) -> None:
    address = f"/profiles/{house.ada.id}/recommendations/"
    stranger = house.client(make_profile("Olu", user=make_user("others")))
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"erase": "1"}).status_code == 404
    assert house.client(house.ben).get(address).status_code == 302


# On cards -----------------------------------------------------------------------------------------------


def test_match_and_reason_stand_on_cards_and_are_nobody_else_s(house: House, then: Any) -> None:
    from dataclasses import replace

    from netflixlite.pages.tiles import Tile
    from netflixlite.templatetags.cards import card

    title = house.films[0]
    tile = Tile(title, title.video_id, None, "", listed=False)
    said = card(replace(tile, match=93, reason='Because <you> watched "it"'), shape="wide")
    assert ' data-match="93"' in said
    assert "Because &lt;you&gt; watched &quot;it&quot;" in said
    bare = card(tile, shape="wide")
    assert "data-match" not in bare
    assert "data-own" not in bare

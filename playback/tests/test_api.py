"""Playback over HTTP, as browsers speak it."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.types import Node
from playback import services
from playback.tests.factories import make_bookmark

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]
SESSIONS = "/api/v1/playback/sessions"


def play(client: Client, video: object, **more: object):
    return client.post(SESSIONS, {"video": str(video), **more}, content_type="application/json")


def test_pressing_play(ada: Profile, lamplighters: Title, nodes: tuple[Node, Node]) -> None:
    first = shop.services.first_video(lamplighters.id)
    make_bookmark(profile_id=ada.id, video_id=first, position=timedelta(seconds=3))
    response = play(people.client_of(ada), first)
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {
        "id", "video", "title", "title_id", "name", "duration", "hls", "dash", "nodes", "steering", "token",
        "bookmark", "tracks", "markers", "trickplay", "next", "beacon", "close", "complete", "expected_duration",
        "encrypted", "content_key_url", "package", "segments", "playlist", "begin", "max_height", "heads", "news",
        "choice", "trailer",
    }  # fmt: skip
    assert body["video"] == str(first)
    assert (body["title"], body["duration"], body["trickplay"]) == ("The Lamplighters", 10.0, None)
    assert (body["complete"], body["expected_duration"]) == (True, None)
    assert (body["encrypted"], body["content_key_url"]) == (False, None)
    assert body["bookmark"] == {"video": str(first), "position": 3.0, "duration": 10.0, "finished": False}
    assert {tuple(node) for node in body["nodes"]} == {("id", "base_url", "rank", "reason", "healthy_since")}
    assert parse_datetime(body["token"]["expires_at"]) is not None
    assert body["tracks"]["video"][0] == {"name": "v180", "width": 320, "height": 180, "bandwidth": 240_000}
    assert body["tracks"]["audio"][0]["channels"] == 2
    assert body["next"]["name"] == "S1 E2 · Part 2"
    assert body["beacon"]["interval"] == 10
    assert body["max_height"] is None
    for url in (
        body["hls"],
        body["dash"],
        body["steering"],
        body["token"]["renew_url"],
        body["beacon"]["url"],
        body["close"]["url"],
    ):
        assert url.startswith("http://127.0.0.1:8000/api/v1/playback/s/")


def test_only_who_is_signed_in_and_has_a_profile_may_play(ada: Profile, night_mail: Title) -> None:
    assert play(Client(), night_mail.video_id).status_code in (401, 403)
    nobody_chosen = people.client_of(people.services.user(ada.user_id))
    assert play(nobody_chosen, night_mail.video_id).status_code == 403


def test_a_forged_form_on_another_site_starts_nothing(ada: Profile, night_mail: Title) -> None:
    client = people.client_of(ada, csrf_checks=True)
    assert play(client, night_mail.video_id).status_code == 403
    assert services.active_sessions(ada.user_id) == []


def test_a_kid_cannot_open_a_title_above_its_age_even_by_direct_call(ben: Profile, nosferatu: Title) -> None:
    above = play(people.client_of(ben), nosferatu.video_id)
    missing = play(people.client_of(ben), uuid4())
    assert above.status_code == missing.status_code == 404
    assert above.json() == missing.json()
    assert above.json()["error"]["code"] == "not_found"


def test_refusals_have_names_and_words(ada: Profile) -> None:
    client = people.client_of(ada)
    draft = play(client, shop.make_title(name="Draft", published=False).video_id)
    assert (draft.status_code, draft.json()["error"]["code"]) == (403, "not_available")
    fresh = shop.make_title(name="Fresh", packaged=False)
    unready = play(client, shop.make_video(title_id=fresh.id))
    assert (unready.status_code, unready.json()["error"]["code"]) == (409, "no_package")
    assert "being prepared" in unready.json()["error"]["message"]


def test_the_stream_limit_says_who_watches_what_and_where(ada: Profile, night_mail: Title) -> None:
    browsers = [people.client_of(ada) for _ in range(3)]
    agent = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
    for browser in browsers[:2]:
        opened = browser.post(
            SESSIONS, {"video": str(night_mail.video_id)}, content_type="application/json", **agent
        )
        assert opened.status_code == 201
    refused = play(browsers[2], night_mail.video_id)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert (error["code"], error["limit"]) == ("stream_limit", 2)
    assert [(one["profile"], one["title"], one["device"]) for one in error["streams"]] == [
        ("Ada", "Night Mail", "Firefox on Linux")
    ] * 2
    listed = browsers[2].get(SESSIONS).json()["streams"]
    assert len(listed) == 2


def test_reloading_a_page_many_times_eats_no_slot(ada: Profile, night_mail: Title) -> None:
    browser = people.client_of(ada)
    assert [play(browser, night_mail.video_id).status_code for _ in range(5)] == [201] * 5
    assert len(services.active_sessions(ada.user_id)) == 1


def test_going_to_the_next_episode_leaves_the_one_before(
    ada: Profile, lamplighters: Title, night_mail: Title
) -> None:
    assert play(people.client_of(ada), night_mail.video_id).status_code == 201
    browser = people.client_of(ada)
    first = play(browser, shop.services.first_video(lamplighters.id)).json()
    assert play(browser, first["next"]["video"]).status_code == 409
    assert play(browser, first["next"]["video"], leaves=first["id"]).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "video"),
        ({"video": "x"}, "video"),
        ({"video": {}}, "video"),
        ({"video": None}, "video"),
        ({"video": ["a"]}, "video"),
        ({"video": str(uuid4()), "leaves": "x"}, "leaves"),
        ([], ""),
        ("text", ""),
    ],
)
def test_bad_input_is_answered_in_the_usual_shape(ada: Profile, body: object, field: str) -> None:
    response = people.client_of(ada).post(SESSIONS, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert response.json()["error"].get("field", "") == field


def test_bookmarks_are_set_read_and_taken_off_continue_watching(ada: Profile, night_mail: Title) -> None:
    client, url = people.client_of(ada), f"/api/v1/playback/bookmarks/{night_mail.video_id}"
    assert client.get(url).status_code == 404
    answer = client.put(url, {"position": 42.5}, content_type="application/json")
    assert answer.json() == {
        "video": str(night_mail.video_id),
        "position": 42.5,
        "duration": 100.0,
        "finished": False,
    }
    assert client.get(url).json()["position"] == 42.5
    assert len(services.continue_watching(ada.id)) == 1
    assert client.delete(url).status_code == client.delete(url).status_code == 204
    assert services.continue_watching(ada.id) == []
    assert client.get(url).json()["position"] == 42.5  # taken off the row; the place is not lost
    missing = client.put(
        f"/api/v1/playback/bookmarks/{uuid4()}", {"position": 1}, content_type="application/json"
    )
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


def test_bookmarks_belong_to_the_profile(ada: Profile, ben: Profile, olu: Profile, night_mail: Title) -> None:
    make_bookmark(profile_id=ada.id, video_id=night_mail.video_id)
    url = f"/api/v1/playback/bookmarks/{night_mail.video_id}"
    for other in (ben, olu):
        assert people.client_of(other).get(url).status_code == 404
        assert people.client_of(other).delete(url).status_code == 204
    assert len(services.continue_watching(ada.id)) == 1
    assert Client().get(url).status_code in (401, 403)


@pytest.mark.parametrize(
    "position", ["-1", "1e9", "NaN", "Infinity", "-Infinity", '"12"', "true", "null", "[]", "1" + "0" * 400]
)
def test_a_position_must_be_a_plausible_number(ada: Profile, night_mail: Title, position: str) -> None:
    response = people.client_of(ada).put(
        f"/api/v1/playback/bookmarks/{night_mail.video_id}",
        f'{{"position": {position}}}',
        content_type="application/json",
    )
    assert response.status_code == 400
    assert services.bookmarks(ada.id, [night_mail.video_id]) == {}


def test_a_kid_cannot_bookmark_what_it_may_not_see(ben: Profile, nosferatu: Title) -> None:
    url = f"/api/v1/playback/bookmarks/{nosferatu.video_id}"
    assert people.client_of(ben).put(url, {"position": 3}, content_type="application/json").status_code == 404


def test_the_schema_describes_playback(ada: Profile) -> None:
    operator = people.make_profile("Root", user=people.make_operator("root"))
    schema = people.client_of(operator).get("/api/v1/schema").json()
    assert "post" in schema["paths"][SESSIONS]
    assert set(schema["paths"]["/api/v1/playback/bookmarks/{video_id}"]) == {"get", "put", "delete"}

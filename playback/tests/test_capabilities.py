"""The URLs that players call with nothing but their key."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import m3u8
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.types import Title
from cdn import services as cdn
from cdn.types import Node
from playback import keys, models, services
from playback.live import LIVE

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]


@pytest.fixture
def opened(ada: Profile, night_mail: Title, nodes: tuple[Node, Node]) -> dict[str, Any]:
    browser = people.client_of(ada)
    return browser.post(
        "/api/v1/playback/sessions", {"video": str(night_mail.video_id)}, content_type="application/json"
    ).json()


@pytest.fixture
def player() -> Client:
    """Sends no cookie and no CSRF token, as a native player or a beacon from a closing page does."""
    return Client(enforce_csrf_checks=True)


def path(url: str) -> str:
    return url.removeprefix("http://127.0.0.1:8000")


def post(player: Client, url: str, body: object, content_type: str = "text/plain;charset=UTF-8"):
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return player.post(path(url), raw, content_type=content_type)


def test_the_playlist_lists_two_nodes_and_the_site(player: Client, opened: dict[str, Any]) -> None:
    response = player.get(path(opened["hls"]))
    assert response.status_code == 200
    assert response["Content-Type"] == "application/vnd.apple.mpegurl"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in response["Cache-Control"]
    read = m3u8.loads(response.content.decode())
    assert [one.stream_info.pathway_id for one in read.playlists[::3]] == [
        one["id"] for one in opened["nodes"]
    ]
    assert read.content_steering.uri.startswith(opened["steering"] + "?state=")
    assert read.content_steering.pathway_id == opened["nodes"][0]["id"]
    base = {one["id"]: one["base_url"] for one in opened["nodes"]}
    assert all(one.uri.startswith(base[one.stream_info.pathway_id] + "/v1/") for one in read.playlists)


def test_a_plans_cap_holds_in_the_playlist(player: Client, ada: Profile, night_mail: Title) -> None:
    people.make_plan(max_height=360, user=people.services.user(ada.user_id))
    opened = people.client_of(ada).post(
        "/api/v1/playback/sessions", {"video": str(night_mail.video_id)}, content_type="application/json"
    )
    read = m3u8.loads(player.get(path(opened.json()["hls"])).content.decode())
    assert {one.stream_info.resolution[1] for one in read.playlists} == {180, 360}


def test_steering_for_native_players(player: Client, opened: dict[str, Any]) -> None:
    response = player.get(path(opened["steering"]) + "?_HLS_pathway=n1&_HLS_throughput=5140000")
    body = response.json()
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "*"
    assert body["VERSION"] == 1
    assert 24 <= body["TTL"] <= 36
    assert body["RELOAD-URI"] == opened["steering"]
    assert body["PATHWAY-PRIORITY"] == ["n1", "n2", "shield"]
    assert player.get(path(opened["steering"]) + "?_HLS_pathway=n2").json()["PATHWAY-PRIORITY"][0] == "n2"


def test_steering_for_our_player_hears_of_failures(player: Client, opened: dict[str, Any]) -> None:
    first, second = opened["nodes"][0]["id"], opened["nodes"][1]["id"]
    body = {"current": second, "samples": [{"node": first, "ok": False, "failures": 2}]}
    answer = post(player, opened["steering"], body).json()
    assert 8 <= answer["ttl"] <= 12  # something is amiss: it is asked again soon
    assert [(one["id"], one["rank"]) for one in answer["nodes"]] == [(second, 1), ("shield", 2)]
    assert player.get(path(opened["steering"])).json()["PATHWAY-PRIORITY"] == [second, "shield"]
    healed = post(player, opened["steering"], {"samples": [{"node": first, "ok": 1}]}).json()
    assert [one["id"] for one in healed["nodes"]] == [second, first, "shield"]


def test_steering_asks_no_database_of_playback(player: Client, opened: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        player.get(path(opened["steering"]))
        post(player, opened["steering"], {})
    # In a test the fleet, the map and the first-run door read their rows; outside, a thread does, and it once.
    others = ("cdn_edgenode", "cdn_network", "accounts_user")
    assert [
        one["sql"] for one in queries.captured_queries if not any(table in one["sql"] for table in others)
    ] == []


def test_steering_goes_on_when_the_fleet_cannot_be_read(
    player: Client, opened: dict[str, Any], monkeypatch
) -> None:
    def broken() -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(cdn, "nodes", broken)
    assert len(player.get(path(opened["steering"])).json()["PATHWAY-PRIORITY"]) == 3


def test_steering_outlives_a_restart(player: Client, opened: dict[str, Any]) -> None:
    LIVE.clear()
    answer = player.get(path(opened["steering"]))
    assert answer.status_code == 200
    assert set(answer.json()["PATHWAY-PRIORITY"]) == {"n1", "n2", "shield"}


def test_a_beacon_from_a_closing_page(
    player: Client, ada: Profile, night_mail: Title, opened: dict[str, Any]
) -> None:
    report = {
        "position": 41.25, "duration": 100, "paused": False, "buffer": 22.5, "rendition": "v720", "height": 720,
        "stalls": 0, "stall_ms": 0, "dropped": 2, "node": "n1", "event": "timeupdate",
        "samples": [{"node": "n1", "ok": 4, "failures": 0, "ttfb_ms": 18, "bps": 5.2e6}],
    }  # fmt: skip
    response = post(player, opened["beacon"]["url"], report)
    assert response.status_code == 200
    assert response.json() == {"ok": True, "state": "active"}
    assert services.bookmarks(ada.id, [night_mail.video_id])[night_mail.video_id].position == timedelta(
        seconds=41.25
    )
    assert models.Beacon.objects.get().node == "n1"


def test_closing_with_a_last_word_and_without(
    player: Client, ada: Profile, night_mail: Title, opened: dict
) -> None:
    closed = post(player, opened["close"]["url"], {"position": 77})
    assert (closed.status_code, closed.json()["state"], closed.json()["reason"]) == (200, "closed", "closed")
    assert services.bookmarks(ada.id, [night_mail.video_id])[night_mail.video_id].position == timedelta(
        seconds=77
    )
    assert post(player, opened["close"]["url"], "").status_code == 200
    told = post(player, opened["beacon"]["url"], {"position": 80}).json()
    assert (told["ok"], told["state"], told["reason"]) == (True, "closed", "closed")
    assert told["message"]


def test_a_player_that_was_replaced_is_told(player: Client, ada: Profile, night_mail: Title) -> None:
    browser = people.client_of(ada)
    body = {"video": str(night_mail.video_id)}
    old = browser.post("/api/v1/playback/sessions", body, content_type="application/json").json()
    browser.post("/api/v1/playback/sessions", body, content_type="application/json")
    told = post(player, old["beacon"]["url"], {"position": 80}).json()
    assert (told["state"], told["reason"]) == ("closed", "replaced")


def test_a_fresh_token_until_the_session_is_over(player: Client, opened: dict[str, Any]) -> None:
    fresh = post(player, opened["token"]["renew_url"], "")
    assert fresh.status_code == 200
    assert set(fresh.json()) == {"value", "expires_at", "nodes"}
    assert fresh.json()["expires_at"] >= opened["token"]["expires_at"]
    post(player, opened["close"]["url"], "")
    refused = post(player, opened["token"]["renew_url"], "")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "session_over")
    assert refused.json()["error"]["reason"] == "closed"
    assert player.get(path(opened["hls"])).status_code == 403


def test_a_forged_key_opens_nothing(player: Client, opened: dict[str, Any], ada: Profile) -> None:
    key = opened["steering"].split("/")[-2]
    payload, signature = key.split(".")
    other = keys.make(session_id=uuid4(), package_id="0" * 32, user_id=ada.user_id)
    forged = [
        payload + "." + signature[:-1] + ("A" if signature[-1] != "A" else "B"),
        other.split(".")[0] + "." + signature,
        payload + "." + other.split(".")[1],
        payload,
        "." + signature,
        opened["id"],
        "x" * 3000,
        "%00",
    ]
    for bad in forged:
        for end in ("multivariant.m3u8", "steering"):
            response = player.get(f"/api/v1/playback/s/{bad}/{end}")
            assert (response.status_code, response.json()["error"]["code"]) == (403, "bad_key"), bad
        for end in ("beacon", "close", "token", "steering"):
            assert post(player, f"/api/v1/playback/s/{bad}/{end}", {"position": 1}).status_code == 403
    assert services.active_sessions(ada.user_id)


def test_a_true_key_of_a_session_that_is_gone(player: Client, night_mail: Title, ada: Profile) -> None:
    key = keys.make(session_id=uuid4(), package_id="0" * 32, user_id=ada.user_id)
    for end in ("beacon", "close", "token"):
        response = post(player, f"/api/v1/playback/s/{key}/{end}", {"position": 1})
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert player.get(f"/api/v1/playback/s/{key}/multivariant.m3u8").status_code == 404
    assert player.get(f"/api/v1/playback/s/{key}/steering").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "position"),
        ("{", ""),
        ("[]", ""),
        ("7", ""),
        (b"\xff\xfe", ""),
        ("[" * 12_000, ""),
        ('{"position": NaN}', "position"),
        ('{"position": Infinity}', "position"),
        ('{"position": -1}', "position"),
        ('{"position": 1e300}', "position"),
        ('{"position": 1' + "0" * 5000 + "}", ""),
        ('{"position": "12"}', "position"),
        ('{"position": true}', "position"),
        ('{"position": 1, "buffer": -2}', "buffer"),
        ('{"position": 1, "paused": "no"}', "paused"),
        ('{"position": 1, "stalls": 1e12}', "stalls"),
        ('{"position": 1, "height": -5}', "height"),
        ('{"position": 1, "node": "<script>"}', "node"),
        ('{"position": 1, "node": 7}', "node"),
        ('{"position": 1, "rendition": "' + "v" * 33 + '"}', "rendition"),
        ('{"position": 1, "event": "a b"}', "event"),
        ('{"position": 1, "samples": {}}', "samples"),
        ('{"position": 1, "samples": [1]}', "samples"),
        ('{"position": 1, "samples": [{"ok": 1}]}', "samples"),
        ('{"position": 1, "samples": [{"node": "n1", "bps": NaN}]}', "bps"),
        ('{"position": 1, "samples": [' + '{"node":"n1"},' * 16 + '{"node":"n1"}]}', "samples"),
        ('{"position": 1, "x": "' + "y" * 20_000 + '"}', ""),
    ],
)
def test_hostile_beacons_are_refused_with_words(
    player: Client, opened: dict[str, Any], body: Any, field: str
) -> None:
    response = post(player, opened["beacon"]["url"], body)
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert response.json()["error"].get("field", "") == field
    assert not models.Beacon.objects.exists()
    assert not models.Bookmark.objects.exists()


@pytest.mark.slow
def test_hostile_steering_questions_are_refused_with_words_and_never_with_429(
    player: Client, opened: dict
) -> None:
    for body in ('{"samples": 5}', "[]", '{"current": "a b"}', "x" * 20_000):
        assert post(player, opened["steering"], body).status_code == 400
    assert player.get(path(opened["steering"]) + "?_HLS_pathway=%3Cscript%3E").status_code == 400
    assert player.get(path(opened["steering"]) + "?_HLS_pathway=%22n1%22").status_code == 200
    for _ in range(300):
        assert player.get(path(opened["steering"])).status_code == 200


def test_methods_and_preflights(player: Client, opened: dict[str, Any]) -> None:
    assert player.get(path(opened["beacon"]["url"])).status_code == 405
    assert player.put(path(opened["steering"])).status_code == 405
    preflight = player.options(path(opened["beacon"]["url"]))
    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Methods"] == "POST"
    assert preflight["Access-Control-Allow-Headers"] == "Content-Type"

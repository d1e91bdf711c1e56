"""From signing up to the end of a series, as it happens to people."""

from uuid import UUID

import pytest

from accounts import services as accounts
from accounts.tests import factories as people
from catalog import services as catalog
from catalog.types import Title
from cdn import services as cdn
from cdn.types import Node
from playback import services as playback
from tests.journeys.viewer import Viewer

pytestmark = [
    pytest.mark.django_db(databases=["default", "telemetry"]),
    pytest.mark.filterwarnings("ignore:No directory at"),
]


def test_from_signing_up_to_a_picture(stranger: Viewer, night_mail: Title, nodes: tuple[Node, Node]) -> None:
    browser = stranger.browser
    assert stranger.ask_to_play(night_mail.video_id).status_code in (401, 403)
    signed_up = browser.post(
        "/accounts/signup/",
        {
            "email": "mary@example.org",
            "password1": "a lamp in the window",
            "password2": "a lamp in the window",
        },
    )
    assert signed_up.status_code == 302, signed_up.content
    assert stranger.ask_to_play(night_mail.video_id).status_code == 403  # who is watching?
    (profile,) = browser.get("/profiles/").context["profiles"]
    assert browser.post(f"/profiles/choose/{profile.id}/").status_code == 302

    playing = stranger.play(night_mail.video_id)
    assert sorted(playing.nodes) == ["n1", "n2", "shield"]
    ours = [one for one in playing.playlist().playlists if one.stream_info.pathway_id == "shield"]
    assert [one.stream_info.resolution[1] for one in ours] == [180, 360, 720]
    media = playing.fetch(ours[-1].uri)
    assert media.status_code == 200
    assert b"#EXT-X-ENDLIST" in _bytes(media)
    folder = ours[-1].uri.rpartition("/")[0]
    for name in ("init.mp4", "0.m4s", "24.m4s"):
        part = playing.fetch(f"{folder}/{name}")
        assert (part.status_code, part["Content-Type"]) == (200, "video/mp4")
        assert len(_bytes(part)) > 100
    assert playing.watch(0, 40)["state"] == "active"
    assert playing.close(41)["state"] == "closed"
    assert stranger.continue_watching() == [night_mail.video_id]


def test_going_on_where_one_stopped_on_another_device(ada: Viewer, night_mail: Title) -> None:
    television = ada.play(night_mail.video_id)
    television.watch(0, 63)
    television.close(63.5)
    phone = ada.on_another_device().play(night_mail.video_id)
    assert phone.resumes_at == 63.5
    phone.watch(63.5, 97)
    phone.close()
    assert ada.continue_watching() == []
    assert ada.play(night_mail.video_id).answer["bookmark"]["finished"] is True


def test_pulling_the_plug_loses_ten_seconds_at_most(ada: Viewer, night_mail: Title) -> None:
    ada.play(night_mail.video_id).watch(0, 50)  # and then nothing is heard any more
    ada.clock.shift(3600)
    assert ada.on_another_device().play(night_mail.video_id).resumes_at == 50


def test_the_streams_of_a_household(ada: Viewer, night_mail: Title, nosferatu: Title) -> None:
    television, phone, tablet = ada, ada.on_another_device(), ada.on_another_device()
    first = television.play(night_mail.video_id)
    phone.play(nosferatu.video_id)
    refused = tablet.ask_to_play(night_mail.video_id)
    assert refused.status_code == 409
    error = refused.json()["error"]  # type: ignore[attr-defined]
    assert error["code"] == "stream_limit"
    assert {one["title"] for one in error["streams"]} == {"Night Mail", "Nosferatu"}

    for _ in range(4):  # reloading the television's page eats no slot
        again = television.play(night_mail.video_id)
    assert first.report(3)["reason"] == "replaced"

    again.watch(0, 25)  # the phone has been silent for 25 s now …
    assert tablet.ask_to_play(night_mail.video_id).status_code == 409
    again.watch(25, 31)  # … and now for more than 30
    third = tablet.play(night_mail.video_id)
    assert third.report(1)["state"] == "active"


def test_closing_frees_the_slot_at_once(ada: Viewer, night_mail: Title) -> None:
    playing = [each.play(night_mail.video_id) for each in (ada, ada.on_another_device())]
    tablet = ada.on_another_device()
    assert tablet.ask_to_play(night_mail.video_id).status_code == 409
    playing[0].close()
    assert tablet.ask_to_play(night_mail.video_id).status_code == 201


def test_a_laptop_that_slept_is_told_when_its_stream_was_taken(ada: Viewer, night_mail: Title) -> None:
    laptop = ada.play(night_mail.video_id)
    laptop.watch(0, 20)
    ada.clock.shift(7200)
    assert laptop.report(20)["state"] == "active"  # nobody else watched: it goes on
    ada.clock.shift(7200)
    others = [ada.on_another_device().play(night_mail.video_id) for _ in range(2)]
    told = laptop.report(20)
    assert (told["state"], told["reason"]) == ("closed", "silent")
    assert laptop.renew().status_code == 403
    assert all(one.report(0)["state"] == "active" for one in others)


def test_a_series_from_its_first_episode_to_its_last(ada: Viewer, lamplighters: Title) -> None:
    video = str(catalog.first_video(lamplighters.id))
    leaves, seen = None, []
    while True:
        playing = ada.play(video, leaves=leaves)
        seen.append(playing.answer["name"])
        playing.watch(0, 9.8)
        following = playing.answer["next"]
        assert ada.continue_watching() == ([UUID(following["video"])] if following else [])
        if following is None:
            break
        video, leaves = following["video"], playing.answer["id"]
    assert [name.split(" · ")[1] for name in seen] == ["S1 E1", "S1 E2", "S2 E1", "S2 E2"]


def test_a_node_dies_and_the_others_are_named(
    ada: Viewer, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    playing = ada.play(night_mail.video_id)
    first, second, _ = playing.nodes
    playing.watch(0, 20, node=first)
    # The player sees it before anybody else does.
    assert playing.ask_for_nodes(second, {"node": first, "failures": 3}) == [second, "shield"]
    # A little later the node is drained for everyone: nobody is sent there, whoever asks.
    dead = next(node for node in nodes if f"n{node.slot}" == first)
    cdn.drain(dead.id)
    ada.clock.shift(60)
    fresh = ada.on_another_device().play(night_mail.video_id)
    assert fresh.nodes == [second, "shield"]
    assert {one.stream_info.pathway_id for one in fresh.playlist().playlists} == {second, "shield"}
    assert playing.ask_for_nodes(second) == [second, "shield"]
    # Why, can be asked afterwards.
    playing.report(20, node=second)
    fresh.report(0)
    assert "failed for you 0 s ago" in _reasons(playing.answer["id"])
    assert "draining" in _reasons(fresh.answer["id"])


def test_a_token_opens_its_own_film_and_nothing_else(
    ada: Viewer, night_mail: Title, nosferatu: Title
) -> None:
    playing, other = ada.play(night_mail.video_id), ada.on_another_device().play(nosferatu.video_id)
    mine = next(one.uri for one in playing.playlist().playlists if one.stream_info.pathway_id == "shield")
    theirs = next(one.uri for one in other.playlist().playlists if one.stream_info.pathway_id == "shield")
    long_lived, package = mine.split("/")[4:6]
    token = playing.answer["token"]["value"]
    ours = mine.replace(long_lived, token)
    assert playing.fetch(ours).status_code == playing.fetch(mine).status_code == 200
    assert playing.fetch(theirs.replace(theirs.split("/")[4], token)).status_code == 403
    ada.clock.shift(16 * 60)
    assert playing.fetch(ours).status_code == 403
    assert playing.fetch(mine).status_code == 200, "a player that knows no renewal plays its film to the end"
    renewed = playing.renew()
    assert renewed.status_code == 200
    fresh = renewed.json()["value"]  # type: ignore[attr-defined]
    assert playing.fetch(mine.replace(long_lived, fresh)).status_code == 200
    assert package in mine
    ada.clock.shift(9 * 60 * 60)
    assert playing.fetch(mine).status_code == 403, "and no longer"


def test_a_kid_finds_the_door_closed_everywhere(ada: Viewer, nosferatu: Title, night_mail: Title) -> None:
    parent = accounts.profile(UUID(ada.browser.session["profile_id"]))
    assert parent is not None
    kid = people.make_profile("Ben", user=accounts.user(parent.user_id), is_kid=True)
    viewer = Viewer(people.client_of(kid), ada.clock)
    assert viewer.ask_to_play(nosferatu.video_id).status_code == 404
    bookmark = f"/api/v1/playback/bookmarks/{nosferatu.video_id}"
    assert viewer.browser.put(bookmark, {"position": 3}, content_type="application/json").status_code == 404
    assert viewer.ask_to_play(night_mail.video_id).status_code == 201


def test_a_film_that_is_removed_while_it_plays(
    ada: Viewer, night_mail: Title, django_capture_on_commit_callbacks: object
) -> None:
    playing = ada.play(night_mail.video_id)
    playing.watch(0, 20)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        catalog.remove_title(night_mail.id)
    told = playing.report(30)
    assert (told["state"], told["reason"]) == ("closed", "forgotten")
    assert playing.renew().status_code == 403
    assert ada.continue_watching() == []
    assert ada.ask_to_play(night_mail.video_id).status_code == 404


def _bytes(response: object) -> bytes:
    streaming = getattr(response, "streaming", False)
    return b"".join(response.streaming_content) if streaming else response.content  # type: ignore[attr-defined]


def _reasons(session_id: str) -> list[str]:
    return [one.reason for decision in playback.decisions(UUID(session_id)) for one in decision.passed]

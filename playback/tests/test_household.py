"""Who is watching what, stopping one of them, and how its player hears of it at once."""

import asyncio
import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.tests import factories as people
from accounts.types import Profile
from catalog.types import Title
from playback import hearing, models, services
from playback.hearing import HOLD, NEWS, TellPlayers
from playback.tests.conftest import EVENING
from playback.types import Ended, Session, Standing

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]
SITE = "http://127.0.0.1:8000"


def play(client: Client, title: Title) -> dict[str, Any]:
    response = client.post(
        "/api/v1/playback/sessions", {"video": str(title.video_id)}, content_type="application/json"
    )
    return {"status": response.status_code, **response.json()}


def path(url: str) -> str:
    return url.removeprefix(SITE)


def test_the_refusal_says_who_watches_on_which_device_and_how_to_stop_it(
    ada: Profile, night_mail: Title, nosferatu: Title
) -> None:
    first, second = people.client_of(ada), people.client_of(ada)
    assert play(first, night_mail)["status"] == play(second, nosferatu)["status"] == 201
    (tv, _other) = accounts.devices(ada.user_id)
    accounts.rename_device(user_id=ada.user_id, device_id=tv.id, name="Living room")
    third = people.client_of(ada)
    refused = play(third, night_mail)
    assert refused["status"] == 409
    assert refused["error"]["can_stop"] is True
    streams = {one["device"]: one for one in refused["error"]["streams"]}
    assert "Living room" in streams
    assert third.post(streams["Living room"]["stop"]).status_code == 204
    assert play(third, night_mail)["status"] == 201


def test_a_kid_may_not_stop_anybody_by_any_way(ada: Profile, ben: Profile, night_mail: Title) -> None:
    grown_up = play(people.client_of(ada), night_mail)
    play(people.client_of(ada), night_mail)
    kid = people.client_of(ben)
    refused = play(kid, night_mail)
    assert (refused["status"], refused["error"]["can_stop"]) == (409, False)
    stop = f"/api/v1/playback/sessions/{grown_up['id']}/stop"
    assert kid.post(stop).status_code == 403
    assert kid.post(f"/account/watching/{grown_up['id']}/stop/").status_code == 302  # to the gate
    assert kid.get("/account/watching/").status_code == 302
    assert models.PlaybackSession.objects.get(id=grown_up["id"]).ended_at is None


def test_another_households_stream_is_not_there(ada: Profile, olu: Profile, night_mail: Title) -> None:
    playing = play(people.client_of(ada), night_mail)
    stranger = people.client_of(olu)
    assert stranger.post(f"/api/v1/playback/sessions/{playing['id']}/stop").status_code == 404
    assert stranger.post(f"/account/watching/{playing['id']}/stop/").status_code == 404
    assert Client().post(f"/api/v1/playback/sessions/{playing['id']}/stop").status_code == 403
    assert models.PlaybackSession.objects.get(id=playing["id"]).ended_at is None


def test_the_page_says_who_watches_and_stops_one(ada: Profile, night_mail: Title, denied: list[UUID]) -> None:
    playing = play(people.client_of(ada), night_mail)
    owner = people.client_of(ada)
    page = owner.get("/account/watching/").content.decode()
    assert "Night Mail" in page
    assert "Ada" in page
    other = people.make_profile("Oda", user=accounts.user(ada.user_id))
    accounts.block_title(profile_id=other.id, title_id=night_mail.id)
    assert "Night Mail" not in people.client_of(other).get("/account/watching/").content.decode()
    assert owner.post(f"/account/watching/{playing['id']}/stop/", follow=True).status_code == 200
    assert denied == [UUID(playing["id"])]
    assert "Nobody is watching now" in owner.get("/account/watching/").content.decode()


def test_the_stopped_player_hears_of_it_and_may_not_go_on(
    ada: Profile, night_mail: Title, django_capture_on_commit_callbacks: Any
) -> None:
    player = people.client_of(ada)
    playing = play(player, night_mail)
    news = path(playing["news"]["url"])
    assert Client().get(news).json() == {"state": "active"}
    with django_capture_on_commit_callbacks(execute=True):
        services.stop_stream(user_id=ada.user_id, session_id=UUID(playing["id"]))
    told = Client().get(news).json()
    assert (told["state"], told["reason"]) == ("closed", "owner")
    assert told["message_at"] == "Stopped by the account's owner at {time}."
    assert datetime.fromisoformat(told["at"])
    beat = player.post(
        path(playing["beacon"]["url"]), {"position": 4}, content_type="application/json"
    ).json()
    assert (beat["state"], beat["reason"]) == ("closed", "owner")
    assert player.post(path(playing["token"]["renew_url"])).status_code == 403


def test_what_plays_on_a_device_stops_when_it_is_signed_out(
    ada: Profile, night_mail: Title, django_capture_on_commit_callbacks: Any, denied: list[UUID]
) -> None:
    tv, phone = people.client_of(ada), people.client_of(ada)
    on_tv, on_phone = play(tv, night_mail), play(phone, night_mail)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.end_all_devices(ada.user_id, phone.session.session_key)
    ended = dict(models.PlaybackSession.objects.values_list("id", "ended"))
    assert ended == {UUID(on_tv["id"]): Ended.SIGNED_OUT, UUID(on_phone["id"]): ""}
    assert denied == [UUID(on_tv["id"])]
    assert play(tv, night_mail)["status"] == 403
    assert play(phone, night_mail)["status"] == 201


def test_a_silent_stream_that_was_stopped_does_not_wake(ada: Profile, night_mail: Title) -> None:
    session = services.open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)  # type: ignore[arg-type]
    services.close_silent()
    services.stop_stream(user_id=ada.user_id, session_id=session.id)
    assert models.PlaybackSession.objects.get().ended == Ended.OWNER


# The open question -----------------------------------------------------------------------------------------------

OVER = Standing(active=False, ended=Ended.OWNER, message="Stopped.", at=EVENING)


def test_a_held_question_is_answered_from_another_thread() -> None:
    async def story() -> tuple[hearing.Word, int]:
        news, session_id = hearing.News(), uuid4()
        asked = asyncio.ensure_future(news.hear(session_id))
        while not news.listening:
            await asyncio.sleep(0)
        await asyncio.to_thread(news.tell, session_id, OVER)
        return await asyncio.wait_for(asked, HOLD), news.listening

    word, left = asyncio.run(story())
    assert (word["state"], word["reason"], left) == ("closed", "owner", 0)


def test_who_asks_late_is_told_and_who_asks_too_often_is_let_go() -> None:
    async def story() -> None:
        news, session_id = hearing.News(), uuid4()
        many = [asyncio.ensure_future(news.hear(session_id)) for _ in range(hearing.MOST_OF_SESSION + 2)]
        done, waiting = await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 2:
            done, waiting = await asyncio.wait(many, timeout=0.01)
        assert {one.result()["state"] for one in done} == {"active"}
        news.tell(session_id, OVER)
        assert {(await one)["state"] for one in waiting} == {"closed"}
        assert (await news.hear(session_id))["state"] == "closed"
        assert (await news.hear(uuid4(), hold=0.001)) == hearing.ACTIVE
        assert news.listening == 0

    asyncio.run(story())


async def _answer(app: TellPlayers, path: str, *, leaves: bool = False) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": path}, receive, send)
    return sent


def test_the_server_holds_the_question_and_gives_up_who_has_gone(ada: Profile, night_mail: Title) -> None:
    opened: Session = services.open_session(profile_id=ada.id, video_id=night_mail.video_id)  # type: ignore[arg-type]
    news = hearing.News()
    passed: list[str] = []

    async def django(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["path"])

    app = TellPlayers(django, news=news)
    address = path(opened.news_url)

    async def story() -> list[dict[str, Any]]:
        assert await _answer(app, address, leaves=True) == []
        assert news.listening == 0
        held = asyncio.ensure_future(_answer(app, address))
        while not news.listening:
            await asyncio.sleep(0)
        news.tell(opened.id, OVER)
        await _answer(app, "/somewhere/else")
        await _answer(app, address.replace("/s/", "/s/x"))
        return await held

    _start, sent = asyncio.run(story())
    assert json.loads(sent["body"])["reason"] == "owner"
    assert len(passed) == 2


def test_only_what_somebody_did_on_purpose_is_told_at_once(
    ada: Profile, night_mail: Title, django_capture_on_commit_callbacks: Any
) -> None:
    opened = services.open_session(profile_id=ada.id, video_id=night_mail.video_id)  # type: ignore[arg-type]
    with django_capture_on_commit_callbacks(execute=True):
        services.close_session(opened.id)
    assert opened.id not in NEWS._said
    assert Client().get(path(opened.news_url)).json() == {"state": "active"}

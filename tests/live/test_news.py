"""From what happens in the apps to what a page is told, through the table."""

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from accounts.types import Profile
from catalog.tests.factories import make_title
from catalog.types import Title
from netflixlite.live import models, receivers, tail, tasks, telling, views, wake
from netflixlite.live.hub import Hub, Seat
from netflixlite.live.receivers import PACE, Pace
from netflixlite.live.words import Topic, Word
from playback import services as playback
from playback.tests.factories import make_bookmark
from recommend import services as recommend
from recommend.types import Thumb

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])

Committed: TypeAlias = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def ada() -> Profile:
    make_operator()  # else the site would still be in its first run
    return make_profile("Ada", user=make_user("household"))


@pytest.fixture
def film(settings: Any, tmp_path: Any) -> Title:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_title(name="Night Mail")


@pytest.fixture
def then(django_capture_on_commit_callbacks: Committed) -> Callable[[], AbstractContextManager[Any]]:
    """Does what is done after a commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def told(profile: Profile) -> list[dict[str, Any]]:
    rows = models.News.objects.concerning(user_id=profile.user_id, profile_id=profile.id).order_by("id")
    return [{"topic": row.topic, **row.detail} for row in rows]


def events(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    """What a page reads: the kinds of events, and their data."""
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", answer.content.decode())
    return [(kind, json.loads(data)) for kind, data in found]


def listen(client: Client, **asked: Any) -> list[tuple[str, dict[str, Any]]]:
    return events(client.get("/live/", asked))


def test_a_list_says_what_was_put_on_it_once(ada: Profile, film: Title, then: Any) -> None:
    with then():
        recommend.add_to_list(profile_id=ada.id, title_id=film.id)
        recommend.add_to_list(profile_id=ada.id, title_id=film.id)
        recommend.remove_from_list(profile_id=ada.id, title_id=film.id)
        recommend.remove_from_list(profile_id=ada.id, title_id=film.id)
    title = str(film.id)
    assert [each for each in told(ada) if each["topic"] != "rows"] == [
        {"topic": "list", "title": title, "listed": True},
        {"topic": "list", "title": title, "listed": False},
    ]


def test_a_verdict_is_told_and_changes_the_rows(ada: Profile, film: Title, then: Any) -> None:
    with then():
        recommend.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.UP)
        recommend.rate(profile_id=ada.id, title_id=film.id, thumb=None)
    assert [each["thumb"] for each in told(ada) if each["topic"] == "thumb"] == ["up", None]
    assert sorted(each["topic"] for each in told(ada)) == ["rows", "rows", "thumb", "thumb"]


def test_not_interested_is_told_and_changes_the_rows(ada: Profile, film: Title, then: Any) -> None:
    with then():
        recommend.hide(profile_id=ada.id, title_id=film.id)
        recommend.unhide(profile_id=ada.id, title_id=film.id)
    said = [each for each in told(ada) if each["topic"] == "hidden"]
    assert [each["hidden"] for each in said] == [True, False]
    assert {each["title"] for each in said} == {str(film.id)}
    assert [each["topic"] for each in told(ada)].count("rows") == 2


def test_a_place_in_a_film_is_told_and_taking_it_back_too(ada: Profile, film: Title, then: Any) -> None:
    assert film.video_id
    where = {"profile_id": ada.id, "video_id": film.video_id}
    with then():
        playback.save_bookmark(**where, position=timedelta(seconds=40), duration=timedelta(minutes=9))
        assert playback.remove_bookmark(**where)
        assert not playback.remove_bookmark(**where)
    assert told(ada) == [{"topic": "continue", "title": str(film.id)}] * 2


def test_taking_back_what_was_watched_is_told(ada: Profile, film: Title, then: Any) -> None:
    assert film.video_id
    make_bookmark(profile_id=ada.id, video_id=film.video_id)
    with then():
        playback.forget_watched(profile_id=ada.id)
    assert told(ada) == [{"topic": "continue", "title": str(film.id)}, {"topic": "rows"}]


def test_a_film_that_goes_on_is_told_now_and_then_only() -> None:
    pace, profile = Pace(), uuid4()
    every = receivers.GOES_ON_EVERY
    assert [pace.due(profile, now=at) for at in (0.0, every / 3, every, every * 1.5, every * 2)] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert pace.due(uuid4(), now=1.0)
    assert PACE is not pace


def test_nobody_is_told_of_another_household(ada: Profile, film: Title, then: Any) -> None:
    olu = make_profile("Olu")
    with then():
        recommend.add_to_list(profile_id=ada.id, title_id=film.id)
    assert told(olu) == []
    assert [kind for kind, _said in listen(client_of(olu), since=1)] == ["hello"]


def test_a_page_hears_what_came_after_it_was_made(ada: Profile, film: Title, then: Any) -> None:
    client, made = client_of(ada), time.time()
    with then():
        recommend.add_to_list(profile_id=ada.id, title_id=film.id)
    (_, hello), *heard = listen(client, since=made)
    (news,) = [said for _kind, said in heard if said["topic"] != "rows"]
    assert hello == {"profile": str(ada.id), "whole": True, "held": False}
    assert news == {"topic": "list", "title": str(film.id), "listed": True}


def test_a_line_that_broke_goes_on_after_what_was_heard(ada: Profile, film: Title, then: Any) -> None:
    client = client_of(ada)
    first = models.News.objects.create(topic="list", profile_id=ada.id, detail={"title": "1"})
    for number in range(2, 3 + views.OVERLAP):
        models.News.objects.create(topic="list", profile_id=ada.id, detail={"title": str(number)})
    heard = listen(client, after=first.id + views.OVERLAP)
    assert heard[0][1]["whole"] is True
    assert [said["title"] for _, said in heard[1:]][-1] == str(2 + views.OVERLAP)
    by_header = client.get("/live/", headers={"Last-Event-ID": str(first.id + views.OVERLAP)})
    assert events(by_header) == heard


@pytest.mark.parametrize("asked", [{"after": 10**9}, {"since": 1.0}])
def test_who_was_away_for_too_long_looks_at_everything_anew(ada: Profile, asked: dict[str, Any]) -> None:
    client = client_of(ada)
    models.News.objects.create(topic="list", profile_id=ada.id)
    assert listen(client, **asked) == [("hello", {"profile": str(ada.id), "whole": False, "held": False})]


@pytest.mark.parametrize(
    "asked", [{"after": "x"}, {"after": "-1"}, {"since": "nan"}, {"since": "1e999"}, {"since": ""}]
)
def test_nonsense_is_as_good_as_nothing(ada: Profile, asked: dict[str, Any]) -> None:
    client = client_of(ada)
    models.News.objects.create(topic="list", profile_id=ada.id)
    assert listen(client, **asked) == [("hello", {"profile": str(ada.id), "whole": True, "held": False})]


def test_who_is_not_signed_in_or_has_chosen_nobody_is_told_just_that(ada: Profile) -> None:
    assert listen(Client()) == [("gone", {})]
    client = client_of(ada)
    session = client.session
    del session["profile_id"]
    session.save()
    assert listen(client) == [("gone", {})]


def test_entering_another_profile_and_signing_out_end_the_lines_of_that_browser(
    ada: Profile, then: Any
) -> None:
    bea = make_profile("Bea", user=accounts.user(ada.user_id))
    client = client_of(ada)
    (device,) = accounts.devices(ada.user_id)
    ended = models.News.objects.filter(
        topic=Topic.ANEW, user_id=ada.user_id, detail={"device": str(device.id)}
    )
    with then():
        client.post(reverse("choose_profile", args=[bea.id]))
    assert ended.count() == 1
    with then():
        client.post(reverse("account_logout"))
    assert ended.count() > 1


def test_the_tail_passes_on_what_comes_in_order_and_what_comes_late(ada: Profile) -> None:
    hub = Hub()
    one = Seat(user_id=ada.user_id, profile_id=ada.id, device_id=None, kid=False)
    hub.sit(one)
    reader = tail.Tail(hub)
    reader.begin(tail.newest_id())
    assert reader.look() == 0
    models.News.objects.create(id=500, topic="list", profile_id=ada.id)
    models.News.objects.create(id=502, topic="list", profile_id=ada.id)
    reader.look()
    models.News.objects.create(id=501, topic="list", profile_id=ada.id)  # its writer was slower
    reader.look()
    assert reader.look() == 0
    assert [word.id for word in one._take()] == [500, 502, 501]


def test_the_tail_tells_players_what_another_process_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    session, said = uuid4(), []
    monkeypatch.setattr(playback, "tell_stopped", said.append)
    tail.Tail(Hub())._pass_on(Word(1, Topic.STOPPED, uuid4(), None, {"session": str(session)}))
    assert said == [session]


def test_old_news_go_and_the_newest_row_stays(ada: Profile) -> None:
    old = timezone.now() - tasks.KEPT_FOR - timedelta(seconds=1)
    for _ in range(3):
        last = models.News.objects.create(topic="list", profile_id=ada.id, at=old)
    assert tasks.drop_old_news() == 2
    assert tail.newest_id() == tail.oldest_id() == last.id


def test_the_rows_of_the_home_page_come_alone_and_all_at_once(ada: Profile, film: Title, then: Any) -> None:
    client = client_of(ada)
    recommend.add_to_list(profile_id=ada.id, title_id=film.id)
    page = client.get("/live/rows/", {"row": ["my-list", "continue"]}).content.decode()
    assert 'data-order="my-list' in page
    assert re.findall(r'id="row-([\w-]+)"', page) == ["my-list"]
    assert "<html" not in page
    assert Client().get("/live/rows/").status_code == 302


class FakeRedis:
    """Stands for the client library: one server, which anybody may break."""

    said: list[str]
    broken = False

    def __init__(self) -> None:
        self.said, self.heard = [], threading.Event()
        self.Redis = self

    def from_url(self, address: str, **_: Any) -> "FakeRedis":
        self.address = address
        return self

    def publish(self, channel: str, _message: bytes) -> None:
        if self.broken:
            raise ConnectionError("Redis is away.")
        self.said.append(channel)

    def pubsub(self, **_: Any) -> "FakeRedis":
        return self

    def subscribe(self, channel: str) -> None:
        self.said.append(f"subscribe {channel}")

    def get_message(self, timeout: float) -> dict[str, str] | None:
        if self.heard.wait(timeout):
            raise ConnectionError("Redis went away.")
        return {"type": "message"}


def test_with_a_redis_others_are_woken_and_its_absence_harms_nothing(
    ada: Profile, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = FakeRedis()
    monkeypatch.setattr(wake.importlib, "import_module", lambda _name: redis)
    monkeypatch.setattr(wake, "_client", None)
    settings.CACHES = {"default": {"BACKEND": wake._REDIS, "LOCATION": "redis://there:6379/1"}}
    telling.tell(Topic.LIST, profile_id=ada.id, title="1")
    redis.broken = True
    telling.tell(Topic.LIST, profile_id=ada.id, title="2")
    assert (redis.address, redis.said) == ("redis://there:6379/1", [wake.CHANNEL])
    assert len(told(ada)) == 2


def test_who_hears_redis_pokes_and_tries_again_when_it_went_away(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis, until, poked = FakeRedis(), threading.Event(), []
    monkeypatch.setattr(wake.importlib, "import_module", lambda _name: redis)
    monkeypatch.setattr(wake, "AFTER_ERROR", 0.0)
    settings.CACHES = {"default": {"BACKEND": wake._REDIS, "LOCATION": "redis://there:6379/1"}}

    def poke() -> None:
        poked.append(1)
        redis.heard.set()
        if len(poked) == 3:
            until.set()

    wake.hear(poke, until)
    assert redis.said == [f"subscribe {wake.CHANNEL}"] * 3

"""The lines of open pages: who hears what, and when a line ends. No Django, no database, no clock."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from netflixlite.live import hub as hubs
from netflixlite.live import streaming, words
from netflixlite.live.hub import Full, Hub, Seat
from netflixlite.live.streaming import DESK, HoldLines, Ticket
from netflixlite.live.words import Topic, Word

ADA, BEN, OLU = uuid4(), uuid4(), uuid4()
HOUSE, OTHER_HOUSE = uuid4(), uuid4()
TABLET = uuid4()


def seat(profile: UUID = ADA, *, user: UUID = HOUSE, device: UUID | None = None, kid: bool = False) -> Seat:
    return Seat(user_id=user, profile_id=profile, device_id=device, kid=kid)


def word(number: int, topic: Topic = Topic.LIST, **more: Any) -> Word:
    return Word(number, topic, **({"profile_id": ADA} | more))


def heard(one: Seat) -> list[int]:
    return [said.id for said in asyncio.run(one.wait(0))]


class Browser:
    """Speaks to `HoldLines` as a web server would, for a browser that may leave."""

    def __init__(self, line: HoldLines) -> None:
        self._line = line
        self._leaves = asyncio.Event()
        self._news = asyncio.Event()
        self.said = b""
        self.headers: dict[bytes, bytes] = {}
        self.task: asyncio.Task[None] | None = None

    def come(self) -> None:
        scope = {"type": "http", "path": streaming.PATH, "method": "GET", "headers": []}
        self.task = asyncio.ensure_future(self._line(scope, self._receive, self._send))

    async def hears(self, text: bytes) -> None:
        async with asyncio.timeout(30):
            while text not in self.said:
                self._news.clear()
                await self._news.wait()

    async def leave(self) -> None:
        self._leaves.set()
        await self.ended()

    async def ended(self) -> None:
        assert self.task is not None
        await asyncio.wait_for(self.task, 30)

    async def _receive(self) -> dict[str, Any]:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.headers = dict(message["headers"])
        self.said += message.get("body", b"")
        self._news.set()


def django(hub: Hub, who: Seat | None) -> Callable[..., Awaitable[None]]:
    """A Django that lets `who` in, or nobody."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if who is not None:
            hub.sit(who)
            scope[DESK].ticket = Ticket(who, b"event: hello\n\n", sent=5)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"4"), (b"set-cookie", b"a=b")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"gone"})

    return app


def test_a_profile_hears_its_own_news_and_its_household_s() -> None:
    hub, ada, ben, olu = Hub(), seat(), seat(BEN), seat(OLU, user=OTHER_HOUSE)
    for one in (ada, ben, olu):
        hub.sit(one)
    hub.deliver(word(1))
    hub.deliver(Word(2, Topic.DOWNLOADS, user_id=HOUSE))
    assert [heard(one) for one in (ada, ben, olu)] == [[1, 2], [2], []]


def test_a_child_hears_nothing_of_what_others_watch_and_no_page_of_what_is_for_the_site() -> None:
    hub, ada, kid = Hub(), seat(), seat(BEN, kid=True)
    hub.sit(ada)
    hub.sit(kid)
    hub.deliver(Word(1, Topic.WATCHING, user_id=HOUSE))
    hub.deliver(Word(2, Topic.STOPPED, user_id=HOUSE, detail={"session": "s"}))
    assert (heard(ada), heard(kid)) == ([1], [])


def test_signing_a_device_out_ends_its_lines_and_no_others() -> None:
    hub, laptop, tablet = Hub(), seat(device=uuid4()), seat(device=TABLET)
    hub.sit(laptop)
    hub.sit(tablet)
    hub.deliver(Word(1, Topic.ANEW, user_id=HOUSE, detail={"device": str(TABLET)}))
    assert (laptop.ending, tablet.ending) == ("", "again")


def test_who_leaves_is_forgotten_and_may_leave_twice() -> None:
    hub, ada = Hub(), seat()
    hub.sit(ada)
    hub.leave(ada)
    hub.leave(ada)
    hub.deliver(word(1))
    assert (hub.listening, heard(ada)) == (0, [])


def test_an_account_with_too_many_lines_loses_its_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "MOST_OF_USER", 2)
    hub, seats, other = Hub(), [seat() for _ in range(3)], seat(OLU, user=OTHER_HOUSE)
    for one in [other, *seats]:
        hub.sit(one)
    assert [one.ending for one in [other, *seats]] == ["", "full", "", ""]
    assert hub.listening == 3


def test_a_process_takes_no_more_lines_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "MOST", 1)
    hub = Hub()
    hub.sit(seat())
    with pytest.raises(Full):
        hub.sit(seat(OLU, user=OTHER_HOUSE))


def test_a_browser_that_takes_nothing_is_sent_away_instead_of_filling_the_memory() -> None:
    hub, ada = Hub(), seat()
    hub.sit(ada)
    for number in range(hubs.MOST_WORDS + 1):
        hub.deliver(word(number))
    assert ada.ending == "again"
    assert len(heard(ada)) == hubs.MOST_WORDS


def test_a_line_says_hello_then_what_is_new_and_gives_its_seat_back() -> None:
    async def story() -> Browser:
        hub, ada = Hub(), seat()
        browser = Browser(HoldLines(django(hub, ada), hub=hub))
        browser.come()
        await browser.hears(b"hello")
        hub.deliver(word(5))  # it was said with the greeting
        hub.deliver(word(6, detail={"title": "t", "listed": True}))
        await browser.hears(b"listed")
        await browser.leave()
        assert hub.listening == 0
        return browser

    browser = asyncio.run(story())
    assert b"id: 5\n" not in browser.said
    assert b'id: 6\nevent: news\ndata: {"topic":"list","title":"t","listed":true}\n\n' in browser.said
    assert browser.headers[b"content-type"] == b"text/event-stream"
    assert b"content-length" not in browser.headers
    assert browser.headers[b"set-cookie"] == b"a=b"


def test_a_silent_line_beats_and_an_old_one_asks_to_come_again() -> None:
    async def story() -> bytes:
        hub = Hub()
        browser = Browser(HoldLines(django(hub, seat()), hub=hub, beat=0.01, life=0.2))
        browser.come()
        await browser.ended()
        assert hub.listening == 0
        return browser.said

    said = asyncio.run(story())
    assert words.beat() in said
    assert said.endswith(words.again())


@pytest.mark.parametrize(("why", "last"), [("again", words.again()), ("full", words.full())])
def test_who_has_to_go_is_told_and_gone_at_once(why: str, last: bytes) -> None:
    async def story() -> bytes:
        hub, ada = Hub(), seat()
        browser = Browser(HoldLines(django(hub, ada), hub=hub))
        browser.come()
        await browser.hears(b"hello")
        ada.end(why)
        await browser.ended()
        return browser.said

    assert asyncio.run(story()).endswith(last)


def test_without_a_ticket_django_s_answer_goes_out_as_it_is() -> None:
    async def story() -> Browser:
        hub = Hub()
        browser = Browser(HoldLines(django(hub, None), hub=hub))
        browser.come()
        await browser.ended()
        return browser

    browser = asyncio.run(story())
    assert (browser.said, browser.headers[b"content-type"]) == (b"gone", b"text/plain")

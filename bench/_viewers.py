"""Simulated viewers with the loader's rules, over real HTTP: many sessions in one process, for `bench/evacuation.py`.

Each opens a session at the site, then fetches a film segment by segment as our player does: 26 s of buffer, pictures
and sound from one node, the next node when one fails, falls silent or asks to be left; steering every TTL and at once
after a failure; a link of its own of 4 Mbit/s. What it does not do: beacons, token renewals (its life is shorter),
hedging, resuming in the middle of a segment.
"""

import asyncio
import json
import random
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import quote, urlsplit

from bench._viewer_link import Answer, Failed, Link
from bench._viewer_nodes import Nodes

BUFFER, SEGMENT, LINK_BPS = 26.0, 4.0, 4_000_000
#: As `static/js/player/limits.js` has them: seconds without a first byte, and without a further one.
FIRST_BYTE, FIRST_BYTE_SHORT, SILENCE = 1.5, 0.8, 1.5
SOONEST, STEERING_TIMEOUT = 5.0, 4.0
#: How many open their sessions at the site at the same time.
OPENING = 8


@dataclass
class Story:
    """What all viewers together did."""

    #: Bytes of each pathway since this was last asked.
    sent: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    #: Seconds that steering took.
    steered: list[float] = field(default_factory=list)
    steering_failures: int = 0


class Viewer:
    """One session."""

    def __init__(self, number: int, site: str, cookie: str, video: str, story: Story) -> None:
        self._site, self._cookie, self._video, self._story = site, cookie, video, story
        self.number = number
        self.nodes = Nodes([])
        self._links: dict[str, Link] = {}
        self._answer: dict[str, Any] = {}
        self._samples: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()
        self._asked_at = float("-inf")
        self._segment = random.randrange(1000)
        #: Film in hand, seconds that it has played, and how it stood still.
        self._loaded = 0.0
        self._began: float | None = None
        self.stalls = 0
        self.stalled = 0.0
        #: When each node last served this viewer, by its pathway.
        self.served: dict[str, float] = {}
        self.switches = 0

    @property
    def buffer(self) -> float:
        """Seconds of film ahead."""
        return self._loaded if self._began is None else self._loaded - (time.monotonic() - self._began)

    async def open(self) -> None:
        """Press Play."""
        url = urlsplit(self._site)
        body = json.dumps({"video": self._video}).encode()
        crumbs = "x" * 32
        answer = await _site(
            url.hostname or "", url.port or 80, "POST", "/api/v1/playback/sessions", body,
            f"Content-Type: application/json\r\nX-CSRFToken: {crumbs}\r\n"
            f"Cookie: netflixlite_session={self._cookie}; netflixlite_csrf={crumbs}\r\n", 60,
        )  # fmt: skip
        if answer.status != 201:
            raise RuntimeError(f"the site answered {answer.status}: {answer.body[:300]!r}")
        self._answer = json.loads(answer.body)
        self.nodes.update(self._answer["nodes"], time.monotonic())

    async def play(self) -> None:
        """Fetch the film, over and over, until cancelled."""
        tracks = self._answer["tracks"]
        smallest = min(tracks["video"], key=lambda one: int(one["bandwidth"]))
        names = (smallest["name"], tracks["audio"][0]["name"])
        count = max(1, int(self._answer["duration"] / SEGMENT))
        steering = asyncio.create_task(self._steer())
        try:
            while True:
                ahead = self.buffer
                if ahead > BUFFER:
                    await asyncio.sleep(ahead - BUFFER + random.random() * 0.05)
                    continue
                began, got = time.monotonic(), 0
                number = self._segment % count
                for name in names:
                    got += await self._fetch(name, number)
                spare = got * 8 / LINK_BPS - (time.monotonic() - began)
                if spare > 0:
                    await asyncio.sleep(spare)
                self._segment += 1
                self._arrived()
        finally:
            steering.cancel()
            for link in self._links.values():
                link.close()

    def _arrived(self) -> None:
        """One more segment is in hand."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        else:
            late = now - self._began - self._loaded
            if late > 0:  # it stood still until now
                self.stalls += 1
                self.stalled += late
                self._began += late
        self._loaded += SEGMENT

    async def _fetch(self, rendition: str, number: int) -> int:
        """One object from whoever gives it; → its bytes."""
        token, package = self._answer["token"]["value"], self._answer["package"]
        wish = quote(f'dl={max(0, round(self.buffer * 10)) * 100},nor="{number + 1}.m4s",ot=v', safe="")
        target = f"/v1/{token}/{package}/{rendition}/{number}.m4s?CMCD={wish}"
        for turn in range(6):
            tried: set[str] = set()
            while place := next(
                (one for one in self.nodes.order(time.monotonic()) if one.id not in tried), None
            ):
                try:
                    return await self._from(place.id, place.base, target, 2**turn)
                except (Failed, OSError) as error:
                    tried.add(place.id)
                    self._failed(place.id, str(error) if isinstance(error, Failed) else "refused")
            await asyncio.sleep(min(2.0, 0.25 * 2**turn))
        raise RuntimeError("no node and not even the site gave a segment")

    async def _from(self, id: str, base: str, target: str, patience: int) -> int:
        url = urlsplit(base)
        link = self._links.get(id)
        if link is None or not link.open:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(FIRST_BYTE):
                _, link = await loop.create_connection(Link, url.hostname, url.port)
            self._links[id] = link
        message = f"GET {target} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()
        began = time.monotonic()
        waiting = link.ask(message)
        limit = (FIRST_BYTE if self.buffer > 6 else FIRST_BYTE_SHORT) * patience
        try:
            while not waiting.done():
                since = link.heard or began
                left = since + (SILENCE if link.heard else limit) - time.monotonic()
                if left <= 0:
                    raise Failed("silent")
                await asyncio.wait((waiting,), timeout=left)
            answer = waiting.result()
        except BaseException:
            waiting.cancel()
            link.close()
            raise
        now = time.monotonic()
        if answer.status != 200:
            raise Failed(str(answer.status))
        before = self.nodes.active
        self.nodes.succeed(id, now)
        self.served[id] = now
        self._story.sent[id] += answer.bytes
        sample = self._sample(id)
        sample["ok"] += 1
        sample["ttfb_ms"] = round((answer.first - began) * 1000, 1)
        sample["bps"] = min(LINK_BPS, round(answer.bytes * 8 / max(1e-4, now - began)))
        chance = _duress(answer.cmsd)
        if chance > 0 and random.random() < chance:
            self.nodes.leave(id, now)
        self.switches += self.nodes.active != before
        return answer.bytes

    def _failed(self, id: str, why: str) -> None:
        self._story.failures[f"{id} {why}"] += 1
        self._sample(id)["failures"] += 1
        before = self.nodes.active
        self.nodes.penalise(id, time.monotonic())
        self.switches += self.nodes.active != before
        self._news.set()

    def _sample(self, id: str) -> dict[str, Any]:
        return self._samples.setdefault(
            id, {"node": id, "ok": 0, "failures": 0, "ttfb_ms": None, "bps": None}
        )

    async def _steer(self) -> None:
        """Ask every TTL, and soon after a failure."""
        url, ttl = urlsplit(self._answer["steering"]), random.uniform(0, 30)
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), ttl)
                await asyncio.sleep(max(0.0, self._asked_at + SOONEST - time.monotonic()))
            except TimeoutError:
                pass
            self._news.clear()
            self._asked_at = began = time.monotonic()
            samples, self._samples = list(self._samples.values()), {}
            body = json.dumps({"current": self.nodes.active, "samples": samples}).encode()
            try:
                answer = await _site(
                    url.hostname or "", url.port or 80, "POST", url.path, body, "Content-Type: text/plain\r\n",
                    STEERING_TIMEOUT,
                )  # fmt: skip
                if answer.status == 410:
                    return
                heard = json.loads(answer.body)
                self._story.steered.append(time.monotonic() - began)
                before = self.nodes.active
                self.nodes.update(heard["nodes"], time.monotonic())
                self.switches += self.nodes.active != before
                ttl = float(heard["ttl"])
            except (OSError, ValueError, KeyError, TimeoutError, Failed):
                self._story.steering_failures += 1
                ttl = 30.0


def _duress(text: str) -> float:
    """The chance with which to leave, as CMSD-Dynamic says it."""
    words = [word.strip() for word in text.split(";")]
    if "du" not in words:
        return 0.0
    share = next((word for word in words if word.startswith("com.netflixlite-share=")), "=1")
    return float(share.split("=")[1])


async def _site(
    host: str, port: int, method: str, path: str, body: bytes, fields: str, seconds: float
) -> Answer:
    async with asyncio.timeout(seconds):
        _, link = await asyncio.get_running_loop().create_connection(Link, host, port)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        )
        try:
            return await link.ask(head.encode() + body, keep=True)
        finally:
            link.close()


@dataclass
class Crowd:
    """All viewers of this process, and what its parent asks of them."""

    viewers: list[Viewer]
    story: Story
    ended: list[str] = field(default_factory=list)

    def picture(self) -> dict[str, Any]:
        """How it stands now. Bytes are those since the last picture."""
        sent, self.story.sent = self.story.sent, Counter()
        return {
            "at": time.monotonic(),
            "active": dict(Counter(one.nodes.active for one in self.viewers)),
            "sent": dict(sent),
            "stalls": sum(one.stalls for one in self.viewers),
            "buffer": min((one.buffer for one in self.viewers), default=0.0),
            "ended": len(self.ended),
        }

    def result(self) -> dict[str, Any]:
        """Everything, at the end."""
        return {
            "served": [one.served for one in self.viewers],
            "stalls": sum(one.stalls for one in self.viewers),
            "stalled": sum(one.stalled for one in self.viewers),
            "stalled_sessions": sum(one.stalls > 0 for one in self.viewers),
            "switches": [one.switches for one in self.viewers],
            "failures": dict(self.story.failures),
            "steered": self.story.steered,
            "steering_failures": self.story.steering_failures,
            "ended": self.ended,
        }


async def _live(pipe: Connection, *, site: str, video: str, cookies: list[str], ramp: float) -> None:
    story = Story()
    crowd = Crowd(
        [Viewer(number, site, cookie, video, story) for number, cookie in enumerate(cookies)], story
    )
    gate = asyncio.Semaphore(OPENING)
    opened = 0

    async def live(viewer: Viewer) -> None:
        nonlocal opened
        try:
            await asyncio.sleep(random.random() * ramp)
            async with gate:
                await viewer.open()
                opened += 1
            await viewer.play()
        except Exception as error:
            crowd.ended.append(f"{viewer.number}: {type(error).__name__} {error}")

    lives = [asyncio.create_task(live(viewer)) for viewer in crowd.viewers]
    loop = asyncio.get_running_loop()
    while True:
        asked = await loop.run_in_executor(None, pipe.recv)
        if asked == "picture":
            pipe.send(crowd.picture() | {"opened": opened})
        else:
            for one in lives:
                one.cancel()
            await asyncio.gather(*lives, return_exceptions=True)
            pipe.send(crowd.result())
            return


def live(pipe: Connection, site: str, video: str, cookies: list[str], ramp: float) -> None:
    """The process: viewers join within `ramp` seconds and watch until the parent says otherwise."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each viewer has a connection to some nodes
    asyncio.run(_live(pipe, site=site, video=video, cookies=cookies, ramp=ramp))

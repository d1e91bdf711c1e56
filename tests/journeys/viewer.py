"""A viewer as HTTP sees one: a browser that presses play, a player that fetches and reports."""

import json
from typing import Any
from uuid import UUID

import m3u8
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts.tests import factories as people

SITE = "http://127.0.0.1:8000"


class Playing:
    """One playback, from the player's side. It carries no cookie: its addresses are all that it has."""

    def __init__(self, answer: dict[str, Any], clock: time_machine.Traveller) -> None:
        self.answer = answer
        self.clock = clock
        self.player = Client(enforce_csrf_checks=True)

    @property
    def nodes(self) -> list[str]:
        return [node["id"] for node in self.answer["nodes"]]

    @property
    def resumes_at(self) -> float:
        bookmark = self.answer["bookmark"]
        return 0.0 if bookmark is None or bookmark["finished"] else float(bookmark["position"])

    def playlist(self) -> m3u8.M3U8:
        response = self.player.get(self.answer["hls"].removeprefix(SITE))
        assert response.status_code == 200, response.content
        return m3u8.loads(response.content.decode())

    def fetch(self, url: str) -> HttpResponse:
        """Fetch from the site's own pathway, the only one that answers here."""
        return self.player.get(url.removeprefix(SITE))  # type: ignore[return-value]

    def watch(self, start: float, end: float, **more: object) -> dict[str, Any]:
        """Let the picture move from `start` to `end`, reporting every ten seconds; returns the last answer."""
        at = start
        told = self.report(at, **more)
        while at < end and told["state"] == "active":
            step = min(10.0, end - at)
            self.clock.shift(step)
            at += step
            told = self.report(at, **more)
        return told

    def report(self, position: float, **more: object) -> dict[str, Any]:
        return self._post(self.answer["beacon"]["url"], {"position": position, **more})

    def ask_for_nodes(self, current: str, *samples: dict[str, object]) -> list[str]:
        told = self._post(self.answer["steering"], {"current": current, "samples": list(samples)})
        return [node["id"] for node in told["nodes"]]

    def renew(self) -> HttpResponse:
        return self.player.post(self.answer["token"]["renew_url"].removeprefix(SITE))  # type: ignore[return-value]

    def close(self, position: float | None = None) -> dict[str, Any]:
        return self._post(self.answer["close"]["url"], {} if position is None else {"position": position})

    def _post(self, url: str, body: dict[str, object]) -> dict[str, Any]:
        # As sendBeacon does it: text/plain, no cookie, no CSRF token.
        response = self.player.post(url.removeprefix(SITE), json.dumps(body), content_type="text/plain")
        assert response.status_code == 200, response.content
        told: dict[str, Any] = response.json()
        return told


class Viewer:
    """One browser with somebody in front of it."""

    def __init__(self, browser: Client, clock: time_machine.Traveller) -> None:
        self.browser = browser
        self.clock = clock

    def ask_to_play(self, video: UUID | str | None, **more: object) -> HttpResponse:
        return self.browser.post(  # type: ignore[return-value]
            "/api/v1/playback/sessions", {"video": str(video), **more}, content_type="application/json"
        )

    def play(self, video: UUID | str | None, **more: object) -> Playing:
        response = self.ask_to_play(video, **more)
        assert response.status_code == 201, response.content
        return Playing(response.json(), self.clock)  # type: ignore[attr-defined]

    def on_another_device(self) -> "Viewer":
        """The same profile on a browser of its own."""
        profile = people.services.profile(UUID(self.browser.session["profile_id"]))
        assert profile is not None
        return Viewer(people.client_of(profile), self.clock)

    def continue_watching(self) -> list[UUID]:
        from playback import services as playback

        return [one.video_id for one in playback.continue_watching(UUID(self.browser.session["profile_id"]))]

"""A fake site: the watch page, the static files, and the playback API as the player sees it."""

import base64
import hashlib
import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.browser.rig.media import (
    AUDIO_RATE,
    EARLY_PACKAGE,
    EARLY_SECONDS,
    FILMS,
    KEY,
    KEYED_PACKAGE,
    LADDER,
    PACKAGE,
)

STATIC = Path(__file__).resolve().parents[3] / "static"
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
FILM = "11111111-1111-1111-1111-111111111111"
SECOND = "22222222-2222-2222-2222-222222222222"
SOUNDS = [
    {"name": "a-en", "language": "en", "label": "English", "channels": 2, "default": True},
    {"name": "a-de", "language": "de", "label": "Deutsch", "channels": 2, "default": False},
]
TEXTS = [
    {"name": f"t-{language}", "language": language, "label": label, "channels": None, "default": False}
    for language, label in (("en", "English"), ("de", "Deutsch"))
]
NIL = "00000000-0000-0000-0000-000000000000"
#: The policy of the real site: the player has to live under it.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self' data: blob: http: https:; connect-src 'self' ws: wss: http: https:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Watch</title>
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/css/main.css"></head>
<body class="watch" data-taste='{taste}'><main id="main" tabindex="-1">
<nl-player data-video-id="{video}" data-session-url="/api/v1/playback/sessions" data-csrf="rig-token"
 data-watch-url="/watch/{nil}/" data-back-url="/title/" data-title="The Long Meridian" data-subtitle="{subtitle}"
 data-synopsis="A surveyor walks the line where two maps disagree, and finds that someone has been living there.">
<div class="player-plain"><h1>The Long Meridian</h1></div></nl-player></main>
<script type="module" src="/static/js/elements/nl-player.js"></script></body></html>"""

#: A title's page as the real one is, as far as scripts look at it.
TITLE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The Long Meridian</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/static/css/main.css">
<script type="module" src="/static/js/main.js"></script></head>
<body class="title"><main id="main" tabindex="-1"><article class="title-page"><div class="title-hero">
<h1 class="title-hero__name">The Long Meridian</h1><p class="seen">Seen {seen} times</p>
<div class="actions"><a class="button button--lamp" href="/watch/{video}/">Play</a></div></div>
<ol><li class="episode"><a class="episode__link" href="/watch/{second}/">Two Maps</a></li></ol></article></main>
<form id="state" method="post" action="/" data-watch="/watch/{nil}/" data-sessions="/api/v1/playback/sessions" hidden>
<input type="hidden" name="csrfmiddlewaretoken" value="rig-token"></form></body></html>"""


class Site(ThreadingHTTPServer):
    """What the API answers is in plain attributes that a test may change at any time."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.nodes: list[tuple[str, str]] = []
        self.order: list[str] = []
        self.token = "token-1"
        self.token_seconds = 900.0
        self.bookmark: dict[str, Any] | None = None
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.next: dict[str, str] | None = None
        self.duration = 48.0
        self.markers: list[dict[str, Any]] = []
        #: What the viewer chose in this title, wherever that was.
        self.choice = {"audio": "", "text": "", "second": ""}
        #: What stands beside the film (netflixlite/beside.py), where that is more than its name.
        self.beside: dict[str, Any] = {}
        #: How the profile likes films to play (static/js/player/taste.js).
        self.taste: dict[str, Any] = {}
        self.down = False
        #: While true, new sessions get the beginning of the film only. Those that have it are told when that changes.
        self.early = False
        #: While true, no playlist of a complete package can be read.
        self.broken = False
        #: While true, new sessions get the encrypted film, whose key comes after so many seconds.
        self.encrypted = False
        self.key_delay = 0.0
        #: Sessions that the site has ended because it heard nothing of them, by their keys.
        self.silent: set[str] = set()
        self.sessions = 0
        self.packages: dict[str, str] = {}
        #: Videos of sessions that nobody watches yet, by their keys.
        self.prepared: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that leaves in the middle is no news."""

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def seen(self, ending: str) -> list[dict[str, Any]]:
        """Requests whose path ends so, in order."""
        with self.lock:
            return [one for one in self.requests if one["path"].endswith(ending)]

    def ranked(self) -> list[dict[str, Any]]:
        """The nodes in the order of now."""
        bases = dict(self.nodes)
        order = self.order or [name for name, _ in self.nodes]
        return [
            {"id": one, "base_url": bases[one], "rank": rank, "reason": "rig"}
            for rank, one in enumerate(order)
        ]

    def session(self, video: str, *, prepare: bool = False) -> dict[str, Any]:
        """The answer of POST /api/v1/playback/sessions."""
        self.sessions += 1
        key = f"key{self.sessions}"
        whole = KEYED_PACKAGE if self.encrypted else PACKAGE
        package = self.packages[key] = EARLY_PACKAGE if self.early else whole
        doors = f"{self.base}/api/v1/playback/s/{key}"
        return {
            "id": f"33333333-3333-3333-3333-{self.sessions:012d}",
            "video": video,
            "package": package,
            "title": "The Long Meridian",
            "name": "Two Maps" if video == SECOND else "",
            "duration": EARLY_SECONDS if self.early else self.duration,
            "complete": not self.early,
            "expected_duration": self.duration if self.early else None,
            "encrypted": self.encrypted,
            "content_key_url": f"{doors}/content-key" if self.encrypted else None,
            "hls": f"{doors}/multivariant.m3u8",
            "dash": None,
            "nodes": self.ranked(),
            "steering": f"{doors}/steering",
            "segments": f"{doors}/segments/{{rendition}}.json",
            "token": {**self.fresh(), "renew_url": f"{doors}/token"},
            "bookmark": self.bookmark,
            "title_id": "44444444-4444-4444-4444-444444444444",
            "choice": {"url": f"{doors}/choice", **self.choice},
            "tracks": {"audio": SOUNDS, "text": TEXTS, "video": self.pictures(package)},
            "markers": self.markers,
            "trickplay": None,
            "next": self.next if video != SECOND else None,
            "beacon": {"url": f"{doors}/beacon", "interval": 10},
            "close": {"url": f"{doors}/close"},
            "playlist": self.multivariant(key, by_loader=True),
            "begin": {"url": f"{doors}/begin"} if prepare else None,
        }

    def known(self, video: str) -> dict[str, Any]:
        """What stands beside a film."""
        return {
            "title": "The Long Meridian",
            "title_url": "/title/",
            "subtitle": "Two Maps" if video == SECOND else "",
            "synopsis": "A surveyor walks the line where two maps disagree.",
            "picture": None,
            "thumb": None,
            "thumb_url": "/api/v1/thumbs/meridian",
            "previous": None,
            "seasons": [],
            **self.beside,
        }

    def begun(self, key: str) -> dict[str, Any]:
        """The answer when a prepared session begins: its video is the one that was prepared."""
        video = self.prepared.pop(key)
        before, self.sessions = self.sessions, int(key.removeprefix("key")) - 1
        answer = self.session(video)
        self.sessions = before
        return answer

    @staticmethod
    def pictures(package: str) -> list[dict[str, Any]]:
        """The pictures of a package, as a session lists them."""
        ladder = LADDER[:1] if package == EARLY_PACKAGE else LADDER
        return [
            {"name": name, "width": width, "height": height, "bandwidth": rate}
            for name, width, height, rate in ladder
        ]

    def digests(self, key: str, rendition: str) -> dict[str, Any]:
        """What the segments of a rendition must be: sizes and the beginnings of their SHA-256s."""
        folder = FILMS / self.packages[key] / rendition
        files = sorted(folder.glob("[0-9]*.m4s"), key=lambda file: int(file.stem))
        parts = [file.read_bytes() for file in files]
        digests = b"".join(hashlib.sha256(part).digest()[:16] for part in parts)
        return {
            "sizes": [len(part) for part in parts],
            "digests": base64.b64encode(digests).decode(),
            "init": None,
        }

    def fresh(self) -> dict[str, str]:
        """The token of now."""
        expires = datetime.now(UTC) + timedelta(seconds=self.token_seconds)
        return {"value": self.token, "expires_at": expires.isoformat()}

    def heard(self, key: str) -> dict[str, Any]:
        """The answer to a beacon."""
        if key in self.silent:
            return {"ok": True, "state": "closed", "reason": "silent", "message": "Nothing was heard."}
        newer = self.packages.get(key) == EARLY_PACKAGE and not self.early
        return {"ok": True, "state": "active"} | ({"newer_package": True} if newer else {})

    def multivariant(
        self,
        key: str,
        *,
        by_loader: bool = False,
        least: str = "0",
        most: str = "9999",
        sound: str = "a-en",
        avoid: str = "",
    ) -> str:
        """Every variant on every pathway, each with its own audio and subtitle group, as far as they are asked for.

        An encrypted film's is only there for who asks in the way of our player: playlists of nodes name `key.bin`.
        """
        package = self.packages[key]
        if (self.broken and package == PACKAGE) or (package == KEYED_PACKAGE and not by_loader):
            return "#EXTM3U\n"
        ladder = [
            one
            for one in (LADDER[:1] if package == EARLY_PACKAGE else LADDER)
            if int(least) <= one[2] <= int(most)
        ]
        ranked = sorted(self.ranked(), key=lambda one: one["id"] in avoid.split(","))
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        steering = f"{self.base}/api/v1/playback/s/{key}/steering"
        lines.append(f'#EXT-X-CONTENT-STEERING:SERVER-URI="{steering}",PATHWAY-ID="{ranked[0]["id"]}"')
        for one in ranked:
            root = f"{one['base_url']}/v1/{self.token}/{package}"
            for name, language, label in (("a-en", "en", "English"), ("a-de", "de", "Deutsch")):
                first = "YES" if name == sound else "NO"
                lines.append(
                    f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud-{one["id"]}",NAME="{label}",LANGUAGE="{language}",'
                    f'DEFAULT={first},AUTOSELECT=YES,CHANNELS="2",URI="{root}/{name}/index.m3u8"'
                )
            lines += [
                f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="sub-{one["id"]}",NAME="{text["label"]}",'
                f'LANGUAGE="{text["language"]}",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,'
                f'URI="{root}/{text["name"]}/index.m3u8"'
                for text in TEXTS
                if package == PACKAGE or text["language"] == "en"
            ]
        for one in ranked:
            root = f"{one['base_url']}/v1/{self.token}/{package}"
            for name, width, height, rate in ladder:
                lines.append(
                    f"#EXT-X-STREAM-INF:BANDWIDTH={rate + AUDIO_RATE},RESOLUTION={width}x{height},FRAME-RATE=24.000,"
                    f'CODECS="avc1.4d401f,mp4a.40.2",AUDIO="aud-{one["id"]}",SUBTITLES="sub-{one["id"]}",'
                    f'CLOSED-CAPTIONS=NONE,STABLE-VARIANT-ID="{name}",PATHWAY-ID="{one["id"]}"'
                )
                lines.append(f"{root}/{name}/index.m3u8")
        return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    """Routes by hand: there are nine."""

    protocol_version = "HTTP/1.1"
    server: Site

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._note(b"")
        path = self.path.split("?")[0]
        watch = re.fullmatch(r"/watch/([0-9a-f-]{36})/", path)
        if watch:
            subtitle = "Two Maps" if watch[1] == SECOND else ""
            taste = json.dumps(self.server.taste)
            page = PAGE.format(video=watch[1], nil=NIL, subtitle=subtitle, taste=taste)
            self._answer(200, page.encode(), "text/html")
        elif path.startswith("/static/"):
            self._static(path)
        elif self.server.down:
            self._json({"error": {"code": "down", "message": "down"}}, 503)
        elif path.endswith("/multivariant.m3u8"):
            asked = dict(parse_qsl(self.path.partition("?")[2]))
            wanted = {name: asked[name] for name in ("least", "most", "sound", "avoid") if name in asked}
            by_loader = asked.get("keys") == "loader"
            text = self.server.multivariant(path.split("/")[-2], by_loader=by_loader, **wanted)
            self._answer(200, text.encode(), "application/vnd.apple.mpegurl")
        elif path.endswith("/content-key"):
            time.sleep(self.server.key_delay)
            self._answer(200, KEY, "application/octet-stream")
        elif "/segments/" in path:
            self._json(self.server.digests(path.split("/")[-3], path.split("/")[-1].removesuffix(".json")))
        elif path.endswith("/beside"):
            self._json(self.server.known(path.split("/")[-2]))
        elif path.endswith("/steering"):
            order = [one["id"] for one in self.server.ranked()]
            self._json({"VERSION": 1, "TTL": 30, "PATHWAY-PRIORITY": order})
        elif path == "/title/":
            seen = len(self.server.seen("/close"))
            text = TITLE.format(video=FILM, second=SECOND, nil=NIL, seen=seen)
            self._answer(200, text.encode(), "text/html")
        else:
            self._json({"error": {"code": "not_found", "message": "No such page."}}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._note(body)
        site = self.server
        if site.down:
            self._json({"error": {"code": "down", "message": "down"}}, 503)
        elif self.path == "/api/v1/playback/sessions":
            if self.headers.get("X-CSRFToken") != "rig-token":
                self._json({"error": {"code": "csrf", "message": "CSRF"}}, 403)
            elif site.refusal:
                self._json({"error": site.refusal[1]}, site.refusal[0])
            else:
                wish = json.loads(body)
                answer = site.session(wish["video"], prepare=bool(wish.get("prepare")))
                if wish.get("prepare"):
                    site.prepared[f"key{site.sessions}"] = wish["video"]
                self._json(answer, 201)
        elif self.path.endswith("/begin"):
            key = self.path.split("/")[-2]
            if site.refusal:
                self._json({"error": site.refusal[1]}, site.refusal[0])
            elif key in site.prepared:
                self._json(site.begun(key), 201)
            else:
                self._json({"error": {"code": "not_found", "message": "Nothing is prepared."}}, 404)
        elif self.path.endswith("/choice"):
            site.choice |= {name: value for name, value in json.loads(body).items() if name in site.choice}
            self._json(site.choice)
        elif self.path.endswith("/token"):
            self._json({**site.fresh(), "nodes": site.ranked()})
        elif self.path.endswith("/steering"):
            self._json({"nodes": site.ranked(), "ttl": 30})
        else:
            self._json(site.heard(self.path.split("/")[-2]))

    def do_PUT(self) -> None:
        """A verdict on the film."""
        self._note(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self._json({"thumb": "up"})

    def _static(self, path: str) -> None:
        file = (STATIC / path.removeprefix("/static/")).resolve()
        if file.is_relative_to(STATIC) and file.is_file():
            self._answer(200, file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))
        else:
            self._answer(404, b"", "text/plain")

    def _json(self, data: dict[str, Any], status: int = 200) -> None:
        self._answer(status, json.dumps(data).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(HTTPStatus(status))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def _note(self, body: bytes) -> None:
        with self.server.lock:
            entry = {
                "method": self.command,
                "path": self.path.split("?")[0],
                "body": body.decode(),
                "at": time.time(),
            }
            self.server.requests.append(entry)

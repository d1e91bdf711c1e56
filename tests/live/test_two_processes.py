"""A site of two web processes with a real Redis between them: what happens at one is known at the other."""

import http.client
import importlib.util
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netflixlite.live.wake import CHANNEL
from tests.conftest import wait_for
from tests.edge.origin import free_port
from tests.upload.site import Site

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SERVER is None, reason="no redis-server or valkey-server is installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("redis") is None, reason="the Python package redis is missing"
    ),
]
_HOUSE = """
import json
from django.utils import timezone
from accounts.tests.factories import client_of, make_profile, make_user
from catalog.tests.factories import make_title
ada = make_profile("Ada", user=make_user("household"))
films = [str(make_title(name=f"Night Mail {number}", genres=["Drama"]).id) for number in range(6)]
print(json.dumps({"session": client_of(ada).cookies["netflixlite_session"].value, "films": films}))
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A server of its own that keeps nothing."""
    port = free_port()
    assert SERVER is not None
    process = subprocess.Popen(
        [SERVER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )

    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    wait_for(answers, seconds=30, what="Redis to answer")
    yield f"redis://127.0.0.1:{port}/0"
    process.kill()
    process.wait(30)


@pytest.fixture
def sites(tmp_path: Path, redis: str) -> Iterator[tuple[Site, Site, list[str]]]:
    """Two web processes of one site, in which Ada is signed in, and the films there are."""
    more = {"NETFLIXLITE_CACHE_URL": redis}
    one = Site(tmp_path / "home", more=dict(more))
    one.prepare()
    house = json.loads(one.shell(_HOUSE).splitlines()[-1])
    other = Site(one.home, port=free_port(), more=dict(more))
    for each in (one, other):
        each.session, each.csrf = house["session"], "t" * 32
        each.start()
    yield one, other, house["films"]
    for each in (one, other):
        each.stop()


class Line:
    """An open page's line to a site, and what was said on it."""

    def __init__(self, site: Site) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)
        self._connection.request("GET", "/live/", headers=site.headers(Accept="text/event-stream"))
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200, self._answer.status
        self.said: list[str] = []
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()

    def _hear(self) -> None:
        with suppress(Exception):  # it ends when it is closed
            while line := self._answer.readline():
                self.said.append(line.decode().strip())

    def heard(self, *words: str) -> bool:
        """Whether something was said in which all these words are."""
        return any(all(word in line for word in words) for line in list(self.said))

    def close(self) -> None:
        """The page is left."""
        with suppress(OSError):
            if self._connection.sock:
                self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._hearing.join(10)


def test_a_thumb_at_one_process_changes_the_rows_at_the_other(
    sites: tuple[Site, Site, list[str]], redis: str
) -> None:
    import redis as client

    one, other, films = sites
    connection: Any = client.Redis.from_url(redis)
    wait_for(
        lambda: dict(connection.pubsub_numsub(CHANNEL))[CHANNEL.encode()] == 2,
        seconds=60,
        what="both processes listening to Redis",
    )
    woken = connection.pubsub(ignore_subscribe_messages=True)
    woken.subscribe(CHANNEL)
    wait_for(lambda: woken.get_message(timeout=1) or woken.subscribed, what="listening to Redis, too")
    line = Line(other)
    wait_for(lambda: line.said, seconds=60, what="a greeting")
    assert films[0] in rows(other)

    said = one.ask("PUT", f"/api/v1/thumbs/{films[0]}", b'{"thumb": "down"}', Content_Type="application/json")
    assert said.status == 200, said.body
    wait_for(lambda: line.heard(films[0], "down"), seconds=60, what="the thumb at the other process")
    wait_for(lambda: films[0] not in rows(other), seconds=60, what="rows without it")
    assert films[1] in rows(other)
    wait_for(lambda: woken.get_message(timeout=1) is not None, seconds=60, what="a word through Redis")
    line.close()


def rows(site: Site) -> str:
    """The rows of the home page as this process has them now."""
    answer = site.ask("GET", "/live/rows/")
    assert answer.status == 200, answer.body
    return answer.body.decode()

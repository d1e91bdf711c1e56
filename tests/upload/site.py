"""A site of its own for uploads: uvicorn as `make up` runs it, a database, an operator with a session. No worker."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests import migrated
from tests.conftest import wait_for
from tests.edge.origin import free_port

TOP = Path(__file__).resolve().parent.parent.parent
PREFIX = "/api/v1/uploads"
PIECE = "application/offset+octet-stream"
NAME, PASSWORD = "olu", "correct-horse"
_OPERATOR = f"""
from django.contrib.auth import get_user_model
get_user_model().objects.create_superuser(username={NAME!r}, password={PASSWORD!r}, name="Olu")
"""


@dataclass
class Answer:
    """A status, headers by lower-case names, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def error(self) -> dict[str, Any]:
        """What went wrong, as the site says it."""
        return dict(json.loads(self.body)["error"])

    @property
    def offset(self) -> int:
        """`Upload-Offset`."""
        return int(self.headers["upload-offset"])


@dataclass
class Site:
    """The site, and an operator's browser without the browser."""

    home: Path
    port: int = 0
    more: dict[str, str] = field(default_factory=dict)
    session: str = ""
    csrf: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the site's processes are given."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("NETFLIXLITE_")}
        return kept | {
            "NETFLIXLITE_HOME": str(self.home),
            "NETFLIXLITE_DEBUG": "1",
            "NETFLIXLITE_SITE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
            **self.more,
        }

    def prepare(self) -> None:
        """Make the database and an operator."""
        self.port = self.port or free_port()
        migrated.lay(self.home / "db")
        self.manage("prepare")
        self.shell(_OPERATOR)

    def sign_in(self) -> None:
        """A new session of the operator, by the site's own form."""
        self.session = ""
        page = self.ask("GET", "/accounts/login/")
        self.csrf = _cookie(page, "netflixlite_csrf")
        form = urlencode({"login": NAME, "password": PASSWORD})
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/accounts/login/", form.encode(), **kind)
        assert answer.status == 302, answer.body
        self.session, self.csrf = (_cookie(answer, f"netflixlite_{name}") for name in ("session", "csrf"))

    def uploads(self) -> list[dict[str, Any]]:
        """What the upload page is told."""
        told = self.ask("GET", "/admin/catalog/title/uploads/state/")
        assert told.status == 200, told.status
        return list(json.loads(told.body)["uploads"])

    def forget_uploads(self) -> None:
        """Begin anew."""
        for upload in self.uploads():
            assert self.ask("DELETE", upload["url"]).status == 204

    def database(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask, or change, the site's database behind its back."""
        with closing(sqlite3.connect(self.home / "db" / "main.sqlite3", timeout=20)) as database, database:
            return database.execute(statement, values).fetchall()

    def manage(self, *arguments: str) -> str:
        """Run a management command; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=3000,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def shell(self, program: str) -> str:
        """Run a program inside Django; returns what it printed."""
        return self.manage("shell", "--verbosity", "0", "-c", program)

    def start(self) -> None:
        """Start the web process and wait until it answers."""
        command = [
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--log-level",
            "warning",
            "--no-access-log",
        ]
        command += ["--timeout-graceful-shutdown", "3"]
        with (self.home / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "netflixlite.asgi:application", *command],
                cwd=TOP,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, seconds=120, what=f"the site to answer\n{self.log}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop the web process, by default as an operator would."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    @property
    def log(self) -> str:
        """What the web process printed."""
        file = self.home / "web.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return self.ask("GET", "/readyz").status == 200
        except OSError:
            return False

    # Speaking to it ------------------------------------------------------------------------------------

    def headers(self, **more: str) -> dict[str, str]:
        """What an operator's page sends; more by names with underscores. An empty value leaves a header out."""
        base = {
            "Host": f"127.0.0.1:{self.port}",
            "Cookie": f"netflixlite_session={self.session}; netflixlite_csrf={self.csrf}",
            "X-CSRFToken": self.csrf,
            "Tus-Resumable": "1.0.0",
        }
        base |= {name.replace("_", "-"): value for name, value in more.items()}
        return {name: value for name, value in base.items() if value}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body=body, headers=self.headers(**headers))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            cookies = answer.headers.get_all("set-cookie", [])
            return Answer(answer.status, found, answer.read(), cookies)
        finally:
            connection.close()

    def create(self, length: int, *, name: str = "film.mp4", **headers: str) -> str:
        """Announce a file; returns the upload's path."""
        answer = self.ask("POST", PREFIX, **self.announce(length, name), **headers)
        assert answer.status == 201, answer.body
        return answer.headers["location"]

    @staticmethod
    def announce(length: int, name: str = "film.mp4", **metadata: str) -> dict[str, str]:
        """The headers that announce a file."""
        return {"Upload_Length": str(length), "Upload_Metadata": encoded({"filename": name, **metadata})}

    def piece(self, path: str, offset: int, body: bytes, **headers: str) -> Answer:
        """Send a piece."""
        return self.ask("PATCH", path, body, Upload_Offset=str(offset), Content_Type=PIECE, **headers)

    def offset(self, path: str) -> int:
        """What the site says it has."""
        answer = self.ask("HEAD", path)
        assert answer.status == 200, answer.status
        return answer.offset

    def open_piece(self, path: str, offset: int, length: int, **headers: str) -> socket.socket:
        """Begin a piece of `length` bytes on a raw socket, whose body the caller sends, or does not."""
        link = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        lines = self.headers(
            Upload_Offset=str(offset), Content_Type=PIECE, Content_Length=str(length), **headers
        )
        text = f"PATCH {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        link.sendall(text.encode() + b"\r\n")
        return link

    def part(self, path: str) -> Path:
        """The file of an upload on the disk."""
        return self.home / "media" / "uploads" / f"{path.rsplit('/', 1)[1]}.part"

    def source(self, path: str) -> Path:
        """The source that the upload became."""
        return self.home / "media" / "sources" / path.rsplit("/", 1)[1] / "source.bin"

    def finish(self) -> list[dict[str, Any]]:
        """Do the finishing jobs that wait, in a process of its own; returns the uploads as rows."""
        program = """
import json
from catalog import models
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
for job in jobs.find(kind="catalog.receive_upload", state=JobState.QUEUED):
    jobs.run_here(job.id)
rows = models.Upload.objects.values("id", "state", "reason", "sha256", "offset")
print(json.dumps([dict(one, id=str(one["id"])) for one in rows]))
"""
        return list(json.loads(self.shell(program).strip().splitlines()[-1]))


def _cookie(answer: Answer, name: str) -> str:
    jar = SimpleCookie()
    for line in answer.cookies:
        jar.load(line)
    return jar[name].value


def encoded(metadata: Mapping[str, str]) -> str:
    """`Upload-Metadata`."""
    import base64

    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())

"""The folder that a stage starts from: databases, keys, static files, the film. Made once, copied for each stage."""

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
#: Kept between runs; deleting it costs two minutes.
FOLDER = Path(tempfile.gettempdir()) / "netflixlite-bench-films"
#: Templates of older code are kept so long, for a stage may still stand on one.
_KEEP_SECONDS = 6 * 3600.0


def die_with_parent() -> None:
    """In a child, before exec: be killed when who started it is gone, frozen or not (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)


class Failed(Exception):
    """A deed of the operator was refused; the words are the site's."""


class Operator:
    """`bench._operator` as a process, and what it is asked."""

    def __init__(self, environment: Mapping[str, str], log: IO[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench._operator"],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=die_with_parent,
        )

    def __call__(self, deed: str, **arguments: Any) -> dict[str, Any]:
        """Do it; → its answer. Raises Failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": deed, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        while line and not line.startswith("{"):
            line = self._process.stdout.readline()
        if not line:
            raise Failed(f"{deed}: the operator's process ended; see its log")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{deed}: {answer['error']}")
        return dict(answer["ok"])

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def environment(home: Path, *, port: int, url: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the site's processes are given: what `make up` gives them, and nothing of this shell's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NETFLIXLITE_")}
    return kept | {
        "NETFLIXLITE_HOME": str(home),
        "NETFLIXLITE_SITE_URL": url,
        "NETFLIXLITE_SECRET_KEY_FILE": str(home / "keys" / "secret-key"),
        "NETFLIXLITE_AV1": "never",
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
        "PYTHONUNBUFFERED": "1",
        "PORT": str(port),
        **(more or {}),
    }


@dataclass(frozen=True, slots=True)
class Template:
    """A prepared folder. `video` and `title` are the film's id and its title's slug; `plain` is it as one MP4."""

    home: Path
    video: str
    title: str
    seconds: int
    plain: Path

    def copy(self, home: Path) -> None:
        """A home of its own: databases and keys are copied, films and static files shared (nobody writes them)."""
        home.mkdir(parents=True)
        for name in ("db", "keys"):
            shutil.copytree(self.home / name, home / name)
        for name in ("media", "static"):
            (home / name).symlink_to(self.home / name)


def template(kind: str = "full") -> Template:
    """The prepared folder for the code of now and a film ('full' or 'short'); made when it is not there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    film = FOLDER / f"stage-film-{kind}-1"
    home = FOLDER / f"stage-home-{kind}-{_fingerprint()}"
    with _locked(FOLDER / f"stage-{kind}.lock"):
        if not (home / "made.json").exists():
            _make(home, film, kind)
        os.utime(home / "made.json")
        made = json.loads((home / "made.json").read_text(encoding="utf-8"))
        for old in FOLDER.glob("stage-home-*/made.json"):
            if time.time() - old.stat().st_mtime > _KEEP_SECONDS:
                shutil.rmtree(old.parent, ignore_errors=True)
    return Template(home, made["video"], made["title"], made["seconds"], film / "film.mp4")


def _make(home: Path, film: Path, kind: str) -> None:
    shutil.rmtree(home, ignore_errors=True)
    (home / "keys").mkdir(parents=True, mode=0o700)
    (home / "keys" / "secret-key").write_text(os.urandom(32).hex(), encoding="ascii")
    if not film.exists():
        print(f"making the {kind} film (once)", file=sys.stderr, flush=True)
    with (home / "log").open("w", encoding="utf-8") as log:
        operator = Operator(environment(home, port=0, url="http://127.0.0.1:1"), log)
        try:
            made = operator("prepare", film=str(film), kind=kind)
        except Failed as error:
            raise RuntimeError(f"{error}\n{(home / 'log').read_text(encoding='utf-8')}") from error
        finally:
            operator.close()
    (home / "made.json").write_text(json.dumps(made), encoding="utf-8")


def _fingerprint() -> str:
    """Changes with what is prepared: migrations, static files and how all this is made."""
    digest = hashlib.sha256()
    folders = [*ROOT.glob("*/migrations"), ROOT / "netflixlite" / "jobs" / "migrations", ROOT / "static"]
    files = [file for folder in folders for file in folder.rglob("*")]
    files += [Path(__file__), Path(__file__).with_name("_operator.py")]
    for file in sorted(files):
        if file.is_file() and "__pycache__" not in file.parts:
            stat = file.stat()
            digest.update(f"{file}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One at a time on this machine."""
    with file.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

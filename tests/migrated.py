"""Databases that are migrated already: made once for the migrations of now, copied for whoever begins with empty ones.

To run all migrations takes eight seconds of a processor, and each test process and each site that tests start needs
them. That they run on a copy once more is cheap and does what is missing; that they run on nothing is what making the
copy proves, and `make up` in `tests/browser/test_walk.py`. `python -m tests.migrated` makes them ready beforehand.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
#: The files of an installation, by their database's alias.
FILES = {"default": "main.sqlite3", "telemetry": "telemetry.sqlite3", "cache": "cache.sqlite3"}
_FOLDER = Path(tempfile.gettempdir()) / f"netflixlite-migrated-{os.getuid()}"
#: Those of older code are kept so long, in seconds.
_KEEP = 3600.0
_PROGRAM = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
for alias in settings.DATABASES:
    call_command("migrate", database=alias, interactive=False, verbosity=0)
call_command("createcachetable", database="cache", verbosity=0)
"""


def lay(folder: Path) -> None:
    """Put all three databases into an installation's folder of databases; it is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for alias, name in FILES.items():
        lay_one(alias, folder / name)


def lay_one(alias: str, file: Path) -> None:
    """Put one of them where it is asked for, in place of what is there."""
    for old in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        old.unlink(missing_ok=True)
    shutil.copyfile(_made() / FILES[alias], file)


def _made() -> Path:
    """The folder of the databases of now; they are made when they are not there."""
    _FOLDER.mkdir(mode=0o700, exist_ok=True)
    folder = _FOLDER / _fingerprint()
    with (_FOLDER / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _make(folder)
        os.utime(folder)
        for other in _FOLDER.iterdir():
            if other.is_dir() and time.time() - other.stat().st_mtime > _KEEP:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def _make(folder: Path) -> None:
    home = Path(tempfile.mkdtemp(dir=_FOLDER))
    (home / "db").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NETFLIXLITE_")}
    own = {
        "NETFLIXLITE_HOME": str(home),
        "NETFLIXLITE_DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
    }
    subprocess.run([sys.executable, "-c", _PROGRAM], cwd=TOP, env=kept | own, check=True, timeout=280)
    for name in FILES.values():
        # A file by itself, without a journal beside it, is all of the database.
        with closing(sqlite3.connect(home / "db" / name)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    (home / "db").rename(folder)
    shutil.rmtree(home)


def _fingerprint() -> str:
    """Changes with our migrations and with the locked packages, which bring some of their own."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(TOP.glob("requirements*.lock")) + sorted(
        file for pattern in ("*", "*/*") for file in TOP.glob(f"{pattern}/migrations/*.py")
    ):
        digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    _made()

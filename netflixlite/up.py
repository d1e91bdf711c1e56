"""`make up`: the whole installation under one supervisor.

Starts the web process, the worker and two edge nodes, builds the demo catalogue once, shows one prefixed log, restarts
what dies, and stops all of it cleanly on Ctrl-C. It knows no more than an operator's service manager would: every
child is an ordinary command that can be run by hand, and the nodes enrol themselves as any node does.
"""

import argparse
import ctypes
import fcntl
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
#: A child that dies again within this many seconds of its start waits longer before the next try.
_STABLE_AFTER = 20.0
_COLOURS = {"web": 36, "worker": 33, "edge-1": 32, "edge-2": 35, "demo": 34, "up": 37}


class CannotStart(Exception):
    """Something outside keeps the installation from starting; the message says what and what to do."""


@dataclass(frozen=True)
class Options:
    """What `make up` was asked for."""

    home: Path
    host: str
    port: int
    nodes: int
    node_port: int
    demo: bool
    #: Slugs of the demo titles to make; none means all.
    only: tuple[str, ...] = ()

    @property
    def site_url(self) -> str:
        """The address that viewers type, unless the environment names one."""
        given = os.environ.get("NETFLIXLITE_SITE_URL", "").rstrip("/")
        return given or f"http://{'127.0.0.1' if self.host in ('0.0.0.0', '::') else self.host}:{self.port}"  # noqa: S104


class Log:
    """One readable log: each line carries the name of the process that wrote it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._colour = out.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        """Write one line; safe from any thread. A closed terminal must not end the installation."""
        prefix = f"{name:<7}"
        if self._colour:
            prefix = f"\x1b[{_COLOURS.get(name, 37)}m{prefix}\x1b[0m"
        with self._lock:
            try:
                self._out.write(f"{prefix}| {text}\n")
                self._out.flush()
            except (OSError, ValueError):
                pass


def _die_with_parent() -> None:
    """In the child, before exec: get SIGTERM when the supervisor is gone, even by kill -9 (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)


@dataclass
class Child:
    """A process that the supervisor keeps alive (`once` ones may end)."""

    name: str
    argv: Callable[[], Sequence[str]]
    once: bool = False
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    failures: int = 0
    due: float = 0.0
    done: bool = field(default=False)

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts, watches, restarts and stops the children, all from the main thread (see `_die_with_parent`)."""

    def __init__(self, options: Options, log: Log, environment: dict[str, str]) -> None:
        self.options, self.log, self.environment = options, log, environment
        self.children: list[Child] = []
        self.stopping = False

    def start(self, child: Child) -> None:
        """Start a child in a process group of its own, so that Ctrl-C reaches only the supervisor."""
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            list(child.argv()),
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        threading.Thread(target=self._pump, args=(child.name, child.process.stdout), daemon=True).start()
        if child not in self.children:
            self.children.append(child)

    def _pump(self, name: str, stream: TextIO) -> None:
        for line in stream:
            if text := line.rstrip():
                self.log.line(name, text)

    def watch(self) -> None:
        """Look after the children until asked to stop."""
        while not self.stopping:
            now = time.monotonic()
            for child in self.children:
                if child.done or child.alive:
                    continue
                if child.due == 0.0:
                    self._ended(child, now)
                elif now >= child.due:
                    child.due = 0.0
                    self.log.line("up", f"starting {child.name} again")
                    self.start(child)
            time.sleep(0.2)

    def _ended(self, child: Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        if child.once and code == 0:
            child.done = True
            return
        child.failures = child.failures + 1 if now - child.started < _STABLE_AFTER else 1
        if child.once and child.failures > 3:
            child.done = True
            self.log.line(
                "up", f"{child.name} failed {child.failures} times and is left alone; see its lines above"
            )
            return
        wait = min(30.0, 0.5 * 2 ** (child.failures - 1))
        child.due = now + wait
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self.log.line("up", f"{child.name} {how}; starting it again in {wait:g} s")

    def stop(self) -> None:
        """Ask everybody to finish, wait, then insist."""
        self.stopping = True
        # The demo and the worker first, so that they do not wait for a web process that is already gone.
        order = sorted(self.children, key=lambda child: child.name in ("web",))
        for child in order:
            if child.alive and child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + 10
        for child in order:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.log.line("up", f"{child.name} does not stop; killing it")
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()


def _hold_lock(home: Path) -> TextIO:
    """One supervisor for each HOME."""
    home.mkdir(parents=True, exist_ok=True)
    lock = (home / "up.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise CannotStart(
            f"netflixlite is already running from {home} (process {lock.read().strip() or 'unknown'}). "
            "Stop it first, or give this one another NETFLIXLITE_HOME and PORT."
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _secret_key_file(home: Path) -> Path:
    """The installation's secret key: made once, readable by its owner only."""
    file = home / "keys" / "secret-key"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(50))
    return file


def _require_titles(slugs: Sequence[str]) -> None:
    if not slugs:
        return
    from netflixlite.demo import content  # with an image library, which the supervisor otherwise does without

    if unknown := set(slugs) - {title.slug for title in content.titles()}:
        raise CannotStart(
            f"DEMO={','.join(slugs)}: there is no demo title called {', '.join(sorted(unknown))}. "
            "DEMO takes 1 (all), 0 (none), or slugs from netflixlite/demo/catalogue.toml."
        )


def _require_free(host: str, port: int, variable: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"{host}:{port} cannot be used ({error.strerror}). Another program listens there? "
                f"Stop it, or choose another port: {variable}=… make up."
            ) from error


def _fingerprint(*folders: Path) -> str:
    """Changes whenever a file below changes: sizes and times, not contents."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                stat = file.stat()
                digest.update(f"{file}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _prepare(options: Options, environment: dict[str, str], log: Log) -> None:
    """Bring the database and the static files up to date; skipped when nothing changed since the last time."""
    stamp = options.home / "prepared"
    migrations = [
        ROOT / app / "migrations" for app in ("accounts", "catalog", "cdn", "playback", "recommend")
    ]
    now = _fingerprint(*migrations, ROOT / "netflixlite", ROOT / "static", ROOT / "templates")
    have = all((options.home / part).exists() for part in ("db/main.sqlite3", "static/staticfiles.json"))
    external = any(name.endswith("DATABASE_URL") for name in environment)
    if stamp.exists() and stamp.read_text(encoding="ascii") == now and (have or external):
        return
    log.line("up", "preparing the database and the static files")
    _run([sys.executable, "manage.py", "prepare"], environment)
    stamp.write_text(now, encoding="ascii")


def _run(argv: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart(f"`{' '.join(argv[1:])}` failed:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def _wait_ready(url: str, supervisor: Supervisor, child: Child, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    why = "no answer"
    while time.monotonic() < deadline and not supervisor.stopping:
        if not child.alive:
            raise CannotStart(f"{child.name} ended while starting; its lines above say why.")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own loopback address)
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            why = error.read().decode(errors="replace")
        except OSError as error:
            why = str(error)
        time.sleep(0.1)
    if not supervisor.stopping:
        raise CannotStart(f"{url} is not ready after {seconds:g} s: {why}")


def _node_argv(options: Options, number: int, environment: dict[str, str]) -> list[str]:
    """The very command that `manage.py addnode` prints for any machine, with a fresh code when it has none yet."""
    name = f"edge-{number}"
    folder = options.home / "nodes" / name
    port = options.node_port + number - 1
    public = os.environ.get("NETFLIXLITE_NODE_HOST", "127.0.0.1")
    listen = "127.0.0.1" if public == "127.0.0.1" else options.host
    argv = [sys.executable, "-m", "cdn.edge", "--name", name, "--origin", f"http://127.0.0.1:{options.port}"]
    argv += ["--listen", f"{listen}:{port}", "--base-url", f"http://{public}:{port}", "--cache", str(folder)]
    argv += ["--site", "home", "--workers", "1"]  # several nodes share this machine
    if not (folder / "state.json").exists():
        answer = _run([sys.executable, "manage.py", "addnode", "--name", name, "--json"], environment)
        argv += ["--code", json.loads(answer.strip().splitlines()[-1])["code"]]
    return argv


def _banner(options: Options, log: Log) -> None:
    first_run = options.home / "keys" / "first-run"  # there until the first administrator exists
    lines = ["", f"netflixlite is at  {options.site_url}/"]
    if first_run.exists():
        lines.append("Open this link once, in your browser, to become its administrator:")
        lines.append(f"    {options.site_url}/setup/{first_run.read_text(encoding='ascii').strip()}/")
    else:
        lines.append(f"Administration:    {options.site_url}/admin/")
    lines.append("Add a film:        in the administration, or: manage.py ingest FILE --title NAME --publish")
    lines.append(
        "Add a node:        manage.py addnode --name NAME prints the one command for the new machine"
    )
    lines += ["Stop:              Ctrl-C", ""]
    for line in lines:
        log.line("up", line)


def _environment(options: Options) -> dict[str, str]:
    environment = dict(os.environ)
    environment |= {"NETFLIXLITE_HOME": str(options.home), "NETFLIXLITE_SITE_URL": options.site_url}
    environment |= {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "netflixlite.settings"}
    (options.home / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    # For commands typed in a shell of their own: settings read it back.
    (options.home / "keys" / "site-url").write_text(options.site_url, encoding="ascii")
    if not environment.get("NETFLIXLITE_SECRET_KEY") and not environment.get("NETFLIXLITE_SECRET_KEY_FILE"):
        environment["NETFLIXLITE_SECRET_KEY_FILE"] = str(_secret_key_file(options.home))
    return environment


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="netflixlite.up", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("PORT") or 8000), help="port of the site"
    )
    parser.add_argument("--nodes", type=int, default=2, help="edge nodes to run on this machine")
    parser.add_argument(
        "--node-port",
        type=int,
        default=int(os.environ.get("NODE_PORT") or 8101),
        help="first port of the nodes",
    )
    parser.add_argument(
        "--no-demo",
        action="store_true",
        help="start with an empty catalogue (also: DEMO=0; DEMO=SLUG,SLUG makes just these titles)",
    )
    given = parser.parse_args(arguments)
    home = Path(os.environ.get("NETFLIXLITE_HOME") or ROOT / "var").resolve()
    wish = os.environ.get("DEMO") or "1"
    demo = not given.no_demo and wish not in ("0", "no", "false")
    only = () if not demo or wish in ("1", "yes", "true") else tuple(wish.replace(",", " ").split())
    return Options(home, given.host, given.port, given.nodes, given.node_port, demo, only)


def _start_all(supervisor: Supervisor, options: Options) -> None:
    environment = supervisor.environment
    serve = ["--host", options.host, "--port", str(options.port), "--log-level", "warning", "--no-access-log"]
    serve += ["--no-server-header", "--timeout-graceful-shutdown", "3"]
    web = Child("web", lambda: [sys.executable, "-m", "uvicorn", "netflixlite.asgi:application", *serve])
    supervisor.start(web)
    supervisor.start(Child("worker", lambda: [sys.executable, "manage.py", "worker"]))
    _wait_ready(f"http://127.0.0.1:{options.port}/readyz", supervisor, web)
    for number in range(1, options.nodes + 1):
        supervisor.start(Child(f"edge-{number}", lambda n=number: _node_argv(options, n, environment)))  # type: ignore[misc]
    if options.demo:
        demo = [sys.executable, "manage.py", "demo", "--if-empty"]
        demo += [word for slug in options.only for word in ("--only", slug)]
        supervisor.start(Child("demo", lambda: demo, once=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM. Returns the exit code."""
    options = _options(arguments)
    log = Log(sys.stdout)
    try:
        _require_titles(options.only)
        lock = _hold_lock(options.home)
        _require_free(options.host, options.port, "PORT")
        for number in range(options.nodes):
            _require_free("127.0.0.1", options.node_port + number, "NODE_PORT")
        environment = _environment(options)
        _prepare(options, environment, log)
    except CannotStart as error:
        print(f"netflixlite cannot start: {error}", file=sys.stderr)
        return 1
    supervisor = Supervisor(options, log, environment)

    def stop(signum: int, frame: object) -> None:
        supervisor.stopping = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    code = 0
    try:
        _start_all(supervisor, options)
        _banner(options, log)
        supervisor.watch()
    except CannotStart as error:
        if not supervisor.stopping:
            log.line("up", str(error))
            code = 1
    log.line("up", "stopping")
    supervisor.stop()
    log.line("up", "stopped")
    lock.close()
    return code


if __name__ == "__main__":
    sys.exit(main())

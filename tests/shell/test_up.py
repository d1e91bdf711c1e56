"""The supervisor's own rules; the browser tests run it whole."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from netflixlite import up
from tests.conftest import wait_for


def options(home: Path, **changes: object) -> up.Options:
    values: dict[str, object] = {
        "home": home, "host": "127.0.0.1", "port": 18000, "nodes": 0, "node_port": 18001, "demo": False,
    }  # fmt: skip
    return up.Options(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def supervisor(tmp_path: Path):
    made = up.Supervisor(options(tmp_path), up.Log(io.StringIO()), dict(os.environ))
    yield made
    made.stop()


def log_of(supervisor: up.Supervisor) -> str:
    return supervisor.log._out.getvalue()  # type: ignore[attr-defined]


def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(up.CannotStart, match=r"PORT=… make up"):
            up._require_free("127.0.0.1", taken.getsockname()[1], "PORT")


@pytest.mark.parametrize(
    ("wish", "demo", "only"),
    [
        ("", True, ()),
        ("1", True, ()),
        ("0", False, ()),
        ("the-long-dusk,paper-forest", True, ("the-long-dusk", "paper-forest")),
    ],
)
def test_the_demo_is_made_whole_in_part_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, wish: str, demo: bool, only: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DEMO", wish)
    made = up._options([])
    assert (made.demo, made.only) == (demo, only)
    up._require_titles(made.only)


def test_a_demo_title_that_does_not_exist_is_named_with_the_remedy() -> None:
    with pytest.raises(up.CannotStart, match=r"no demo title called nosferatu.*catalogue\.toml"):
        up._require_titles(("paper-forest", "nosferatu"))


def test_one_supervisor_for_each_home(tmp_path: Path) -> None:
    first = up._hold_lock(tmp_path)
    with pytest.raises(up.CannotStart, match=f"process {os.getpid()}"):
        up._hold_lock(tmp_path)
    first.close()
    up._hold_lock(tmp_path).close()


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    file = up._secret_key_file(tmp_path)
    assert up._secret_key_file(tmp_path).read_text() == file.read_text()
    assert len(file.read_text()) >= 50
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_child_that_is_killed_is_started_again(supervisor: up.Supervisor) -> None:
    child = up.Child(
        "web", lambda: [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
    )
    supervisor.start(child)
    watching = threading.Thread(target=supervisor.watch, daemon=True)
    watching.start()
    assert child.process is not None
    first = child.process.pid
    wait_for(lambda: "| up" in log_of(supervisor), what="the child's line in the log")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: child.process and child.process.pid != first and child.alive, what="a new process")
    assert "was killed by signal 9" in log_of(supervisor)
    supervisor.stopping = True
    watching.join(5)


def test_a_one_time_child_that_ends_well_is_left_alone(supervisor: up.Supervisor) -> None:
    child = up.Child("demo", lambda: [sys.executable, "-c", "print('made')"], once=True)
    supervisor.start(child)
    watching = threading.Thread(target=supervisor.watch, daemon=True)
    watching.start()
    wait_for(lambda: child.done, what="the child to be done")
    assert child.failures == 0
    supervisor.stopping = True
    watching.join(5)


@pytest.mark.slow
def test_stop_kills_what_does_not_listen(supervisor: up.Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    program = f"import signal, time; {deaf}; time.sleep(600)"
    child = up.Child("web", lambda: [sys.executable, "-c", program])
    supervisor.start(child)
    wait_for(lambda: "deaf" in log_of(supervisor), what="the child to ignore SIGTERM")
    real = time.monotonic
    monkeypatch.setattr(up.time, "monotonic", lambda: real() * 20)  # its ten seconds pass in half of one
    supervisor.stop()
    assert not child.alive


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path, repository: Path) -> None:
    program = (
        "import io, os, sys\nfrom pathlib import Path\nfrom netflixlite import up\n"
        "options = up.Options(Path('.'), '127.0.0.1', 1, 0, 1, False)\n"
        "s = up.Supervisor(options, up.Log(io.StringIO()), dict(os.environ))\n"
        "c = up.Child('web', lambda: [sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "s.start(c)\nprint(c.process.pid, flush=True)\ns.watch()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()

    def gone() -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        return state == "Z"

    wait_for(gone, what="the orphan to end")

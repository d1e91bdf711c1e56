"""Programs that jobs start: what they say, what bounds them, and that nothing of them stays."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from netflixlite.jobs import process
from netflixlite.jobs.errors import Stopping
from tests.conftest import wait_for


class Context:
    """Stands in for a job's context: lets it go on for a number of looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Stopping


def sh(script: str, **arguments: Any) -> process.Finished:
    return process.run(["sh", "-c", script], **arguments)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def test_it_returns_what_the_program_said() -> None:
    done = sh("echo out; echo err >&2; exit 3")
    assert (done.code, done.text, done.stderr) == (3, "out\n", "err\n")
    assert done.elapsed < timedelta(seconds=10)
    with pytest.raises(process.Failed, match="code 3") as refusal:
        sh("echo why >&2; exit 3", check=True)
    assert refusal.value.stderr == "why\n"


def test_lines_are_handed_on_as_they_come() -> None:
    lines: list[str] = []
    done = sh("printf 'a\\r\\nb\\n'; sleep 0.05; printf 'c'; printf 'd'", on_line=lines.append)
    assert lines == ["a", "b", "cd"]
    assert done.stdout == b""


def test_input_and_environment_and_folder_are_what_was_given(tmp_path: Path) -> None:
    done = sh("cat; echo $WHO; pwd", input=b"hello ", env={"WHO": "Ada"}, cwd=tmp_path)
    assert done.text == f"hello Ada\n{tmp_path}\n"
    assert sh("cat").text == "", "without input there is none, not the terminal"


def test_big_output_on_both_pipes_does_not_block() -> None:
    done = process.run(
        [sys.executable, "-c", "import sys; sys.stderr.write('e'*500_000); sys.stdout.write('o'*500_000)"]
    )
    assert len(done.stdout) == 500_000
    assert 60_000 < len(done.stderr) <= 2 * 64 * 1024


def test_a_missing_program_is_named() -> None:
    with pytest.raises(process.CannotStart, match="no-such-program"):
        process.run(["/nowhere/no-such-program"])


@pytest.mark.parametrize(
    ("script", "arguments", "error"),
    [
        ("sleep 60", {"timeout": 0.3}, process.TimedOut),
        ("while :; do echo x; sleep 0.01; done", {"timeout": timedelta(seconds=0.5)}, process.TimedOut),
        ("exec >&- 2>&-; sleep 60", {"timeout": 0.3}, process.TimedOut),
        ("echo x; sleep 60", {"stall_timeout": 0.3}, process.Stalled),
        ("yes", {"limits": process.Limits(output_bytes=1000)}, process.TooMuchOutput),
        ("sleep 60", {"context": Context(2)}, Stopping),
        ("exec >&- 2>&-; sleep 60", {"context": Context(2)}, Stopping),
    ],
)
def test_a_program_that_may_not_go_on_is_killed(
    script: str, arguments: dict[str, Any], error: type[BaseException], tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(error):
        sh(f"echo $$ > {tmp_path}/pid; {script}", **arguments)
    assert time.monotonic() - began < 10
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_an_error_of_the_listener_kills_the_program(tmp_path: Path) -> None:
    def listen(line: str) -> None:
        raise ValueError(line)

    with pytest.raises(ValueError, match="x"):
        sh(f"echo $$ > {tmp_path}/pid; echo x; sleep 60", on_line=listen)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_what_the_program_left_running_is_killed_as_well(tmp_path: Path) -> None:
    began = time.monotonic()
    done = sh(f"sleep 60 & echo $! > {tmp_path}/pid; echo done")
    assert (done.code, done.text) == (0, "done\n")
    assert time.monotonic() - began < 10
    wait_for(lambda: not is_alive(int((tmp_path / "pid").read_text())), what="the grandchild gone")


@pytest.mark.slow
def test_limits_hold() -> None:
    limits = process.Limits(file_size=1024, open_files=32, nice=7)
    done = sh("ulimit -n; ulimit -c; nice; head -c 5000 /dev/zero > /dev/shm/limit-$$; wc -c < /dev/shm/limit-$$; "
              "rm /dev/shm/limit-$$", limits=limits)  # fmt: skip
    words = done.text.split()
    assert words[:2] == ["32", "0"]
    assert int(words[2]) == os.nice(0) + 7
    assert words[3] == "1024"
    spent = process.run(
        [sys.executable, "-c", "while True: pass"], limits=process.Limits(cpu_seconds=1), timeout=60
    )
    assert spent.code in (-signal.SIGXCPU, -signal.SIGKILL)


def test_a_program_does_not_outlive_a_killed_worker(tmp_path: Path) -> None:
    script = (
        "from netflixlite.jobs import process\n"
        f"process.run(['sh', '-c', 'echo $$ > {tmp_path}/pid; exec sleep 60'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    worker = subprocess.Popen([sys.executable, "-c", script], env=environment)
    pid = int(
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), what="its pid")
    )
    assert is_alive(pid)
    worker.kill()
    worker.wait()
    wait_for(lambda: not is_alive(pid), what="the program gone with its worker")


def test_what_a_program_says_right_before_its_end_is_heard_on_a_busy_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = process._Child._has_ended

    def held_up(child: process._Child) -> bool:
        """As if this process had stood still since it last looked at the pipes, until the program was gone."""
        os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOWAIT)
        return ended(child)

    monkeypatch.setattr(process._Child, "_has_ended", held_up)
    said: list[str] = []
    process.run(["sh", "-c", "sleep 0.4; echo one; echo two"], on_line=said.append)
    assert said == ["one", "two"]

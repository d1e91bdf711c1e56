"""Children are locked in: no network, no foreign file, no outliving, no standing still."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from catalog.media import launcher, sandbox, tools
from catalog.media.errors import Stalled, ToolFailed
from tests.conftest import wait_for
from tests.media import clips

CONFINED = pytest.mark.skipif(
    not sandbox.confinement().complete, reason="THIS KERNEL HAS NO LANDLOCK: confinement was not tested"
)
PYTHON = os.path.realpath(sys.executable)
#: The interpreter's own library, for children that are Python.
LIBRARY = [Path(os.__file__).resolve().parent, Path(sys.base_prefix)]


def python(code: str, **more: object) -> str:
    """Run a line of Python locked in; what it prints."""
    said: list[str] = []
    options: dict[str, Any] = {"read": LIBRARY} | more
    sandbox.run([PYTHON, "-I", "-S", "-c", code], what="Trying", on_line=said.append, **options)
    return "\n".join(said)


@CONFINED
def test_a_child_cannot_open_a_socket():
    with socket.create_server(("127.0.0.1", 0)) as door:
        code = f"import socket; socket.create_connection(('127.0.0.1', {door.getsockname()[1]}))"
        with pytest.raises(ToolFailed) as failed:
            python(code)
    assert "PermissionError" in failed.value.tail


@CONFINED
def test_a_child_reads_what_it_is_given_and_nothing_else(tmp_path: Path):
    mine, foreign = tmp_path / "mine", tmp_path / "foreign"
    mine.write_text("hello")
    foreign.write_text("secret")
    assert python(f"print(open({str(mine)!r}).read())", read=[*LIBRARY, mine]) == "hello"
    for path in (foreign, "/etc/passwd", "/proc/self/environ"):
        with pytest.raises(ToolFailed) as failed:
            python(f"print(open({str(path)!r}).read())", read=[*LIBRARY, mine])
        assert "PermissionError" in failed.value.tail


@CONFINED
def test_a_child_writes_where_it_may_and_nowhere_else(tmp_path: Path):
    room = tmp_path / "room"
    room.mkdir()
    python(f"open({str(room / 'a')!r}, 'w').write('x')", write=[room])
    assert (room / "a").read_text() == "x"
    with pytest.raises(ToolFailed) as failed:
        python(f"open({str(tmp_path / 'b')!r}, 'w').write('x')", write=[room])
    assert "PermissionError" in failed.value.tail
    assert not (tmp_path / "b").exists()


@CONFINED
@pytest.mark.parametrize(
    "making", ["os.mkfifo({0!r})", "os.symlink('/etc/passwd', {0!r})", "os.mknod({0!r}, 0o140644)"]
)
def test_a_child_makes_nothing_but_files_and_folders(tmp_path: Path, making: str):
    with pytest.raises(ToolFailed) as failed:
        python(f"import os; {making.format(str(tmp_path / 'odd'))}", write=[tmp_path])
    assert "PermissionError" in failed.value.tail
    assert not os.path.lexists(tmp_path / "odd")


@CONFINED
@pytest.mark.parametrize("leaving", ["os.fork() or os.setsid()", "os.fork() or os.setpgid(0, 0)"])
def test_a_child_cannot_leave_the_group_that_is_killed_with_it(leaving: str):
    code = (
        f"import os, sys\ntry:\n  {leaving}\nexcept PermissionError: os.write(1, b'held\\n')\nelse: os.wait()"
    )
    assert python(code) == "held"


@CONFINED
def test_a_child_cannot_touch_other_processes():
    with pytest.raises(ToolFailed) as failed:
        python(f"import os; os.kill({os.getpid()}, 0)")
    assert "PermissionError" in failed.value.tail


@CONFINED
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "by the kernel alone"])
def test_a_playlist_in_disguise_shows_nobody_elses_film(clip: Path, tmp_path: Path, guarded: bool):
    """Both gates are tried alone: the list of formats, and the kernel when that list is not there."""
    foreign = tmp_path / "foreign.ts"
    clips.ffmpeg("-i", clip, "-c", "copy", "-t", "2", foreign)
    for name, text in {
        "concat": f"ffconcat version 1.0\nfile '{foreign.name}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{foreign.name}\n#EXT-X-ENDLIST\n",
    }.items():
        source, out = tmp_path / f"{name}.bin", tmp_path / f"out-{name}"
        source.write_text(text)
        out.mkdir()
        guards = sandbox.guards() if guarded else ["-protocol_whitelist", "file,pipe"]
        argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", *guards, "-i", f"file:{source}", "-c", "copy"]
        with pytest.raises(ToolFailed):
            sandbox.run([*argv, str(out / "leak.mkv")], what="Trying", read=[source], write=[out])
        assert not (out / "leak.mkv").exists() or (out / "leak.mkv").stat().st_size < 1000


@CONFINED
def test_ffmpeg_reaches_no_server(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.5)
        url = f"http://127.0.0.1:{door.getsockname()[1]}/film.mp4"
        argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-i", url, "-f", "null", "-"]
        with pytest.raises(ToolFailed):
            sandbox.run(argv, what="Trying")
        with pytest.raises(TimeoutError):
            door.accept()


@pytest.mark.slow
def test_a_child_that_stands_still_is_killed(tmp_path: Path):
    limits = sandbox.Limits(quiet=0.5)
    with pytest.raises(Stalled):
        python("import time; time.sleep(60)", limits=limits)
    repeating = "import time\nwhile True: print('frame=7\\nprogress=continue', flush=True); time.sleep(0.1)"
    with pytest.raises(Stalled, match="no progress"):
        python(repeating, limits=limits)


@pytest.mark.slow
def test_a_child_that_takes_too_long_or_too_much_is_killed():
    moving = "import itertools, time\nfor n in itertools.count(): print(f'frame={n}', flush=True); time.sleep(0.05)"
    with pytest.raises(Stalled):
        python(moving, limits=sandbox.Limits(wall=0.6))
    with pytest.raises(ToolFailed, match="MemoryError"):
        python("b'x' * 2**31", limits=sandbox.Limits(memory=512 * 1024**2))
    with pytest.raises(ToolFailed):
        python("while True: pass", limits=sandbox.Limits(cpu=1))


def test_a_child_is_stopped_when_a_sibling_fails():
    halt = sandbox.Halt(asked=threading.Event())

    def stop(line: str) -> None:
        halt.asked.set()

    argv = [
        PYTHON,
        "-I",
        "-S",
        "-c",
        "import time\nwhile True: print('frame=1', flush=True); time.sleep(0.05)",
    ]
    with pytest.raises(sandbox.Halted):
        sandbox.run(argv, what="Trying", read=LIBRARY, on_line=stop, halt=halt)


@pytest.mark.slow
def test_a_child_dies_with_its_parent(tmp_path: Path):
    """Even when the parent is killed with -9 and can do nothing about it."""
    pid_file = tmp_path / "pid"
    child = f"import os,time; open({str(pid_file)!r},'w').write(str(os.getpid())); time.sleep(600)"
    policy = {"nice": 0, "limits": {}, "read": [], "write": [], "landlock": False, "seccomp": False}
    code = (
        "import json,os,subprocess,sys\n"
        f"policy = json.loads({json.dumps(policy)!r}) | {{'parent': os.getpid()}}\n"
        f"subprocess.run([sys.executable, '-I', '-S', {launcher.__file__!r}, json.dumps(policy), "
        f"{PYTHON!r}, '-c', {child!r}])\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        pid = int(wait_for(lambda: pid_file.exists() and pid_file.read_text(), what="the child's number"))
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), what="the child's end")
    assert not Path(f"/proc/{pid}").exists()


def test_what_cannot_be_locked_in_does_not_start(tmp_path: Path):
    policy = {
        "parent": 1,
        "nice": 0,
        "limits": {},
        "read": [],
        "write": [],
        "landlock": False,
        "seccomp": False,
    }
    ended = subprocess.run(
        [sys.executable, "-I", "-S", launcher.__file__, json.dumps(policy), "/bin/true"], capture_output=True
    )
    assert ended.returncode == launcher.FAILED
    broken = subprocess.run(
        [sys.executable, "-I", "-S", launcher.__file__, "{}", "/bin/true"], capture_output=True, text=True
    )
    assert broken.returncode == launcher.FAILED
    assert "launcher" in broken.stderr


def test_less_than_full_confinement_is_said_aloud(monkeypatch, caplog):
    monkeypatch.setattr(launcher, "landlock_abi", lambda: 0)
    sandbox.confinement.cache_clear()
    try:
        assert not sandbox.confinement().complete
        assert "cannot be locked in fully" in caplog.text
    finally:
        sandbox.confinement.cache_clear()

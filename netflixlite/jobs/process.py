"""Programs that jobs start: bounded, stoppable as a whole group, and never left behind.

A child is tied to the thread that started it by PR_SET_PDEATHSIG: when the worker dies, even by kill -9, the kernel
kills the child. The kernel means the *thread*, so start programs only from threads that live as long as the process
(a worker's slots do).
"""

import contextlib
import ctypes
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Protocol

#: How often a running program's job is asked whether to go on, in seconds.
_LOOK_EVERY = 0.2
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Stoppable(Protocol):
    """What is asked whether to go on: a JobContext, for one."""

    def check(self) -> None:
        """Raise when the program must end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use at most; None: what this process may. Sizes in bytes; `nice` as in nice(1)."""

    cpu_seconds: int | None = None
    memory: int | None = None
    file_size: int | None = None
    open_files: int | None = None
    nice: int = 10
    #: Output that is kept: the last `error_bytes` of stderr; more than `output_bytes` on stdout ends the program,
    #: unless its lines are handed on.
    output_bytes: int = 16 * 1024 * 1024
    error_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended. `code` is negative when a signal ended it."""

    code: int
    stdout: bytes
    stderr: str
    elapsed: timedelta

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8", "replace")


class ProgramError(Exception):
    """A program did not end as it should; `stderr` is the end of what it said."""

    def __init__(self, message: str, *, stderr: str = "") -> None:
        super().__init__(message)
        self.stderr = stderr


class CannotStart(ProgramError):
    """The program is missing or may not be run."""


class TimedOut(ProgramError):
    """It took longer than it may."""


class Stalled(ProgramError):
    """It said nothing for longer than it may."""


class TooMuchOutput(ProgramError):
    """It wrote more than is kept."""


class Failed(ProgramError):
    """It ended with an error. Only raised when asked for by `check`."""


def run(
    argv: Sequence[str | Path],
    *,
    context: Stoppable | None = None,
    on_line: Callable[[str], None] | None = None,
    timeout: timedelta | float | None = None,
    stall_timeout: timedelta | float | None = None,
    limits: Limits | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: bytes | None = None,
    check: bool = False,
) -> Finished:
    """Run a program to its end and return what it said.

    `argv` is a list, never a shell's line. With a `context` the program is killed as soon as the job must end, and
    LeaseLost, Cancelled or Stopping is raised. `on_line` gets each line of standard output as it comes (it is then
    not kept); an error it raises kills the program. `timeout` bounds the whole run, `stall_timeout` the time without
    any output; both in seconds or as timedelta. `check` raises Failed for a code other than 0. The program and all
    that it started are gone when this returns or raises.
    """
    bounds = limits or Limits()
    child = _Child(argv=[os.fspath(part) for part in argv], limits=bounds, on_line=on_line)
    child.start(cwd=cwd, env=env, input=input)
    try:
        child.follow(context=context, timeout=_seconds(timeout), stall_timeout=_seconds(stall_timeout))
    finally:
        code = child.end()
    finished = Finished(
        code=code,
        stdout=bytes(child.output),
        stderr=bytes(child.errors).decode("utf-8", "replace"),
        elapsed=timedelta(seconds=time.monotonic() - child.began),
    )
    if check and code != 0:
        raise Failed(f"{child.name} ended with {_how(code)}.", stderr=finished.stderr)
    return finished


@dataclass
class _Child:
    argv: list[str]
    limits: Limits
    on_line: Callable[[str], None] | None
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    began: float = field(default_factory=time.monotonic)
    _process: subprocess.Popen[bytes] | None = None
    _partial: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> str:
        return os.path.basename(self.argv[0])

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "start() comes first"
        return self._process

    def start(self, *, cwd: Path | None, env: Mapping[str, str] | None, input: bytes | None) -> None:
        try:
            self._process = subprocess.Popen(
                self.argv,
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL if input is None else _as_file(input),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
                preexec_fn=_prepare(self.limits, os.getpid()),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotStart(f"{self.name} cannot be started: {error}.") from error

    def follow(
        self, *, context: Stoppable | None, timeout: float | None, stall_timeout: float | None
    ) -> None:
        """Read until the program ends; raises when it, or its job, may not go on."""
        heard = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for stream, take in (
                (self.process.stdout, self._take_output),
                (self.process.stderr, self._take_errors),
            ):
                assert stream is not None, "both are pipes"
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, take)
            while selector.get_map():
                if context is not None:
                    context.check()
                # Asked before looking: all that it said before its end is in the pipes by now.
                ended = self._has_ended()
                events = selector.select(_LOOK_EVERY)
                for key, _events in events:
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fileobj)
                        continue
                    heard = time.monotonic()
                    key.data(data)
                now = time.monotonic()
                if timeout is not None and now - self.began > timeout:
                    raise TimedOut(f"{self.name} took longer than {timeout:.0f} s.", stderr=self._said())
                if stall_timeout is not None and now - heard > stall_timeout:
                    raise Stalled(
                        f"{self.name} has said nothing for {stall_timeout:.0f} s.", stderr=self._said()
                    )
                if ended and not events:
                    break  # something it started still holds the pipes; `end` sees to that
            self._await_end(context, timeout)
        if self.on_line is not None and self._partial:
            self.on_line(self._partial.decode("utf-8", "replace"))

    def end(self) -> int:
        """Kill what is left of the group and return the code."""
        # The leader is not reaped yet (or it lives), so its group's number cannot belong to anybody else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code

    def _await_end(self, context: Stoppable | None, timeout: float | None) -> None:
        """It closed its output; wait until it is gone as well."""
        while not self._has_ended():
            if context is not None:
                context.check()
            if timeout is not None and time.monotonic() - self.began > timeout:
                raise TimedOut(f"{self.name} took longer than {timeout:.0f} s.", stderr=self._said())
            time.sleep(0.01)

    def _has_ended(self) -> bool:
        """Whether it has ended, without reaping it."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def _take_output(self, data: bytes) -> None:
        if self.on_line is None:
            self.output += data
            if len(self.output) > self.limits.output_bytes:
                raise TooMuchOutput(f"{self.name} wrote more than {self.limits.output_bytes} bytes.")
            return
        self._partial += data
        *lines, rest = self._partial.split(b"\n")
        self._partial = bytearray(rest)
        if len(self._partial) > self.limits.output_bytes:
            raise TooMuchOutput(f"{self.name} wrote a line of more than {self.limits.output_bytes} bytes.")
        for line in lines:
            self.on_line(line.decode("utf-8", "replace").rstrip("\r"))

    def _take_errors(self, data: bytes) -> None:
        self.errors += data
        if len(self.errors) > 2 * self.limits.error_bytes:
            del self.errors[: -self.limits.error_bytes]

    def _said(self) -> str:
        return bytes(self.errors[-self.limits.error_bytes :]).decode("utf-8", "replace")


def _prepare(limits: Limits, parent: int) -> Callable[[], None]:
    """What the child does between fork and exec: system calls only, for other threads' locks are frozen there."""
    bounds = [
        (what, _allowed(what, value))
        for what, value in (
            (resource.RLIMIT_CPU, limits.cpu_seconds),
            (resource.RLIMIT_AS, limits.memory),
            (resource.RLIMIT_FSIZE, limits.file_size),
            (resource.RLIMIT_NOFILE, limits.open_files),
            (resource.RLIMIT_CORE, 0),
        )
        if value is not None
    ]

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(137)  # the worker died before the line above
        os.nice(limits.nice)
        for what, value in bounds:
            resource.setrlimit(what, (value, value))

    return prepare


def _allowed(what: int, value: int) -> int:
    """The value, or what this process may hand on at most."""
    _soft, hard = resource.getrlimit(what)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _as_file(data: bytes) -> IO[bytes]:
    """Standard input as an anonymous file: no pipe to feed while reading the others."""
    file = os.fdopen(os.memfd_create("input"), "w+b")
    file.write(data)
    file.seek(0)
    return file


def _seconds(given: timedelta | float | None) -> float | None:
    return given.total_seconds() if isinstance(given, timedelta) else given


def _how(code: int) -> str:
    if code >= 0:
        return f"code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"

"""Runs the training program: bounded in memory and time, behind everything else, gone with its worker."""

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings

from netflixlite.jobs import machine, process
from recommend.learning.task import Report

MIB = 2**20
#: Address space of Python, numpy and scipy before they hold anything, and what is read from the folder.
_BESIDE = 1536 * MIB
_LEAST, _MOST = 256 * MIB, 4096 * MIB


class Context(Protocol):
    """What is asked whether to go on, and told how far it is: a JobContext, for one."""

    def check(self) -> None:
        """Raise when the program must end."""

    def progress(self, fraction: float, note: str = "") -> None:
        """Show how far it is."""


class CannotLearn(Exception):
    """The program ended without an answer; the text is for operators, and says what helps."""


def memory() -> int:
    """Bytes that the arrays of a training may take."""
    wanted: int = settings.LEARNING_MEMORY_MB * MIB
    if wanted > 0:
        return max(_LEAST, wanted)
    return max(_LEAST, min(_MOST, machine.memory_for(machine.memory_free() // 2)))


def run(folder: Path, context: Context) -> Report:
    """Run the program on a folder and read its report. Raises `CannotLearn`, and what `context.check` raises."""
    minutes = max(1, settings.LEARNING_MINUTES)
    limits = process.Limits(memory=memory() + _BESIDE, cpu_seconds=60 * minutes, nice=15)
    try:
        ended = process.run(
            [sys.executable, "-m", "recommend.learning.program", folder],
            context=context,
            on_line=_listener(context),
            # Behind everything else on a busy machine it may take long; for ever it may not.
            timeout=timedelta(minutes=max(120, 8 * minutes)),
            limits=limits,
            cwd=settings.BASE_DIR,
            env=_environment(),
        )
    except process.ProgramError as error:
        raise CannotLearn(f"{error} {error.stderr[-500:]}".strip()) from error
    if ended.code != 0:
        raise CannotLearn(_why(ended.code, ended.stderr))
    report: Report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def _environment() -> dict[str, str]:
    """What the program sees of the surroundings: no keys, no addresses of databases; one thread of arithmetic."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": str(settings.BASE_DIR), "PYTHONUNBUFFERED": "1"}


def _listener(context: Context) -> Callable[[str], None]:
    def heard(line: str) -> None:
        word, _, rest = line.partition(" ")
        fraction, _, words = rest.partition(" ")
        if word == "progress":
            context.progress(0.1 + 0.85 * float(fraction), words)

    return heard


def _why(code: int, said: str) -> str:
    last = said.strip().splitlines()[-1] if said.strip() else ""
    if "MemoryError" in said or "TooLarge" in last or code in (-9, -11, -6):
        return (
            f"The training did not get by with {memory() // MIB} MB of memory ({last or f'signal {-code}'}). "
            "Set NETFLIXLITE_LEARNING_MEMORY_MB higher, or let it choose a smaller head by setting it lower than "
            "what the machine has free."
        )
    if code == -24:
        return (
            f"The training took more than {settings.LEARNING_MINUTES} minutes of processor time. "
            "Set NETFLIXLITE_LEARNING_MINUTES higher, or NETFLIXLITE_LEARNING_MEMORY_MB lower."
        )
    return f"The training ended with code {code}: {last}"

"""What this machine, or the container around this process, has to give."""

import os
from collections.abc import Iterable
from pathlib import Path

#: What one more heavy job may need: an encoder of a whole 1080p ladder was measured at 0.5 to 1 GB. Bytes.
HEAVY_JOB = 3 * 1024**3 // 2
_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}

#: What each program that a job starts may use at most, in bytes; None: what its own limits say.
_each: int | None = None


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def keep_to(numbers: Iterable[int]) -> None:
    """Use only these processor cores, in this process and all that it starts. Raises `ValueError` and OSError."""
    wanted = set(numbers)
    if not wanted:
        raise ValueError("name at least one processor core")
    os.sched_setaffinity(0, wanted)


def limit_programs(memory: int | None) -> None:
    """Let no program that a job of this process starts use more than so many bytes."""
    global _each
    _each = memory


def memory_for(wanted: int) -> int:
    """Bytes that a program may use which would like so many."""
    return wanted if _each is None else min(wanted, _each)


def memory_free() -> int:
    """Bytes that are free on the machine, or in the container if that is less."""
    free = _meminfo()
    for most, used in ((_CGROUP / "memory.max", _CGROUP / "memory.current"),):
        try:
            left = int(most.read_text()) - int(used.read_text())
        except (OSError, ValueError):  # no container, or one without a limit ("max")
            continue
        free = min(free, left + _cache())
    return free


def size(text: str) -> int:
    """Bytes from "4G", "512M" or a number. Raises `ValueError`."""
    told = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = told[-1:] if told[-1:] in _UNITS else ""
    number = float(told.removesuffix(unit) if unit else told)
    if number <= 0:
        raise ValueError(f"{text!r} is no size")
    return int(number * _UNITS[unit])


def _meminfo() -> int:
    for line in (_PROC / "meminfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return HEAVY_JOB


def _cache() -> int:
    """Bytes of the container's memory that are only files' contents and go as soon as somebody needs the room."""
    try:
        told = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return int(told["inactive_file"]) + int(told["active_file"])
    except (OSError, ValueError, KeyError):
        return 0

"""What callers may know of a job."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class JobState(StrEnum):
    """A job's life: queued → running → done, or failed for good, or cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """A snapshot. `progress` is 0 … 1; `note` and `error` are written for people."""

    id: UUID
    kind: str
    dedupe_key: str
    state: JobState
    priority: int
    attempts: int
    max_attempts: int
    progress: float
    note: str
    error: str
    payload: dict[str, object]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: The job that this one is a part of; and whether it is between two attempts of its own making (`park`).
    parent: UUID | None = None
    parked: bool = False
    share: float = 0.0
    checkpoint: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process that reports. `busy` of its `slots` are at work; `kinds` are what it does."""

    name: str
    slots: int
    busy: int
    kinds: tuple[str, ...]
    started_at: datetime

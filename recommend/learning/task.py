"""What the site tells the training process, and what that answers: JSON in a folder. Imported by both."""

from typing import Any, TypedDict


class Task(TypedDict, total=False):
    """`task.json`. `out`: where the model goes; '' writes none. `models`: folders of others to compare with, by name;
    `since`: compare on what came after this time (seconds); 0: on the newest tenth.
    """

    mode: str
    out: str
    models: dict[str, str]
    since: float
    settings: dict[str, Any]
    about: dict[str, float]


class Report(TypedDict, total=False):
    """`report.json`. `figures`: by contender; `against`: the first contender beside each other (deciding.Against)."""

    plays: int
    viewers: int
    off_trend: int
    figures: dict[str, dict[str, float]]
    against: dict[str, dict[str, float]]
    cohorts: dict[str, dict[str, Any]]
    faults: list[str]
    about: dict[str, int | float | str]
    titles: int
    head: int
    cpu_seconds: float
    peak_bytes: int

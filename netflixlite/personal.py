"""What the installation knows of people: who keeps it, how it is handed out, and how it is erased.

Every model of every app is in a class (a test walks them all). An app registers what it keeps as it loads; nothing here
knows an app. `accounts` runs exports and erasures over all that is registered (accounts/privacy, docs/privacy.md).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import Model, QuerySet

#: What JSON can say.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
#: A user's id in, (path, content) out: `("playback/viewings", [{…}, …])`.
ExportHook: TypeAlias = Callable[[UUID], Iterable[tuple[str, Json]]]
#: A user's id in, how many rows of which model out. Safe to run twice.
EraseHook: TypeAlias = Callable[[UUID], Mapping[str, int]]

_BATCH = 500


class Kind(StrEnum):
    """What a model's rows are to the people of this site."""

    #: About a person: handed out, and erased.
    PERSONAL = "personal"
    #: Computed from personal rows, of no meaning beside them: erased.
    DERIVED = "derived"
    #: The site's own work. Where it names a person by an id, the id is cut at an erasure; the row stays.
    OPERATIONAL = "operational"
    #: Nothing of a person.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Keeper:
    """An app and what it keeps. `classes` is by label: "playback.Bookmark"."""

    app: str
    classes: Mapping[str, Kind]
    export: ExportHook
    erase: EraseHook


_keepers: dict[str, Keeper] = {}


def nothing(user_id: UUID) -> list[tuple[str, Json]]:
    """The export of an app that keeps nothing to hand out."""
    return []


def register(
    app: str,
    *,
    classes: Mapping[str, Kind] | None = None,
    export: ExportHook = nothing,
    erase: EraseHook,
) -> None:
    """Say what an app keeps. Once, while the apps load."""
    _keepers[app] = Keeper(app=app, classes=dict(classes or {}), export=export, erase=erase)


def keepers() -> tuple[Keeper, ...]:
    """All that keep something, `accounts` last: what the others look up by it is there until they are through."""
    return tuple(sorted(_keepers.values(), key=lambda one: one.app == "accounts"))


def classes() -> dict[str, Kind]:
    """The class of every model that somebody has classified, by label."""
    return {label: kind for keeper in _keepers.values() for label, kind in keeper.classes.items()}


def listing(rows: "QuerySet[Any]", *, hide: Collection[str] = ()) -> list[Json]:
    """Rows as JSON, but for the fields in `hide` (secrets, and what identifies others)."""
    return [_row(one, frozenset(hide)) for one in rows.iterator(chunk_size=_BATCH)]


def remove(rows: "QuerySet[Any]") -> dict[str, int]:
    """Delete rows and what hangs on them, a few at a time; how many of which model."""
    counts: dict[str, int] = {}
    while ids := list(rows.values_list("pk", flat=True)[:_BATCH]):
        _total, by_label = rows.model._base_manager.filter(pk__in=ids).delete()
        counts = add(counts, by_label)
    return counts


def add(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Both counts together; what is 0 is left out."""
    labels = [*one, *(label for label in other if label not in one)]
    return {label: total for label in labels if (total := one.get(label, 0) + other.get(label, 0))}


def _row(row: Model, hide: frozenset[str]) -> Json:
    shown = [field for field in row._meta.concrete_fields if field.name not in hide]
    return {field.attname: plain(getattr(row, field.attname)) for field in shown}


def plain(value: Any) -> Json:
    """A value as JSON says it: times in ISO 8601, durations in seconds, bytes left out."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return None

"""Everything a training needs, written into a folder: what titles are about, what viewers did, who shares an account.

Viewers become numbers here; no id of a person is written.
"""

import json
from array import array
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from recommend import seeding
from recommend.learning import describing
from recommend.learning.task import Task
from recommend.signals import reading
from recommend.signals.models import Signal

#: With more viewers than this there are more accounts than the limit for small houses, whoever belongs to whom.
_VIEWERS_TO_COUNT = 20
#: Below this many accounts a pair of titles counts only if so many of them have watched both.
SUPPORT = 3
_OFTEN = 5000


@dataclass(frozen=True, slots=True)
class Gathered:
    """How much there is. `read_at`: when signals began to be read; `cut`: the newest of them by its time.

    `signals`, `newest_signal`: how many there were at `read_at`, and the highest number: by these it is told what came
    later (tending.py).
    """

    titles: int
    events: int
    viewers: int
    accounts: int
    read_at: datetime
    cut: datetime | None
    signals: int
    newest_signal: int
    seeded: bool

    @property
    def small(self) -> bool:
        """Whether so few share this place that what two titles have in common may name somebody."""
        return self.accounts < int(settings.LEARNING_PRIVATE_BELOW)


def gather(folder: Path, *, check: Callable[[], None], now: datetime | None = None) -> Gathered:
    """Write `titles.jsonl`, `events.npz` and perhaps `seed.npz`. `check` is called often, and may raise."""
    read_at = now or timezone.now()
    # Before any is read: what comes while a training runs is new to it.
    known = Signal.objects.aggregate(n=Count("pk"), newest=Max("pk"))
    places, imdb = _titles(folder, check)
    viewers: dict[UUID, int] = {}
    viewer, title = array("i"), array("i")
    weight, at = array("f"), array("d")
    since = read_at - timedelta(days=settings.LEARNING_DAYS)
    for profile_id, title_id, worth, when in reading.events_for_training(since):
        place = places.get(title_id)
        if place is None:
            continue
        viewer.append(viewers.setdefault(profile_id, len(viewers)))
        title.append(place)
        weight.append(worth)
        at.append(when.timestamp())
        if len(viewer) % _OFTEN == 0:
            check()
    houses = _accounts(viewers, check)
    times = np.array(at, np.float64)
    order = np.argsort(times, kind="stable")
    numbers = np.array(viewer, np.int32)[order]
    np.savez(
        folder / "events.npz",
        viewer=numbers,
        title=np.array(title, np.int32)[order],
        weight=np.array(weight, np.float32)[order],
        at=times[order],
        account=houses[numbers] if len(numbers) else numbers,
    )
    return Gathered(
        titles=len(places),
        events=len(viewer),
        viewers=len(viewers),
        accounts=len(np.unique(houses)),
        read_at=read_at,
        cut=datetime.fromtimestamp(float(times.max()), UTC) if len(times) else None,
        signals=known["n"],
        newest_signal=known["newest"] or 0,
        seeded=_seed(folder, imdb),
    )


def give_task(folder: Path, task: Task) -> None:
    """Say what is to be done with it."""
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")


def _titles(folder: Path, check: Callable[[], None]) -> tuple[dict[UUID, int], list[str]]:
    places: dict[UUID, int] = {}
    imdb: list[str] = []
    with (folder / "titles.jsonl").open("w", encoding="utf-8") as lines:
        for told in catalog.descriptions():
            places[told.id] = len(places)
            imdb.append(told.imdb_id)
            about = {"id": str(told.id), **asdict(describing.features_of(told))}
            lines.write(json.dumps(about) + "\n")
            if len(places) % _OFTEN == 0:
                check()
    return places, imdb


def _accounts(
    viewers: Iterable[UUID], check: Callable[[], None]
) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    """By viewer's number, their account's. Where there are many viewers each counts for itself: nobody asks."""
    ids = list(viewers)
    if len(ids) > _VIEWERS_TO_COUNT * settings.LEARNING_PRIVATE_BELOW:
        return np.arange(len(ids), dtype=np.int32)
    houses: dict[UUID, int] = {}
    found = np.empty(len(ids), np.int32)
    for number, profile_id in enumerate(ids):
        profile = accounts.profile(profile_id)
        owner = profile.user_id if profile else profile_id
        found[number] = houses.setdefault(owner, len(houses))
        check()
    return found


def _seed(folder: Path, imdb: list[str]) -> bool:
    entries = seeding.entries(imdb)
    if entries is None:
        return False
    np.savez(folder / "seed.npz", rows=entries.rows, columns=entries.columns, values=entries.values)
    return True

"""What profiles do while they are in an experiment: sums for the result page (results.py)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from playback.types import Viewing
from recommend.trials import experiments, models

#: Silence after which somebody who comes back makes a new visit.
VISIT_ENDS = timedelta(minutes=30)
#: Who is seen again on another day within this time has come back.
RETURNS_WITHIN = timedelta(days=28)
#: So many different titles of one profile are told apart.
MOST_TITLES = 400


def visit(profile_id: UUID, now: datetime) -> None:
    """A page was looked at: from here on the profile's sums belong to its arms."""
    for one in experiments.running():
        arm = experiments.arm_of(one, profile_id)
        if not arm:
            continue
        with transaction.atomic():
            row, made = models.Participation.objects.select_for_update().get_or_create(
                experiment_id=one.id,
                profile_id=profile_id,
                defaults={"arm": arm, "first_at": now, "visit_at": now, "seen_at": now, "visits": 1},
            )
            if made:
                continue
            if now - row.seen_at > VISIT_ENDS:
                row.visits, row.visit_at = row.visits + 1, now
            away = now - row.first_at
            row.returned = row.returned or timedelta(days=1) <= away <= RETURNS_WITHIN
            row.seen_at = max(row.seen_at, now)
            row.save(update_fields=["visits", "visit_at", "returned", "seen_at"])


def _rows(profile_id: UUID) -> Iterator[models.Participation]:
    """The profile's sums in experiments that go on, each locked while it is looked at."""
    going = [one.id for one in experiments.running()]
    if going:
        with transaction.atomic():
            yield from models.Participation.objects.select_for_update().filter(
                profile_id=profile_id, experiment_id__in=going
            )


def watched(viewing: Viewing, *, new: bool, qualified: int, abandoned: int) -> None:
    """A play came, or more is known of one: `qualified` and `abandoned` are what changes (-1, 0, 1)."""
    for row in _rows(viewing.profile_id):
        if viewing.started_at < row.first_at:
            continue
        row.plays += int(new)
        row.qualified = max(0, row.qualified + qualified)
        row.abandoned = max(0, row.abandoned + abandoned)
        title = str(viewing.title_id)
        if new and title not in row.titles and len(row.titles) < MOST_TITLES:
            row.titles = [*row.titles, title]
        if qualified > 0 and row.answered_visit_at != row.visit_at and viewing.started_at >= row.visit_at:
            row.answered, row.answered_visit_at = row.answered + 1, row.visit_at
            row.waited += (viewing.started_at - row.visit_at).total_seconds()
        row.save()


def judged(profile_id: UUID, *, up: bool) -> None:
    """A thumb was given."""
    for row in _rows(profile_id):
        row.thumbs_up, row.thumbs_down = row.thumbs_up + int(up), row.thumbs_down + int(not up)
        row.save(update_fields=["thumbs_up", "thumbs_down"])


def scored(profile_id: UUID, team: str) -> None:
    """A title that one arm brought into a mixed list was played."""
    mixed = {one.id for one in experiments.running() if one.method == models.Experiment.Method.INTERLEAVE}
    for row in _rows(profile_id):
        if row.experiment_id in mixed:
            row.points = {**row.points, team: int(row.points.get(team, 0)) + 1}
            row.save(update_fields=["points"])

"""What is old goes: impressions become a line a day and kind of row after a month, everything else is deleted."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from netflixlite.jobs import services as jobs
from recommend.trials import models, tallies

#: How long single impressions and decisions are kept.
KEPT_FOR = timedelta(days=30)
#: What says who was counted goes when it can change nothing any more.
VIEWINGS_FOR = timedelta(days=60)
SHOWINGS_FOR = timedelta(days=7)
#: Who was in an experiment is forgotten so long after its end; its result page then has no figures any more.
PARTICIPATIONS_FOR = timedelta(days=400)
#: A tally that nothing was added to for so long has faded to a 400th: what had fewer showings says nothing any more.
_TALLIES_FOR, _FAINT = timedelta(days=120), 20.0
_BATCH = 5_000


def register() -> None:
    """Let workers do it every hour."""
    jobs.register_periodic("recommend.trials_upkeep", timedelta(hours=1))(tidy)


def tidy(now: datetime | None = None) -> None:
    """One pass; safe to run twice, and beside itself."""
    now = now or timezone.now()
    today = tallies.today(now)
    while roll_up(now):
        pass
    models.Decision.objects.filter(at__lt=now - KEPT_FOR).delete()
    models.CountedViewing.objects.filter(at__lt=now - VIEWINGS_FOR).delete()
    models.Showing.objects.filter(day__lt=today - SHOWINGS_FOR).delete()
    models.Participation.objects.filter(experiment__stopped_at__lt=now - PARTICIPATIONS_FOR).delete()
    for tally in (models.Tally, models.ProfileTally):
        old = tally._base_manager.filter(day__lt=today - _TALLIES_FOR)
        old.filter(shown__lt=_FAINT, shown_today__lt=_FAINT).delete()


def roll_up(now: datetime) -> bool:
    """Turn one batch of old impressions into sums; whether there may be more. Only whole days go."""
    last = datetime.combine(tallies.today(now) - KEPT_FOR, time.min, tzinfo=UTC)
    rows = list(
        models.Impression.objects.filter(at__lt=last)
        .order_by("at", "id")
        .values_list("id", "at", "row_key", "tried", "played_at")[:_BATCH]
    )
    if not rows:
        return False
    shown: Counter[tuple[date, str, bool]] = Counter()
    played: Counter[tuple[date, str, bool]] = Counter()
    for _id, at, row_key, tried, played_at in rows:
        key = (tallies.today(at), tallies.kind_of(row_key), tried)
        shown[key] += 1
        played[key] += played_at is not None
    # Deleted first, and only what this pass deleted counts: two databases know no common transaction, and a sum that
    # lacks a batch after a crash is better than one that holds it twice.
    ids = [row[0] for row in rows]
    for start in range(0, len(ids), 500):
        models.Impression.objects.filter(id__in=ids[start : start + 500]).delete()
    with transaction.atomic():
        for key, count in shown.items():
            day, kind, tried = key
            line, _made = models.SeenDay.objects.get_or_create(day=day, kind=kind, tried=tried)
            models.SeenDay.objects.filter(id=line.pk).update(
                shown=F("shown") + count, played=F("played") + played[key]
            )
    return len(rows) == _BATCH

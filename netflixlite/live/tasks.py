"""Periodic work: news that nobody can ask for any more are dropped."""

from datetime import timedelta

from django.utils import timezone

from netflixlite.jobs import services as jobs
from netflixlite.live import models
from netflixlite.live.tail import newest_id

#: How long news are kept: for browsers whose line broke. Who was away for longer looks at everything anew.
KEPT_FOR = timedelta(minutes=10)


def drop_old_news() -> int:
    """Delete what is older; returns how many. The newest row stays: it says where the numbers are."""
    old = models.News.objects.filter(at__lt=timezone.now() - KEPT_FOR)
    return old.exclude(id=newest_id()).delete()[0]


def _drop() -> None:
    drop_old_news()


jobs.register_periodic("live.drop_old_news", timedelta(minutes=1))(_drop)

"""Writing news down. Called after the transaction that they are about, and never in its way: news are hints."""

import logging
from uuid import UUID

from django.db import DatabaseError

from netflixlite.live import models, wake
from netflixlite.live.tail import TAIL
from netflixlite.live.words import Topic

log = logging.getLogger(__name__)


def tell(
    topic: Topic, *, user_id: UUID | None = None, profile_id: UUID | None = None, **detail: object
) -> None:
    """Tell the pages of a profile, or of a whole account when only `user_id` is given. `detail` is for JSON."""
    try:
        models.News.objects.create(topic=topic.value, user_id=user_id, profile_id=profile_id, detail=detail)
    except DatabaseError:
        log.warning("News for open pages could not be written (%s).", topic, exc_info=True)
        return
    TAIL.poke()
    wake.publish()

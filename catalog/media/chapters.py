"""Makes markers of a source's chapters as soon as its first package can be played."""

import logging

from catalog import annotations, types
from catalog.events import package_published
from catalog.media.facts import Facts
from catalog.models import Source

logger = logging.getLogger(__name__)


def register() -> None:
    """Listen for packages."""
    package_published.connect(_look, dispatch_uid="catalog.chapters")


def _look(event: types.PackagePublished, **_: object) -> None:
    source = Source.objects.filter(video_id=event.video_id).order_by("-created_at").first()
    if source is None or "chapters" not in source.facts:
        return
    try:
        facts = Facts.load(source.facts)
    except ValueError as error:
        logger.warning("the chapters of %s are not understood: %s", source.name, error)
        return
    annotations.keep_chapters(event.video_id, facts.chapters)

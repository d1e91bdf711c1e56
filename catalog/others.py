"""Other pictures of a title, from its own frames: `recommend` finds out which of them people follow.

They are made when a film's frames have been found (catalog/media/candidates.py), if the title has a backdrop that
came from a film: where a person chose the picture, it is the only one.
"""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from catalog import artwork, types
from catalog.models import Artwork, OtherPicture

logger = logging.getLogger(__name__)

#: So many beside the backdrop: with more, each is seen too seldom to learn anything of it.
MOST = 2


def keep(*, title_id: UUID, frames: Mapping[str, bytes]) -> int:
    """Keep frames (16:9 JPEG, by name, best first) as a title's other pictures, in the place of those before.

    How many there are then. What cannot be drawn is left out.
    """
    made: list[OtherPicture] = []
    saved: list[str] = []
    try:
        for name, data in list(frames.items())[:MOST]:
            try:
                drawn = artwork.draw(data, kind="backdrop")
            except artwork.BadImage as error:
                logger.info("A frame of %s is no picture: %s", title_id, error)
                continue
            row = OtherPicture(
                id=uuid4(),
                title_id=title_id,
                name=name,
                widths=list(drawn.widths),
                width=drawn.width,
                height=drawn.height,
                accent=drawn.accent,
            )
            for file, content in drawn.files.items():
                saved.append(default_storage.save(f"{artwork.FOLDER}/{row.id}/{file}", ContentFile(content)))
            made.append(row)
        _replace(title_id, made)
    except BaseException:
        artwork.delete_files(saved)
        raise
    return len(made)


def _replace(title_id: UUID, made: list[OtherPicture]) -> None:
    with transaction.atomic():
        before = list(OtherPicture.objects.select_for_update().filter(title_id=title_id))
        old = [file for row in before for file in artwork.files_of(row)]
        OtherPicture.objects.filter(id__in=[row.id for row in before]).delete()
        OtherPicture.objects.bulk_create(made)
        transaction.on_commit(lambda: artwork.delete_files(old))


def choices(title_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, types.Image]]:
    """Of the titles that have several backdrops all of them, by id, the usual one first. Two queries at most.

    A title whose backdrop a person chose is not among them: that one is shown.
    """
    others: dict[UUID, dict[UUID, types.Image]] = {}
    for row in OtherPicture.objects.filter(title_id__in=title_ids):
        others.setdefault(row.title_id, {})[row.id] = artwork.image(row)
    if not others:
        return {}
    usual = Artwork.objects.filter(title_id__in=others, kind=Artwork.Kind.BACKDROP, automatic=True)
    return {
        row.title_id: {row.id: artwork.image(row), **others[row.title_id]}
        for row in usual
        if row.title_id is not None
    }


def chosen_among() -> set[UUID]:
    """The titles that have several backdrops: mostly few, so that pages need not ask for all they show."""
    return set(OtherPicture.objects.order_by().values_list("title_id", flat=True).distinct())

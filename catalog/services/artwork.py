"""Choosing pictures."""

from uuid import UUID

from catalog import artwork


def set_artwork(*, title_id: UUID, kind: str, data: bytes, episode_id: UUID | None = None) -> None:
    """Make a picture file the 'poster' or 'backdrop' of a title, or the 'still' of one of its episodes.

    Raises `catalog.artwork.BadImage` (a ValueError) with words for whoever chose it.
    """
    if kind not in artwork.WIDTHS or (kind == "still") != (episode_id is not None):
        raise artwork.BadImage("A title has a poster and a backdrop; an episode has a still.")
    if episode_id is not None:
        artwork.keep(kind=kind, data=data, episode_id=episode_id)
    else:
        artwork.keep(kind=kind, data=data, title_id=title_id)

"""The small pictures of a title that a card shows in turn while somebody rests on it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from catalog import types
from catalog.services import packages, reading

#: Pictures come from this part of a film: past its opening titles, well before its end.
FROM, UNTIL = 0.12, 0.6
#: So many are shown, spread over what the sheet has of that part.
MOST = 12

_CUE = re.compile(
    r"^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> [^\n]*\n(\d+)\.webp#xywh=(\d+),(\d+),(\d+),(\d+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A small picture: from which second, on which sheet, and where there, in pixels."""

    start: float
    sheet: int
    x: int
    y: int
    width: int
    height: int


def preview(title_id: UUID, *, maturity: int, without: Collection[UUID] = ()) -> types.Preview | None:
    """Small pictures from the quieter part of a title's film, or of the first episode that can be played.

    None for a title that may not be seen or played, and for a package without such pictures.
    """
    title = reading.title(title_id, maturity=maturity, without=without)
    if title is None or not title.playable:
        return None
    video_id = title.video_id or reading.first_video(title.id)
    package_id = packages.current_package_id(video_id) if video_id else None
    return _of_package(package_id) if package_id else None


def chosen(tiles: Sequence[Tile], duration: float) -> list[Tile]:
    """The tiles to show: all from one sheet, the one on which the quieter part begins. `duration` in seconds."""
    within = [each for each in tiles if duration * FROM <= each.start <= duration * UNTIL] or list(tiles[:1])
    same = [each for each in within if each.sheet == within[0].sheet] if within else []
    if len(same) <= MOST:
        return same
    return [same[round(place * (len(same) - 1) / (MOST - 1))] for place in range(MOST)]


def tiles_of(index: str) -> list[Tile]:
    """The tiles of a sheets' index (WebVTT, as catalog.media.playlist writes it), in order."""
    return [
        Tile((int(hours or 0) * 60 + int(minutes)) * 60 + float(seconds), *map(int, (sheet, x, y, w, h)))
        for hours, minutes, seconds, sheet, x, y, w, h in _CUE.findall(index)
    ]


# Packages never change. A few hundred bytes each.
@lru_cache(maxsize=512)
def _of_package(package_id: str) -> types.Preview | None:
    package = packages.package(package_id)
    images = types.RenditionKind.IMAGES
    sheets = next((one for one in package.renditions if one.kind is images), None) if package else None
    if package is None or sheets is None:
        return None
    index = packages.stored_object(package_id, rendition=sheets.name, name="index.vtt")
    if index is None:
        return None
    tiles = chosen(tiles_of(packages.open_object(index).decode()), package.duration.total_seconds())
    number = f"{tiles[0].sheet}.webp" if tiles else ""
    picture = packages.stored_object(package_id, rendition=sheets.name, name=number)
    if picture is None:
        return None
    places = tuple((each.x, each.y) for each in tiles)
    return types.Preview(picture, tiles[0].width, tiles[0].height, places)

"""Pictures for a film that can be watched early: a card without one would be blank until the whole ladder is there.

They are provisional: few moments are looked at, of whatever can be played by now. When the film is finished, pictures
chosen from all of it take their places, unless a person chose some meanwhile.
"""

import logging
from uuid import UUID

from PIL import Image

from catalog import store
from catalog.media import clear, crew, stills
from catalog.media.errors import ToolFailed
from catalog.services import packages
from catalog.types import Package, RenditionKind
from netflixlite.jobs.context import JobContext

logger = logging.getLogger(__name__)

#: So many moments are looked at, each at the cost of one start of the decoder.
_LOOKS = 14
#: Less of a film than this shows little but its titles, in seconds.
_ENOUGH = 60.0
#: A shorter film than this has its ladder, and with it its pictures, about as soon; in seconds.
_WORTH_IT = 180.0
#: How wide moments are compared, in pixels.
_GUIDE = 160
_KEY = "glimpsed"


def show(context: JobContext, video_id: UUID, package_id: str) -> None:
    """Give the video pictures from this early package, once, where it has none. Failing is no harm."""
    if not package_id or _KEY in context.checkpoint:
        return
    package = packages.package(package_id)
    if package is None or not _worth_it(package):
        return
    wanted = store.needs_artwork(video_id=video_id)
    context.save_checkpoint(context.checkpoint | {_KEY: list(wanted)})
    if not wanted:
        return
    try:
        for kind, data in take(package, wanted, context=context).items():
            context.check()
            store.set_artwork_from_film(video_id=video_id, kind=kind, data=data)
    except (ToolFailed, OSError, ValueError, clear.Gone) as error:
        logger.info("%s has no pictures yet: %s", video_id, error)


def _worth_it(package: Package) -> bool:
    """Whether the film is long enough to be waited for, and enough of it is here."""
    whole = max(package.duration, package.expected or package.duration)
    return whole.total_seconds() >= _WORTH_IT and package.duration.total_seconds() >= _ENOUGH


def provisional(context: JobContext) -> tuple[str, ...]:
    """The kinds of pictures that `show` gave."""
    return tuple(context.checkpoint.get(_KEY, ()))


def take(package: Package, kinds: tuple[str, ...], *, context: JobContext) -> dict[str, bytes]:
    """JPEG pictures of these kinds from moments spread over a published package.

    Raises `ToolFailed`, `clear.Gone`, OSError, `sandbox.Halted`.
    """
    pictures = [one for one in package.renditions if one.kind is RenditionKind.VIDEO and one.height]
    if not pictures:
        return {}
    rendition = max(pictures, key=lambda one: one.height or 0)
    size, halt = (rendition.width or 0, rendition.height or 0), crew.halt(context)
    frames: dict[int, Image.Image] = {}
    for segment in spread(len(rendition.segments), _LOOKS):
        clear.copy(package, rendition, context.work_dir / stills.PIECE, segments=[segment])
        frames[segment] = stills.first_frame(size, context.work_dir, halt)
    guides = {segment: _small(frame) for segment, frame in frames.items()}
    scored = [(segment, stills.score(guide)) for segment, guide in guides.items()]
    chosen = stills.choose(scored, len(kinds), len(rendition.segments))
    # The best moment is the backdrop's, which is shown largest.
    order = sorted(kinds, key=("backdrop", "still", "poster").index)
    taken = {}
    for position, kind in enumerate(order):
        segment = chosen[position % len(chosen)]
        taken[kind] = stills.jpeg(stills.crop(frames[segment], stills.SHAPES[kind], guides[segment]))
    return taken


def spread(segments: int, looks: int) -> list[int]:
    """At most so many segments, evenly over a film, without its very ends where it is long enough to have some."""
    if segments <= looks:
        return list(range(segments))
    return [round((number + 0.5) * segments / looks - 0.5) for number in range(looks)]


def _small(frame: Image.Image) -> Image.Image:
    height = max(2, round(_GUIDE * frame.height / frame.width))
    return frame.resize((_GUIDE, height), Image.Resampling.BOX)

"""Small things that lists of the studio show: state chips and thumbnails."""

from collections.abc import Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog import artwork, types
from catalog.models import Artwork, Video
from catalog.progress import state_name

_TONES = {
    types.IngestState.READY: "good",
    types.IngestState.REFUSED: "bad",
    types.IngestState.FAILED: "bad",
}


def chip(video: Video | None) -> SafeString:
    """A video's state; the reason on hover."""
    if video is None:
        return tone("quiet", _("no video"))
    state = types.IngestState(video.state)
    return tone(_TONES.get(state, "busy"), state_name(state), video.reason)


def tone(name: str, text: str, hint: str = "") -> SafeString:
    """A chip in one of the tones good, bad, busy, quiet."""
    return format_html('<span class="nl-chip nl-chip--{}" title="{}">{}</span>', name, hint, text)


def picture(pictures: Iterable[Artwork], kind: str, css: str) -> SafeString:
    """A picture in its smallest width, or a blank of the same size."""
    row = next((one for one in pictures if one.kind == kind), None)
    if row is None:
        return format_html('<span class="{} nl-blank"></span>', css)
    value = artwork.image(row)
    return format_html(
        '<img class="{}" src="{}" srcset="{}" sizes="8rem" alt="" loading="lazy">',
        css,
        value.url,
        value.srcset,
    )

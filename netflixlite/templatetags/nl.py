"""How values look on a page: icons, runtimes, ages, progress."""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

register = template.Library()


class _Credited(Protocol):
    """As much of `catalog.types.Credit` as an address needs: this module is used from both sides of the house."""

    @property
    def person(self) -> str: ...

    @property
    def slug(self) -> str: ...


#: A name of more letters than this is set smaller on billboards.
LONG_NAME = 17


class _Pictured(Protocol):
    """As much of `catalog.types.Image` as an element needs. Hashable."""

    @property
    def url(self) -> str: ...

    @property
    def srcset(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@register.simple_tag
@lru_cache(maxsize=20_000)
def picture(
    image: _Pictured | None, *, accent: str = "", css: str = "", sizes: str = "100vw", eager: bool = False
) -> SafeString:
    """A picture in its frame, which has the accent's colour until it is there; the frame alone without an image.

    By a tag and not a template: a page of rows has a hundred of them. `sizes` as in HTML; `eager` for the one picture
    that the page is about, the others load when they come near.
    """
    drawn = SafeString("")
    if image:
        several = format_html(' srcset="{}" sizes="{}"', image.srcset, sizes) if image.srcset else ""
        drawn = format_html(
            '<img src="{}"{} alt="" width="{}" height="{}" decoding="async" {}>',
            image.url,
            several,
            image.width,
            image.height,
            SafeString('fetchpriority="high"' if eager else 'loading="lazy"'),
        )
    return format_html('<nl-picture class="picture {}" data-accent="{}">{}</nl-picture>', css, accent, drawn)


@cache
def _drawing(name: str) -> str:
    """The inside of `static/icons/<name>.svg`, without its outer element."""
    folder = Path(settings.BASE_DIR) / "static" / "icons"
    text = (folder / f"{name}.svg").read_text(encoding="utf-8")
    return text[text.index(">") + 1 : text.rindex("</svg>")]


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon drawn in the page, in the colour of its text, hidden from screen readers: name it in words beside.

    The name is written in templates, never taken from a request.
    """
    drawing = mark_safe(_drawing(name))  # noqa: S308 (our own file, read from the source tree)
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', drawing)


@register.filter
def runtime(length: timedelta | None) -> str:
    """A length as people say it: '48 s', '52 min', '1 h 42 min'; '' for none."""
    if length is None:
        return ""
    seconds = round(length.total_seconds())
    if seconds < 60:
        return _("%(seconds)d s") % {"seconds": seconds}
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": minutes}
    if not minutes:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


@register.filter
def ago(moment: datetime) -> str:
    """When that was, as people say it: 'just now' within the last minute, else '3 minutes ago'."""
    if timezone.now() - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment)}


@register.filter
def maturity_label(age: int) -> str:
    """The age that a title needs, as its badge says it."""
    return f"{age}+" if age else _("All")


@register.filter
def percent(fraction: float | None) -> int:
    """0 … 1 as a whole percentage, for `progress`."""
    return round(100 * min(1.0, max(0.0, fraction or 0.0)))


@register.filter
def time_left(bookmark: object) -> str:
    """What is left of a bookmark's video, in words."""
    duration: timedelta = getattr(bookmark, "duration", timedelta())
    position: timedelta = getattr(bookmark, "position", timedelta())
    left = max(duration - position, timedelta())
    return _("%(time)s left") % {"time": runtime(left)}


@register.filter
def clock(moment: timedelta) -> str:
    """A place in a film as a clock shows it: '4:05', '1:02:09'."""
    minutes, seconds = divmod(int(moment.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@register.filter
def initials(name: str) -> str:
    """The first letters of somebody's first and last names, for where a photo would be."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[-1:]])).upper()


@register.simple_tag
def person_url(credit: _Credited) -> str:
    """The address of the page of somebody who had a part in a title; without one, of a search for the name."""
    if credit.slug:
        with suppress(NoReverseMatch):
            return reverse("person", args=[credit.slug])
    return f"{reverse('search')}?{urlencode({'q': credit.person})}"


@register.filter
def is_long(name: str) -> bool:
    """Whether a name must be set smaller to stand on a billboard."""
    return len(name) > LONG_NAME

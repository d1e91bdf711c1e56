"""Cards, drawn once: the same title, seen the same way, gives the same markup for everybody.

A page of rows has some hundred cards, and drawing them was most of its time. So they are drawn by code, and what was
drawn is kept by all that it was drawn from, so nothing can be stale: who has another progress or list, or another
language, has another card.

How well a title suits somebody, and why, is put in afterwards, in place of OWN: else everybody would have cards of
their own.

A card: `tile` (netflixlite.pages.tiles.Tile); `shape` is 'wide', 'poster' or 'ranked' (then with its `rank`);
`removable` in continue watching, where the card leads straight on into the film and can be taken away. What opens under
a card is made from components/card_panel.html when somebody rests on it (static/js/lib/panels.js).
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog.types import Title
from netflixlite.pages.tiles import Tile
from netflixlite.templatetags.nl import maturity_label, percent, picture, runtime

register = template.Library()

#: How much of the window's width a card's picture takes, lying and standing.
_WIDE, _STANDING = "(min-width: 48rem) 17vw, 42vw", "(min-width: 48rem) 12vw, 31vw"
#: Cards that are kept, of about 2 kB each; those not shown for longest go first.
KEPT_MOST = 6000
#: The attribute in whose place this profile's own stand.
OWN = " data-own"
_OWN = ("match", "reason")
_REST = tuple(name for name in Tile.__slots__ if name not in ("title", *_OWN))


class Drawn:
    """Markup by what it was drawn from. Safe for several threads.

    Titles are long to hash: the key has the id alone, and the title itself is compared.
    """

    def __init__(self, most: int = KEPT_MOST) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._cards: OrderedDict[Hashable, tuple[Title, SafeString]] = OrderedDict()

    def get(self, key: Hashable, title: Title) -> SafeString | None:
        """What was drawn for this key, if its title is still the same in every way."""
        with self._lock:
            had = self._cards.get(key)
            if had is None or (had[0] is not title and had[0] != title):
                return None
            self._cards.move_to_end(key)
            return had[1]

    def keep(self, key: Hashable, title: Title, markup: SafeString) -> None:
        """Keep what was drawn."""
        with self._lock:
            self._cards[key] = (title, markup)
            self._cards.move_to_end(key)
            while len(self._cards) > self._most:
                self._cards.popitem(last=False)


_DRAWN = Drawn()


@register.simple_tag
def card(tile: Tile, **given: Any) -> SafeString:
    """A tile as a card, with what is `given` (shape, rank, removable): plain values only."""
    if given.get("shape") != "ranked":
        given.pop("rank", None)  # only places in a ranking show it: the card is the same wherever it stands
    rest = tuple(getattr(tile, name) for name in _REST)
    key = (get_language(), tile.title.id, rest, tuple(sorted(given.items())))
    markup = _DRAWN.get(key, tile.title)
    if markup is None:
        markup = _draw(tile, given)
        _DRAWN.keep(key, tile.title, markup)
    return _own(markup, tile)


def _own(markup: SafeString, tile: Tile) -> SafeString:
    said = format_html(' data-match="{}"', tile.match) if tile.match else ""
    if tile.reason:
        said += format_html(' data-reason="{}"', tile.reason)
    return SafeString(markup.replace(OWN, said, 1))


def _draw(tile: Tile, given: dict[str, Any]) -> SafeString:
    shape, removable = given.get("shape", "poster"), bool(given.get("removable"))
    title = tile.title
    page = reverse("title", args=[title.slug])
    classes = "card" if shape == "wide" else "card card--poster"
    if shape != "wide" and title.poster:
        classes += " card--lettered"
    if shape == "ranked":
        classes += " card--ranked"
    facts = [f' data-title="{title.id}"']
    if tile.video_id:
        facts.append(f' data-video="{tile.video_id}"')
    elif title.playable:
        facts.append(f' data-play="{reverse("play", args=[title.slug])}"')
    if tile.listed:
        facts.append(" data-listed")
    if removable:
        facts.append(f' data-removable data-page="{page}"')
    href = reverse("watch", args=[tile.video_id]) if removable and tile.video_id else page
    rank = (
        f'<span class="card__rank" aria-hidden="true">{given.get("rank")}</span>' if shape == "ranked" else ""
    )
    # Everything that people wrote is escaped; the rest are numbers, addresses of ours and words of the catalogues.
    return SafeString(
        f'<li class="{classes}"{"".join(facts)}{OWN}>{rank}<div class="card__body"><a class="card__link" href="{href}">'
        f"{_art(tile, shape)}{_words(tile, removable)}</a>{_facts(title)}</div>{_caption(tile, shape)}</li>"
    )


def _art(tile: Tile, shape: str) -> SafeString:
    title = tile.title
    if shape == "wide":
        image, sizes = tile.picture or title.backdrop or title.poster, _WIDE
    else:
        image, sizes = title.poster or title.backdrop, _STANDING
    return picture(image, accent=title.accent, css="card__art", sizes=sizes)


def _words(tile: Tile, removable: bool) -> str:
    """What the link says: the name, and how far it was watched."""
    said = f'<span class="unseen">{conditional_escape(_("Go on with"))} </span>' if removable else ""
    said += f'<span class="card__name" dir="auto">{conditional_escape(tile.title.name)}</span>'
    if tile.progress is not None:
        share = percent(tile.progress)
        said += (
            f'<span class="card__progress"><progress class="progress" max="100" value="{share}" '
            f'aria-label="{conditional_escape(_("Watched so far"))}">{share} %</progress></span>'
        )
    return said


def _facts(title: Title) -> str:
    """What the panel under the card shows: age, length, year, genres."""
    said = [f'<span class="badge">{conditional_escape(maturity_label(title.maturity))}</span>']
    if title.kind == "series":
        n = title.season_count
        seasons = ngettext("%(n)s season", "%(n)s seasons", n) % {"n": n}
        said.append(f"<span>{conditional_escape(seasons)}</span>")
    elif title.runtime:
        said.append(f"<span>{conditional_escape(runtime(title.runtime))}</span>")
    if title.year:
        said.append(f"<span>{title.year}</span>")
    genres = " · ".join(conditional_escape(genre.name) for genre in title.genres)
    return f'<p class="card__facts" hidden>{"".join(said)}<span class="card__genres">{genres}</span></p>'


def _caption(tile: Tile, shape: str) -> str:
    if shape != "wide" and tile.title.poster:
        return f'<span class="card__caption" aria-hidden="true">{conditional_escape(tile.title.name)}</span>'
    return f'<span class="card__caption">{conditional_escape(tile.caption)}</span>' if tile.caption else ""

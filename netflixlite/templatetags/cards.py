"""Cards, drawn once: the same title, seen the same way, gives the same markup for everybody.

A page of rows has some two hundred cards, and drawing them was most of its time. What was drawn is kept by all that the
template is given, so nothing can be stale: who has another progress or list, or another language, has another card.

How well a title suits somebody, and why, is put in afterwards, where the template says OWN: else everybody would have
cards of their own.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog.types import Title
from netflixlite.pages.tiles import Tile

register = template.Library()

TEMPLATE = "components/card.html"
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
    """A tile as `components/card.html` draws it with what is `given` (shape, rank, removable): plain values only."""
    if given.get("shape") != "ranked":
        given.pop("rank", None)  # only places in a ranking show it: the card is the same wherever it stands
    if settings.DEBUG:
        return _own(_draw(tile, given), tile)  # who works on the template sees what it says now
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
    markup = get_template(TEMPLATE).render({"tile": tile, **given})
    return SafeString(markup.strip())

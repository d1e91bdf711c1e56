"""Cards are drawn once, and what is drawn is never anybody else's or of another time."""

from dataclasses import replace

import pytest
from django.template import Context, Template
from django.utils import translation

from catalog.tests.factories import make_title
from netflixlite.pages.tiles import Tile
from netflixlite.templatetags import cards

pytestmark = pytest.mark.django_db

ROW = Template("{% load cards %}{% card tile=tile shape=shape rank=rank removable=removable %}")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Tile]:
    """What was really drawn, in order."""
    made: list[Tile] = []
    draw = cards._draw

    def noting(tile: Tile, given: dict[str, object]) -> str:
        made.append(tile)
        return draw(tile, given)

    monkeypatch.setattr(cards, "_DRAWN", cards.Drawn(most=4))
    monkeypatch.setattr(cards, "_draw", noting)
    return made


def show(tile: Tile, shape: str = "wide", rank: int = 1, removable: bool = False) -> str:
    return ROW.render(Context({"tile": tile, "shape": shape, "rank": rank, "removable": removable}))


def test_the_same_card_is_drawn_once_and_another_one_anew(drawn: list[Tile]) -> None:
    title = make_title(name="Night <Mail>")
    tile = Tile(title, title.video_id, None, "", listed=False)
    first = show(tile)
    assert "Night &lt;Mail&gt;" in first
    assert show(replace(tile), rank=7) == first, "a row's place says nothing outside a ranking"
    assert len(drawn) == 1
    others = [
        replace(tile, listed=True),
        replace(tile, progress=0.5),
        replace(tile, caption="12 minutes left"),
    ]
    assert len({first, *(show(each) for each in others)}) == 4
    renamed = replace(tile, title=replace(title, name="Night Train"))
    assert "Night Train" in show(renamed)
    assert "Night Train" not in show(tile)


def test_places_and_languages_are_told_apart(drawn: list[Tile]) -> None:
    title = make_title(name="Night Mail")
    tile = Tile(title, title.video_id, 0.25, "", listed=False)
    assert show(tile, "ranked", 1) != show(tile, "ranked", 2)
    show(tile)
    with translation.override("de"):
        show(tile)
    assert len(drawn) == 4


def test_what_was_not_shown_for_longest_goes(drawn: list[Tile]) -> None:
    title = make_title()
    tiles = [Tile(title, None, None, str(number), listed=False) for number in range(5)]
    for tile in tiles:
        show(tile)
    show(tiles[4])
    assert len(drawn) == 5
    show(tiles[0])
    assert len(drawn) == 6

"""Arranging rows: ids in, ids out."""

from random import Random
from uuid import UUID

from recommend.rows import FEWEST_CARDS, LONGEST_ROW, Shelf, arrange, cap

IDS = tuple(UUID(int=n) for n in range(1, 61))


def test_a_title_stands_once_on_the_page_except_in_rows_that_the_viewer_made():
    page = arrange(
        [
            Shelf("my-list", IDS[:2], own=True),
            Shelf("trending", IDS[:10]),
            Shelf("new", IDS[:20]),
            Shelf("genre-drama", IDS[:30], elastic=True),
        ],
        catalogue=30,
    )
    assert [shelf.key for shelf in page] == ["my-list", "trending", "new", "genre-drama"]
    shown = [title for shelf in page if not shelf.own for title in shelf.titles]
    assert len(shown) == len(set(shown))
    assert set(IDS[:2]) <= set(shown)


def test_a_row_of_two_is_not_shown_but_my_list_of_one_is():
    page = arrange([Shelf("my-list", IDS[:1], own=True), Shelf("new", IDS[:2])], catalogue=2)
    assert [shelf.key for shelf in page] == ["my-list"]


def test_what_a_dropped_row_held_goes_to_the_end_of_a_row_that_lists_it_too():
    page = arrange(
        [
            Shelf("genre-drama", IDS[:8], elastic=True),
            Shelf("genre-war", (*IDS[5:8],), elastic=True),
        ],
        catalogue=8,
    )
    assert [shelf.key for shelf in page] == ["genre-drama"]
    assert page[0].titles == IDS[:8]


def test_an_empty_row_of_the_viewer_is_left_out():
    assert arrange([Shelf("continue", (), own=True)], catalogue=9) == []


def test_rows_are_short_in_a_small_catalogue_and_never_endless():
    assert cap(12) == 6
    assert cap(40) == 10
    assert cap(5000) == LONGEST_ROW


def test_any_shelves_whatever_make_a_page_that_keeps_the_rules():
    chance = Random(4)
    for _ in range(400):
        shelves = [
            Shelf(
                f"genre-{n}",
                tuple(chance.sample(IDS, chance.randrange(0, 25))),
                elastic=chance.random() < 0.7,
            )
            for n in range(chance.randrange(1, 12))
        ]
        page = arrange(shelves, catalogue=chance.randrange(1, 60))
        shown = [title for shelf in page for title in shelf.titles]
        assert len(shown) == len(set(shown))
        assert all(FEWEST_CARDS <= len(shelf.titles) <= LONGEST_ROW for shelf in page)
        assert [shelf.key for shelf in page] == [
            each.key for each in shelves if each.key in {s.key for s in page}
        ]

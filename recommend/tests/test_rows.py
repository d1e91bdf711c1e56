"""Arranging rows: ids in, ids out."""

from random import Random
from uuid import UUID

import pytest

from recommend.rows import FEWEST_CARDS, LONGEST_ROW, NEAR, SMALL, Shelf, arrange, cap

IDS = tuple(UUID(int=n) for n in range(1, 61))


def test_a_title_stands_once_on_the_page_and_what_the_viewer_made_not_in_the_first_rows_under_it():
    page = arrange(
        [
            Shelf("trending", IDS[:10]),
            Shelf("new", IDS[:20]),
            Shelf("genre-drama", IDS[:60], elastic=True),
        ],
        catalogue=SMALL,
        mine=IDS[:2],
    )
    assert [shelf.key for shelf in page] == ["trending", "new", "genre-drama"]
    shown = [title for shelf in page for title in shelf.titles]
    assert len(shown) == len(set(shown))
    assert not set(IDS[:2]) & {title for shelf in page[:2] for title in shelf.titles}
    assert set(IDS[:2]) <= set(page[2].titles), "the list stands above the first rows alone"


@pytest.mark.parametrize("catalogue", [30, SMALL])
def test_a_first_row_that_takes_what_others_left_does_not_take_what_stands_above_it(catalogue):
    shelves = [Shelf("genre-drama", IDS[:10], elastic=True), Shelf("genre-war", IDS[10:20], elastic=True)]
    page = arrange(shelves, catalogue=catalogue, mine=IDS[:3])
    assert page[0].titles == IDS[3:10]


def test_who_has_begun_or_kept_almost_everything_still_has_a_page():
    page = arrange([Shelf("new", IDS[:5])], catalogue=5, mine=IDS[:4])
    assert [shelf.key for shelf in page] == ["new"]


def test_a_row_of_two_is_not_shown():
    assert arrange([Shelf("new", IDS[:2])], catalogue=2) == []


def test_what_a_dropped_row_held_goes_to_the_end_of_a_row_that_lists_it_too():
    page = arrange(
        [
            Shelf("genre-drama", IDS[:8], elastic=True),
            Shelf("genre-war", (*IDS[5:8],), elastic=True),
        ],
        catalogue=SMALL,
    )
    assert [shelf.key for shelf in page] == ["genre-drama"]
    assert page[0].titles == IDS[:8]


def test_rows_are_short_in_a_small_catalogue_and_never_endless():
    assert cap(12) == 6
    assert cap(40) == 10
    assert cap(5000) == LONGEST_ROW


def test_rows_of_a_small_catalogue_share_titles_that_no_screen_shows_twice():
    shelves = [Shelf(f"genre-{n}", (*IDS[3 * n : 3 * n + 4], *IDS[:20])) for n in range(6)]
    page = arrange(shelves, catalogue=24)
    assert len(page) == 6, "in a large one the third row would have nothing left"
    for number, shelf in enumerate(page):
        near = [other for other in page[max(0, number - NEAR) : number + NEAR + 1] if other is not shelf]
        assert not set(shelf.titles) & {title for other in near for title in other.titles}
    assert [shelf.titles[0] for shelf in page[:3]] == [IDS[0], IDS[4], IDS[8]], "each with something new"
    shown = [title for shelf in page for title in shelf.titles]
    assert len(shown) > len(set(shown))


@pytest.mark.parametrize("catalogue", [30, SMALL])
def test_any_shelves_whatever_make_a_page_that_keeps_the_rules(catalogue):
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
        page = arrange(shelves, catalogue=catalogue)
        around = range(-NEAR, NEAR + 1) if catalogue < SMALL else range(-12, 13)
        for number, shelf in enumerate(page):
            near = [page[number + by] for by in around if by and 0 <= number + by < len(page)]
            assert not set(shelf.titles) & {title for other in near for title in other.titles}
            assert len(shelf.titles) == len(set(shelf.titles))
        assert all(FEWEST_CARDS <= len(shelf.titles) <= LONGEST_ROW for shelf in page)
        assert [shelf.key for shelf in page] == [
            each.key for each in shelves if each.key in {s.key for s in page}
        ]

"""Home comes with its first rows; the others are fetched, or asked for by a link."""

import re
from typing import Any

import pytest

from netflixlite.pages import home
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def _rows(page: str) -> list[str]:
    return re.findall(r'data-row="([^"]+)"', page)


def test_the_first_rows_come_at_once_and_the_others_behind_them(house: House, monkeypatch: Any) -> None:
    client = house.client(house.ada)
    everything = _rows(client.get("/?rows=all").content.decode())
    assert len(everything) > 2
    monkeypatch.setattr(home, "ROWS_AT_ONCE", 2)
    first = client.get("/").content.decode()
    assert _rows(first) == everything[:2]
    [rest] = re.findall(r'<nl-more-rows[^>]* data-url="([^"]+)"', first)
    assert _rows(client.get(rest).content.decode()) == everything[2:]
    assert 'href="?rows=all"' in first


def test_a_page_that_holds_all_its_rows_promises_no_more(house: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(home, "ROWS_AT_ONCE", 500)
    assert "<nl-more-rows" not in house.client(house.ada).get("/").content.decode()


@pytest.mark.parametrize("said", ["", "-1", "x", "1e3", "٣", "99999999999"])
def test_a_wrong_count_means_from_the_first(house: House, said: str) -> None:
    client = house.client(house.ada)
    whole = _rows(client.get("/live/rows/").content.decode())
    assert _rows(client.get("/live/rows/", {"from": said}).content.decode()) == whole

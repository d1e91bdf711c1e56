"""Pages come compressed, and nothing else does that must keep its bytes."""

import gzip

import pytest

from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def test_a_page_is_sent_small_to_who_takes_it(house: House) -> None:
    client = house.client(house.ada)
    plain, packed = client.get("/"), client.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.content) < len(plain.content) / 3
    assert b"Continue watching" in gzip.decompress(packed.content)


def test_what_is_no_page_keeps_its_bytes(house: House) -> None:
    answer = house.client(house.ada).get("/api/v1/titles", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers

"""A page costs a fixed number of queries, however much there is to watch."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.tests.factories import make_title
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db

#: Queries a page may cost on the main database, session, user and profile included. Measured, with a little room, and
#: with nothing remembered from the page before (what all profiles share and which model serves costs home fifteen).
BUDGETS = {
    "/": 28,
    "/my-list/": 16,
    "/browse/": 15,
    "/browse/drama/?kind=film": 15,
    "/browse/?decade=1930&age=12&sort=name": 16,
    "/browse/?sort=popular": 18,
    "/browse/?sort=suits": 25,
    "/person/ines-okafor/": 18,
    "/history/": 14,
    "/search/?q=mail": 19,
    "/search/?q=xyzzy": 19,
}


def _cost(client: Client, address: str) -> int:
    client.get(address)  # what is remembered between requests is not the page's cost
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_pages_keep_to_their_budgets_and_do_not_grow_with_the_catalogue(house: House) -> None:
    client = house.client(house.ada)
    budgets = BUDGETS | {f"/title/{house.films[0].slug}/": 49, f"/title/{house.series.slug}/": 51}
    before = {address: _cost(client, address) for address in budgets}
    for number in range(12):
        make_title(name=f"Night Mail Express {number}", genres=["Documentary", "Drama", "Family"])
    after = {address: _cost(client, address) for address in budgets}
    grown = {
        address: (before[address], after[address]) for address in budgets if after[address] > before[address]
    }
    assert not grown
    over = {address: after[address] for address, budget in budgets.items() if after[address] > budget}
    assert not over

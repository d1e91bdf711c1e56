"""My list and thumbs over HTTP."""

from uuid import uuid4

import pytest

from accounts.tests.factories import client_of, make_user
from catalog.tests.factories import make_title

pytestmark = pytest.mark.django_db


def put(client, path, body=None):
    return client.put(path, body or {}, content_type="application/json")


def test_a_title_goes_on_the_list_and_off_again(ada):
    client, title = client_of(ada), make_title()
    path = f"/api/v1/my-list/{title.id}"
    for _ in range(2):
        answer = put(client, path)
        assert answer.status_code == 200
        assert answer.json() == {"title_id": str(title.id), "listed": True, "thumb": None}
    for _ in range(2):
        answer = client.delete(path)
        assert answer.status_code == 200
        assert answer.json()["listed"] is False


@pytest.mark.parametrize("thumb", ["up", "down", "double_up", None])
def test_a_thumb_is_said_and_answered(ada, thumb):
    client, title = client_of(ada), make_title()
    answer = put(client, f"/api/v1/thumbs/{title.id}", {"thumb": thumb})
    assert answer.status_code == 200
    assert answer.json()["thumb"] == thumb


@pytest.mark.parametrize("body", [{}, {"thumb": "sideways"}, {"thumb": 1}])
def test_a_thumb_that_is_none_is_refused_with_the_field(ada, body):
    title = make_title()
    answer = put(client_of(ada), f"/api/v1/thumbs/{title.id}", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "thumb"


def test_what_a_kid_may_not_see_is_not_there(ben):
    grim = make_title(maturity=18)
    client = client_of(ben)
    for answer in (
        put(client, f"/api/v1/my-list/{grim.id}"),
        put(client, f"/api/v1/thumbs/{grim.id}", {"thumb": "up"}),
        put(client, f"/api/v1/my-list/{uuid4()}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"


def test_without_a_profile_nothing_is_done(ada, client):
    title = make_title()
    assert put(client, f"/api/v1/my-list/{title.id}").status_code in (401, 403)
    assert put(client_of(make_user()), f"/api/v1/my-list/{title.id}").status_code in (401, 403)

"""My list and thumbs over HTTP."""

from uuid import uuid4

import pytest

from accounts.tests.factories import client_of, make_user
from catalog.tests.factories import make_title
from recommend.pace import Pace, Rate, Saying

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


def test_nobody_says_more_than_a_person_can(ada, ben):
    client, title, pace = client_of(ada), make_title(), Pace(Rate(burst=2, every=60))
    saying, Saying.pace = Saying.pace, pace
    try:
        paths = [f"/api/v1/{kind}/{title.id}" for kind in ("hidden", "my-list", "thumbs")]
        said = [put(client, path, {"thumb": "up"}).status_code for path in paths]
        assert said == [200, 200, 429]
        late = client.delete(paths[0])
        assert late.status_code == 429
        assert late.json()["error"]["code"] == "throttled"
        assert 0 < int(late["Retry-After"]) <= 60
        assert put(client_of(ben), paths[1]).status_code == 200  # another profile has a pace of its own
    finally:
        Saying.pace = saying


def test_a_pace_is_a_burst_and_then_one_at_a_time():
    now, who = [0.0], uuid4()
    pace = Pace(Rate(burst=3, every=2.0), clock=lambda: now[0])
    assert [pace.wait(who) for _ in range(4)] == [0, 0, 0, 2.0]
    now[0] = 1.5
    assert pace.wait(who) == pytest.approx(0.5)
    now[0] = 2.0
    assert pace.wait(who) == 0
    assert pace.wait(who) == pytest.approx(2.0)
    assert pace.wait(uuid4()) == 0

"""`/api/v1/profiles`, and the doors that every app's endpoints use."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts import doors, models, services
from accounts.tests.factories import client_of, make_operator, make_profile, make_user

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture(autouse=True)
def _a_site_that_is_set_up() -> None:
    make_operator("Olu")


def test_profiles_can_be_listed_before_one_is_chosen() -> None:
    ada = make_profile("Ada")
    make_profile("Stranger")
    answer = client_of(services.user(ada.user_id)).get("/api/v1/profiles")
    assert answer.status_code == 200
    assert answer.json() == [
        {
            "id": str(ada.id),
            "name": "Ada",
            "avatar": "ember",
            "is_kid": False,
            "maturity": 18,
            "language": "en",
            "locked": False,
            "autoplay_next": True,
            "previews": True,
            "data_saver": "",
            "skips": "ask",
            "look": {
                "size": "medium",
                "color": "white",
                "background": "soft",
                "edge": "shadow",
                "font": "sans",
                "position": "bottom",
            },
        }
    ]


def test_a_profile_is_made_changed_and_removed() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    made = client.post("/api/v1/profiles", {"name": "Ben", "is_kid": True}, content_type=JSON)
    assert made.status_code == 201
    path = f"/api/v1/profiles/{made.json()['id']}"
    assert made.json()["maturity"] == 7
    assert client.get(path).json() == made.json()
    changed = client.patch(path, {"maturity": 13, "avatar": "slate"}, content_type=JSON)
    assert changed.json() == {**made.json(), "maturity": 13, "avatar": "slate"}
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "Ada"}, {"name": "Ben", "maturity": 12}, {"name": "Ben", "avatar": "x"}],
)
def test_what_is_wrong_is_refused(body: dict[str, Any]) -> None:
    ada = make_profile("Ada")
    answer = client_of(ada).post("/api/v1/profiles", body, content_type=JSON)
    assert answer.status_code == 400
    assert services.profiles(ada.user_id) == (ada,)


def test_a_sixth_profile_is_refused_in_words() -> None:
    user = make_user()
    profiles = [make_profile(user=user) for _number in range(5)]
    answer = client_of(profiles[0]).post("/api/v1/profiles", {"name": "Six"}, content_type=JSON)
    assert answer.status_code == 400
    assert "5 profiles" in answer.content.decode()


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_another_households_profile_is_not_there(method: str) -> None:
    stranger = make_profile("Stranger")
    client = client_of(make_profile("Ada"))
    for profile_id in (stranger.id, uuid4()):
        answer = getattr(client, method)(
            f"/api/v1/profiles/{profile_id}", {"name": "Mine"}, content_type=JSON
        )
        assert answer.status_code == 404
    assert services.profile(stranger.id) == stranger


def test_a_kids_profile_changes_nothing() -> None:
    ben = make_profile("Ben", is_kid=True)
    client, path = client_of(ben), f"/api/v1/profiles/{ben.id}"
    assert client.get(path).status_code == 200
    assert client.patch(path, {"is_kid": False}, content_type=JSON).status_code == 403
    assert client.delete(path).status_code == 403
    assert client.post("/api/v1/profiles", {"name": "Big"}, content_type=JSON).status_code == 403
    assert services.profiles(ben.user_id) == (ben,)


def test_strangers_get_nothing() -> None:
    profile = make_profile()
    for path in ("/api/v1/profiles", f"/api/v1/profiles/{profile.id}"):
        assert Client().get(path).status_code in (401, 403)


def test_a_change_needs_the_csrf_token() -> None:
    ada = make_profile("Ada")
    client = client_of(ada, csrf_checks=True)
    assert client.delete(f"/api/v1/profiles/{ada.id}").status_code == 403
    assert services.profile(ada.id) == ada


def _request(who: Any, profile: Any = None) -> HttpRequest:
    request = RequestFactory().get("/somewhere/?a=1")
    request.user = models.User.objects.get(id=who.id)
    request.profile = profile  # type: ignore[attr-defined]
    return request


def test_a_view_behind_profile_required_sends_to_the_gate_first() -> None:
    @doors.profile_required
    def view(request: doors.ProfileRequest) -> HttpResponse:
        return HttpResponse(request.profile.name)

    ada = make_profile("Ada")
    user = services.user(ada.user_id)
    answer = view(_request(user))
    assert answer["Location"] == "/profiles/?next=%2Fsomewhere%2F%3Fa%3D1"
    assert view(_request(user, ada)).content == b"Ada"


def test_a_view_behind_operator_required_is_for_operators() -> None:
    @doors.operator_required
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    operator = make_operator()
    assert view(_request(operator)).content == b"in"
    kid = make_profile(user=operator, is_kid=True)
    for request in (_request(make_user()), _request(operator, kid)):
        with pytest.raises(PermissionDenied):
            view(request)


def test_profile_of_refuses_when_there_is_none() -> None:
    ada = make_profile()
    user = services.user(ada.user_id)
    assert doors.profile_of(_request(user, ada)) == ada
    with pytest.raises(PermissionDenied):
        doors.profile_of(_request(user))

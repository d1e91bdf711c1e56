"""Health, headers, and the one shape of API errors."""

import json
import logging
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from rest_framework import exceptions, serializers

from accounts.tests.factories import client_of, make_operator
from netflixlite import errors, refusing
from netflixlite.headers import SecurityHeadersMiddleware
from netflixlite.logs import FaultsOnly

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def test_livez_and_readyz_need_no_session_and_no_known_host(client: Client) -> None:
    assert client.get("/livez", HTTP_HOST="probe").json() == {"status": "ok"}
    assert client.get("/readyz", HTTP_HOST="probe").json() == {"status": "ok", "problems": []}


def test_every_page_forbids_inline_script(client: Client) -> None:
    pages = [client.get("/accounts/login/") for _ in range(2)]
    policies = [page.headers["Content-Security-Policy"] for page in pages]
    for page, policy in zip(pages, policies, strict=True):
        (nonce,) = re.findall(r"script-src 'nonce-([\w-]{22})' 'strict-dynamic';", policy)
        text = page.content.decode()
        scripts = text.count("<script") + text.count('rel="modulepreload"')
        assert scripts == text.count(f'nonce="{nonce}"') > 0
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
    assert policies[0] != policies[1], "a nonce counts once"


def test_an_answer_without_script_of_ours_allows_our_files_alone(rf: RequestFactory) -> None:
    answer = SecurityHeadersMiddleware(lambda _: HttpResponse("x"))(rf.get("/"))
    assert answer.headers["Content-Security-Policy"].startswith("script-src 'self';")


@pytest.mark.parametrize(
    ("path", "kind", "told"),
    [
        ("/static/js/main.js", "text/javascript", False),
        ("/static/css/main.css", "text/css", False),
        ("/static/img/favicon.svg", "image/svg+xml", True),
        ("/static/page.html", "text/html", True),
        ("/worker.js", "text/javascript", True),
    ],
)
def test_what_a_browser_may_show_or_run_alone_has_a_policy(
    rf: RequestFactory, path: str, kind: str, told: bool
) -> None:
    answer = SecurityHeadersMiddleware(lambda _: HttpResponse("x", content_type=kind))(rf.get(path))
    assert ("Content-Security-Policy" in answer.headers) is told


class _Film(serializers.Serializer):
    video = serializers.UUIDField()


def test_a_bad_value_names_its_field() -> None:
    film = _Film(data={"video": "x"})
    with pytest.raises(exceptions.ValidationError) as caught:
        film.is_valid(raise_exception=True)
    response = errors.handle(caught.value, {})
    assert response is not None
    assert response.data["error"]["field"] == "video"
    assert response.data["error"]["code"] == "invalid"
    assert "UUID" in response.data["error"]["message"]


def test_a_refusal_keeps_its_code_and_its_details() -> None:
    error = exceptions.PermissionDenied("Two screens are watching.", code="stream_limit")
    error.extra = {"watching": ["Ada: Night Mail"]}  # type: ignore[attr-defined]
    response = errors.handle(error, {})
    assert response is not None
    assert response.data == {
        "error": {
            "code": "stream_limit",
            "message": "Two screens are watching.",
            "watching": ["Ada: Night Mail"],
        }
    }


def test_an_address_of_the_api_that_is_not_there_answers_in_the_same_shape() -> None:
    response = errors.handle(exceptions.NotFound(), {})
    assert response is not None
    assert response.data["error"]["code"] == "not_found"


def test_djangos_own_refusals_have_a_code_and_words() -> None:
    for error, code in ((Http404(), "not_found"), (PermissionDenied(), "permission_denied")):
        response = errors.handle(error, {})
        assert response is not None
        assert response.data["error"]["code"] == code
        assert response.data["error"]["message"]


def test_an_icon_is_found_where_browsers_look_for_one(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].endswith("favicon.svg")


def test_the_log_keeps_faults_and_leaves_out_what_is_meant() -> None:
    said = logging.LogRecord(
        "django.request", logging.ERROR, __file__, 1, "Service Unavailable: /", None, None
    )
    said.status_code = 503
    assert not FaultsOnly().filter(said)
    said.status_code = 500
    assert FaultsOnly().filter(said)
    assert FaultsOnly().filter(logging.LogRecord("x", logging.ERROR, __file__, 1, "words", None, None))


def test_programs_are_told_in_json_what_people_are_told_on_a_page() -> None:
    make_operator()
    client = client_of(make_operator(), csrf_checks=True)
    for path, method, code in (
        ("/api/v1/nowhere", "get", "not_found"),
        ("/api/v1/titles/not-an-id", "get", "not_found"),
    ):
        answer = getattr(client, method)(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
    assert client.get("/nowhere/").headers["Content-Type"].startswith("text/html")


def test_a_failure_is_told_in_json_too(rf: RequestFactory) -> None:
    assert json.loads(refusing.server_error(rf.get("/api/v1/x")).content)["error"]["code"] == "server_error"
    assert json.loads(refusing.forged(rf.post("/api/v1/x")).content)["error"]["code"] == "csrf"
    assert (
        json.loads(refusing.bad_request(rf.get("/api/v1/x"), Exception()).content)["error"]["code"]
        == "bad_request"
    )
    denied = refusing.permission_denied(rf.get("/api/v1/x"), PermissionDenied("Not you."))
    assert json.loads(denied.content)["error"]["message"] == "Not you."

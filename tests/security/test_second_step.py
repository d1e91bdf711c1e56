"""What an operator may not do in a session without a second step, where the setting wants one."""

from typing import Any

import pytest
from django.test import Client

from accounts.tests.factories import client_of, make_operator

pytestmark = pytest.mark.django_db

#: Some of the admin; uploads stand outside it.
DOORS = ("/admin/", "/admin/accounts/user/", "/admin/cdn/edgenode/")


def upload(client: Client) -> int:
    """Ask to upload a film."""
    headers = {"tus-resumable": "1.0.0", "upload-length": "1000", "upload-metadata": "filename ZmlsbS5tcDQ="}
    return client.post("/api/v1/uploads", headers=headers).status_code


def test_without_a_second_step_nothing_of_the_studio_opens(settings: Any) -> None:
    settings.STAFF_MFA = "required"
    client = client_of(make_operator("Ola"))
    for door in DOORS:
        answer = client.get(door)
        assert answer.status_code == 302, door
        assert answer["Location"].startswith("/accounts/operators/"), door
    assert upload(client) == 403


def test_with_one_it_does(settings: Any) -> None:
    settings.STAFF_MFA = "required"
    client = client_of(make_operator("Ola"))
    session = client.session
    session["account_authentication_methods"] += [{"method": "mfa", "type": "totp", "at": 0}]
    session.save()
    assert client.get("/admin/").status_code == 200
    assert upload(client) != 403

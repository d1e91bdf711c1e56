"""What a stranger may make the server write: Django keeps a whole body on the disk before it asks who sends it."""

import asyncio

import pytest
from django.core.asgi import get_asgi_application
from django.test import Client

from accounts.tests.factories import client_of, make_operator, make_profile
from netflixlite.bodies import MOST, BoundBodies
from tests.upload.wire import Wire

pytestmark = pytest.mark.django_db(transaction=True)

#: Sixty-four times what anybody may send.
PIECE, PIECES = bytes(MOST // 4), 256


def send(client: Client, path: str, pieces: int) -> tuple[int, int]:
    """(the answer's status, pieces that were taken) of a POST."""
    taken, told, over = 0, [], False

    async def receive() -> dict:
        nonlocal taken, over
        if over:
            await asyncio.Event().wait()  # whoever sends stays
        if taken == pieces:
            over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        taken += 1
        return {"type": "http.request", "body": PIECE, "more_body": True}

    async def tell(message: dict) -> None:
        told.append(message)

    scope = Wire(client)._scope("POST", path, {"Content-Type": "text/plain"})
    asyncio.run(BoundBodies(get_asgi_application())(scope, receive, tell))
    return told[0]["status"], taken


@pytest.mark.parametrize("path", ["/", "/nowhere", "/accounts/login/", "/admin/catalog/title/uploads/file/"])
def test_a_strangers_endless_body_is_broken_off(path: str) -> None:
    assert send(Client(), path, PIECES) == (413, 5)


def test_so_is_a_viewers() -> None:
    assert send(client_of(make_profile()), "/admin/catalog/title/uploads/file/", PIECES) == (413, 5)


def test_an_operators_is_taken() -> None:
    status, taken = send(client_of(make_operator()), "/nowhere", 6)
    assert (status, taken) == (404, 6)


def test_what_is_usual_is_passed_on() -> None:
    make_operator()
    status, taken = send(Client(), "/nowhere", 4)
    assert status in (302, 404)
    assert taken == 4

"""What a node must show before viewers are sent to it."""

import contextlib
import socket
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from cdn import models, proving, services, testobject
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db


def enrolled(client: Client, node: FakeNode, **changes: Any) -> tuple[int, str, str]:
    with node.listening():
        answer: Any = node.enrol(client, services.enrolment_code(name=node.name), **changes)
    error = answer.json().get("error", {})
    return answer.status_code, error.get("code", ""), error.get("message", "")


def test_a_good_node_passes_and_says_where_it_is(client: Client) -> None:
    assert enrolled(client, FakeNode(), region="north", site="oslo")[0] == 201
    row = models.EdgeNode.objects.get()
    assert (row.region, row.site, row.state, row.serving_since) == ("north", "oslo", "warming", None)


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ({"lies": True}, "not_you", "another key"),
        ({"cors": False}, "cors", "does a proxy in front of the node remove headers"),
        ({"ranges": False}, "ranges", "Players resume with ranges"),
        ({"cut": 100_000}, "altered", "gave 100000 bytes that are not the node's 1048576"),
        ({"clock": 60.0}, "clock", "The node's clock is +"),
        ({"clock": -60.0}, "clock", "The node's clock is -"),
    ],
)
def test_each_fault_is_named_with_its_remedy(
    client: Client, wrong: dict[str, Any], code: str, words: str
) -> None:
    node = FakeNode()
    for name, value in wrong.items():
        setattr(node, name, value)
    status, said, message = enrolled(client, node)
    assert (status, said) == (422, code)
    assert words in message
    assert models.EdgeNode.objects.count() == 0
    assert models.EnrolmentCode.objects.get().used_at is None  # a fault costs nothing but another try


@pytest.mark.parametrize("clock", [-1.5, 1.5])
def test_a_clock_that_is_a_little_off_passes(client: Client, clock: float) -> None:
    node = FakeNode()
    node.clock = clock
    assert enrolled(client, node)[0] == 201


def test_the_test_object_is_noise_of_one_mebibyte() -> None:
    content = testobject.content()
    assert len(content) == testobject.LENGTH == 1 << 20
    assert len(set(content)) == 256
    assert len(testobject.sha256()) == 64


@pytest.mark.parametrize("trickle", [b"H", b"HTTP/1.1 200 OK\r\nX: x\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_trickle_of_any_part_of_an_answer_ends_in_time(trickle: bytes) -> None:
    """One byte in each second would otherwise hold a thread of the site for days."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(trickle)
                while not stop.wait(0.02):
                    client.sendall(b"x")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        key = Ed25519PrivateKey.generate().public_key()
        answers: list[str] = []
        look = threading.Thread(
            target=lambda: answers.append(proving.reach(base_url=url, public_key=key, seconds=0.2)),
            daemon=True,
        )
        look.start()
        look.join(5)
        stop.set()
        thread.join(10)
    assert len(answers) == 1, "it goes on and on"
    assert answers[0].startswith(f"The control plane could not reach {url}: no answer within 0.2 s.")


def test_no_request_goes_where_no_player_could_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name leads to a machine's own services; whoever has a code, or a node's key, may name names."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(socket.socket, "getpeername", lambda self: ("169.254.169.254", 80))
        key = Ed25519PrivateKey.generate().public_key()
        url = f"http://localhost:{listener.getsockname()[1]}"
        assert "leads to 169.254.169.254" in proving.reach(base_url=url, public_key=key, seconds=2)
        asked, _ = listener.accept()
        with asked:
            assert asked.recv(100) == b"", "it only hung up"


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("169.254.169.254", False), ("::ffff:169.254.169.254", False), ("fe80::1%eth0", False), ("224.0.0.1", False),
        ("0.0.0.0", False), ("::", False), ("127.0.0.1", True), ("10.0.0.7", True), ("192.168.1.9", True),
        ("::1", True), ("fd00::7", True), ("203.0.113.9", True),
    ],
)  # fmt: skip
def test_places_for_nodes(address: str, good: bool) -> None:
    with contextlib.nullcontext() if good else pytest.raises(proving.Unproven, match="no place for a node"):
        proving.check_place("http://n1.example.org:8001/v1/-/proof/x", address)

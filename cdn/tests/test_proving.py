"""What a node must show before viewers are sent to it."""

from typing import Any

import pytest
from django.test import Client

from cdn import models, services, testobject
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

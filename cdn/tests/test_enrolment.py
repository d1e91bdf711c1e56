"""How nodes join, and how nobody else does."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cdn import models, services, silence
from cdn.live import fleet
from cdn.tests.factories import make_node
from cdn.tests.nodes import FakeNode
from cdn.types import NodeState

pytestmark = pytest.mark.django_db


def codes(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_node_joins_with_its_code_and_is_active_once_heard(client: Client) -> None:
    with FakeNode().listening() as node:
        answer: Any = node.enrol(client, services.enrolment_code(name="paris-1"))
        assert answer.status_code == 201
        assert answer.json()["slot"] == 1
        assert answer.json()["lease_seconds"] == 6.0
        assert [key["kid"] for key in answer.json()["keys"]] == [1]
        beat: Any = node.beat(client)
        assert beat.json()["state"] == "active"
    (found,) = services.nodes()
    assert (found.name, found.state, found.base_url, found.site) == (
        "paris-1",
        NodeState.ACTIVE,
        node.base_url,
        "paris",
    )
    history = list(models.NodeEvent.objects.order_by("id").values_list("to_state", "actor"))
    assert history == [("verifying", "enrolment"), ("warming", "enrolment"), ("active", "heartbeat")]
    assert all(models.NodeEvent.objects.values_list("reason", flat=True))


def test_a_node_that_has_just_joined_is_not_taken_for_silent(client: Client) -> None:
    begin = timezone.now()
    fleet.listen(begin - timedelta(hours=1))
    with FakeNode().listening() as node:
        # The second time as a machine that takes the place of one that was heard long ago.
        for hours in (1, 2):
            with time_machine.travel(begin + timedelta(hours=hours), tick=False):
                assert node.enrol(client, services.enrolment_code(name="paris-1")).status_code == 201
                silence.conclude(timezone.now())
                assert services.nodes()[0].state is NodeState.WARMING
                silence.conclude(timezone.now() + timedelta(seconds=16))
                assert models.EdgeNode.objects.get().state == "suspect"
                node.beat(client)


def test_the_code_itself_is_not_kept(client: Client) -> None:
    code = services.enrolment_code(name="paris-1")
    assert len(code) >= 43  # 256 bits in base64
    row = models.EnrolmentCode.objects.get()
    assert code not in (row.code_hash, row.name)


def test_a_code_can_be_typed_behind_its_option() -> None:
    codes = {services.enrolment_code(name="paris-1") for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 64 and code.isalnum() for code in codes)


def test_a_code_works_once(client: Client) -> None:
    code = services.enrolment_code(name="paris-1")
    with FakeNode().listening() as node:
        assert node.enrol(client, code).status_code == 201
        with FakeNode().listening() as other:
            assert codes(other.enrol(client, code)) == (403, "code_used")


def test_a_node_whose_answer_was_lost_is_told_the_same_again(client: Client) -> None:
    code = services.enrolment_code(name="paris-1")
    with FakeNode().listening() as node:
        first = json.loads(node.enrol(client, code).content)
        before = models.NodeEvent.objects.count()
        assert json.loads(node.enrol(client, code).content) == first
        assert (models.EdgeNode.objects.count(), models.NodeEvent.objects.count()) == (1, before)
        services.retire(UUID(first["node_id"]))
        assert codes(node.enrol(client, code)) == (403, "code_used")


def test_a_code_is_for_one_name_and_for_an_hour(client: Client) -> None:
    code = services.enrolment_code(name="paris-1")
    with FakeNode("lyon-1").listening() as node:
        assert codes(node.enrol(client, code)) == (403, "code_name")
        assert codes(node.enrol(client, "guess")) == (403, "code_unknown")
        with time_machine.travel(timezone.now() + timedelta(minutes=61)):
            assert codes(node.enrol(client, code, name="paris-1")) == (403, "code_expired")
    assert models.EdgeNode.objects.count() == 0


def test_a_node_that_cannot_be_reached_is_told_what_was_tried_and_keeps_its_code(client: Client) -> None:
    code = services.enrolment_code(name="paris-1")
    node = FakeNode()
    answer: Any = node.enrol(client, code)
    assert codes(answer) == (422, "unreachable")
    assert "could not reach http://127.0.0.1:1:" in answer.json()["error"]["message"]
    assert "connection refused" in answer.json()["error"]["message"]
    with node.listening():
        assert node.enrol(client, code).status_code == 201


def test_an_address_that_leads_to_another_node_is_refused(client: Client) -> None:
    code = services.enrolment_code(name="paris-1")
    with FakeNode().listening() as node:
        node.lies = True
        assert codes(node.enrol(client, code)) == (422, "not_you")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "paris",
        "ftp://a",
        "http://",
        "http://a/path",
        "http://a?x",
        "http://u@a",
        "http://a:0",
        "http://a:99999",
        "file:///etc/passwd",
    ],
)
def test_addresses_that_are_none_are_refused(client: Client, address: str) -> None:
    code = services.enrolment_code(name="paris-1")
    assert codes(FakeNode().enrol(client, code, base_url=address)) == (400, "base_url")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": 5},
        {"public_key": "zz"},
        {"public_key": "ab"},
        {"capacity_bps": "1"},
        {"capacity_bps": 0},
        {"capacity_bps": True},
        {"site": "x" * 65},
    ],
)
def test_nonsense_is_refused_with_400(client: Client, changes: dict[str, Any]) -> None:
    assert FakeNode().enrol(client, services.enrolment_code(name="paris-1"), **changes).status_code in (
        400,
        403,
    )
    assert models.EdgeNode.objects.count() == 0


def test_the_same_name_enrols_again_and_keeps_its_slot(client: Client) -> None:
    with FakeNode().listening() as first, FakeNode("lyon-1").listening() as other:
        first.enrol(client, services.enrolment_code(name="paris-1"))
        other.enrol(client, services.enrolment_code(name="lyon-1"))
    with FakeNode().listening() as second:
        answer: Any = second.enrol(client, services.enrolment_code(name="paris-1"))
        assert (answer.status_code, answer.json()["slot"]) == (201, 1)
        assert second.beat(client).status_code == 200
        first.node_id = second.node_id
        assert first.beat(client, sequence=99).status_code == 401  # the old key is void
    assert models.EdgeNode.objects.get(name="lyon-1").slot == 2


def test_a_retired_nodes_slot_is_never_given_to_another(client: Client) -> None:
    with FakeNode().listening() as node:
        node.enrol(client, services.enrolment_code(name="paris-1"))
    services.retire(models.EdgeNode.objects.get().id)
    with FakeNode("lyon-1").listening() as other:
        answer: Any = other.enrol(client, services.enrolment_code(name="lyon-1"))
        assert answer.json()["slot"] == 2


def test_addnode_prints_the_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("addnode", "--name", "paris-1")
    printed = capsys.readouterr().out
    assert "netflixlite-node.pyz --origin" in printed
    assert "--name paris-1" in printed
    assert "already" not in printed
    make_node(name="rome-1")
    call_command("addnode", "rome-1")
    assert "there is a node 'rome-1' already" in capsys.readouterr().out
    with pytest.raises(CommandError, match="is no name"):
        call_command("addnode", "--name", "no name; rm")

"""Nodes that hold or send wrong bytes do not go on serving."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cdn import faults, models, services
from cdn.tests.factories import make_node
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db


@pytest.fixture
def node(client: Client) -> Iterator[FakeNode]:
    for _ in range(4):
        make_node()
    with FakeNode().listening() as found:
        found.enrol(client, services.enrolment_code(name="paris-1"))
        found.beat(client)
        yield found


def fault(number: int, kind: str = "corrupt", detail: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": f"f{number}", "kind": kind, "package": "ab" * 16, "rendition": "v720", "name": f"{number}.m4s",
        "detail": detail, "at": timezone.now().timestamp(), **more,
    }  # fmt: skip


def test_a_fault_is_written_once_and_confirmed(client: Client, node: FakeNode) -> None:
    said = [fault(1)]
    for _ in range(3):
        answer: Any = node.beat(client, report={"faults": said})
        assert answer.json()["faults_seen"] == ["f1"]
    assert models.NodeFault.objects.count() == 1
    faults.seen.forget()  # another web process, which hears it again
    node.beat(client, report={"faults": said})
    assert models.NodeFault.objects.count() == 1
    event = services.fleet_events(limit=50)
    assert [(one.kind, one.text) for one in event if one.kind == "fault"] == [
        ("fault", f"corrupt: {'ab' * 16}/v720/1.m4s")
    ]


def test_three_in_a_day_put_a_node_in_quarantine_and_a_pardon_counts_anew(
    client: Client, node: FakeNode
) -> None:
    for number in (1, 2):
        assert node.beat(client, report={"faults": [fault(number)]}).json()["state"] == "active"  # type: ignore[attr-defined]
    answer: Any = node.beat(client, report={"faults": [fault(3, "disk")]})
    assert (answer.json()["state"], answer.json()["reason"]) == ("quarantined", "3 faults within a day")
    assert node.beat(client).json()["state"] == "quarantined"  # type: ignore[attr-defined]
    event = models.NodeEvent.objects.first()
    assert event is not None
    assert (event.actor, event.to_state) == ("faults", "quarantined")
    with time_machine.travel(timezone.now() + timedelta(seconds=3)):
        services.activate(UUID(node.node_id))
        assert node.beat(client, report={"faults": [fault(4)]}).json()["state"] == "active"  # type: ignore[attr-defined]


def test_faults_of_days_are_no_case(client: Client, node: FakeNode) -> None:
    for day in range(4):
        with time_machine.travel(timezone.now() + timedelta(hours=13 * day)):
            node.beat(client, report={"faults": [fault(day)]})
            assert node.beat(client).json()["state"] == "active"  # type: ignore[attr-defined]


def test_an_accusation_needs_two_nodes(client: Client, node: FakeNode) -> None:
    accused = models.EdgeNode.objects.get(slot=1)
    said = f"n{accused.slot} sent wrong bytes"
    node.beat(client, report={"faults": [fault(number, "peer", said) for number in range(5)]})
    accused.refresh_from_db()
    assert accused.state == "active"
    assert models.EdgeNode.objects.get(name="paris-1").state == "active"  # who accuses is not at fault
    with FakeNode("lyon-1").listening() as second:
        second.enrol(client, services.enrolment_code(name="lyon-1"))
        second.beat(client, report={"faults": [fault(9, "peer", said)]})
    accused.refresh_from_db()
    assert (accused.state, accused.reason) == ("quarantined", "2 nodes got wrong bytes from it within a day")


def test_the_last_node_is_not_put_in_quarantine(client: Client, node: FakeNode) -> None:
    models.EdgeNode.objects.exclude(name="paris-1").update(state="retired")
    node.beat(client, report={"faults": [fault(number) for number in range(5)]})
    assert models.EdgeNode.objects.get(name="paris-1").state == "active"


def test_a_fleet_that_is_wrong_all_over_is_not_emptied(client: Client, node: FakeNode) -> None:
    models.EdgeNode.objects.filter(slot__lte=2).update(state="quarantined")
    node.beat(client, report={"faults": [fault(number) for number in range(5)]})
    assert models.EdgeNode.objects.get(name="paris-1").state == "active"
    assert models.NodeFault.objects.count() == 5


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("x", "faults"),
        ([1], "faults"),
        ([{"id": "a", "kind": "bad mood"}], "faults.kind"),
        ([{"kind": "disk"}], "faults.id"),
        ([{"id": "", "kind": "disk"}], "faults.id"),
        ([{"id": "a", "kind": "disk", "package": "p" * 33}], "faults.package"),
        ([{"id": "a", "kind": "disk", "at": -1}], "faults.at"),
    ],
)
def test_nonsense_is_named(client: Client, node: FakeNode, said: Any, field: str) -> None:
    answer: Any = node.beat(client, report={"faults": said})
    assert answer.status_code == 400
    assert f"'{field}'" in answer.json()["error"]["message"]

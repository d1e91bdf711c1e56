"""Who may call a node down, and for how long."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from django.utils import timezone

from cdn import heartbeats, probing, proving, services, silence, witnesses
from cdn.live import fleet
from cdn.probing import Prober
from cdn.tests.factories import make_node
from cdn.tests.nodes import FakeNode
from cdn.types import NodeState
from cdn.witnesses import Clients, Probes, network_of, verdict

NODE = uuid4()


@pytest.mark.parametrize(
    ("lease", "probe", "clients", "says"),
    [
        (True, False, False, "down"),
        (True, True, True, "down"),
        (False, True, True, "down"),
        (False, False, True, "doubted"),
        (False, True, False, ""),
        (False, False, False, ""),
    ],
)
def test_down_takes_the_lease_or_two_of_three(lease: bool, probe: bool, clients: bool, says: str) -> None:
    assert verdict(lease_lost=lease, probe=probe, clients=clients) == says


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_networks_are_coarse(address: str, network: str) -> None:
    assert network_of(address) == network


def test_players_are_believed_when_three_sessions_of_two_networks_fail_within_five_seconds() -> None:
    clients, sessions = Clients(), [uuid4() for _ in range(4)]
    clients.report(NODE, sessions[0], "a", 0.0)
    clients.report(NODE, sessions[0], "b", 0.1)
    clients.report(NODE, sessions[1], "a", 0.2)
    assert clients.speak_against(0.2) == set()
    clients.report(NODE, sessions[2], "a", 6.0)  # the first are too long ago
    assert clients.speak_against(6.0) == set()
    clients.report(NODE, sessions[1], "b", 6.5)
    clients.report(NODE, sessions[3], "a", 7.0)
    assert clients.speak_against(7.0) == {NODE}
    assert clients.speak_against(17.1) == set()


def test_one_network_alone_is_not_believed() -> None:
    clients = Clients()
    for number in range(50):
        clients.report(NODE, uuid4(), "192.0.2.0/24", number / 100)
    assert clients.speak_against(1.0) == set()


def test_a_probe_that_reaches_the_node_clears_it() -> None:
    clients = Clients()
    for name in ("a", "b", "c"):
        clients.report(NODE, uuid4(), name, 1.0)
    assert clients.speak_against(1.0) == {NODE}
    clients.clear(NODE, 2.0)
    assert clients.speak_against(2.0) == set()


def test_players_who_were_wrong_are_not_listened_to_for_a_while() -> None:
    clients = Clients()

    def complaints(at: float) -> None:
        for name in ("a", "b", "c"):
            clients.report(NODE, uuid4(), name, at)

    clients.clear(NODE, 0.0)  # a look in turn, that nobody asked for, makes nobody deaf
    complaints(1.0)
    assert clients.speak_against(1.0) == {NODE}
    clients.clear(NODE, 2.0)
    complaints(20.0)
    assert clients.speak_against(20.0) == set()
    complaints(33.0)
    assert clients.speak_against(33.0) == {NODE}


def test_probes_speak_after_two_failures_and_are_silent_after_two_successes() -> None:
    probes = Probes()
    probes.note(NODE, "refused", 1)
    assert probes.speak_against() == set()
    probes.note(NODE, "refused", 2)
    assert probes.speak_against() == {NODE}
    probes.note(NODE, "", 3)
    assert probes.speak_against() == {NODE}
    probes.note(NODE, "", 4)
    assert probes.speak_against() == set()


def complain(node_id: Any, now: float) -> None:
    for network in ("192.0.2.1", "198.51.100.1", "203.0.113.1"):
        witnesses.clients.report(node_id, uuid4(), network_of(network), now)


@pytest.mark.django_db
def test_players_alone_keep_new_viewers_away_and_change_no_row() -> None:
    node, other = make_node(), make_node()
    for network in ("192.0.2.1", "198.51.100.1", "203.0.113.1"):
        services.report_failure(node.id, session_id=uuid4(), network=network)
    states = {one.id: one.state for one in services.nodes()}
    assert states == {node.id: NodeState.SUSPECT, other.id: NodeState.ACTIVE}
    row = fleet.row(node.id)
    assert row is not None
    assert row.state is NodeState.ACTIVE
    witnesses.clients.clear(node.id, _steady())
    assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}


@pytest.mark.django_db
def test_players_and_a_probe_make_a_node_suspect_though_it_is_heard(client: Client) -> None:
    others = [make_node() for _ in range(2)]
    with FakeNode().listening() as node:
        node.enrol(client, services.enrolment_code(name="paris-1"))
        node.beat(client)
        found = next(one for one in services.nodes() if one.name == "paris-1")
        complain(found.id, now=_steady())
        for at in (1.0, 2.0):
            witnesses.probes.note(found.id, "no answer within 2 s", at)
        silence.conclude(timezone.now())
        row = fleet.row(found.id)
        assert row is not None
        assert (row.state, row.reason) == (
            NodeState.SUSPECT,
            "players cannot fetch from it, and neither can we (no answer within 2 s)",
        )
        answer: Any = node.beat(client)
        assert answer.json()["state"] == "suspect"  # being heard does not free it
        witnesses.clients.forget()  # nobody is sent there, so nobody complains
        silence.conclude(timezone.now())
        assert node.beat(client).json()["state"] == "suspect"  # type: ignore[attr-defined]
        for at in (3.0, 4.0):
            witnesses.probes.note(found.id, "", at)
        silence.conclude(timezone.now())
        assert node.beat(client).json()["state"] == "active"  # type: ignore[attr-defined]
    assert len(others) == 2


def _steady() -> float:
    import time

    return time.monotonic()


@pytest.mark.django_db
def test_players_who_complain_of_half_the_fleet_are_not_believed() -> None:
    nodes = [make_node() for _ in range(4)]
    for node in nodes[:2]:
        complain(node.id, now=_steady())
    assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}


@pytest.mark.django_db
def test_a_probe_alone_changes_nothing() -> None:
    node = make_node()
    for at in (1.0, 2.0, 3.0):
        witnesses.probes.note(node.id, "our own line is down", at)
    assert [one.state for one in services.nodes()] == [NodeState.ACTIVE]


@pytest.mark.django_db
def test_who_is_looked_at_and_how_often() -> None:
    healthy = [make_node() for _ in range(40)]
    doubted = healthy[0]
    silent = make_node(state=NodeState.SUSPECT)
    make_node(state=NodeState.RETIRED)
    complain(doubted.id, now=100.0)
    prober, rows = Prober(), fleet.rows()
    due = prober.due(rows, 100.0)
    assert {doubted.id, silent.id} <= {row.id for row in due}
    assert len(due) == 2 + 1  # of the 39 others a twentieth in three seconds: one now, one soon
    prober._looked_at |= {row.id: 100.0 for row in due}
    soon = {row.id for row in prober.due(rows, 101.5)}
    assert (doubted.id in soon, silent.id in soon, len(soon)) == (True, False, 1 + 1)
    assert silent.id in {row.id for row in prober.due(rows, 103.1)}


def test_a_look_takes_a_strangers_answer_for_none() -> None:
    with FakeNode().listening() as node:
        key = heartbeats.public_key(node.public_hex)
        assert proving.reach(base_url=node.base_url, public_key=key, seconds=2) == ""
        stranger = Ed25519PrivateKey.generate().public_key()
        assert "another key" in proving.reach(base_url=node.base_url, public_key=stranger, seconds=2)
    assert "connection refused" in proving.reach(base_url="http://127.0.0.1:1", public_key=key, seconds=2)


@pytest.mark.django_db
def test_a_region_that_falls_silent_whole_is_not_believed_at_once() -> None:
    far = [make_node(lease=timedelta(seconds=6)) for _ in range(3)]
    near = [make_node() for _ in range(9)]
    from cdn import models

    models.EdgeNode.objects.filter(id__in=[one.id for one in far]).update(region="far")
    fleet.changed()
    begin = timezone.now()
    with time_machine.travel(begin + timedelta(seconds=8)):
        assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}
        assert fleet.braked("far", timezone.now()) is not None
        assert fleet.braked("default", timezone.now()) is None
    with time_machine.travel(begin + timedelta(seconds=70)):
        suspects = {one.id for one in services.nodes() if one.state is NodeState.SUSPECT}
        assert suspects == {one.id for one in far}
    assert near


def test_the_words_for_a_node_that_was_never_looked_at() -> None:
    assert probing._words(NODE) == "no answer"

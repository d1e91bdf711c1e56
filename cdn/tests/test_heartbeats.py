"""What the control plane believes of a heartbeat, and what it concludes."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from cdn import models, services, silence
from cdn.events import node_lost
from cdn.live import Fleet, fleet
from cdn.tests.factories import make_node
from cdn.tests.nodes import FakeNode
from cdn.types import NodeLost, NodeState

pytestmark = pytest.mark.django_db


def state() -> str:
    return models.EdgeNode.objects.get(name="paris-1").state


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_heartbeat_renews_the_lease_and_brings_the_load(client: Client, node: FakeNode) -> None:
    node.beat(client, report={"egress_bps": 250_000_000, "sessions": 7})
    (found,) = services.nodes()
    assert (found.egress_bps, found.sessions, found.utilisation) == (250_000_000, 7, 0.25)
    assert timedelta(seconds=5) < found.lease_until - timezone.now() <= timedelta(seconds=6)


def test_a_heartbeat_costs_no_writing(client: Client, node: FakeNode, django_assert_num_queries: Any) -> None:
    # Inside a test's transaction rows, denials and takedowns are read anew; none is written.
    with django_assert_num_queries(3):
        node.beat(client)


def test_a_replayed_heartbeat_is_refused(client: Client, node: FakeNode) -> None:
    assert node.beat(client, sequence=50).status_code == 200
    answer: Any = node.beat(client, sequence=50)
    assert refused(answer) == (409, "replay")
    assert answer.json()["last_sequence"] == 50
    assert refused(node.beat(client, sequence=49)) == (409, "replay")
    assert node.beat(client, sequence=51).status_code == 200


def test_a_forged_heartbeat_is_refused(client: Client, node: FakeNode) -> None:
    assert refused(node.beat(client, key=Ed25519PrivateKey.generate())) == (401, "signature")
    headers = node.headers("POST", "/api/v1/cdn/heartbeat", b"{}")
    other: Any = client.post(
        "/api/v1/cdn/heartbeat", b'{"goodbye":true}', content_type="application/json", headers=headers
    )
    assert refused(other) == (401, "signature")
    assert state() == "active"


def test_a_stranger_is_refused(client: Client, node: FakeNode) -> None:
    node.node_id = str(uuid4())
    assert refused(node.beat(client)) == (401, "unknown_node")
    node.node_id = "nonsense"
    assert refused(node.beat(client)) == (401, "headers")
    plain: Any = client.post("/api/v1/cdn/heartbeat", b"{}", content_type="application/json")
    assert refused(plain) == (401, "headers")


@pytest.mark.parametrize(
    "report", [{"sessions": -1}, {"sessions": "7"}, {"ready": 1}, {"egress_bps": 1 << 70}, {"problem": 5}]
)
def test_a_nonsensical_report_is_refused(client: Client, node: FakeNode, report: dict[str, Any]) -> None:
    assert refused(node.beat(client, report=report)) == (400, "bad_request")


def test_a_wrong_clock_degrades_the_node_and_says_so(client: Client, node: FakeNode) -> None:
    for _ in range(3):
        node.beat(client, skew=5)
    assert state() == "degraded"
    assert "+5.0 s" in models.EdgeNode.objects.get().reason
    node.beat(client)
    assert state() == "active"
    assert refused(node.beat(client, skew=700)) == (401, "clock")


def test_a_silent_node_becomes_suspect_and_news_goes_out(
    client: Client, node: FakeNode, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[NodeLost] = []

    def receiver(event: NodeLost, **_: object) -> None:
        heard.append(event)

    node_lost.connect(receiver)
    try:
        with time_machine.travel(timezone.now() + timedelta(seconds=5)):
            assert services.nodes()[0].state is NodeState.ACTIVE
        with time_machine.travel(timezone.now() + timedelta(seconds=7)):
            with django_capture_on_commit_callbacks(execute=True):
                assert services.nodes()[0].state is NodeState.SUSPECT
            assert heard == [NodeLost(node_id=UUID(node.node_id))]
            assert node.beat(client).status_code == 200
            assert services.nodes()[0].state is NodeState.ACTIVE
    finally:
        node_lost.disconnect(receiver)
    assert [(e.to_state, e.actor) for e in models.NodeEvent.objects.all()[:2]] == [
        ("active", "heartbeat"),
        ("suspect", "lease"),
    ]


def test_silence_is_noticed_though_nobody_asks_for_nodes(node: FakeNode) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        silence.conclude(timezone.now())
    assert models.EdgeNode.objects.get().state == "suspect"


def test_the_watch_looks_at_once_and_ends_when_told(node: FakeNode, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        silence, "close_old_connections", lambda: None
    )  # it would be the test's own connection
    ended = threading.Event()
    ended.set()
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        silence.watch(ended)
    assert models.EdgeNode.objects.get().state == "suspect"
    assert silence.watching()


def test_nodes_that_died_with_the_web_process_become_suspect_after_its_start() -> None:
    make_node()
    fleet.beats.clear()
    fleet.listen(timezone.now())
    with time_machine.travel(timezone.now() + timedelta(seconds=10)):
        silence.conclude(timezone.now())
        assert services.nodes()[0].state is NodeState.ACTIVE
    with time_machine.travel(timezone.now() + timedelta(seconds=16)):
        silence.conclude(timezone.now())
        assert services.nodes()[0].state is NodeState.SUSPECT


def test_a_node_that_falls_silent_while_it_drains_does_not_drain_for_ever(node: FakeNode) -> None:
    services.drain(UUID(node.node_id))
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        assert services.nodes() == ()
    event = models.NodeEvent.objects.first()
    assert event is not None
    assert (event.to_state, event.actor, event.reason) == ("evacuated", "lease", "not heard for 7 s")


def test_nodes_are_told_though_the_database_takes_no_writes(node: FakeNode, monkeypatch: Any) -> None:
    def locked(*_: object, **__: object) -> bool:
        raise OperationalError("database is locked")

    monkeypatch.setattr("cdn.transitions.move", locked)
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        (found,) = services.nodes()
        assert found.lease_until < timezone.now()


def test_a_node_that_the_operator_moves_at_the_same_moment_is_answered(
    client: Client, node: FakeNode, monkeypatch: Any
) -> None:
    stale = fleet.rows()
    services.quarantine(UUID(node.node_id), reason="it lies")
    models.EdgeNode.objects.update(wanted="serve")
    monkeypatch.setattr(Fleet, "rows", lambda _: stale)
    answer: Any = node.beat(client, report={"goodbye": True})
    assert (answer.status_code, answer.json()["state"]) == (200, "quarantined")


@pytest.mark.parametrize("wanted", ["drain", "serve"])
def test_what_is_wanted_of_a_node_and_cannot_be_does_not_break_its_heartbeats(
    client: Client, node: FakeNode, wanted: str
) -> None:
    services.quarantine(UUID(node.node_id), reason="it lies")
    models.EdgeNode.objects.update(wanted=wanted)
    fleet.changed()
    answer: Any = node.beat(client, report={"sessions": 2, "goodbye": wanted == "serve"})
    assert (answer.status_code, answer.json()["state"]) == (200, "quarantined")


def test_a_goodbye_takes_the_node_out_at_once_and_its_return_puts_it_back(
    client: Client, node: FakeNode
) -> None:
    node.beat(client, report={"goodbye": True})
    assert services.nodes() == ()
    assert state() == "evacuated"
    node.beat(client)
    assert services.nodes()[0].state is NodeState.ACTIVE


def test_a_node_that_moved_is_proven_again(client: Client, node: FakeNode) -> None:
    before = node.base_url
    answer: Any = node.beat(client, report={"base_url": "http://127.0.0.1:1"})
    assert refused(answer) == (422, "unreachable")
    assert models.EdgeNode.objects.get().base_url == before
    with node.listening():
        moved: Any = node.beat(client)
        assert moved.json()["state"] == "warming"
        assert services.nodes()[0].base_url == node.base_url != before


def test_keys_and_denials_travel_as_deltas(client: Client, node: FakeNode) -> None:
    first: Any = node.beat(client)
    version = first.json()["keys_version"]
    same: Any = node.beat(client, report={"keys_version": version})
    assert "keys" not in same.json()
    services.rotate_keys()
    new: Any = node.beat(client, report={"keys_version": version})
    assert [key["kid"] for key in new.json()["keys"]] == [1, 2]
    session = uuid4()
    services.deny(session, timezone.now() + timedelta(minutes=15))
    told: Any = node.beat(client)
    assert [entry["session"] for entry in told.json()["deny"]] == [session.hex]
    again: Any = node.beat(client, report={"deny_version": told.json()["deny_version"]})
    assert again.json()["deny"] == []


def test_a_node_that_knows_more_denials_than_there_ever_were_hears_all(
    client: Client, node: FakeNode
) -> None:
    session = uuid4()
    services.deny(session, timezone.now() + timedelta(minutes=5))  # in a database that was restored
    answer: Any = node.beat(client, report={"deny_version": 10**6})
    assert [entry["session"] for entry in answer.json()["deny"]] == [session.hex]
    again: Any = node.beat(client, report={"deny_version": answer.json()["deny_version"]})
    assert again.json()["deny"] == []


def test_drain_activate_and_retire(client: Client, node: FakeNode) -> None:
    node_id = UUID(node.node_id)
    services.drain(node_id, actor="operator ada")
    assert services.nodes()[0].state is NodeState.DRAINING
    busy: Any = node.beat(client, report={"sessions": 2})
    assert busy.json()["state"] == "draining"
    node.beat(client, report={"sessions": 0})
    assert services.nodes() == ()
    services.activate(node_id)
    assert services.nodes()[0].state is NodeState.ACTIVE
    services.retire(node_id)
    gone: Any = node.beat(client)
    assert gone.json()["state"] == "retired"
    assert services.nodes() == ()
    with pytest.raises(services.UnknownNode):
        services.drain(uuid4())


def test_a_restarted_web_process_knows_its_nodes_at_once(
    client: Client, node: FakeNode, monkeypatch: Any
) -> None:
    fresh = Fleet()
    for module in ("cdn.live", "cdn.services.looking", "cdn.heartbeats", "cdn.transitions"):
        monkeypatch.setattr(f"{module}.fleet", fresh)
    (found,) = services.nodes()
    assert found.state is NodeState.ACTIVE
    assert found.lease_until > timezone.now()


def test_a_restarted_web_process_gives_its_nodes_time_and_then_suspects_the_silent(
    client: Client, node: FakeNode
) -> None:
    quiet = make_node(name="lyon-1")
    del fleet.beats[quiet.id]
    assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}
    with time_machine.travel(timezone.now() + timedelta(seconds=25)):
        node.beat(client)
        assert {one.name: one.state for one in services.nodes()} == {
            "paris-1": NodeState.ACTIVE,
            "lyon-1": NodeState.SUSPECT,
        }


def test_when_most_nodes_fall_silent_at_once_the_last_good_picture_stays_for_a_minute() -> None:
    for _ in range(5):
        make_node(lease=timedelta(seconds=6))
    start = timezone.now()
    with time_machine.travel(start + timedelta(seconds=8)):
        found = services.nodes()
        assert {one.state for one in found} == {NodeState.ACTIVE}
        assert all(one.lease_until > timezone.now() for one in found)
    with time_machine.travel(start + timedelta(seconds=60)):
        assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}
    with time_machine.travel(start + timedelta(seconds=70)):
        assert {one.state for one in services.nodes()} == {NodeState.SUSPECT}
    assert fleet.brakes


def test_nodes_that_die_together_are_judged_together_though_their_leases_end_one_after_the_other() -> None:
    for number in range(5):
        make_node(lease=timedelta(seconds=6 + number * 0.4 if number < 3 else 600))
    start = timezone.now()
    for tenths in range(60, 80):  # the first lease ends when the other two have missed a word
        with time_machine.travel(start + timedelta(seconds=tenths / 10), tick=False):
            assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}


def test_one_silent_node_of_many_is_suspected_without_a_brake() -> None:
    for _ in range(4):
        make_node()
    silent = make_node(lease=timedelta(seconds=6))
    with time_machine.travel(timezone.now() + timedelta(seconds=8)):
        suspects = [one.id for one in services.nodes() if one.state is NodeState.SUSPECT]
    assert suspects == [silent.id]


def test_all_that_a_node_says_is_remembered(client: Client, node: FakeNode) -> None:
    said = {
        "boot": "b1", "workers": 4, "cpu": 0.25, "ttfb_p50_ms": 1.5, "ttfb_p95_ms": 9, "inflight": 12, "shed": 1,
        "aborted": 2, "errors": 3, "fill_bytes": 10, "peer_bytes": 20, "origin_bytes": 30, "plan": 4, "inventory": 5,
        "takedowns": 0, "peers": 7, "pinned": True, "grace_seconds": 8, "cert_until": 2_000_000_000,
    }  # fmt: skip
    assert node.beat(client, report={**said, "not known here": 1}).status_code == 200
    beat = fleet.beats[UUID(node.node_id)]
    assert {name: getattr(beat, name) for name in said} == said


@pytest.mark.parametrize(
    "report",
    [{"cpu": "x"}, {"cpu": -1}, {"ttfb_p50_ms": True}, {"pinned": 1}, {"boot": "x" * 256}, {"plan": 1.5}],
)
def test_a_nonsensical_figure_is_named(client: Client, node: FakeNode, report: dict[str, Any]) -> None:
    answer: Any = node.beat(client, report=report)
    assert refused(answer) == (400, "bad_request")
    assert f"'{next(iter(report))}'" in answer.json()["error"]["message"]


def test_a_number_that_is_none_is_refused(client: Client, node: FakeNode) -> None:
    path, body = "/api/v1/cdn/heartbeat", b'{"cpu": NaN}'
    headers = node.headers("POST", path, body)
    answer: Any = client.post(path, body, content_type="application/json", headers=headers)
    assert refused(answer) == (400, "bad_request")


def test_a_node_is_told_of_its_neighbours_once(client: Client, node: FakeNode) -> None:
    near, far = make_node(name="paris-2", site="paris"), make_node(name="oslo-1", site="oslo")
    make_node(name="gone", state=NodeState.RETIRED)
    first: Any = node.beat(client)
    told = first.json()
    assert [one["node_id"] for one in told["peers"]] == [str(near.id), str(far.id)]
    assert set(told["peers"][0]) == {
        "node_id", "slot", "base_url", "public_key", "site", "region", "capacity_bps", "state"
    }  # fmt: skip
    again: Any = node.beat(client, report={"peers": told["peers_version"]})
    assert "peers" not in again.json()
    services.quarantine(far.id, reason="it lies")
    changed: Any = node.beat(client, report={"peers": told["peers_version"]})
    assert [one["node_id"] for one in changed.json()["peers"]] == [str(near.id)]


def test_a_new_node_warms_in_a_fleet_that_has_plans(client: Client) -> None:
    other = make_node()
    models.NodePlan.objects.create(node_id=other.id, version=3, orders=b"")
    with FakeNode().listening() as found:
        found.enrol(client, services.enrolment_code(name="paris-1"))
        assert found.beat(client, report={"pinned": False}).json()["state"] == "warming"  # type: ignore[attr-defined]
        row = models.EdgeNode.objects.get(name="paris-1")
        models.NodePlan.objects.create(node=row, version=7, orders=b"")
        told: Any = found.beat(client, report={"pinned": True, "plan": 0})
        assert (told.json()["state"], told.json()["plan"]) == ("warming", 7)
        assert found.beat(client, report={"pinned": False, "plan": 7}).json()["state"] == "warming"  # type: ignore[attr-defined]
        assert found.beat(client, report={"pinned": True, "plan": 7}).json()["state"] == "active"  # type: ignore[attr-defined]
    row.refresh_from_db()
    assert row.serving_since is not None


def test_a_new_node_does_not_wait_for_a_plan_that_nobody_makes(client: Client) -> None:
    models.NodePlan.objects.create(node_id=make_node().id, version=3, orders=b"")
    with FakeNode().listening() as found:
        found.enrol(client, services.enrolment_code(name="paris-1"))
        assert found.beat(client, report={"pinned": False}).json()["state"] == "warming"  # type: ignore[attr-defined]
        with time_machine.travel(timezone.now() + timedelta(seconds=121)):
            assert found.beat(client, report={"pinned": False}).json()["state"] == "active"  # type: ignore[attr-defined]


def test_the_size_of_the_disk_is_written_when_it_changes_and_not_when_it_wavers(
    client: Client, node: FakeNode
) -> None:
    row = models.EdgeNode.objects.filter(name="paris-1").values_list("disk_bytes", flat=True)
    for limit, kept in ((10**12, 10**12), (10**12 + 10**9, 10**12), (2 * 10**12, 2 * 10**12)):
        node.beat(client, report={"cache_limit": limit})
        assert row.get() == kept


def test_in_a_large_fleet_nodes_send_what_they_delivered_by_turns(client: Client, node: FakeNode) -> None:
    assert node.beat(client).json()["deliveries"] is True  # type: ignore[attr-defined]
    for _ in range(119):
        make_node()
    asked = [node.beat(client).json()["deliveries"] for _ in range(9)]  # type: ignore[attr-defined]
    assert sum(asked) == 3

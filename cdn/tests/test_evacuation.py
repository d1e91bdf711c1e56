"""What taking nodes out of use does to the others, as figures and as deeds."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cdn import asking, evacuation, models, services, takedowns
from cdn.evacuation import Load, moves, outlook, share, shortage, suggested_kbps
from cdn.live import fleet
from cdn.tests.factories import make_node
from cdn.tests.nodes import FakeNode
from cdn.types import NodeState

GB = 1_000_000_000


def load(name: str, egress: float, *, region: str = "r", capacity: int = GB, sessions: int = 0) -> Load:
    return Load(name, region, capacity, int(egress * capacity), sessions)


def test_the_load_goes_where_there_is_room_in_the_same_region_first() -> None:
    found = outlook([load("gone", 0.4)], [load("a", 0.2), load("b", 0.6), load("far", 0.1, region="s")])
    after = {one.id: round(one.utilisation, 3) for one in found.survivors}
    assert after == {"a": round(0.2 + 0.4 * 0.65 / 0.9, 3), "b": round(0.6 + 0.4 * 0.25 / 0.9, 3), "far": 0.1}
    assert found.feasible
    assert found.kbps == 0
    assert found.worst < evacuation.FULL


def test_what_finds_no_room_in_its_region_goes_to_others() -> None:
    found = outlook([load("gone", 0.5)], [load("a", 0.7), load("far", 0.1, region="s")])
    after = {one.id: round(one.utilisation, 3) for one in found.survivors}
    assert after == {"a": 0.85, "far": 0.45}
    assert found.feasible


def test_what_finds_no_room_at_all_makes_it_infeasible_and_asks_for_lower_bitrates() -> None:
    found = outlook(
        [load("gone", 0.8, sessions=200)], [load("a", 0.7, sessions=175), load("b", 0.7, sessions=175)]
    )
    assert not found.feasible
    assert found.homeless_bps == pytest.approx(0.5 * GB, abs=2)
    assert found.worst == pytest.approx(1.1)
    assert found.kbps == 3000  # 2 Gbit/s at 85 % for 550 sessions is 3090 kbit/s each


def test_the_last_node_cannot_be_taken() -> None:
    found = outlook([load("only", 0.3, sessions=5)], [])
    assert not found.feasible
    assert found.homeless_bps == 0.3 * GB


def test_at_most_a_tenth_of_the_headroom_moves_each_second_and_it_ends() -> None:
    staying = [load("a", 0.35), load("b", 0.35)]  # together 1 Gbit/s of room
    assert evacuation.pace_bps(staying) == pytest.approx(0.1 * GB)
    assert evacuation.seconds_to_move(0.5 * GB, staying) == pytest.approx(5)
    assert evacuation.seconds_to_move(0.5 * GB, [load("full", 0.9)]) == evacuation.SLOWEST_SECONDS
    assert evacuation.seconds_to_move(0, []) == 0
    assert [share(at, 5) for at in (0, 1, 5, 9)] == [0, 0.2, 1, 1]
    assert share(0, 0) == 1


def test_who_was_asked_to_go_stays_asked_and_the_share_is_right() -> None:
    sessions = [uuid4().bytes for _ in range(4000)]
    early = {one for one in sessions if moves(one, 0.2)}
    late = {one for one in sessions if moves(one, 0.7)}
    assert early <= late
    assert len(early) == pytest.approx(800, abs=150)
    assert not any(moves(one, 0.0) for one in sessions)
    assert all(moves(one, 1.0) for one in sessions)


def test_the_suggested_rung() -> None:
    assert suggested_kbps(capacity_bps=GB, sessions=0) == 0
    assert suggested_kbps(capacity_bps=GB, sessions=100) == 8000
    assert suggested_kbps(capacity_bps=GB, sessions=1000) == 700
    assert suggested_kbps(capacity_bps=GB, sessions=100_000) == 400


def test_a_region_that_was_short_stays_so_until_it_is_well_below() -> None:
    busy = {"r": [load("a", 0.9, sessions=200)], "s": [load("b", 0.5, sessions=10)]}
    short = shortage(busy, {})
    assert short == {"r": 3000}
    assert shortage({"r": [load("a", 0.75, sessions=200)]}, short) == {"r": 3000}
    assert shortage({"r": [load("a", 0.6, sessions=200)]}, short) == {}


pytestmark = pytest.mark.django_db


def state(node_id: UUID) -> str:
    return models.EdgeNode.objects.get(id=node_id).state


def test_a_dry_run_says_and_does_nothing() -> None:
    gone, other = make_node(name="a", egress_bps=4 * GB // 10, sessions=80), make_node(name="b")
    found = services.evacuate("node", "a", dry_run=True)
    assert (found.names, found.moved_sessions, found.done, found.refusal) == (("a",), 80, False, "")
    assert [(one.name, round(one.after, 2)) for one in found.survivors] == [("b", 0.4)]
    assert state(gone.id) == state(other.id) == "active"


def test_an_infeasible_evacuation_is_refused_unless_forced() -> None:
    make_node(name="a", site="x", egress_bps=8 * GB // 10, sessions=100)
    make_node(name="b", site="x", egress_bps=8 * GB // 10, sessions=100)
    make_node(name="c", site="y", egress_bps=5 * GB // 10, sessions=100)
    with pytest.raises(services.Infeasible, match=r"at 210% of their capacity"):
        services.evacuate("site", "x")
    assert {one.state for one in services.nodes()} == {NodeState.ACTIVE}
    done = services.evacuate("site", "x", force=True, actor="ada")
    assert done.done
    assert done.kbps > 0
    states = {one.name: one.state for one in services.nodes()}
    assert states == {"a": NodeState.DRAINING, "b": NodeState.DRAINING, "c": NodeState.ACTIVE}
    assert fleet.suggested_kbps == {"default": done.kbps}
    newest = services.fleet_events(limit=1)[0]
    assert (newest.actor, newest.text, newest.to_state) == (
        "ada",
        "site 'x' evacuated by the operator",
        "draining",
    )


def test_a_version_or_a_region_can_be_evacuated_and_nonsense_cannot() -> None:
    old, new = make_node(name="old"), make_node(name="new")
    models.EdgeNode.objects.filter(id=old.id).update(version="0.9", region="north")
    fleet.changed()
    assert services.evacuate("version", "0.9", dry_run=True).node_ids == (old.id,)
    assert services.evacuate("region", "north", dry_run=True).node_ids == (old.id,)
    assert services.evacuate("node", f"n{new.slot}", dry_run=True).node_ids == (new.id,)
    with pytest.raises(services.UnknownNode, match="no node with site 'mars'"):
        services.evacuate("site", "mars")
    with pytest.raises(services.UnknownNode, match="no node named 'mars'"):
        services.evacuate("node", "mars")
    with pytest.raises(ValueError, match="is no scope"):
        services.evacuate("planet", "mars")


def test_what_is_out_of_use_is_not_drained_nor_put_back_by_mistake(no_site: None) -> None:
    out, gone = make_node(name="out", site="x"), make_node(name="gone", site="x")
    make_node(name="stays")
    services.quarantine(out.id, reason="noises")
    services.retire(gone.id)
    for name in ("out", "gone"):
        with pytest.raises(CommandError, match=f"{name} is (quarantined|retired): nobody is sent there"):
            call_command("drain", name)
    services.evacuate("site", "x")
    assert models.EdgeNode.objects.get(id=out.id).wanted == models.Wanted.QUARANTINE
    with pytest.raises(CommandError, match="gone is retired: only a new code"):
        call_command("nodes", "--back", "gone")


def test_the_last_node_is_not_taken_by_mistake() -> None:
    make_node(name="a", egress_bps=1000, sessions=1)
    with pytest.raises(services.Infeasible, match="No other node would be left"):
        services.evacuate("node", "a")


def test_a_draining_node_is_told_its_pace_and_viewers_leave_by_turns(client: Client) -> None:
    make_node(name="b", egress_bps=35 * GB // 100)
    with FakeNode().listening() as node:
        node.enrol(client, services.enrolment_code(name="paris-1"))
        node.beat(client, report={"egress_bps": GB // 2, "sessions": 100})
        services.evacuate("node", "paris-1")
        begin = timezone.now()
        with time_machine.travel(begin + timedelta(seconds=2), tick=False):
            services.nodes()
            answer: Any = node.beat(client, report={"egress_bps": GB // 2, "sessions": 90})
            # 0.5 Gbit/s of room, a tenth of it each second: 10 s for 0.5 Gbit/s.
            assert answer.json()["drain"] == {"grace_seconds": 30, "share": pytest.approx(0.2, abs=0.01)}
            leaving = next(one for one in services.nodes() if one.name == "paris-1")
            asked = sum(leaving.sends_away(uuid4()) for _ in range(1000))
            assert 130 < asked < 270
        with time_machine.travel(begin + timedelta(seconds=11), tick=False):
            node.beat(client, report={"egress_bps": GB // 5, "sessions": 30})
            services.nodes()
            late: Any = node.beat(client, report={"egress_bps": GB // 10, "sessions": 5})
            assert late.json()["drain"]["share"] == 1
            over: Any = node.beat(client, report={"sessions": 0})
            assert over.json()["state"] == "evacuated"
            assert "drain" not in over.json()


@pytest.fixture
def no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands learn from this very process."""
    monkeypatch.setattr(asking, "learn", lambda site="": "")


def test_the_commands_say_what_they_would_do(capsys: pytest.CaptureFixture[str], no_site: None) -> None:
    make_node(name="a", egress_bps=4 * GB // 10, sessions=80)
    make_node(name="b", sessions=2)
    call_command("nodes", "--retire", "a", "--dry-run")
    assert "Would take out a: 400 Mbit/s of 80 sessions" in capsys.readouterr().out
    call_command("drain", "a", "--dry-run")
    assert "Would drain a: 400 Mbit/s of 80 sessions" in capsys.readouterr().out
    call_command("evacuate", "node", "a", "--json", "--reason", "new disk")
    said = json.loads(capsys.readouterr().out)
    assert (said["nodes"], said["done"], said["survivors"]) == (["a"], True, {"b": [0.0, 0.4]})
    with pytest.raises(CommandError, match="--force"):
        call_command("drain", "b")
    with pytest.raises(CommandError, match="Nodes: a, b"):
        call_command("drain", "mars")
    call_command("nodes", "--back", "a", "--events", "3")
    shown = capsys.readouterr().out
    assert "400 of 1000 Mbit/s (40%)" in shown
    assert "active by operator: put to use by the operator" in shown
    assert "draining by operator: drained: new disk" in shown
    with pytest.raises(CommandError, match="needs --reason"):
        call_command("nodes", "--quarantine", "a")
    call_command("nodes", "--quarantine", "a", "--reason", "it lies")
    with pytest.raises(CommandError, match=r"No other node would be left.*--force"):
        call_command("nodes", "--retire", "b")
    call_command("nodes", "--retire", "b", "--force")
    assert sorted(one.node.state for one in services.health()) == ["quarantined", "retired"]


def test_a_command_learns_loads_from_the_site_and_strangers_do_not(client: Client, live_server: Any) -> None:
    node = make_node(name="a", egress_bps=123, sessions=7)
    assert client.get(asking.PATH).status_code == 403
    assert client.get(asking.PATH, headers={asking.HEADER: "guess"}).status_code == 403
    assert "is it running" in services.learn(site="http://127.0.0.1:1")
    assert services.learn(site=live_server.url) == ""
    assert (fleet.beats[node.id].egress_bps, fleet.beats[node.id].sessions, fleet.borrowed) == (123, 7, True)


def test_takedown_at_the_command_line(capsys: pytest.CaptureFixture[str], no_site: None) -> None:
    package = "ab" * 16
    node = make_node(name="a")
    with pytest.raises(CommandError, match="needs --reason"):
        call_command("takedown", package)
    with pytest.raises(CommandError, match="is no package's id, and no title"):
        call_command("takedown", "film.mp4", "--reason", "x")
    with pytest.raises(CommandError, match=r"Not confirmed within 0 s: a\."):
        call_command("takedown", package, "--reason", "court order 5", "--wait", "0")
    fleet.beats[node.id].takedowns = services.takedowns_version()
    call_command("takedown", package, "--reason", "again")
    said = capsys.readouterr().out
    assert "no title is known to use" in said
    assert "so already" in said
    call_command("takedown")
    assert f"{package} taken down" in capsys.readouterr().out
    fleet.beats[node.id].takedowns = 10**6
    call_command("takedown", package, "--lift")
    assert "All 1 nodes that are heard" in capsys.readouterr().out
    assert not takedowns.log.forbids(package)

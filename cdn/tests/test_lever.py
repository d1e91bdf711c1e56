"""`manage.py evacuate` without Django's start: the running site does it, and tells how far it is."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cdn import lever, models, services
from cdn.live import fleet
from cdn.tests.factories import make_node

pytestmark = pytest.mark.django_db(transaction=True)

GB = 10**9


def make_two() -> UUID:
    """Node a in the east, which has viewers, and b in the west, which has room; → the id of a."""
    a = make_node(name="a", egress_bps=4 * GB // 10, sessions=80)
    b = make_node(name="b", egress_bps=GB // 10, sessions=2)
    for one, region in ((a, "east"), (b, "west")):
        models.EdgeNode.objects.filter(id=one.id).update(region=region)
    fleet.changed()
    return a.id


def states() -> dict[str, str]:
    """Each node's state by its name."""
    return {one.node.name: one.node.state.value for one in services.health()}


def test_the_running_site_forecasts_refuses_and_does_it(
    live_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_two()
    url = ["--url", live_server.url]
    assert lever.main(["evacuate", "region", "east", "--dry-run", *url]) == 0
    assert "Would drain a: 400 Mbit/s of 80 sessions" in capsys.readouterr().out
    assert states() == {"a": "active", "b": "active"}
    assert lever.main(["evacuate", "region", "mars", *url]) == 1
    assert "Regions: east, west" in capsys.readouterr().err
    assert lever.main(["drain", "a", "--json", "--reason", "new disk", *url]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["nodes"], said["done"], said["survivors"]) == (["a"], True, {"b": [0.1, 0.5]})
    assert states() == {"a": "draining", "b": "active"}
    assert "new disk" in services.fleet_events(limit=1)[0].text
    assert lever.main(["drain", "b", *url]) == 1
    said = capsys.readouterr()
    assert "Would drain b" in said.out
    assert "No other node would be left" in said.err
    assert "(--force)" in said.err
    assert lever.main(["drain", "b", "--force", *url]) == 0
    assert states() == {"a": "draining", "b": "draining"}


def test_who_waits_is_told_each_second_until_nobody_is_left(
    live_server: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    node_id = make_two()

    def leave(seconds: float) -> None:
        fleet.beats[node_id].sessions -= 40
        fleet.beats[node_id].egress_bps -= 2 * GB // 10

    monkeypatch.setattr("cdn.lever.time.sleep", leave)
    assert lever.main(["evacuate", "region", "east", "--wait", "--url", live_server.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "still 400 Mbit/s, 80 sessions in" in line]
    assert "still 0 Mbit/s, 0 sessions in the last 30 s, busiest of the others b at 10%" in lines[-1]


def test_what_is_not_for_the_site_is_left_to_django(live_server: Any) -> None:
    here = ["--url", live_server.url]
    assert lever.main(["evacuate", "region", "east", "--url", "http://127.0.0.1:1"]) is None
    assert lever.main(["evacuate", "planet", "earth", *here]) is None
    assert lever.main(["evacuate", "--help"]) is None
    assert lever.main(["drain", "a", "--settings", "elsewhere", *here]) is None


def test_strangers_and_keys_of_other_wishes_are_refused(client: Client) -> None:
    make_node(name="a", sessions=80)
    make_node(name="b")
    wish = {"scope": "node", "value": "a", "dry_run": False, "force": True, "actor": "x", "reason": ""}
    other = lever.key("POST", json.dumps(wish | {"value": "b"}).encode())
    body = json.dumps(wish).encode()
    for key in ("", "guess", other, lever.key("GET", b"")):
        answer = client.post(lever.PATH, body, "application/json", headers={lever.HEADER: key})
        assert answer.status_code == 403
    assert client.get(lever.PATH).status_code == 403
    assert states() == {"a": "active", "b": "active"}

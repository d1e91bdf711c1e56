"""What one registered node that lies can do to the site, to other nodes and to viewers: nothing that lasts."""

import gzip
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdn import api_fleet, deliveries, enrolment, faults, inventory, models, popularity, services
from cdn.board import fleetpage, nodepage
from cdn.refusals import refusals
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def post(client: Client, node: FakeNode, what: str, body: dict[str, Any]) -> Any:
    path, raw = f"/api/v1/cdn/{what}", json.dumps(body).encode()
    headers = node.headers("POST", path, raw, sequence=0)
    return client.post(path, raw, content_type="application/json", headers=headers)


def row(**changes: Any) -> list[Any]:
    values = {
        "at_ms": int(timezone.now().timestamp() * 1000), "session": "", "package": "ab" * 16, "rendition": "v720",
        "name": "0.m4s", "status": 200, "bytes": 1000, "ms": 3, "cache": "HIT", "cmcd": "",
    } | changes  # fmt: skip
    return list(values.values())


def deliver(client: Client, node: FakeNode, *rows: list[Any]) -> Any:
    return post(
        client, node, "deliveries", {"journal": str(uuid4()), "first": 1, "last": len(rows), "rows": rows}
    )


def test_no_row_is_so_large_that_the_count_overflows(client: Client, node: FakeNode) -> None:
    """SQLite raises when a sum leaves 64 bits: one such batch, and no demand would be counted for two weeks."""
    answer = deliver(client, node, *(row(bytes=(1 << 62) - 1) for _ in range(4)))
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "Row 1 has a number that cannot be.",
    )
    assert deliver(client, node, *(row(bytes=1 << 36) for _ in range(4))).status_code == 200
    assert popularity.count() == 4


def test_what_cannot_be_stored_or_shown_is_marked(client: Client, node: FakeNode) -> None:
    assert deliver(client, node, row(name="0\ud800.m4s", cmcd='cid="\0\u202e"')).status_code == 200
    found = models.Delivery.objects.get()
    assert (found.name, found.cmcd) == ("0\ufffd.m4s", 'cid="\ufffd\ufffd"')
    report = {"version": "1\ud800", "problem": "no\0 disk\u202e", "ready": False}
    assert node.beat(client, report=report).status_code == 200
    known = models.EdgeNode.objects.get()
    assert (known.version, known.state) == ("1\ufffd", "degraded")
    page = nodepage.snapshot(UUID(node.node_id))
    for shown in (page, fleetpage.snapshot()):
        json.dumps(shown, ensure_ascii=False, default=str).encode()


def test_no_date_breaks_its_own_page(admin_client: Client, node: FakeNode) -> None:
    """There the operator would quarantine it."""
    assert node.beat(admin_client, report={"cert_until": (1 << 62) - 1}).status_code == 400
    assert node.beat(admin_client, report={"cert_until": 253_370_764_800}).status_code == 200
    assert admin_client.get(reverse("admin:fleet_node", args=[node.node_id])).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1\n", "http://127.0.\t0.1:80", "http://127.0.0.1:80\r\n80", "\nhttp://127.0.0.1", "http://[::1",
        'http://a";b', "http://a;script-src *", "http://a,b", "http://a\\b", "http://[fe80::1%25;x]", "http://", "http://a:",
        "http://a:99999", "http://u@a", "http://a?b", "http://a#", "ftp://a", "http://\u00e9",
    ],
)  # fmt: skip
def test_nothing_but_an_address_is_an_address(address: str) -> None:
    with pytest.raises(enrolment.Refused, match="is no address for a node"):
        enrolment.checked_base_url(address)


def test_a_node_does_not_break_a_line_of_every_playlist(client: Client, node: FakeNode) -> None:
    """`urlsplit` passes over line ends: the address would be proven, and stand in playlists and headers with them."""
    with node.listening():
        broken = node.base_url.replace("127.0.0.1", "127.0.\n0.1")
        assert node.beat(client, report={"base_url": broken}).status_code == 400
    assert "\n" not in models.EdgeNode.objects.get().base_url


def test_addresses_of_all_kinds_are_taken() -> None:
    for address in (
        "http://a",
        "https://n1.example.org:8443",
        "http://[2001:db8::1]:80",
        "http://10.0.0.7:8001/",
        "HTTP://A",
    ):
        assert enrolment.checked_base_url(address) == address.rstrip("/")


def test_a_retired_node_writes_nothing_here_any_more(client: Client, node: FakeNode) -> None:
    assert deliver(client, node, row()).status_code == 200
    services.retire(UUID(node.node_id), actor="operator", reason="it lies")
    node.beat(client)
    assert deliver(client, node, row()).status_code == 403
    assert post(client, node, "inventory", {"epoch": 1, "packages": {}}).status_code == 403
    assert models.Delivery.objects.count() == 1


def test_packages_that_nobody_has_take_no_memory_and_no_room_of_others(
    client: Client, node: FakeNode
) -> None:
    known = inventory.holdings
    many = {f"{number:032x}": {"v720": ["full", 3]} for number in range(inventory.EARLY_MAX + 1)}
    for epoch in (1, 2):
        assert post(client, node, "inventory", {"epoch": epoch, "packages": many}).status_code == 200
        assert len(known._early) == inventory.EARLY_OF_NODE
    wide = {"ab" * 16: {f"v{number}": ["full", 3] for number in range(inventory.RENDITIONS_MAX + 1)}}
    post(client, node, "inventory", {"epoch": 3, "packages": wide})
    assert known._early == {}
    other = uuid4()
    known.take(other, slot=9, epoch=1, base=0, report={"ab" * 16: {"v720": ("full", 3)}})
    post(client, node, "inventory", {"epoch": 4, "packages": many})
    assert known._early["ab" * 16] == {other: {"v720": ("full", 3)}}
    known.forget(UUID(node.node_id))
    assert (len(known._early), known._early_of) == (1, {other: 1})
    known._catch_up("ab" * 16)
    assert known._early_of[other] == 0


def test_a_body_is_not_unpacked_to_hundreds_of_megabytes(client: Client, node: FakeNode) -> None:
    bomb = gzip.compress(b'{"packages":[' + b"{}," * (api_fleet.COMMAS_MAX + 1) + b"{}]}")
    assert len(bomb) < 20_000
    path = "/api/v1/cdn/inventory"
    headers = node.headers("POST", path, bomb, sequence=0)
    answer = client.post(path, bomb, content_type="application/json", headers=headers)
    assert (answer.status_code, "values" in answer.json()["error"]["message"]) == (400, True)


def test_a_node_has_one_of_each_request_answered_at_a_time(
    client: Client, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner: list[int] = []

    def take(*_: object, **__: object) -> int:
        inner.append(deliver(client, node, row()).status_code)
        inner.append(post(client, node, "inventory", {"epoch": 1, "packages": {}}).status_code)
        return 1

    monkeypatch.setattr(api_fleet.deliveries, "take", take)
    assert deliver(client, node, row()).status_code == 200
    assert inner == [429, 200]
    assert not api_fleet._busy


def test_faults_without_end_do_not_fill_the_database(
    client: Client, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "WRITTEN_MOST", 20)
    for beat in range(4):
        told = [{"id": f"{beat}-{number}", "kind": "peer", "name": str(number), "detail": "n9 sent wrong bytes",
                 "at": 1.0 + beat} for number in range(16)]  # fmt: skip
        answer = node.beat(client, report={"faults": told})
        assert len(answer.json()["faults_seen"]) == 16, "or it would say them forever"  # type: ignore[attr-defined]
    assert models.NodeFault.objects.count() == 20


def test_a_stranger_writes_nothing_on_the_operators_page(client: Client) -> None:
    services.enrolment_code(name="paris-1")
    FakeNode().enrol(client, "no code", base_url="Type this as root: rm -rf /")
    refusal = refusals.of("paris-1", timezone.now())
    assert refusal is not None
    assert refusal.message == "This enrolment code is not known here. Make one: manage.py addnode."


def test_deliveries_never_fill_the_sites_disk(
    client: Client, node: FakeNode, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer who asks for one byte at a time, ten thousand times a second, makes as many rows."""
    monkeypatch.setattr(deliveries, "room", lambda: deliveries.ROOM - 1)
    answer = deliver(client, node, row())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_room")
    assert models.Delivery.objects.count() == 0
    monkeypatch.undo()
    assert deliver(client, node, row()).status_code == 200

    (tmp_path / "telemetry.sqlite3").touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=7 if place.is_file() else 0))
    for engine, name, free in (
        ("django.db.backends.sqlite3", str(tmp_path / "telemetry.sqlite3"), 7),
        ("django.db.backends.sqlite3", ":memory:", deliveries.ROOM),
        ("django.db.backends.postgresql", "telemetry", deliveries.ROOM),
    ):
        monkeypatch.setitem(settings.DATABASES, "telemetry", {"ENGINE": engine, "NAME": name})
        assert deliveries.room() == free

"""What nodes report and ask for beside their heartbeat."""

import gzip
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_title
from cdn import bundles, models, plans, services
from cdn.inventory import holdings
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def package() -> str:
    title = make_title()
    assert title.video_id is not None
    found = catalog.current_package_id(title.video_id)
    assert found is not None
    bundles.reconcile()
    return found


def post(client: Client, node: FakeNode, what: str, body: dict[str, Any], *, packed: bool = False) -> Any:
    path, raw = f"/api/v1/cdn/{what}", json.dumps(body).encode()
    raw = gzip.compress(raw) if packed else raw
    return client.post(
        path, raw, content_type="application/json", headers=node.headers("POST", path, raw, sequence=0)
    )


def everything(package: str, state: str = "full") -> dict[str, list[Any]]:
    return {row.rendition: [state, row.segments] for row in models.Bundle.objects.filter(package=package)}


def test_a_node_reports_what_it_holds(client: Client, node: FakeNode, package: str) -> None:
    us = UUID(node.node_id)
    assert services.holders(package) == {}
    answer = post(
        client, node, "inventory", {"epoch": 7, "base": 0, "packages": {package: everything(package)}}
    )
    assert (answer.status_code, answer.json()) == (200, {"inventory": 7})
    assert services.holders(package) == {us: "full"}
    assert services.holds(package) == {us}

    heads = everything(package, "head")
    answer = post(
        client, node, "inventory", {"epoch": 9, "base": 7, "packages": {package: heads}}, packed=True
    )
    assert answer.json() == {"inventory": 9}
    assert services.holders(package) == {us: "head"}
    assert services.holds(package) == set()

    some = heads | {"a-en": ["full", 3]}
    post(client, node, "inventory", {"epoch": 10, "base": 9, "packages": {package: some}})
    assert "a-en" in everything(package)
    assert services.holders(package) == {us: "partial"}

    playlists = {name: ["partial", 0] for name in heads}
    post(client, node, "inventory", {"epoch": 11, "base": 10, "packages": {package: playlists}})
    assert services.holders(package) == {}, "playlists alone are nothing"
    post(client, node, "inventory", {"epoch": 12, "base": 11, "packages": {package: {}}})
    assert services.holders(package) == {}


def test_a_delta_to_what_is_not_held_here_asks_for_the_whole(
    client: Client, node: FakeNode, package: str
) -> None:
    post(client, node, "inventory", {"epoch": 7, "packages": {package: everything(package)}})
    answer = post(client, node, "inventory", {"epoch": 9, "base": 8, "packages": {}})
    assert (answer.status_code, answer.json()["inventory"]) == (409, 7)
    holdings.clear()  # the site was started anew
    answer = post(client, node, "inventory", {"epoch": 9, "base": 7, "packages": {}})
    assert (answer.status_code, answer.json()["inventory"]) == (409, 0)
    post(client, node, "inventory", {"epoch": 9, "base": 0, "packages": {}})
    assert services.holders(package) == {}


def test_what_is_reported_before_its_rows_are_seen_is_not_lost(client: Client, node: FakeNode) -> None:
    title = make_title()
    package = str(catalog.current_package_id(title.video_id))  # type: ignore[arg-type]
    said = {"v180": ["full", 3], "v360": ["full", 3], "v720": ["full", 3], "a-en": ["full", 3]}
    post(client, node, "inventory", {"epoch": 3, "packages": {package: said}})
    assert services.holders(package) == {}
    bundles.reconcile()
    bundles.index.clear()
    assert set(said) < set(everything(package))
    assert services.holders(package) == {UUID(node.node_id): "full"}


def test_a_report_that_makes_no_sense_is_refused(client: Client, node: FakeNode) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"packages": {}}, "epoch"),
        ({"epoch": -1, "packages": {}}, "epoch"),
        ({"epoch": 1, "base": "x", "packages": {}}, "base"),
        ({"epoch": 1, "packages": []}, "packages"),
        ({"epoch": 1, "packages": {"../x": {}}}, "packages"),
        ({"epoch": 1, "packages": {"a" * 32: {"v": ["all", 1]}}}, "state"),
        ({"epoch": 1, "packages": {"a" * 32: {"v": "full"}}}, "entry"),
    ]
    for body, names in wrong:
        answer = post(client, node, "inventory", body)
        assert answer.status_code == 400, body
        assert names in answer.json()["error"]["message"]


def test_strangers_are_refused(client: Client, node: FakeNode) -> None:
    other = FakeNode()
    other.node_id = node.node_id
    for what in ("inventory", "deliveries"):
        assert post(client, other, what, {}).status_code == 401
    assert other.get(client, "/api/v1/cdn/plan", sequence=0).status_code == 401
    assert client.get("/api/v1/cdn/inventory").status_code == 405


def test_a_body_that_unpacks_without_end_is_refused(client: Client, node: FakeNode) -> None:
    raw = gzip.compress(b" " * (33 << 20))
    path = "/api/v1/cdn/inventory"
    answer = client.post(
        path, raw, content_type="application/json", headers=node.headers("POST", path, raw, sequence=0)
    )
    assert answer.status_code == 400


def test_a_node_gets_its_plan(client: Client, node: FakeNode) -> None:
    assert node.get(client, "/api/v1/cdn/plan", sequence=0).json()["version"] == 0
    head = plans.Head(3, timezone.now(), ("02:00", "14:00"), 0)
    plan = plans.Plan(head, (plans.Order("a" * 32, "v1", "head", "pinned", "why"),))
    models.NodePlan.objects.create(
        node_id=node.node_id, version=3, made_at=plan.made_at, orders=plans.packed(plan)
    )
    told = node.get(client, "/api/v1/cdn/plan", sequence=0).json()
    assert told["version"] == 3
    assert told["window"] == {"from": "02:00", "to": "14:00"}
    assert told["orders"] == [["a" * 32, "v1", "head", "pinned", "why"]]
    services.quarantine(UUID(node.node_id), reason="test")
    assert node.get(client, "/api/v1/cdn/plan", sequence=0).status_code == 403


def rows(count: int, *, size: int = 1000) -> list[list[Any]]:
    return [
        [1_790_000_000_000, uuid4().hex, "a" * 32, "v1", f"{n}.m4s", 200, size, 12, "hit", ""]
        for n in range(count)
    ]


def test_deliveries_count_once_whatever_comes_twice(client: Client, node: FakeNode) -> None:
    journal, all_rows = str(uuid4()), rows(10)

    def ship(first: int, last: int) -> int:
        batch = {"journal": journal, "first": first, "last": last, "rows": all_rows[first - 1 : last]}
        answer = post(client, node, "deliveries", batch, packed=True)
        assert answer.status_code == 200, answer.content
        return int(answer.json()["acked"])

    assert ship(1, 4) == 4
    assert ship(1, 4) == 4
    assert ship(3, 6) == 6
    assert ship(9, 10) == 10  # 7 and 8 were lost with the node's disk
    assert ship(5, 8) == 10
    names = list(models.Delivery.objects.order_by("id").values_list("name", flat=True))
    assert names == [f"{n}.m4s" for n in (0, 1, 2, 3, 4, 5, 8, 9)]
    assert post(
        client, node, "deliveries", {"journal": str(uuid4()), "first": 1, "last": 1, "rows": rows(1)}
    ).json() == {"acked": 1}


def test_a_batch_that_makes_no_sense_is_refused(client: Client, node: FakeNode) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"journal": "x"}, "journal"),
        ({"first": 0}, "first"),
        ({"last": 5}, "last"),
        ({"rows": {}}, "rows"),
        ({"rows": [[1, 2]]}, "fields"),
        ({"rows": [[1, "zz", "a", "v", "n", 200, 1, 1, "hit", ""]]}, "session"),
        ({"rows": [[1, "", "a", "v", "n", 200, -1, 1, "hit", ""]]}, "number"),
        ({"rows": [[1, "", "a", "v", "n" * 99, 200, 1, 1, "hit", ""]]}, "text"),
    ]
    for change, names in wrong:
        body = {"journal": str(uuid4()), "first": 1, "last": 1, "rows": rows(1)} | change
        answer = post(client, node, "deliveries", body)
        assert answer.status_code == 400, change
        assert names in answer.json()["error"]["message"]
    assert models.Delivery.objects.count() == 0

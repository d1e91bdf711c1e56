"""The map of what is where: what nodes report is what it shows, with the plan's reasons and the levers on a package."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_title
from cdn import bundles, models, plans, services
from cdn.board import fleetpage, planned, shelf
from cdn.inventory import holdings
from cdn.live import fleet
from cdn.plans import Head, Order, Plan
from cdn.tests.factories import make_node
from cdn.types import Node, NodeState

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def fresh(settings: Any, tmp_path: Path) -> None:
    """A disk for packages, and no snapshot of another test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    fleetpage.forget()


@pytest.fixture
def films() -> dict[str, str]:
    """Two films' packages by name."""
    found = {}
    for name in ("Night Mail", "Nanook"):
        title = make_title(name=name)
        assert title.video_id is not None
        package = catalog.current_package_id(title.video_id)
        assert package is not None
        found[name] = package
    bundles.reconcile()
    return found


@pytest.fixture
def paris() -> Node:
    return make_node(name="paris-1", site="paris")


def report(node: Node, package: str, state: str, *, but: str = "") -> None:
    """The node says that it holds a package so; of the rendition `but` it holds nothing."""
    rows = models.Bundle.objects.filter(package=package)
    said = {row.rendition: ("none" if row.rendition == but else state, row.segments) for row in rows}
    epoch = holdings.epoch(node.id)
    holdings.take(node.id, slot=node.slot, epoch=epoch + 1, base=epoch, report={package: said})


def marks(client: Client, query: str = "") -> dict[str, list[str]]:
    """The map's cells, by title."""
    answer: Any = client.get(f"/admin/fleet/map/{query}")
    titles = answer.context_data["map"]["titles"]
    return {one["name"]: [cell["held"] for cell in one["cells"]] for one in titles}


def test_the_map_shows_what_nodes_report(admin_client: Client, films: dict[str, str], paris: Node) -> None:
    lyon = make_node(name="lyon-1", site="lyon")
    report(paris, films["Night Mail"], "full")
    report(paris, films["Nanook"], "full", but="v720")
    report(lyon, films["Nanook"], "head")
    assert marks(admin_client) == {"Night Mail": ["none", "full"], "Nanook": ["head", "partial"]}
    page: Any = admin_client.get("/admin/fleet/map/?q=night")
    assert [one["copies"] for one in page.context_data["map"]["titles"]] == [1]
    before = page.context_data["map"]["version"]
    models.EdgeNode.objects.filter(id=paris.id).update(state=NodeState.SUSPECT.value)
    fleet.changed()
    after: Any = admin_client.get("/admin/fleet/map/?q=night")
    assert [one["copies"] for one in after.context_data["map"]["titles"]] == [0]
    assert after.context_data["map"]["version"] != before, "an open page draws it anew"


def test_the_map_is_searched_and_kept_to_a_site(
    admin_client: Client, films: dict[str, str], paris: Node
) -> None:
    make_node(name="lyon-1", site="lyon")
    assert list(marks(admin_client, "?q=NAN")) == ["Nanook"]
    assert marks(admin_client, "?site=paris&q=nan") == {"Nanook": ["none"]}
    assert marks(admin_client, "?page=99999&column=x") == {}


def test_another_report_is_another_version(films: dict[str, str], paris: Node) -> None:
    before = shelf.version()
    report(paris, films["Nanook"], "full")
    assert shelf.version() != before


def test_fewest_copies_come_first_when_asked(
    admin_client: Client, films: dict[str, str], paris: Node
) -> None:
    report(paris, films["Nanook"], "full")
    assert list(marks(admin_client, "?order=copies")) == ["Night Mail", "Nanook"]


def test_a_cell_says_why(admin_client: Client, films: dict[str, str], paris: Node) -> None:
    _plan(paris, Order(films["Nanook"], "v720", "all", "release", "it is new"))
    answer: Any = admin_client.get(f"/admin/fleet/node/{paris.id}/why/{films['Nanook']}/")
    page = answer.content.decode()
    assert "Nanook" in page
    assert "It is new" in page
    assert admin_client.get(f"/admin/fleet/node/{paris.id}/why/nonsense/").status_code == 404


def test_a_nodes_page_says_what_comes_next(admin_client: Client, films: dict[str, str], paris: Node) -> None:
    orders = [
        Order(films["Nanook"], name, "all", "window", "its viewers are here") for name in ("v720", "v360")
    ]
    _plan(paris, *orders, Order(films["Night Mail"], "v360", "all", "window", "kept"))
    report(paris, films["Night Mail"], "full")
    row = fleet.row(paris.id)
    assert row is not None
    plan = planned.of(row)
    assert plan is not None
    assert [(one["name"], one["rendition"]) for one in plan["next"]] == [("Nanook", "v720, v360")]
    page: Any = admin_client.get(f"/admin/fleet/node/{paris.id}/?q=night")
    assert [one["name"] for one in page.context_data["held"]["titles"]] == ["Night Mail"]


def test_a_takedown_needs_a_reason_and_can_be_lifted(admin_client: Client, films: dict[str, str]) -> None:
    path = f"/admin/fleet/package/{films['Nanook']}/"
    refused: Any = admin_client.post(path, {"deed": "takedown"}, headers=JSON)
    assert refused.status_code == 422
    admin_client.post(path, {"deed": "takedown", "reason": "a claim"})
    assert services.taken_down(films["Nanook"])
    event = fleetpage.snapshot()["events"][0]
    assert (event["name"], event["to"], event["reason"]) == ("Nanook", "taken down", "a claim")
    admin_client.post(path, {"deed": "lift"})
    assert not services.taken_down(films["Nanook"])
    odd: Any = admin_client.post(path, {"deed": "burn"}, headers=JSON)
    assert odd.json()["error"] == "deed must be takedown, purge or lift."


def _plan(node: Node, *orders: Order) -> None:
    head = Head(version=3, made_at=timezone.now(), window=("02:00", "14:00"), rate_bps=0)
    plan = Plan(head, orders)
    models.NodePlan.objects.create(node_id=node.id, version=3, orders=plans.packed(plan))
    fleet.changed()

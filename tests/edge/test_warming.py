"""A node that joins a fleet with plans: it warms until it holds the heads of everything, then viewers come."""

from pathlib import Path
from typing import Any

import pytest

from catalog import services as catalog
from catalog.tests.factories import make_title
from cdn import bundles, planning
from cdn import services as cdn
from cdn.types import NodeState
from tests.edge.harness import Edge, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "telemetry"], transaction=True)]


def states() -> dict[str, NodeState]:
    return {node.name: node.state for node in cdn.nodes()}


def test_a_node_that_joins_warms_until_it_holds_what_every_node_must(
    live_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.SITE_URL = live_server.url
    title = make_title()
    assert title.video_id is not None
    package = catalog.current_package(title.video_id)
    assert package is not None
    edges = [
        Edge(live_server.url, tmp_path / name, name=name, code=cdn.enrolment_code(name=name))
        for name in ("oslo-1", "rome-1")
    ]
    first, second = edges
    try:
        first.start("--region", "north")
        until(
            lambda: states() == {"oslo-1": NodeState.ACTIVE}, what="the first node, which waits for no plan"
        )
        assert [node.region for node in cdn.nodes()] == ["north"]
        bundles.reconcile()
        planning.plan()
        second.start("--region", "south")
        until(lambda: len(cdn.nodes()) == 2, what="the second node to enrol")
        until(
            lambda: any(one.cache_limit for one in cdn.health() if one.node.name == "rome-1"),
            what="its first word",
        )
        assert states()["rome-1"] is NodeState.WARMING
        planning.plan()
        until(lambda: states()["rome-1"] is NodeState.ACTIVE, seconds=20, what="the second node to be warm")
        until(lambda: len(cdn.holders(package.id)) == 2, seconds=10, what="both to say what they hold")
        warm = next(node for node in cdn.nodes() if node.name == "rome-1")
        assert warm.serving_since is not None
    finally:
        for edge in edges:
            edge.stop()

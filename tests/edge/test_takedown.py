"""A takedown with the site's own server and real nodes: gone within seconds, and before a node that was away serves."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_title
from cdn import services as cdn
from cdn.types import NodeState
from tests.edge.harness import Edge, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: Any, settings: Any, tmp_path: Path) -> str:
    """The site, listening."""
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.SITE_URL = live_server.url
    settings.NODE_LEASE_SECONDS = 3.0
    return str(live_server.url)


@pytest.fixture
def edges(site: str, tmp_path: Path) -> Iterator[list[Edge]]:
    """Two nodes of different sites, active."""
    found = []
    for name in ("oslo-1", "rome-1"):
        code = cdn.enrolment_code(name=name)
        found.append(Edge(site, tmp_path / name, name=name, code=code))
    for edge in found:
        edge.start()
    until(lambda: [node.state for node in cdn.nodes()] == [NodeState.ACTIVE] * 2, what="two active nodes")
    yield found
    for edge in found:
        edge.stop()


def test_a_takedown_is_gone_within_seconds_and_before_a_node_that_was_away_serves(edges: list[Edge]) -> None:
    title, other = make_title(), make_title()
    assert title.video_id is not None
    assert other.video_id is not None
    taken, kept = catalog.current_package(title.video_id), catalog.current_package(other.video_id)
    assert taken is not None
    assert kept is not None
    path, untouched = _path(taken.id), _path(kept.id)
    for edge in edges:
        assert edge.get(path).status == edge.get(untouched).status == 200
        assert edge.get(path).headers["X-Cache"] == "HIT"
    here, away = edges
    away.kill()
    cdn.takedown(taken.id, reason="a court order")
    begun = time.monotonic()
    until(lambda: here.get(path).status != 200, seconds=6, what="the node to refuse")
    assert time.monotonic() - begun < 5
    assert here.get(untouched).status == 200
    version = cdn.takedowns_version()
    until(lambda: _told(here) == version, what="the node to say so")

    away.start()
    for _ in range(20):  # from the first connection that it takes
        assert away.get(path).status != 200
        time.sleep(0.05)
    until(lambda: away.get(untouched).status == 200, what="serving what is not taken down")
    assert away.get(path).status != 200

    cdn.lift(taken.id)
    for edge in edges:
        until(lambda edge=edge: edge.get(path).status == 200, seconds=6, what="the film to be back")


def test_a_purged_package_is_fetched_anew(edges: list[Edge]) -> None:
    title = make_title()
    assert title.video_id is not None
    package = catalog.current_package(title.video_id)
    assert package is not None
    edge, path = edges[0], _path(package.id)
    assert edge.get(path).headers["X-Cache"] == "MISS"
    until(lambda: edge.get(path).headers["X-Cache"] == "HIT", what="keeping it")
    cdn.purge(package.id)
    until(lambda: _told(edge) == cdn.takedowns_version(), what="the node to say so")
    assert edge.get(path).headers["X-Cache"] == "MISS"


def _told(edge: Edge) -> int:
    from cdn.live import fleet

    beats = {node.name: fleet.beats.get(node.id) for node in cdn.nodes()}
    beat = beats.get(edge.name)
    return beat.takedowns if beat else -1


def _path(package: str) -> str:
    token = cdn.sign(
        session_id=uuid4(), account_id=UUID(int=1), package_id=package, renditions=0xFFFF, now=timezone.now()
    ).text
    return f"/v1/{token}/{package}/v720/0.m4s"

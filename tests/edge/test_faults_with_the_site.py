"""Whole nodes and the whole site: half of a fleet dies at once; what was delivered, held and taken down is told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_title
from catalog.types import Package
from cdn import bundles
from cdn import services as cdn
from cdn.tests.factories import deliveries_to
from cdn.types import NodeState
from tests.edge.harness import Edge, until, watch

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases=["default", "telemetry"])]

Start = Callable[[int], list[Edge]]


@pytest.fixture
def start(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[Callable[[int], list[Edge]]]:
    """Starts so many real nodes, and waits until the real site calls them active."""
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.SITE_URL = live_server.url
    made: list[Edge] = []

    def start_all(count: int) -> list[Edge]:
        for name in [f"paris-{number}" for number in range(1, count + 1)]:
            code = cdn.enrolment_code(name=name)
            made.append(Edge(str(live_server.url), tmp_path / name, name=name, code=code))
            made[-1].start("--site", name, wait=False)
        for edge in made:
            edge.wait_until_ready()
        until(lambda: states() == [NodeState.ACTIVE] * count, seconds=30, what="active nodes")
        return made

    yield start_all
    for edge in made:
        edge.stop()


def states() -> list[NodeState]:
    return [node.state for node in cdn.nodes()]


def film() -> Package:
    video = make_title().video_id
    assert video is not None
    package = catalog.current_package(video)
    assert package is not None
    return package


def path_of(package: str, session: UUID, name: str) -> str:
    token = cdn.sign(
        session_id=session, account_id=uuid4(), package_id=package, renditions=0xFFFF, now=timezone.now()
    )
    return f"/v1/{token.text}/{package}/{name}"


def test_half_of_the_fleet_dies_at_once_and_the_site_keeps_its_head(start: Start) -> None:
    package, session = film(), uuid4()
    fleet = start(4)
    path = path_of(package.id, session, "v720/0.m4s")
    whole = fleet[0].get(path).body
    assert whole
    fleet[0].kill()
    fleet[1].kill()
    seen = watch(fleet, path)
    assert seen.body == whole
    assert seen.story == ["refused", "refused", "whole"]
    silent = [node for node in cdn.nodes() if node.name in ("paris-1", "paris-2")]
    deaf_since = timezone.now()
    until(
        lambda: all(node.heard_at and (timezone.now() - node.heard_at).total_seconds() > 7
                    for node in cdn.health() if node.node.name in ("paris-1", "paris-2")),
        what="their leases to run out",
    )  # fmt: skip
    assert len(silent) == 2
    assert states() == [NodeState.ACTIVE] * 4, "so many at once: the site doubts its own ears first"
    assert all(node.lease_until > deaf_since for node in cdn.nodes()), "and keeps its last good picture"
    for edge in fleet[:2]:
        edge.start()
    until(lambda: fleet[0].health()["state"] == "active", what="coming back")
    assert fleet[0].get(path).body == whole


def test_the_site_hears_what_was_delivered_and_held_and_is_heard_when_it_takes_down(start: Start) -> None:
    package, session = film(), uuid4()
    bundles.reconcile()
    edge = start(1)[0]
    wanted = [
        f"{rendition.name}/{number}.m4s"
        for rendition in package.renditions
        if rendition.kind in ("video", "audio")
        for number in range(len(rendition.segments))
    ]
    sizes = {}
    for name in wanted:
        reply = edge.get(path_of(package.id, session, name) + "?CMCD=dl%3D4000")
        assert reply.status == 200
        sizes[name] = len(reply.body)
    for rendition in package.renditions:
        for name in ("init.mp4", "index.m3u8", "iframes.m3u8"):
            edge.get(path_of(package.id, uuid4(), f"{rendition.name}/{name}"))
    rows = until(
        lambda: len(deliveries_to(session)) >= len(wanted) and deliveries_to(session), what="deliveries"
    )
    assert {f"{row.rendition}/{row.name}" for row in rows} == set(wanted)
    assert len(rows) == len(wanted)
    assert all(row.bytes >= sizes[f"{row.rendition}/{row.name}"] for row in rows)
    assert {row.cmcd for row in rows} == {"dl=4000"}
    (first,) = cdn.nodes()
    until(lambda: cdn.holders(package.id).get(first.id) == "full", what="the inventory")
    path = path_of(package.id, uuid4(), wanted[0])
    assert edge.get(path).status == 200
    began = timezone.now()
    cdn.takedown(package.id, reason="test")
    until(lambda: edge.get(path).status in (403, 404), seconds=8, what="the takedown")
    assert (timezone.now() - began).total_seconds() < 6
    until(lambda: first.id not in cdn.holders(package.id), what="the inventory without it")

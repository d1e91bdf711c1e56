"""The whole way with nothing played: the site's own server, a real edge, a code, heartbeats, a film's bytes."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_package, make_title, make_video
from cdn import bundles, planning
from cdn import services as cdn
from cdn.types import Node, NodeState
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
def edge(site: str, tmp_path: Path) -> Iterator[Edge]:
    """A node that enrolled with a code and is active."""
    found = Edge(site, tmp_path / "edge", name="paris-1", code=cdn.enrolment_code(name="paris-1"))
    found.start()
    until(lambda: [node.state for node in cdn.nodes()] == [NodeState.ACTIVE], what="being active")
    yield found
    found.stop()


def only_node() -> Node | None:
    """The one node there is, if viewers may be sent to it."""
    return next(iter(cdn.nodes()), None)


def token(package: str, session: UUID) -> str:
    return cdn.sign(
        session_id=session, account_id=uuid4(), package_id=package, renditions=0xFFFF, now=timezone.now()
    ).text


def test_a_package_travels_from_the_site_through_a_node_byte_for_byte(edge: Edge) -> None:
    package = catalog.package(
        make_package(make_video(title_id=make_title(packaged=False).id), surround=True, av1=(360,), sheets=2)
    )
    assert package is not None
    opened = token(package.id, uuid4())
    compared = 0
    others = [
        "index.m3u8",
        "iframes.m3u8",
        "init.mp4",
        "0.vtt",
        "index.vtt",
        "0.webp",
        "1.webp",
        "2.webp",
        "key.bin",
    ]
    for _ in ("missing", "held"):
        for rendition in package.renditions:
            for name in [*others, *(f"{n}.m4s" for n in range(len(rendition.segments)))]:
                stored = catalog.stored_object(package.id, rendition=rendition.name, name=name)
                reply = edge.get(f"/v1/{opened}/{package.id}/{rendition.name}/{name}")
                if stored is None:
                    assert reply.status == 404
                    continue
                assert (reply.status, reply.body) == (200, catalog.open_object(stored))
                assert reply.headers["Content-Type"] == stored.content_type
                assert reply.headers["ETag"] == f'"{stored.sha256[:16]}"'
                compared += 1
    # Twice: four pictures, three of them with keyframe playlists; two sounds; a text; an index and its sheets.
    assert compared == 2 * (4 * 5 + 3 + 2 * 5 + 2 + 3)


def test_a_denied_session_is_refused_within_seconds(edge: Edge) -> None:
    title = make_title()
    assert title.video_id is not None
    package = catalog.current_package(title.video_id)
    assert package is not None
    session = uuid4()
    path = f"/v1/{token(package.id, session)}/{package.id}/v720/0.m4s"
    assert edge.get(path).status == 200
    cdn.deny(session, timezone.now() + timedelta(minutes=15))
    until(lambda: edge.get(path).status == 403, seconds=6, what="the refusal")


def test_the_site_knows_when_a_node_is_killed_and_when_it_is_back(edge: Edge) -> None:
    edge.kill()
    until(lambda: getattr(only_node(), "state", None) is NodeState.SUSPECT, what="suspicion")
    edge.start()
    until(lambda: getattr(only_node(), "state", None) is NodeState.ACTIVE, what="trust again")
    edge.signal(signal.SIGTERM)
    assert edge.wait() == 0
    assert only_node() is None
    edge.start()
    until(lambda: getattr(only_node(), "state", None) is NodeState.ACTIVE, what="coming back without a code")


def test_a_drained_node_learns_it_and_sends_viewers_away(edge: Edge) -> None:
    node = only_node()
    assert node is not None
    cdn.drain(node.id)
    until(lambda: edge.health()["state"] in ("draining", "evacuated"), what="hearing of it")
    assert getattr(only_node(), "state", NodeState.DRAINING) is NodeState.DRAINING
    cdn.activate(node.id)
    until(lambda: edge.health()["state"] == "active", what="hearing of it")


def test_what_the_site_plans_is_fetched_before_anybody_asks(edge: Edge) -> None:
    title = make_title()
    assert title.video_id is not None
    package = catalog.current_package(title.video_id)
    assert package is not None
    bundles.reconcile()
    planning.plan()
    until(lambda: edge.health()["orders"]["total"] and edge.health()["pinned"], what="the heads")
    until(
        lambda: edge.health()["orders"]["done"] == edge.health()["orders"]["total"],
        what="the end of the plan",
    )
    node = only_node()
    assert node is not None
    until(lambda: node.id in cdn.holds(package.id), what="the site's knowing of it")
    opened = token(package.id, uuid4())
    for rendition in package.renditions:
        for number in range(len(rendition.segments)):
            reply = edge.get(f"/v1/{opened}/{package.id}/{rendition.name}/{number}.m4s")
            assert (reply.status, reply.headers["X-Cache"]) in ((200, "HIT"), (404, None))

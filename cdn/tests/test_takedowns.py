"""What is taken down is gone: here at once, on nodes with their next word, for players too."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_title
from cdn import models, services, takedowns
from cdn.events import package_taken_down
from cdn.tests.nodes import FakeNode
from cdn.types import PackageTakenDown

pytestmark = pytest.mark.django_db
ONE, TWO = "11" * 16, "22" * 16


def told(client: Client, node: FakeNode, version: int = 0) -> tuple[list[tuple[str, bool, bool]], int]:
    answer: Any = node.beat(client, report={"takedowns": version})
    said = answer.json()
    orders = [(one["package"], one["forbidden"], one["lifted"]) for one in said["takedowns"]]
    return orders, said["takedowns_version"]


def test_a_node_hears_of_a_takedown_with_its_next_heartbeat_and_once(client: Client, node: FakeNode) -> None:
    assert told(client, node) == ([], 0)
    assert services.takedown(ONE, reason="a court order")
    orders, version = told(client, node)
    assert orders == [(ONE, True, False)]
    assert told(client, node, version) == ([], version)
    assert services.takedowns_version() == version


def test_who_was_away_hears_all_that_still_matters_in_order(client: Client, node: FakeNode) -> None:
    services.takedown(ONE, reason="x")
    services.purge(TWO)
    services.lift(ONE)
    services.takedown(ONE, reason="y")
    services.lift(ONE)
    services.takedown(TWO, reason="z")
    assert told(client, node)[0] == [(TWO, False, False), (ONE, False, True), (TWO, True, False)]


def test_a_purge_after_a_lift_does_not_hide_the_lift(client: Client, node: FakeNode) -> None:
    services.takedown(ONE, reason="x")
    version = told(client, node)[1]
    services.lift(ONE)
    services.purge(ONE)
    assert told(client, node, version)[0] == [(ONE, False, True), (ONE, False, False)]


def test_a_node_of_another_time_hears_all(client: Client, node: FakeNode) -> None:
    services.takedown(ONE, reason="x")
    orders, version = told(client, node, 10**6)  # the database was restored
    assert orders == [(ONE, True, False)]
    assert version == services.takedowns_version()


def test_saying_it_twice_changes_nothing() -> None:
    assert services.takedown(ONE, reason="x")
    assert not services.takedown(ONE, reason="again")
    assert not services.purge(ONE)  # it is gone anyway
    assert services.lift(ONE)
    assert not services.lift(ONE)
    assert services.takedown(ONE, reason="x", forbidden=False)
    assert not services.taken_down(ONE)
    assert models.Takedown.objects.count() == 3


@pytest.mark.parametrize("package", ["", "film", "AB" * 16, "11" * 15, "../etc"])
def test_nonsense_is_no_package(package: str) -> None:
    with pytest.raises(services.NotAPackage):
        services.takedown(package, reason="x")


def test_news_goes_out_once_and_history_has_every_word(django_capture_on_commit_callbacks: Any) -> None:
    heard: list[PackageTakenDown] = []

    def receiver(event: PackageTakenDown, **_: object) -> None:
        heard.append(event)

    package_taken_down.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.takedown(ONE, reason="a court order", actor="ada")
            services.purge(TWO, actor="ben")
            services.lift(ONE, actor="ada")
    finally:
        package_taken_down.disconnect(receiver)
    assert heard == [PackageTakenDown(package_id=ONE, reason="a court order")]
    events = [(one.kind, one.subject, one.actor) for one in services.fleet_events(limit=10)]
    assert sorted(events) == [("lift", ONE, "ada"), ("purge", TWO, "ben"), ("takedown", ONE, "ada")]
    assert [(one.package_id, one.forbidden) for one in services.takedowns_of()] == [(TWO, False)]


def test_the_shield_and_the_origin_refuse_at_once(
    client: Client, node: FakeNode, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    title = make_title()
    assert title.video_id is not None
    package = catalog.current_package(title.video_id)
    assert package is not None
    token = services.sign(
        session_id=uuid4(),
        account_id=uuid4(),
        package_id=package.id,
        renditions=0xFFFFFFFF,
        now=timezone.now(),
    ).text
    shield = f"/v1/{token}/{package.id}/{package.renditions[0].name}/init.mp4"
    origin = f"/origin/v1/{package.id}/manifest.json"
    assert node.get(client, origin).status_code == 200
    before = client.get(shield).status_code
    services.takedown(package.id, reason="x")
    refused = client.get(shield)
    assert (refused.status_code, refused.content) == (404, b"taken down\n")
    assert node.get(client, origin).status_code == 404
    services.lift(package.id)
    assert client.get(shield).status_code == before


def test_the_log_is_read_anew_after_a_moment(settings: Any) -> None:
    models.Takedown.objects.create(package=ONE, actor="another process", reason="x")
    assert takedowns.log.forbids(ONE)

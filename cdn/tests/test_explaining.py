"""Why is this here, and why not."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_package, make_title, make_video
from cdn import asking, bundles, models, plans, services, tasks
from cdn.inventory import holdings
from cdn.tests.factories import make_node
from cdn.types import Node

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def film(name: str) -> str:
    title = make_title(name=name, packaged=False, published=False)
    package = make_package(
        make_video(title_id=title.id), duration=60.0, heights=(180, 360, 720), segment_bytes=400
    )
    catalog.publish(title.id)
    return package


def node(disk: int, name: str = "") -> Node:
    made = make_node(name=name)
    models.EdgeNode.objects.filter(id=made.id).update(disk_bytes=disk)
    return made


def report(one: Node, package: str, state: str, *, only: str = "") -> None:
    said = {
        row.rendition: (state, row.segments // 2)
        for row in models.Bundle.objects.filter(package=package)
        if only in ("", row.rendition)
    }
    base = holdings.epoch(one.id)
    holdings.take(one.id, slot=one.slot, epoch=base + 1, base=base, report={package: said})


def why(one: Node, package: str) -> dict[str, str]:
    return {reason.rendition: reason.why for reason in services.explain(one.id, package)}


def test_what_is_here_says_why() -> None:
    package = film("Night Mail")
    here = node(10**9)
    tasks.tend_placement()
    report(here, package, "full")
    reasons = {one.rendition: one for one in services.explain(here.id, package)}
    assert reasons["v720"].why == "its disk holds everything that is published"
    assert (reasons["v720"].here, reasons["v720"].wanted, reasons["v720"].urgency) == (
        "full",
        "all",
        "release",
    )
    assert reasons["t-en"].urgency == "pinned"
    assert services.explain(here.id, "0" * 32) == []
    assert services.explain(uuid4(), package) == []


def test_what_is_not_here_says_why_not() -> None:
    package = film("Night Mail")
    for number in range(5):
        film(f"Other {number}")
    bundles.reconcile()
    total = sum(models.Bundle.objects.values_list("bytes", flat=True))
    nodes = [node(int(total * 0.5)) for _ in range(3)]
    blank, silent = node(0), node(10**9)
    models.Bundle.objects.update(created_at=timezone.now() - timedelta(days=30))
    models.EdgeNode.objects.filter(id=silent.id).update(wanted="drain")
    tasks.tend_placement()
    said = [text for one in nodes for each in services.explain(one.id, package) for text in [each.why]]
    assert any("the beginning of every title is on every node; the rest:" in text for text in said)
    assert any("copies of it are planned on" in text or "too little is played" in text for text in said)
    assert set(why(blank, package).values()) == {"the node has not said yet how much its disk holds"}
    assert "drained" in why(silent, package)["v720"]
    models.Takedown.objects.create(package=package, actor="lena", reason="rights ended")
    assert why(nodes[0], package)["v720"] == "it was taken down by lena: rights ended"


def test_progress_follows_what_the_node_reports() -> None:
    package = film("Night Mail")
    here = node(10**9)
    assert services.fill_progress(here.id) is None
    tasks.tend_placement()
    before = services.fill_progress(here.id)
    assert before is not None
    assert (before.known, before.done, before.pinned_done) == (False, 0, 0)
    assert before.bytes_left == before.bytes_total > 0
    report(here, package, "head")
    heads = services.fill_progress(here.id)
    assert heads is not None
    assert heads.known
    assert 0 < heads.pinned_done <= heads.pinned
    report(here, package, "partial")
    half = services.fill_progress(here.id)
    assert half is not None
    assert 0.4 < half.bytes_left / half.bytes_total < 0.6
    report(here, package, "full")
    after = services.fill_progress(here.id)
    assert after is not None
    assert (after.done, after.bytes_left, after.pinned_done) == (after.total, 0, after.pinned)
    assert services.inventory_map([package]) == {package: {here.id: "full"}}


def typed(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_plan_says_what_it_does() -> None:
    package = film("Night Mail")
    here = node(10**9, name="paris-1")
    bundles.reconcile()
    assert "plan would be version 1" in typed("plan", "--dry-run")
    assert not models.NodePlan.objects.exists()
    assert "paris-1: everything that is published" in typed("plan")
    listed = typed("plan", "--node", "paris-1")
    assert "nothing new" in listed
    assert f"{package}/v720" in listed
    with pytest.raises(CommandError, match="paris-1"):
        typed("plan", "--node", "rome-1")
    assert models.NodePlan.objects.get().node_id == here.id
    said = typed("plan", "--node", "paris-1", "--window", "01:00-06:30", "--mbps", "50")
    assert "plan is version 2" in said
    plan = plans.newest(here.id)
    assert plan is not None
    assert (plan.window, plan.rate_bps) == (("01:00", "06:30"), 50_000_000)
    for wrong in (["--window", "1-6"], ["--mbps", "-1"]):
        with pytest.raises(CommandError, match=wrong[0]):
            typed("plan", "--node", "paris-1", *wrong)
    with pytest.raises(CommandError, match="give --node"):
        typed("plan", "--mbps", "1")


def test_whereis_finds_titles_and_packages() -> None:
    package = film("Night Mail")
    node(10**9, name="paris-1")
    tasks.tend_placement()
    for words in (["night", "mail"], [package]):
        said = typed("whereis", *words)
        assert "paris-1 (active)" in said
        assert "its disk holds everything" in said
    with pytest.raises(CommandError, match="called 'nothing'"):
        typed("whereis", "nothing")
    with pytest.raises(CommandError, match=r"no node named 'rome-1'. Nodes: paris-1\."):
        typed("whereis", "night", "mail", "--node", "rome-1")


def test_a_title_is_taken_down_by_its_name_when_it_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "learn", lambda site="": "")
    one, other = film("Night Mail"), film("Night Train")
    with pytest.raises(CommandError, match=f"may mean several(.|\n)*{other}"):
        typed("takedown", "night", "--reason", "x")
    said = typed("takedown", "night mail", "--reason", "x", "--wait", "0")
    assert f"Night Mail ({one})" in said
    assert services.taken_down(one)
    assert not services.taken_down(other)

"""From packages, demand and nodes to plans: what nodes are told, and that they are told no more than needed."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_package, make_series, make_title, make_video
from cdn import bundles, deliveries, forecast, models, planning, plans, popularity, tasks
from cdn.tests.factories import make_node
from cdn.types import Node, NodeState

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def film(name: str) -> str:
    """A published film of 100 seconds; → its package."""
    title = make_title(name=name, packaged=False, published=False)
    package = make_package(make_video(title_id=title.id), duration=100.0, segment_bytes=400)
    catalog.publish(title.id)
    return package


def node(disk: int, **more: Any) -> Node:
    made = make_node(**more)
    models.EdgeNode.objects.filter(id=made.id).update(disk_bytes=disk)
    return made


def wanted(node_id: UUID) -> dict[tuple[str, str], tuple[str, str]]:
    plan = plans.newest(node_id)
    assert plan is not None
    return {(one.package, one.rendition): (one.part, one.kind) for one in plan.orders if one.part == "all"}


def watch(package: str, rendition: str, node_id: UUID, *, plays: float, journal: UUID | None = None) -> None:
    """So many whole plays of a rendition, as the node's journal tells."""
    size = models.Bundle.objects.get(package=package, rendition=rendition).bytes
    now = int(timezone.now().timestamp() * 1000)
    answers = [size] * int(plays) + ([int(size * (plays % 1))] if plays % 1 else [])
    rows = [
        deliveries.Row(now, None, package, rendition, "0.m4s", 200, sent, 5, "hit", "") for sent in answers
    ]
    deliveries.take(node_id, journal=journal or uuid4(), first=1, rows=rows)


def old(package: str, days: int = 30) -> None:
    models.Bundle.objects.filter(package=package).update(created_at=timezone.now() - timedelta(days=days))


def test_bundles_follow_the_catalogue() -> None:
    package = film("Night Mail")
    bundles.reconcile()
    rows = {row.rendition: row for row in models.Bundle.objects.filter(package=package)}
    assert set(rows) == {"v180", "v360", "v720", "a-en", "t-en"}
    assert rows["v180"].bytes == next(
        one.bytes
        for one in catalog.package(package).renditions
        if one.name == "v180"  # type: ignore[union-attr]
    )
    assert rows["v180"].head_segments == 3
    assert 0 < rows["v180"].head_bytes <= rows["v180"].bytes
    assert bundles.reconcile() == 0

    video = catalog.package(package).video_id  # type: ignore[union-attr]
    newer = make_package(video, heights=(180, 360))
    bundles.reconcile()
    assert set(models.Bundle.objects.filter(gone_at=None).values_list("package", flat=True)) == {newer}
    title = catalog.videos([video])[video].title_id
    catalog.unpublish(title)
    bundles.reconcile()
    assert not models.Bundle.objects.filter(gone_at=None).exists()
    catalog.publish(title)
    bundles.reconcile()
    assert models.Bundle.objects.filter(gone_at=None, package=newer).exists()


def test_heads_are_those_of_the_two_lowest_and_the_middle_picture_and_all_sound() -> None:
    title = make_title(packaged=False, published=False)
    package = make_package(
        make_video(title_id=title.id), duration=60, heights=(180, 360, 540, 720, 1080), audio=("en", "de")
    )
    bundles.add(package)
    heads = models.Bundle.objects.filter(package=package, head_segments__gt=0)
    assert set(heads.values_list("rendition", flat=True)) == {"v180", "v360", "v540", "a-en", "a-de", "t-en"}
    assert set(heads.filter(kind="video").values_list("head_segments", flat=True)) == {3}


def test_a_small_fleet_holds_everything_and_says_so() -> None:
    packages = [film(f"Film {n}") for n in range(3)]
    nodes = [node(10**9), node(10**9)]
    tasks.tend_placement()
    for one in nodes:
        told = wanted(one.id)
        assert {package for package, _ in told} == set(packages)
        plan = plans.newest(one.id)
        assert plan is not None
        assert plan.head.everything
        assert plan.orders[0].kind == "pinned"
        assert any(order.why == "its disk holds everything that is published" for order in plan.orders)
    assert plan.version == 1
    tasks.tend_placement()
    assert plans.newest(nodes[0].id).version == 1, "nothing new is not told"  # type: ignore[union-attr]
    film("One more")
    tasks.tend_placement()
    newer = plans.newest(nodes[0].id)
    assert newer is not None
    assert newer.version == 2
    assert Counter(order.kind for order in newer.orders)["release"] > 0


def test_plans_of_small_disks_hold_what_is_watched() -> None:
    packages = [film(f"Film {n}") for n in range(8)]
    bundles.reconcile()
    total = sum(models.Bundle.objects.values_list("bytes", flat=True))
    nodes = [node(int(total * 0.35), site=f"s{n}") for n in range(3)]
    for package in packages:
        old(package)
    for number, package in enumerate(packages):
        for rendition in ("v720", "a-en"):
            watch(package, rendition, nodes[0].id, plays=100 / (number + 1))
    tasks.tend_placement()
    for one in nodes:
        plan = plans.newest(one.id)
        assert plan is not None
        assert not plan.head.everything
        heads = {order.package for order in plan.orders if order.kind == "pinned"}
        assert heads == set(packages), "the beginning of every title is everywhere"
    held = Counter(package for one in nodes for package, rendition in wanted(one.id) if rendition == "v720")
    assert held[packages[0]] >= 2
    assert sum(held[package] for package in packages[:4]) > sum(held[package] for package in packages[4:])


def test_demand_is_counted_once_and_by_region() -> None:
    package = film("Night Mail")
    bundles.reconcile()
    here, there = node(10**9), node(10**9)
    models.EdgeNode.objects.filter(id=there.id).update(region="far")
    journal = uuid4()
    watch(package, "v720", here.id, plays=2.5, journal=journal)
    watch(package, "v720", here.id, plays=2.5, journal=journal)  # sent again
    watch(package, "v720", there.id, plays=1.0)
    assert popularity.count() == 4
    assert popularity.count() == 0
    rows = {row.region: row for row in models.BundleDemand.objects.filter(bundle__rendition="v720")}
    assert rows["default"].short == pytest.approx(2.5, rel=0.01)
    assert rows["far"].long == pytest.approx(1.0, rel=0.01)
    later = timezone.now() + timedelta(hours=6)
    watch(package, "v720", here.id, plays=1.0)
    popularity.count(later)
    row = models.BundleDemand.objects.get(bundle__rendition="v720", region="default")
    assert row.short == pytest.approx(2.5 / 2 + 1, rel=0.01)


def test_a_rate_comes_back_out_of_its_faded_sum() -> None:
    # One play every 100 s for long: the sum settles at 6 h / (100 s x ln 2).
    total = 0.0
    for _ in range(3000):
        total = forecast.faded(total, 100, forecast.SHORT) + 1
    assert forecast.rate(total, timedelta(days=30), forecast.SHORT) == pytest.approx(0.01, rel=0.01)
    # Watched for half a life only, it is known to be half of what it will be, roughly.
    total = 0.0
    for _ in range(108):
        total = forecast.faded(total, 100, forecast.SHORT) + 1
    assert forecast.rate(total, timedelta(hours=3), forecast.SHORT) == pytest.approx(0.01, rel=0.02)


def test_a_new_episode_is_expected_to_do_like_its_series() -> None:
    series = make_series(name="Lamps", seasons=(3,))
    parts = [episode.video_id for season in catalog.seasons(series.id) for episode in season.episodes]
    packages = [str(catalog.current_package_id(video)) for video in parts if video]
    quiet = film("Quiet")
    bundles.reconcile()
    here = node(10**9)
    for package in (*packages, quiet):
        old(package)
    watch(packages[0], "v720", here.id, plays=50)
    watch(packages[1], "v720", here.id, plays=50)
    watch(quiet, "v720", here.id, plays=0.5)
    popularity.count()
    models.Bundle.objects.filter(package=packages[2]).update(created_at=timezone.now())
    known = [
        popularity.Known(row.id, row.rendition, row.video_id, row.created_at)
        for row in models.Bundle.objects.filter(rendition="v720")
    ]
    rates = popularity.rates(known, ["default"], timezone.now())["default"]
    by_package = {row.package: rates[row.id] for row in models.Bundle.objects.filter(rendition="v720")}
    assert by_package[packages[2]] > by_package[packages[0]] > by_package[quiet] > 0


def test_no_answer_is_more_than_a_whole_play() -> None:
    """One row of a node that lies would outweigh what viewers ask for in a year, and fade for months."""
    package = film("Night Mail")
    bundles.reconcile()
    now = int(timezone.now().timestamp() * 1000)
    lie = deliveries.Row(now, None, package, "v720", "0.m4s", 200, 1 << 36, 5, "hit", "")
    deliveries.take(node(10**9).id, journal=uuid4(), first=1, rows=[lie, lie])
    assert popularity.count() == 2
    assert models.BundleDemand.objects.get().short == 2.0


def test_a_film_encoded_anew_inherits_its_demand() -> None:
    package = film("Night Mail")
    bundles.reconcile()
    here = node(10**9)
    old(package)
    watch(package, "v720", here.id, plays=50)
    popularity.count()
    video = catalog.package(package).video_id  # type: ignore[union-attr]
    newer = make_package(video, duration=12.0)
    bundles.reconcile()
    rows = models.Bundle.objects.filter(package=newer)
    known = [popularity.Known(row.id, row.rendition, row.video_id, row.created_at) for row in rows]
    rates = popularity.rates(known, ["default"], timezone.now() + timedelta(days=30))["default"]
    assert rates[rows.get(rendition="v720").id] > 10 * rates[rows.get(rendition="v180").id]


def settle() -> None:
    """Plan until nothing changes any more."""
    for _ in range(10):
        planning.pulse.forget()
        tasks.tend_placement()
        if planning.pulse.planned_at:
            return
    raise AssertionError("plans go on changing")


def test_a_node_that_is_gone_for_long_is_planned_around() -> None:
    packages = [film(f"Film {n}") for n in range(6)]
    bundles.reconcile()
    for package in packages:
        old(package)
    total = sum(models.Bundle.objects.values_list("bytes", flat=True))
    nodes = [node(int(total * 0.95), site=f"s{n}") for n in range(5)]
    settle()
    lost, left = nodes[0], nodes[1:]
    before = [wanted(one.id) for one in left]
    models.EdgeNode.objects.filter(id=lost.id).update(state=NodeState.SUSPECT.value, state_at=timezone.now())
    tasks.tend_placement()
    assert [wanted(one.id) for one in left] == before, "nobody moves for a moment's silence"
    models.EdgeNode.objects.filter(id=lost.id).update(state_at=timezone.now() - timedelta(minutes=11))
    settle()
    after = [wanted(one.id) for one in left]
    for bundle in wanted(lost.id):
        assert sum(bundle in plan for plan in after) >= 2


def test_forbidden_packages_and_nodes_without_a_disk_are_left_out() -> None:
    bad, good = film("Bad"), film("Good")
    models.Takedown.objects.create(package=bad, actor="test", reason="rights")
    here, blank = node(10**9), node(0)
    tasks.tend_placement()
    assert {package for package, _ in wanted(here.id)} == {good}
    assert plans.newest(blank.id) is None


def test_a_dry_run_writes_nothing() -> None:
    film("Night Mail")
    here = node(10**9)
    bundles.reconcile()
    (change,) = planning.plan(dry_run=True)
    assert change.changed
    assert change.new > 0
    assert plans.newest(here.id) is None


def test_the_window_and_rate_are_the_nodes_own_or_the_settings(settings: Any) -> None:
    film("Night Mail")
    one, other = node(10**9), node(10**9)
    models.EdgeNode.objects.filter(id=other.id).update(fill_window="01:00-05:30", fill_bps=5_000_000)
    settings.FILL_MBPS = 80
    tasks.tend_placement()
    ours, theirs = plans.newest(one.id), plans.newest(other.id)
    assert ours is not None
    assert theirs is not None
    assert (ours.window, ours.rate_bps) == (("02:00", "14:00"), 80_000_000)
    assert (theirs.window, theirs.rate_bps) == (("01:00", "05:30"), 5_000_000)


def test_old_deliveries_are_forgotten() -> None:
    here = node(10**9)
    film("Night Mail")
    bundles.reconcile()
    watch(models.Bundle.objects.first().package, "v720", here.id, plays=1)  # type: ignore[union-attr]
    assert deliveries.prune() == 0
    models.Delivery.objects.update(at=timezone.now() - timedelta(days=15))
    assert deliveries.prune() == 1
    assert models.Delivery.objects.count() == 0


def test_plans_are_made_again_when_something_is_new_or_demand_had_time() -> None:
    film("Night Mail")
    bundles.reconcile()
    here, now = node(10**9), timezone.now()
    due = planning.pulse.due
    assert due(now)
    assert not due(now + timedelta(seconds=30))
    film("Another")
    bundles.reconcile()
    assert due(now + timedelta(seconds=60))
    models.EdgeNode.objects.filter(id=here.id).update(wanted=models.Wanted.DRAIN)
    assert due(now + timedelta(seconds=90))
    assert not due(now + timedelta(seconds=120))
    assert due(now + timedelta(seconds=90) + planning.DEMAND_EVERY), "viewers have moved on, perhaps"


def test_a_sudden_crowd_is_given_more_copies_at_once() -> None:
    packages = [film(f"Film {n}") for n in range(6)]
    bundles.reconcile()
    for package in packages:
        old(package)
    total = sum(models.Bundle.objects.values_list("bytes", flat=True))
    nodes = [node(int(total * 0.5), site=f"s{n}", capacity_bps=1000) for n in range(5)]
    planning.plan()
    quiet = next(p for p in packages if sum((p, "v720") in wanted(one.id) for one in nodes) <= 2)
    watch(quiet, "v720", nodes[0].id, plays=200)
    popularity.count()
    planning.plan()
    held = [found for one in nodes if (found := wanted(one.id).get((quiet, "v720")))]
    assert len(held) >= 4, "it is more than three nodes can carry"
    assert "repair" in {kind for _part, kind in held}

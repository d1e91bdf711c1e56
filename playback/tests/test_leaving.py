"""Nodes that come and go, films that are taken down: what steering and sessions make of it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.types import Profile
from catalog.types import Title
from cdn import services as cdn
from cdn.types import Node, NodeState
from playback import services
from playback.steering import Failure, Viewer, rank
from playback.tests.conftest import EVENING
from playback.tests.factories import open_session
from playback.tests.test_steering import GBIT, NOW, SITE_URL, node
from playback.types import Ended, Sample


def firsts(nodes: list[Node], *, sessions: int = 1000) -> Counter[str]:
    counted: Counter[str] = Counter()
    for number in range(sessions):
        counted[rank(nodes, Viewer(seed=f"s{number}"), shield_url=SITE_URL, now=NOW).order[0].id] += 1
    return counted


@pytest.mark.parametrize(
    ("minutes", "least", "most"), [(0, 0.01, 0.10), (5, 0.10, 0.24), (10, 0.20, 0.31), (600, 0.20, 0.31)]
)
def test_a_node_that_just_began_gets_its_share_by_and_by(minutes: float, least: float, most: float) -> None:
    settled = [
        node(slot, egress_bps=GBIT // 10 * slot, serving_since=NOW - timedelta(days=1)) for slot in (1, 2, 3)
    ]
    # As busy as the others for what it should be given, so that only the weights speak.
    settled = [replace(one, egress_bps=0) for one in settled]
    fresh = node(4, serving_since=NOW - timedelta(minutes=minutes))
    assert least < firsts([*settled, fresh])["n4"] / 1000 < most


def test_a_fresh_node_is_as_busy_as_it_should_be_sooner_than_others() -> None:
    settled = node(1, egress_bps=GBIT * 3 // 10, serving_since=NOW - timedelta(days=1))
    fresh = node(2, egress_bps=GBIT // 10, serving_since=NOW)
    assert firsts([settled, fresh]) == {"n1": 1000}  # 10 % of all is all of a tenth


def test_a_fleet_that_is_fresh_all_over_serves_like_any_other() -> None:
    counted = firsts([node(slot, serving_since=NOW) for slot in (1, 2, 3, 4)])
    assert all(150 < count < 350 for count in counted.values())


def test_viewers_of_a_draining_node_leave_by_turns_and_nobody_new_comes() -> None:
    leaving, other = node(1, state=NodeState.DRAINING, leaving=0.3), node(2)
    gone = 0
    for number in range(1000):
        session = UUID(int=number << 118 | 5)
        viewer = Viewer(seed=session.hex, session=session, current="n1")
        first = rank([leaving, other], viewer, shield_url=SITE_URL, now=NOW).order[0].id
        assert first == ("n2" if leaving.sends_away(session) else "n1")
        gone += first == "n2"
    assert 250 < gone < 350
    new = Viewer(seed="s", session=uuid4())
    assert rank([leaving, other], new, shield_url=SITE_URL, now=NOW).order[0].id == "n2"


def test_who_failed_at_a_draining_node_does_not_linger() -> None:
    leaving, session = node(1, state=NodeState.DRAINING, leaving=0.0), uuid4()
    failed = {"n1": Failure(at=NOW - timedelta(hours=1))}
    viewer = Viewer(seed=session.hex, session=session, current="n1", failures=failed)
    assert rank([leaving, node(2)], viewer, shield_url=SITE_URL, now=NOW).order[0].id == "n2"


def test_who_must_leave_stays_in_the_region() -> None:
    nodes = [node(1, state=NodeState.DRAINING), *(node(slot, region="south") for slot in (2, 3, 4)), node(5)]
    for number in range(20):
        viewer = Viewer(seed=f"s{number}", region="default", current="n1")
        order = rank(nodes, viewer, shield_url=SITE_URL, now=NOW).order
        assert order[0].id == "n5"
        assert order[0].reason.startswith("same region")


@pytest.mark.django_db(databases=["default", "telemetry"])
def test_what_is_taken_down_stops_playing_and_cannot_be_opened(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node], django_capture_on_commit_callbacks: Any
) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    with django_capture_on_commit_callbacks(execute=True):
        cdn.takedown(session.package_id, reason="a court order")
    heard = services.close_session(session.id, now=EVENING)
    assert heard.ended is Ended.FORGOTTEN
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=EVENING)
    with pytest.raises(services.NotAvailable):
        open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    cdn.lift(session.package_id)
    assert (
        open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING).package_id
        == session.package_id
    )


@pytest.mark.django_db(databases=["default", "telemetry"])
def test_a_token_of_what_is_taken_down_is_not_renewed_though_no_news_came(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    cdn.takedown(session.package_id, reason="x")  # its event is not sent: the transaction is the test's
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=EVENING)


@pytest.mark.django_db(databases=["default", "telemetry"])
def test_what_players_say_of_a_node_reaches_the_witnesses(nodes: tuple[Node, Node]) -> None:
    bad = nodes[0]
    for number in range(3):
        samples = [Sample(node=f"n{bad.slot}", failures=2), Sample(node=f"n{nodes[1].slot}", ok=3)]
        services.steer(uuid4(), samples=samples, address=f"198.51.{number}.9")
    states = {one.slot: one.state for one in cdn.nodes()}
    assert states == {bad.slot: NodeState.SUSPECT, nodes[1].slot: NodeState.ACTIVE}

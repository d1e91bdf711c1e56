"""Why bytes did not come from where they should: as a table, and as the operator reads it."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.types import Title
from cdn.tests import factories as fleet
from cdn.types import Node
from playback import services
from playback.misses import Given, Kind, judge
from playback.tests.factories import open_session
from playback.types import Considered, Decision, Report

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def decided(
    *order: str, seconds: int = 0, reason: str = "nearest tier, 3 % busy", passed: str = ""
) -> Decision:
    places = tuple(Considered(node, reason if place == 0 else "another") for place, node in enumerate(order))
    out = (Considered("n9", passed),) if passed else ()
    return Decision(NOW + timedelta(seconds=seconds), "asked", places, out)


@pytest.mark.parametrize(
    ("decision", "node", "held", "failed", "kind", "words"),
    [
        (decided("n1", "n2"), "n1", True, False, Kind.HIT, "rank 1"),
        (decided("n1", "n2"), "n1", False, False, Kind.CONTENT, "it had to fetch it: nearest tier"),
        (decided("n1", "n2"), "n2", True, False, Kind.HEALTH, "rank 2, away from n1"),
        (decided("n1", "n2"), "n1", True, True, Kind.HEALTH, "could not answer"),
        (decided("n1", "n2"), "n7", True, False, Kind.OTHER, "was not offered"),
        (decided("n1", reason="last resort: suspect"), "n1", True, False, Kind.HEALTH, "last resort"),
        (decided("shield", reason="the site itself"), "shield", True, False, Kind.HEALTH, "the site itself"),
        (decided("n1", reason="any site", passed="full, 95 % busy"), "n1", True, False, Kind.HEALTH, "n9 could not"),
        (decided("n1", reason="any site", passed="not needed"), "n1", True, False, Kind.HIT, "rank 1"),
        (None, "n1", True, False, Kind.OTHER, "no decision"),
    ],
)  # fmt: skip
def test_each_miss_has_its_kind(
    decision: Decision | None, node: str, held: bool, failed: bool, kind: Kind, words: str
) -> None:
    given = Given(NOW + timedelta(seconds=1), node, 1000, held, failed)
    (found,) = judge([decision] if decision else [], [given])
    assert (found.kind, found.bytes, found.answers) == (kind, 1000, 1)
    assert words in found.why


def test_the_decision_in_force_is_the_last_before() -> None:
    made = [decided("n1", "n2"), decided("n2", "n1", seconds=30)]
    given = [Given(NOW + timedelta(seconds=at), "n2", 10, True) for at in (-5, 10, 31, 40)]
    assert [(one.kind, one.answers) for one in judge(made, given)] == [(Kind.HIT, 2), (Kind.HEALTH, 2)]


@pytest.mark.django_db(databases=["default", "telemetry"])
@pytest.mark.usefixtures("site")
def test_the_operator_can_ask_why(ada: Profile, night_mail: Title, nodes: tuple[Node, Node]) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)  # type: ignore[arg-type]
    first = next(one for one in nodes if f"n{one.slot}" == session.nodes[0].id)
    fleet.make_delivery(first, session.id, bytes=700, cache="HIT")
    fleet.make_delivery(first, session.id, bytes=300, cache="MISS")
    services.beat(session.id, Report(position=timedelta(seconds=1)))
    said = StringIO()
    call_command("steering", explain=str(session.id), stdout=said)
    assert "opened" in said.getvalue()
    assert f"1. {session.nodes[0].id}" in said.getvalue()
    assert "70.0%     1 answers  as it should be: rank 1" in said.getvalue()
    assert "30.0%     1 answers  content miss: it had to fetch it" in said.getvalue()
    page = people.client_of(people.make_operator("boss")).get(
        f"/admin/playback/playbacksession/{session.id}/change/"
    )
    assert b"content miss: it had to fetch it" in page.content
    listed = StringIO()
    call_command("steering", stdout=listed)
    assert str(session.id) in listed.getvalue()
    with pytest.raises(CommandError, match="lists those that play"):
        call_command("steering", explain="nonsense")

"""The operators' pages of the fleet: what they show, what their buttons do, and who may."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from cdn import bundles, models, services
from cdn.board import fleetpage, nodepage, rows, tickets, words
from cdn.board.samples import KEPT, Point, Ring, Samples, samples
from cdn.inventory import holdings
from cdn.live import fleet
from cdn.refusals import refusals
from cdn.tests.factories import make_node
from cdn.types import Node, NodeState

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def fresh() -> None:
    """No curve, no snapshot, no refusal of other tests."""
    samples.forget()
    fleetpage.forget()
    refusals.forget()
    bundles.index.clear()
    holdings.clear()


@pytest.fixture
def paris() -> Node:
    return make_node(name="paris-1", site="paris", egress_bps=250_000_000, sessions=40)


@pytest.fixture
def lyon() -> Node:
    return make_node(name="lyon-1", site="lyon", egress_bps=100_000_000, sessions=10)


def text(answer: Any) -> str:
    """The page's text."""
    return str(answer.content.decode())


# Pages ------------------------------------------------------------------------------------------------


def test_the_page_lists_nodes_by_site_with_their_load(admin_client: Client, paris: Node, lyon: Node) -> None:
    page = text(admin_client.get("/admin/fleet/"))
    assert "paris-1" in page
    assert "25 %" in page
    assert page.index("lyon-1") < page.index("paris-1")
    assert "350 Mbit/s" in page


def test_an_empty_fleet_says_what_to_do(admin_client: Client) -> None:
    assert "No node yet" in text(admin_client.get("/admin/fleet/"))


def test_every_page_opens_with_one_node(admin_client: Client, paris: Node) -> None:
    for path in (
        "",
        "state/",
        "add/",
        "map/",
        "map/state/",
        "evacuate/",
        f"node/{paris.id}/",
        f"node/{paris.id}/state/",
    ):
        assert admin_client.get(f"/admin/fleet/{path}").status_code == 200, path
    for verb in ("drain", "activate", "quarantine", "retire"):
        assert admin_client.get(f"/admin/fleet/node/{paris.id}/{verb}/").status_code == 200, verb
    assert admin_client.get(f"/admin/fleet/node/{uuid4()}/").status_code == 404


def test_pages_are_for_operators(client: Client, admin_user: object, paris: Node) -> None:
    for path in ("", "add/", "map/", "evacuate/", f"node/{paris.id}/", f"node/{paris.id}/drain/"):
        assert client.get(f"/admin/fleet/{path}").status_code == 302, path


def test_who_may_only_look_has_no_buttons_and_cannot_act(
    client: Client, admin_user: object, paris: Node
) -> None:
    looker = get_user_model().objects.create_user(username="vera", password="x", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_edgenode"))
    client.force_login(looker)
    page = text(client.get("/admin/fleet/"))
    assert "paris-1" in page
    assert "Add a node" not in page
    assert client.post(f"/admin/fleet/node/{paris.id}/drain/").status_code == 403
    assert client.get("/admin/fleet/add/").status_code == 403
    assert tickets.may_look(looker)


def test_a_nodes_place_is_corrected_in_its_row(admin_client: Client, paris: Node) -> None:
    assert "paris-1" in text(admin_client.get("/admin/cdn/edgenode/"))
    path = f"/admin/cdn/edgenode/{paris.id}/change/"
    assert admin_client.get(path).status_code == 200
    sent = {"region": "eu-west", "site": "paris", "capacity_bps": "2000000000", "_save": "1"}
    answer: Any = admin_client.post(path, sent)
    assert answer.headers["Location"] == f"/admin/fleet/node/{paris.id}/"
    assert models.EdgeNode.objects.get(id=paris.id).region == "eu-west"


# Buttons ----------------------------------------------------------------------------------------------


def test_draining_keeps_the_operators_name_and_reason(admin_client: Client, paris: Node, lyon: Node) -> None:
    answer: Any = admin_client.post(
        f"/admin/fleet/node/{paris.id}/drain/", {"reason": "new disk"}, headers=JSON
    )
    assert answer.json() == {"said": "paris-1 is being drained."}
    event = models.NodeEvent.objects.get()
    assert (event.to_state, event.actor, event.reason) == ("draining", "operator admin", "new disk")


def test_the_question_shows_what_would_happen(admin_client: Client, paris: Node, lyon: Node) -> None:
    page = text(admin_client.get(f"/admin/fleet/node/{paris.id}/drain/"))
    assert "40 sessions with 250 Mbit/s would move" in page
    assert "35 %" in page  # what lyon-1 would come to


def test_a_quarantine_needs_a_reason(admin_client: Client, paris: Node) -> None:
    refused: Any = admin_client.post(f"/admin/fleet/node/{paris.id}/quarantine/", headers=JSON)
    assert refused.status_code == 422
    assert "Say why" in refused.json()["error"]
    admin_client.post(f"/admin/fleet/node/{paris.id}/quarantine/", {"reason": "odd bytes"})
    assert models.EdgeNode.objects.get(id=paris.id).state == "quarantined"


def test_what_cannot_be_is_refused_in_words(admin_client: Client) -> None:
    gone = make_node(state=NodeState.RETIRED)
    answer: Any = admin_client.post(f"/admin/fleet/node/{gone.id}/quarantine/", {"reason": "x"}, headers=JSON)
    assert answer.status_code == 422
    assert "retired" in answer.json()["error"]


# Joining ----------------------------------------------------------------------------------------------


def test_adding_a_node_shows_the_command_once(admin_client: Client) -> None:
    made: Any = admin_client.post("/admin/fleet/add/", {"name": "lyon-1"})
    assert "lyon-1" in text(made)
    assert "--code" in text(made)
    assert "no-store" in made.headers["Cache-Control"]
    assert "--code" not in text(admin_client.get("/admin/fleet/join/lyon-1/"))
    assert "Waiting for its machine" in text(admin_client.get("/admin/fleet/"))


def test_a_name_that_serves_is_not_given_twice(admin_client: Client, paris: Node) -> None:
    page = text(admin_client.post("/admin/fleet/add/", {"name": "paris-1"}))
    assert "There is a node of this name" in page
    assert not models.EnrolmentCode.objects.exists()


def test_the_page_that_waits_sees_each_step(admin_client: Client) -> None:
    def marks() -> list[str]:
        answer: Any = admin_client.get("/admin/fleet/join/lyon-1/state/")
        return [step["mark"] for step in answer.json()["steps"]]

    services.enrolment_code(name="lyon-1")
    assert marks() == ["now", "later", "later", "later"]
    models.EnrolmentCode.objects.update(used_at=timezone.now())
    node = make_node(name="lyon-1", state=NodeState.VERIFYING)
    assert marks() == ["done", "now", "later", "later"]
    for state, seen in (("warming", ["done", "done", "now", "later"]), ("active", ["done"] * 4)):
        models.EdgeNode.objects.filter(id=node.id).update(state=state)
        fleet.changed()
        assert marks() == seen


def test_a_refusal_is_told_to_who_waits(admin_client: Client) -> None:
    services.enrolment_code(name="lyon-1")
    wish = {
        "code": "0" * 64, "name": "lyon-1", "public_key": "00" * 32, "base_url": "http://127.0.0.1:1",
        "site": "lyon", "capacity_bps": 10**9, "version": "1",
    }  # fmt: skip
    admin_client.post("/api/v1/cdn/enrol", wish, content_type="application/json")
    answer: Any = admin_client.get("/admin/fleet/join/lyon-1/state/")
    assert "enrolment code is not known" in answer.json()["refused"]


def test_a_code_can_be_made_void(admin_client: Client) -> None:
    services.enrolment_code(name="lyon-1")
    admin_client.post("/admin/fleet/join/lyon-1/forget/")
    assert "lyon-1" not in [one["name"] for one in fleetpage.snapshot()["expected"]]


# Live -------------------------------------------------------------------------------------------------


def test_only_what_changed_is_told_again(paris: Node, lyon: Node) -> None:
    before = fleetpage.snapshot()
    fleetpage.forget()
    fleet.beats[paris.id].sessions += 1
    samples.look(fleet.beats)
    news = fleetpage.told(fleetpage.snapshot(), before)
    assert news["nodes"] == [{"id": str(paris.id), "parts": {"sessions": "41"}}]
    assert len(news["points"]["egress"]) == 1


def test_a_nodes_page_is_told_new_points_only(paris: Node) -> None:
    samples.look(fleet.beats)
    before = nodepage.snapshot(paris.id)
    samples.look(fleet.beats)
    after = nodepage.snapshot(paris.id)
    assert before is not None
    assert after is not None
    assert after["points"]["egress"] == [[250e6, 250e6]]
    assert nodepage.since(after, before)["points"]["egress"] == [[250e6]]


def test_a_node_that_fell_silent_is_a_sentence(paris: Node) -> None:
    beat = fleet.beats[paris.id]
    beat.heard_at = beat.lease_until = timezone.now() - timedelta(seconds=9)
    data = fleetpage.snapshot()
    assert data["nodes"][0]["state"] == "suspect"
    assert any("not heard for 9 s" in one["text"].lower() for one in data["alerts"])


def test_a_ticket_is_its_users_own() -> None:
    people = get_user_model().objects
    olu = people.create_superuser(username="olu", password="x")
    eve = people.create_superuser(username="eve", password="x")
    assert tickets.is_good(tickets.ticket(olu.pk), olu)
    assert not tickets.is_good(tickets.ticket(olu.pk), eve)
    assert not tickets.is_good("", olu)


# Figures ----------------------------------------------------------------------------------------------


def test_ratios_are_of_the_last_minutes(paris: Node) -> None:
    kept = Samples()
    beat = fleet.beats[paris.id]
    beat.boot, beat.hits, beat.misses = "a", 1000, 1000
    kept.look(fleet.beats)
    beat.hits, beat.misses, beat.sequence = 1090, 1010, 2
    kept.look(fleet.beats)
    assert kept.nodes[paris.id].hit_ratio() == pytest.approx(0.9)
    beat.boot, beat.hits, beat.misses, beat.sequence = "b", 5, 0, 3  # it was started anew: totals begin at 0
    kept.look(fleet.beats)
    assert kept.fleet.hit_ratio() == pytest.approx(0.9)


def test_a_ring_forgets_what_is_old() -> None:
    ring = Ring()
    for value in range(KEPT + 5):
        ring.add(Point(egress=float(value)))
    assert ring.last("egress")[0] == 5
    assert len(ring.last("egress")) == KEPT


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 bit/s"),
        (999, "0 bit/s"),
        (1000, "1.00 kbit/s"),
        (31_000_000, "31.0 Mbit/s"),
        (1_240_000_000, "1.24 Gbit/s"),
    ],
)
def test_rates_in_words(value: int, said: str) -> None:
    assert words.rate(value) == said


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert words.share(0.99999) == "99.9 %"
    assert words.share(None) == "\u2013"


def test_buttons_follow_the_state() -> None:
    names = [one["verb"] for one in rows.verbs(NodeState.ACTIVE, "serve")]
    assert names == ["drain", "quarantine", "retire"]
    assert [one["verb"] for one in rows.verbs(NodeState.QUARANTINED, "quarantine")] == ["activate", "retire"]
    assert rows.verbs(NodeState.RETIRED, "retire") == []


# Evacuations ------------------------------------------------------------------------------------------


def test_a_site_is_evacuated_with_its_forecast_shown_before(
    admin_client: Client, paris: Node, lyon: Node
) -> None:
    page = text(admin_client.get("/admin/fleet/evacuate/?scope=site&value=paris"))
    assert "40 sessions with 250 Mbit/s would move" in page
    form = {"target": "site:paris", "reason": " the roof leaks "}
    answer: Any = admin_client.post("/admin/fleet/evacuate/", form, headers=JSON)
    assert answer.json() == {"said": "Being evacuated: paris-1."}
    node = models.EdgeNode.objects.get(id=paris.id)
    assert (node.state, node.reason) == ("draining", "site 'paris' evacuated: the roof leaks")


def test_what_the_others_cannot_carry_waits_for_a_yes(admin_client: Client, lyon: Node) -> None:
    full = make_node(name="full", site="full", egress_bps=900_000_000, sessions=200)
    for path in ("/admin/fleet/evacuate/", f"/admin/fleet/node/{full.id}/drain/"):
        fleet.beats[lyon.id].egress_bps = 800_000_000
        refused: Any = admin_client.post(path, {"target": "site:full"}, headers=JSON)
        assert refused.status_code == 422
        assert "Tick the box" in refused.json()["error"]
        assert models.EdgeNode.objects.get(id=full.id).state == "active"
    assert "Do it all the same" in text(admin_client.get(f"/admin/fleet/node/{full.id}/drain/"))
    admin_client.post("/admin/fleet/evacuate/", {"target": "site:full", "force": "1"})
    assert models.EdgeNode.objects.get(id=full.id).state == "draining"


@pytest.mark.parametrize("target", ["", "site:nowhere", "planet:mars", "site"])
def test_a_target_that_there_is_not_is_refused_in_words(admin_client: Client, target: str) -> None:
    answer: Any = admin_client.post("/admin/fleet/evacuate/", {"target": target}, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"]


# What needs a person ----------------------------------------------------------------------------------


def alerts() -> str:
    """All that the page says needs a person."""
    fleetpage.forget()
    return " ".join(one["text"] for one in fleetpage.snapshot()["alerts"])


def test_what_needs_a_person_is_said_with_its_remedy(paris: Node, lyon: Node) -> None:
    assert alerts() == ""
    beat, now = fleet.beats[paris.id], timezone.now()
    beat.cert_until = int((now + timedelta(days=3, hours=1)).timestamp())
    assert "ends in 3 d" in alerts()
    beat.cert_until = int(now.timestamp()) - 5
    assert "has ended" in alerts()
    beat.cert_until, beat.egress_bps = 0, 950_000_000
    assert "sends 95 %" in alerts()
    for network in ("198.51.100.7", "203.0.113.9", "192.0.2.1", "198.18.0.1"):
        services.report_failure(lyon.id, session_id=uuid4(), network=network)
    assert "It is heard all the same, but nobody new is sent there" in alerts()


def test_the_brake_says_what_it_means(paris: Node) -> None:
    fleet.brakes[""] = timezone.now() + timedelta(seconds=40)
    assert "this site's own network" in alerts()
    fleet.brakes.clear()


def test_a_fleet_that_takes_nobody_says_who_serves(paris: Node) -> None:
    services.drain(paris.id)
    fleet.changed()
    assert "the site serves them itself" in alerts()

"""What players learn besides the picture: what its bytes must be, how the fleet is, and what they tell in turn."""

import base64
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.types import Title
from cdn import services as cdn
from cdn.tests import factories as fleet
from cdn.types import Node
from playback import bodies
from playback.tests.factories import make_bookmark

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]


def press(profile: Profile, video: UUID, **more: object) -> dict[str, Any]:
    answer = people.client_of(profile).post(
        "/api/v1/playback/sessions", {"video": str(video), **more}, content_type="application/json"
    )
    assert answer.status_code == 201
    return answer.json()


def ask(opened: dict[str, Any], **body: object) -> dict[str, Any]:
    answer = Client().post(opened["steering"], body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def opened(ada: Profile, night_mail: Title) -> dict[str, Any]:
    return press(ada, night_mail.video_id)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "ending"), [("v180", "m4s"), ("a-en", "m4s"), ("t-en", "vtt")])
def test_what_the_segments_must_be_is_told_and_true(opened: dict[str, Any], name: str, ending: str) -> None:
    told = Client().get(opened["segments"].replace("{rendition}", name)).json()
    digests = base64.b64decode(told["digests"])
    place = f"/v1/{opened['token']['value']}/{opened['package']}/{name}"
    assert len(told["sizes"]) * 16 == len(digests)
    for number, size in enumerate(told["sizes"][:3]):
        bytes_ = b"".join(Client().get(f"{place}/{number}.{ending}"))
        assert len(bytes_) == size
        assert hashlib.sha256(bytes_).digest()[:16] == digests[16 * number : 16 * number + 16]
    if ending == "vtt":
        assert told["init"] is None
        return
    init = b"".join(Client().get(f"{place}/init.mp4"))
    digest = base64.b64encode(hashlib.sha256(init).digest()[:16]).decode()
    assert told["init"] == {"size": len(init), "digest": digest}


@pytest.mark.parametrize(("seconds", "first"), [(0, 0), (4, 0), (41, 10)])
def test_the_first_segments_digests_come_with_the_session(
    ada: Profile, night_mail: Title, seconds: int, first: int
) -> None:
    video = night_mail.video_id
    place, whole = timedelta(seconds=seconds), timedelta(seconds=100)
    make_bookmark(profile_id=ada.id, video_id=video, position=place, duration=whole)
    opened = press(ada, video, playlist=True)  # type: ignore[arg-type]
    assert "a-en" in opened["heads"]
    assert "t-en" not in opened["heads"]
    for name, head in opened["heads"].items():
        told = Client().get(opened["segments"].replace("{rendition}", name)).json()
        begins = base64.b64decode(head["digests"])
        assert head["first"] == first
        assert len(begins) == 48
        assert begins == base64.b64decode(told["digests"])[16 * first : 16 * first + 48]
    assert press(ada, video)["heads"] == {}  # type: ignore[arg-type]


def test_it_may_be_kept_and_costs_no_question_to_the_database(opened: dict[str, Any]) -> None:
    url = opened["segments"].replace("{rendition}", "v360")
    first = Client().get(url)
    assert first["Cache-Control"] == "private, max-age=86400, immutable"
    assert first["Access-Control-Allow-Origin"] == "*"
    with CaptureQueriesContext(connections["default"]) as asked:
        assert Client().get(url).content == first.content
    assert not [one["sql"] for one in asked if "package" in one["sql"]]
    assert Client().get(opened["segments"].replace("{rendition}", "v999")).status_code == 404
    assert Client().get(url)["Cache-Control"] == first["Cache-Control"]


def test_steering_says_since_when_a_node_is_well(nodes: tuple[Node, Node], opened: dict[str, Any]) -> None:
    answer = ask(opened)
    assert set(answer) == {"nodes", "ttl", "mb", "frozen", "now"}
    assert answer["mb"] == 0
    since = {one["id"]: one["healthy_since"] for one in answer["nodes"]}
    assert since["shield"] is None
    now = timezone.now().timestamp() * 1000
    assert all(now - 60_000 < since[f"n{node.slot}"] <= now for node in nodes)
    assert abs(answer["now"] - now) < 60_000
    cdn.drain(nodes[0].id)
    after = {one["id"]: one["healthy_since"] for one in ask(opened)["nodes"]}
    assert after.get(f"n{nodes[0].slot}") is None
    cdn.activate(nodes[0].id)
    again = {one["id"]: one["healthy_since"] for one in ask(opened)["nodes"]}
    assert again[f"n{nodes[0].slot}"] > since[f"n{nodes[0].slot}"], "what failed before may be tried again"


def test_samples_may_tell_more() -> None:
    full = {"node": "n1", "rtt_ms": 12.5, "corrupt": 2, "hedges": 1, "ok": 3}
    (sample,) = bodies.samples({"samples": [full]})
    assert (sample.rtt_ms, sample.corrupt, sample.hedges) == (12.5, 2, 1)
    for field in ("rtt_ms", "corrupt", "hedges"):
        with pytest.raises(bodies.BadBody):
            bodies.samples({"samples": [{"node": "n1", field: -1}]})


def test_capacity_that_is_short_is_told_as_a_bitrate(opened: dict[str, Any]) -> None:
    for site in ("north", "south"):
        fleet.make_node(site=site, egress_bps=900_000_000, sessions=300)
    assert ask(opened)["mb"] == 2000

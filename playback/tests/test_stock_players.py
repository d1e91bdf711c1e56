"""Players that are not ours: what they know rides in the address, later nodes are clones; and the doorstep."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import m3u8
import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn import services as cdn
from cdn.tests import factories as fleet
from cdn.types import Node
from netflixlite import addresses
from playback import keys, known, pathways
from playback.doorstep import SteerPlayers
from playback.live import LIVE
from playback.multivariant import Pathway
from playback.types import RankedNode

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]


def press(profile: Profile, video: object) -> dict[str, Any]:
    answer = people.client_of(profile).post(
        "/api/v1/playback/sessions", {"video": str(video)}, content_type="application/json"
    )
    return answer.json()


def read(url: str) -> Any:
    parts = urlsplit(url)
    return Client().get(f"{parts.path}?{parts.query}")


@pytest.fixture
def opened(ada: Profile, night_mail: Title, nodes: tuple[Node, Node]) -> dict[str, Any]:
    return press(ada, night_mail.video_id)


# What a player knows ------------------------------------------------------------------------------------

WAYS = [
    Pathway("n1", "http://a.test:81"),
    Pathway("n2", "http://b.test:81"),
    Pathway("shield", "http://site.test"),
]


def ranked(*places: tuple[str, str]) -> list[RankedNode]:
    return [RankedNode(name, url, rank, "") for rank, (name, url) in enumerate(places, start=1)]


def test_a_node_that_came_later_or_moved_is_a_clone_with_an_id_of_its_own() -> None:
    state = pathways.listing(WAYS, token="tok")
    assert pathways.unpack(pathways.pack(state)) == state
    order, after = pathways.priority(
        state, ranked(("n3", "http://c.test:81"), ("n1", "http://a2.test:81"), ("n2", "http://b.test:81"))
    )
    assert order[2] == "n2"
    assert [pathways.plain(one) for one in order] == ["n3", "n1", "n2"]
    assert order[1] != "n1", "the same id would be taken for the old place"
    assert pathways.plain("shield-again") == "shield"
    told = pathways.clones(after, (), package_id="0" * 32, keyed="")
    assert [(one["BASE-ID"], one["ID"], one["URI-REPLACEMENT"]) for one in told] == [
        ("n1", order[0], {"HOST": "c.test"}),
        ("n1", order[1], {"HOST": "a2.test"}),
    ]
    # It goes on being told of when it is no longer ranked, and a third address has a third id.
    again, last = pathways.priority(after, ranked(("n1", "http://a3.test:81")))
    assert len({*order, *again}) == 4
    assert len(last.clones) == 3


def test_host_is_told_only_where_schemes_and_ports_agree() -> None:
    state = pathways.listing(WAYS, token="tok")
    for place in ("https://c.test:81", "http://c.test", "http://c.test:82"):
        _, after = pathways.priority(state, ranked(("n3", place)))
        assert pathways.clones(after, (), package_id="0" * 32, keyed="") == []
    mixed = pathways.listing([*WAYS, Pathway("n9", "http://d.test:99")], token="tok")
    _, after = pathways.priority(mixed, ranked(("n3", "http://c.test:81")))
    assert pathways.clones(after, (), package_id="0" * 32, keyed="") == []
    secure = pathways.listing(
        [Pathway("n1", "https://a.test"), Pathway("n2", "https://b.test:443")], token="t"
    )
    _, after = pathways.priority(secure, ranked(("n3", "https://c.test")))
    assert pathways.clones(after, (), package_id="0" * 32, keyed="")[0]["URI-REPLACEMENT"]["HOST"] == "c.test"


def test_clones_are_bounded_and_the_newest_stay() -> None:
    state = pathways.listing(WAYS, token="tok")
    for number in range(20):
        order, state = pathways.priority(state, ranked((f"n{number + 3}", f"http://x{number}.test:81")))
    assert len(state.clones) == pathways.CLONES_MOST
    assert order[0] in dict(state.clones)


def test_a_state_that_is_not_ours_is_no_state(opened: dict[str, Any]) -> None:
    for text in ("", "x", "null", '{"p": 1}', "[]"):
        assert not pathways.unpack(text).listed
    assert keys.unseal(keys.seal("abc")) == "abc"
    assert keys.unseal(keys.seal("abc") + "x") == keys.unseal("nonsense") == ""
    answer = read(opened["steering"] + "?state=forged&_HLS_pathway=n1")
    assert answer.status_code == 200
    assert answer.json()["PATHWAY-PRIORITY"]


# Over HTTP ----------------------------------------------------------------------------------------------


def test_a_player_is_told_of_a_node_that_joined(
    opened: dict[str, Any], nodes: tuple[Node, Node], night_mail: Title
) -> None:
    playlist = m3u8.loads(read(opened["hls"]).content.decode())
    steering = playlist.content_steering.uri
    new = fleet.make_node(site="west")
    for node in nodes:
        cdn.drain(node.id)
    listed = opened["nodes"][0]["id"]
    answer = read(f"{steering}&_HLS_pathway={listed}&_HLS_throughput=5000000").json()
    name = next(one for one in answer["PATHWAY-PRIORITY"] if one.startswith(f"n{new.slot}."))
    (clone,) = answer["PATHWAY-CLONES"]
    assert (clone["ID"], clone["BASE-ID"]) == (name, listed)
    instead = clone["URI-REPLACEMENT"]
    assert instead["HOST"] == urlsplit(new.base_url).hostname
    stable = {one.stream_info.stable_variant_id: one.uri for one in playlist.playlists}
    assert set(instead["PER-VARIANT-URIS"]) == set(stable)
    for one, url in instead["PER-VARIANT-URIS"].items():
        assert url == new.base_url + urlsplit(stable[one]).path
    renditions = {one.stable_rendition_id for one in playlist.media}
    assert set(instead["PER-RENDITION-URIS"]) == renditions
    # The next question comes to the new address, from the clone, perhaps to another process.
    assert answer["RELOAD-URI"].startswith(opened["steering"] + "?state=")
    LIVE.clear()
    known.KNOWN.forget()
    again = read(f"{answer['RELOAD-URI']}&_HLS_pathway={name}").json()
    assert again["PATHWAY-PRIORITY"][0] == name
    assert again["PATHWAY-CLONES"][0]["ID"] == name


def test_an_encrypted_films_clone_leads_to_the_sessions_own_playlists(
    ada: Profile, nodes: tuple[Node, Node]
) -> None:
    title = shop.make_title(name="Sealed", packaged=False)
    video = shop.make_video(title_id=title.id)
    shop.make_package(video, key=bytes(16))
    opened = press(ada, shop.services.title(title.id).video_id)  # type: ignore[union-attr]
    steering = m3u8.loads(read(opened["hls"]).content.decode()).content_steering.uri
    new = fleet.make_node(site="west")
    for node in nodes:
        cdn.drain(node.id)
    (clone,) = read(f"{steering}&_HLS_pathway=n1").json()["PATHWAY-CLONES"]
    assert "HOST" not in clone["URI-REPLACEMENT"]
    url = clone["URI-REPLACEMENT"]["PER-VARIANT-URIS"]["v180"]
    assert url.startswith(opened["hls"].removesuffix("multivariant.m3u8") + "keyed/")
    assert new.base_url in read(url).content.decode()


def test_a_dash_player_is_told_of_hosts_alone(opened: dict[str, Any], nodes: tuple[Node, Node]) -> None:
    steering = read(opened["dash"]).content.decode().split("</ContentSteering>")[0].rpartition(">")[2]
    fleet.make_node(site="west")
    for node in nodes:
        cdn.drain(node.id)
    answer = read(f'{steering}&_DASH_pathway="n1,shield"&_DASH_throughput=1,2').json()
    assert [set(one["URI-REPLACEMENT"]) for one in answer["PATHWAY-CLONES"]] == [{"HOST"}]


def test_a_stock_players_token_lasts_as_long_as_the_film(opened: dict[str, Any]) -> None:
    def life(playlist: str) -> float:
        path = urlsplit(m3u8.loads(playlist).playlists[0].uri).path
        token = base64.urlsafe_b64decode(path.split("/")[2])
        return int.from_bytes(token[47:51], "big") - timezone.now().timestamp()

    hours = timedelta(hours=4).total_seconds()
    assert hours < life(read(opened["hls"]).content.decode()) < hours + 200
    assert life(read(opened["hls"] + "?keys=loader").content.decode()) <= 900


# Where the viewer is, and what it measured --------------------------------------------------------------


def test_the_map_decides_where_a_session_begins(ada: Profile, night_mail: Title) -> None:
    for site in ("north", "south", "east"):
        fleet.make_node(site=site)
    fleet.make_network("203.0.113.0/24", site="south")
    for number in range(2):
        answer = people.client_of(ada).post(
            "/api/v1/playback/sessions",
            {"video": str(night_mail.video_id)},
            content_type="application/json",
            REMOTE_ADDR=f"203.0.113.{number}",
        )
        assert answer.json()["nodes"][0]["reason"].startswith("nearest tier")


def test_round_trips_are_shared_within_a_network(opened: dict[str, Any], nodes: tuple[Node, Node]) -> None:
    far, near = (f"n{node.slot}" for node in nodes)
    samples = [{"node": far, "rtt_ms": 120}, {"node": near, "rtt_ms": 7}]
    Client().post(
        opened["steering"], {"samples": samples}, content_type="application/json", REMOTE_ADDR="198.51.100.4"
    )
    for number in range(8):
        one = keys.make(session_id=UUID(int=number), package_id="0" * 32, user_id=UUID(int=1))
        url = f"/api/v1/playback/s/{one}/steering"
        said = Client().post(url, {}, content_type="application/json", REMOTE_ADDR="198.51.100.9").json()
        assert said["nodes"][0]["id"] == near
        assert said["nodes"][0]["reason"].startswith("under 10 ms away")


@pytest.mark.parametrize(
    ("proxy", "forwarded", "address"),
    [
        (None, "203.0.113.9", "192.0.2.1"),
        (("HTTP_X_FORWARDED_PROTO", "https"), "203.0.113.9", "203.0.113.9"),
        (("HTTP_X_FORWARDED_PROTO", "https"), "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (("HTTP_X_FORWARDED_PROTO", "https"), "nonsense", "192.0.2.1"),
        (("HTTP_X_FORWARDED_PROTO", "https"), "", "192.0.2.1"),
    ],
)
def test_a_proxy_is_believed_only_where_there_is_one(
    settings: Any, proxy: object, forwarded: str, address: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = proxy
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": forwarded}
    scope = {"client": ("192.0.2.1", 5), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert addresses.of(meta) == addresses.of_scope(scope) == address


# The doorstep -------------------------------------------------------------------------------------------


def knock(
    path: str, *, method: str = "GET", query: str = "", body: bytes = b"", length: int | None = None
) -> tuple[int, dict[str, Any]]:
    """One request to the steering that stands before Django; 0 when it was passed on."""
    said: list[Any] = []

    async def django(*_: object) -> None:
        said.append({"status": 0})
        said.append({"body": b"{}"})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    scope = {
        "path": path,
        "method": method,
        "query_string": query.encode(),
        "client": ("192.0.2.7", 1),
        "headers": [(b"content-length", str(len(body) if length is None else length).encode())],
    }
    asyncio.run(SteerPlayers(django, address=addresses.of_scope)(scope, receive, send))
    return said[0]["status"], json.loads(said[1]["body"])


def test_the_doorstep_says_what_django_says_and_asks_no_database(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    path = urlsplit(opened["steering"]).path
    by_django = Client().post(path, {"current": "n1"}, content_type="application/json").json()
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    with django_assert_num_queries(0):
        status, said = knock(path, method="POST", body=b'{"current": "n1"}')
        _, stock = knock(path, query="_HLS_pathway=n1")
    assert status == 200
    changing = ("ttl", "now")
    assert {**said, **dict.fromkeys(changing)} == {**by_django, **dict.fromkeys(changing)}
    assert stock["RELOAD-URI"] == opened["steering"]


@pytest.mark.parametrize(
    ("body", "length", "status"),
    [(b"[]", None, 400), (b'{"samples": 1}', None, 400), (b"{", None, 400), (b"", 20_000, 0), (b"", -1, 0)],
)
def test_the_doorstep_is_as_strict(
    opened: dict[str, Any], body: bytes, length: int | None, status: int
) -> None:
    path = urlsplit(opened["steering"]).path
    assert knock(path, method="POST", body=body, length=length)[0] == status
    assert knock(path.replace("/s/", "/s/x"), method="POST", body=b"{}")[0] == 403
    assert knock(path, method="OPTIONS")[0] == knock(path + "x")[0] == 0
    assert knock(path, query="_HLS_pathway=%00")[0] == 400


# The control plane is away ------------------------------------------------------------------------------


def test_the_last_fleet_is_remembered_over_a_restart_without_a_database(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.WORK_DIR = tmp_path
    path = urlsplit(opened["steering"]).path
    known.KNOWN.look(timezone.now())
    known.KNOWN._write()
    known.KNOWN.forget()
    LIVE.clear()

    def broken() -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(cdn, "nodes", broken)
    said = Client().post(path, {}, content_type="application/json").json()
    assert {one["id"] for one in said["nodes"]} == {one["id"] for one in opened["nodes"]}
    assert [one["base_url"] for one in said["nodes"][:2]] != [said["nodes"][2]["base_url"]] * 2
    (tmp_path / "last-fleet.json").write_text("[{}]")
    known.KNOWN.forget()
    alone = Client().post(path, {}, content_type="application/json").json()
    assert [one["id"] for one in alone["nodes"]] == ["shield"]


def test_a_database_that_hangs_empties_the_fleet_no_more_than_one_that_fails(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = urlsplit(opened["steering"]).path
    known.KNOWN.look(timezone.now())
    monkeypatch.setattr(
        known.KNOWN, "_kept_at", float("-inf")
    )  # the thread hangs: it has kept nothing for long

    def hangs() -> None:
        raise SynchronousOnlyOperation("asked in an event loop")

    monkeypatch.setattr(cdn, "nodes", hangs)
    much_later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: much_later)
    status, said = knock(path, method="POST", body=b"{}")
    assert status == 200
    assert {one["id"] for one in said["nodes"]} == {one["id"] for one in opened["nodes"]}


def test_one_viewer_does_not_fill_nodes_in_everybodys_eyes(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = urlsplit(opened["steering"]).path
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    for number in range(40):
        here, fled = ("n1", "n2") if number % 2 else ("n2", "n1")
        told = {"current": here, "samples": [{"node": fled, "ok": 1}, {"node": here, "failures": 1}]}
        knock(path, method="POST", body=json.dumps(told).encode())
    given = LIVE.assigned(timezone.now())
    assert sum(given.values()) <= 8_000_000, given


def test_names_of_no_node_push_nothing_out_that_was_measured(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = urlsplit(opened["steering"]).path
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    knock(path, method="POST", body=json.dumps({"samples": [{"node": "n1", "rtt_ms": 5}]}).encode())
    bogus = [{"node": f"x{number}", "rtt_ms": 1, "bps": 1, "ok": 1} for number in range(16)]
    for _ in range(2):
        assert knock(path, method="POST", body=json.dumps({"samples": bogus}).encode())[0] == 200
    assert LIVE.round_trips(cdn.network_of("192.0.2.7"), timezone.now()) == {"n1": 5}


def test_steering_never_answers_429_however_often_it_is_asked(opened: dict[str, Any]) -> None:
    path = urlsplit(opened["steering"]).path
    answers = [knock(path)[0] for _ in range(300)]
    assert set(answers) == {200}

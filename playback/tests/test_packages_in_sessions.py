"""What a session makes of its package: partial ones, encrypted ones, several codecs, surround sound, small pictures."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import m3u8
import pytest
from django.test import Client
from mpegdash.parser import MPEGDASHParser

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.types import Node
from playback import services
from playback.tests.conftest import EVENING
from playback.types import Capabilities, Report

pytestmark = [
    pytest.mark.django_db(databases=["default", "telemetry"]),
    pytest.mark.usefixtures("site", "nodes"),
]

KEY = bytes(range(16))


@pytest.fixture
def video(db: None) -> UUID:
    title = shop.make_title(packaged=False)
    return shop.make_video(title_id=title.id)


def press(profile: Profile, video: UUID, **capabilities: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"video": str(video)}
    if capabilities:
        body["capabilities"] = capabilities
    answer = people.client_of(profile).post(
        "/api/v1/playback/sessions", body, content_type="application/json"
    )
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def read(url: str) -> Any:
    return Client().get(url.removeprefix("http://127.0.0.1:8000"))


def text(url: str) -> str:
    answer = read(url)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def report(seconds: float) -> Report:
    return Report(position=timedelta(seconds=seconds))


def names(opened: dict[str, Any], kind: str) -> list[str]:
    return [one["name"] for one in opened["tracks"][kind]]


# Partial packages --------------------------------------------------------------------------------------


def test_the_end_of_what_is_there_is_not_the_end_of_the_film(ada: Profile, video: UUID) -> None:
    shop.make_package(video, duration=20, complete=False, expected=100.0)
    opened = press(ada, video)
    assert (opened["complete"], opened["duration"], opened["expected_duration"]) == (False, 20.0, 100.0)
    session = UUID(opened["id"])
    services.beat(session, report(20))
    mark = services.bookmarks(ada.id, [video])[video]
    assert (mark.position, mark.duration, mark.finished) == (
        timedelta(seconds=20),
        timedelta(seconds=100),
        False,
    )
    services.close_session(session)
    viewing = services.viewings_since(ada.id, EVENING)[0]
    assert viewing.fraction == pytest.approx(0.2)


def test_nobody_knows_how_long_it_will_be(ada: Profile, video: UUID) -> None:
    shop.make_package(video, duration=20, complete=False)
    opened = press(ada, video)
    assert opened["expected_duration"] is None
    services.beat(UUID(opened["id"]), report(20))
    assert not services.bookmarks(ada.id, [video])[video].finished


def test_a_beacon_tells_of_a_package_that_has_more(ada: Profile, video: UUID) -> None:
    shop.make_package(video, duration=20, complete=False, expected=100.0)
    session = press(ada, video)
    url = session["beacon"]["url"].removeprefix("http://127.0.0.1:8000")
    assert "newer_package" not in Client().post(url, {"position": 1}, content_type="application/json").json()
    shop.make_package(video, duration=100)
    answer = Client().post(url, {"position": 2}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "state": "active", "newer_package": True}
    after = press(ada, video)
    assert not services.beat(UUID(after["id"]), report(3)).newer_package
    # By this a player that had to open another session sees that the film was packaged anew.
    assert session["package"] != after["package"]


def test_a_second_ladder_is_news_only_for_who_can_play_it(ada: Profile, video: UUID) -> None:
    shop.make_package(video)
    plain = services.open_session(profile_id=ada.id, video_id=video, device="a")
    modern = services.open_session(profile_id=ada.id, video_id=video, device="b", can=Capabilities(av1=True))
    shop.make_package(video, av1=(180, 720))
    assert not services.beat(plain.id, report(1)).newer_package
    assert services.beat(modern.id, report(1)).newer_package


# Codecs and surround ------------------------------------------------------------------------------------


def test_av1_is_offered_to_who_decodes_it_well_and_then_alone(ada: Profile, video: UUID) -> None:
    shop.make_package(video, av1=(180, 720))
    plain, modern = press(ada, video), press(ada, video, av1=True)
    assert names(plain, "video") == ["v180", "v360", "v720"]
    assert names(modern, "video") == ["x180", "x720"]
    variants = m3u8.loads(text(modern["hls"])).playlists
    assert {one.stream_info.codecs for one in variants} == {"av01.0.04M.08,mp4a.40.2"}


@pytest.mark.parametrize(
    ("said", "sounds", "groups"),
    [
        ({"surround": True}, ["a-en-51", "a-fr"], {"aud"}),
        ({"surround": False}, ["a-en", "a-fr"], {"aud"}),
        ({}, ["a-en", "a-en-51", "a-fr"], {"aud", "sur"}),
    ],
)
def test_surround_is_a_group_of_its_own(
    ada: Profile, video: UUID, said: dict[str, bool], sounds: list[str], groups: set[str]
) -> None:
    shop.make_package(video, surround=True, audio=("en", "fr"))
    opened = press(ada, video, **said)
    assert names(opened, "audio") == sounds
    playlist = m3u8.loads(text(opened["hls"]))
    first = opened["nodes"][0]["id"]
    ours = [one for one in playlist.media if one.type == "AUDIO" and one.group_id.endswith(f"-{first}")]
    assert {one.group_id.removesuffix(f"-{first}") for one in ours} == groups
    by_group: dict[str, list[Any]] = {}
    for one in ours:
        by_group.setdefault(one.group_id, []).append(one)
    assert all([one.name for one in group] == ["en", "fr"] for group in by_group.values())
    assert all([one.default for one in group] == ["YES", "NO"] for group in by_group.values())
    channels = {(one.group_id.split("-")[0], one.name): one.channels for one in ours}
    assert channels[("sur" if "sur" in groups else "aud", "en")] == (
        "2" if said == {"surround": False} else "6"
    )
    variants = [one.stream_info for one in playlist.playlists if one.stream_info.pathway_id == first]
    assert len(variants) == 3 * len(groups)
    assert len({one.stable_variant_id for one in variants}) == len(variants)
    bandwidth = {
        one.audio.split("-")[0]: one.bandwidth for one in variants if one.stable_variant_id.startswith("v180")
    }
    assert bandwidth["sur" if "sur" in groups else "aud"] == (
        640_000 if said != {"surround": False} else 380_000
    )


# The keyframes, and small pictures ----------------------------------------------------------------------


def test_keyframes_are_listed_for_scrubbing(ada: Profile, video: UUID) -> None:
    shop.make_package(video)
    opened = press(ada, video)
    listed = m3u8.loads(text(opened["hls"])).iframe_playlists
    assert len(listed) == 3 * 3
    info = listed[0].iframe_stream_info
    assert (info.bandwidth, info.codecs, info.resolution) == (24_000, "avc1.42c00d", (320, 180))
    assert listed[0].uri.endswith("/v180/iframes.m3u8")
    assert listed[0].uri.startswith(opened["nodes"][0]["base_url"])


def test_small_pictures_have_an_address_at_the_first_node(ada: Profile, video: UUID) -> None:
    package = shop.make_package(video, sheets=2)
    opened = press(ada, video)
    token, base = opened["token"]["value"], opened["nodes"][0]["base_url"]
    assert opened["trickplay"] == f"{base}/v1/{token}/{package}/images/index.vtt"
    own = f"/v1/{token}/{package}/images/"
    index = text(own + "index.vtt")
    sheets = set(re.findall(r"^(\S+)#xywh", index, re.MULTILINE))
    assert sheets == {"0.webp", "1.webp"}
    assert read(own + "1.webp")["Content-Type"] == "image/webp"
    assert [read(own + name).status_code for name in ("2.webp", "0.m4s", "index.m3u8")] == [404] * 3


# DASH ---------------------------------------------------------------------------------------------------


def test_the_same_segments_are_a_dash_presentation(ada: Profile, video: UUID) -> None:
    shop.make_package(video, surround=True, audio=("en", "fr"), sheets=2)
    opened = press(ada, video)
    raw = text(opened["dash"])
    mpd = MPEGDASHParser.parse(raw)
    assert (mpd.type, mpd.media_presentation_duration) == ("static", "PT10.000S")
    # The MPD has a token of its own: it is signed when it is asked for.
    places = [base.base_url_value.split("/v1/") for base in mpd.base_urls]
    assert [host for host, _ in places] == [one["base_url"] for one in opened["nodes"]]
    (place,) = {path for _, path in places}
    token, package, end = place.split("/")
    assert (package, end) == (_package(opened), "")
    assert [base.service_location for base in mpd.base_urls] == [one["id"] for one in opened["nodes"]]
    assert f">{opened['steering']}?state=" in raw
    sets = mpd.periods[0].adaptation_sets
    assert [one.content_type for one in sets] == ["video", "audio", "audio", "audio", "text", "image"]
    pictures = sets[0]
    assert [(one.id, one.bandwidth, one.width) for one in pictures.representations] == [
        ("v180", 240_000, 320), ("v360", 900_000, 640), ("v720", 3_600_000, 1280),
    ]  # fmt: skip
    template = pictures.segment_templates[0]
    assert (template.timescale, template.start_number) == (12_800, 0)
    line = template.segment_timelines[0].Ss
    assert [(one.t, one.d, one.r) for one in line] == [(0, 51_200, 1), (None, 25_600, None)]
    assert [one.roles[0].value for one in sets[1:5]] == ["main", "alternate", "alternate", "subtitle"]
    # What the templates name is there.
    for name in ("v180/init.mp4", "v180/2.m4s", "a-en-51/0.m4s", "t-en/0.vtt", "images/1.webp"):
        assert read(f"/v1/{token}/{package}/{name}").status_code == 200, name


def test_dash_steering_hears_the_place_in_use(ada: Profile, video: UUID) -> None:
    shop.make_package(video)
    opened = press(ada, video)
    second = opened["nodes"][1]["id"]
    steered = read(f'{opened["steering"]}?_DASH_pathway="{second},shield"&_DASH_throughput=5000000,1').json()
    assert steered["PATHWAY-PRIORITY"][0] == second


# Encryption ---------------------------------------------------------------------------------------------


def test_an_encrypted_film_names_the_sessions_key_and_nothing_else(ada: Profile, video: UUID) -> None:
    shop.make_package(video, key=KEY)
    opened = press(ada, video)
    assert (opened["encrypted"], opened["dash"]) == (True, None)
    assert read(opened["content_key_url"]).content == KEY
    multivariant = text(opened["hls"])
    assert "I-FRAME" not in multivariant
    base = f"{opened['hls'].removesuffix('multivariant.m3u8')}keyed"
    variants = m3u8.loads(multivariant).playlists
    assert variants[0].uri == f"{base}/{opened['nodes'][0]['id']}/v180.m3u8"
    media = m3u8.loads(text(variants[0].uri))
    # With a token of its own: it is signed when the playlist is asked for.
    node = re.escape(f"{opened['nodes'][0]['base_url']}/v1/")
    own = rf"{node}[\w-]+/{_package(opened)}/v180"
    assert re.fullmatch(rf"{own}/0\.m4s", media.segments[0].uri)
    assert re.fullmatch(rf"{own}/init\.mp4", media.segments[0].init_section.uri)
    assert (media.keys[-1].method, media.keys[-1].uri) == ("AES-128", opened["content_key_url"])
    assert text(variants[0].uri).index("EXT-X-MAP") < text(variants[0].uri).index("EXT-X-KEY")


def test_our_loader_reads_the_nodes_own_playlists(ada: Profile, video: UUID) -> None:
    shop.make_package(video, key=KEY)
    opened = press(ada, video)
    variants = m3u8.loads(text(opened["hls"] + "?keys=loader")).playlists
    assert variants[0].uri.endswith("/v180/index.m3u8")
    own = f"/v1/{opened['token']['value']}/{_package(opened)}/v180/"
    assert 'URI="key.bin"' in text(own + "index.m3u8")
    assert read(own + "key.bin").status_code == 404, "keys are not among what nodes can fetch"


@pytest.mark.usefixtures("denied")
def test_the_key_goes_to_no_one_else(ada: Profile, ben: Profile, video: UUID, night_mail: Title) -> None:
    shop.make_package(video, key=KEY)
    opened = press(ada, video)
    other = press(ben, night_mail.video_id or video)
    assert other["content_key_url"] is None
    guess = opened["content_key_url"].replace("/s/", "/s/x")
    assert read(guess).status_code == 403
    assert read(other["hls"].replace("multivariant.m3u8", "content-key")).status_code == 404
    assert read(other["hls"].replace("multivariant.m3u8", "keyed/shield/v180.m3u8")).status_code == 404
    services.close_session(UUID(opened["id"]))
    gone = read(opened["content_key_url"])
    assert gone.status_code == 403
    assert KEY not in gone.content


@pytest.mark.parametrize("end", ["keyed/nowhere/v180.m3u8", "keyed/shield/v999.m3u8", "manifest.mpd"])
def test_what_an_encrypted_session_has_not_is_not_found(ada: Profile, video: UUID, end: str) -> None:
    shop.make_package(video, key=KEY)
    assert read(press(ada, video)["hls"].replace("multivariant.m3u8", end)).status_code == 404


def _package(opened: dict[str, Any]) -> str:
    found = services.playlist(UUID(opened["id"]), by_loader=True)
    match = re.search(r"/v1/[^/]+/([0-9a-f]{32})/", found)
    assert match
    return match[1]


def test_nodes_know_all_of_it(nodes: tuple[Node, Node], ada: Profile, video: UUID) -> None:
    shop.make_package(video, sheets=1)
    opened = press(ada, video)
    assert {one["id"] for one in opened["nodes"]} >= {f"n{node.slot}" for node in nodes}

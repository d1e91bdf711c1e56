"""The playlist is parsed back: by a library that players' authors use too, and attribute by attribute."""

import re
from dataclasses import replace

import m3u8
import pytest

from catalog.types import Rendition, RenditionKind, Segment
from playback.multivariant import Pathway, Places, Wanted, allowed, main_sound, mask, narrowed, write

TOKEN, PACKAGE = "tok-EN_123", "0123456789abcdef0123456789abcdef"
STEERING = "http://site.test/api/v1/playback/s/key.sig/steering"
PATHWAYS = [
    Pathway("n1", "http://a.test:8101"),
    Pathway("n2", "http://b.test:8102"),
    Pathway("shield", "http://site.test"),
]


def rendition(name: str, index: int, kind: RenditionKind, **more: object) -> Rendition:
    plain = Rendition(
        name=name,
        index=index,
        kind=kind,
        codecs="",
        bandwidth=0,
        average_bandwidth=0,
        file=f"{name}.mp4",
        bytes=1,
        sha256="0" * 64,
        playlist=f"{name}.m3u8",
        init=(0, 10),
        segments=(Segment(10, 1, 4.0, "0" * 64),),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def picture(height: int, index: int, peak: int, mean: int, codecs: str = "avc1.64001f") -> Rendition:
    return rendition(
        f"v{height}",
        index,
        RenditionKind.VIDEO,
        codecs=codecs,
        bandwidth=peak,
        average_bandwidth=mean,
        width=height * 16 // 9,
        height=height,
        frame_rate=23.976023976,
    )


def sound(name: str, index: int, peak: int = 140_000, **more: object) -> Rendition:
    facts = {"codecs": "mp4a.40.2", "bandwidth": peak, "average_bandwidth": peak - 12_000, "channels": 2}
    return rendition(
        name, index, RenditionKind.AUDIO, **{"language": name[2:4], "label": "English", **facts, **more}
    )


def text(name: str, index: int, label: str) -> Rendition:
    return rendition(
        name, index, RenditionKind.TEXT, codecs="wvtt", language=name[2:4], label=label, init=None
    )


FILM = [
    picture(720, 0, 3_600_000, 2_800_000),
    picture(180, 1, 240_000, 180_000, "avc1.42c00d"),
    picture(360, 2, 900_000, 700_000, "avc1.4d401e"),
    sound("a-en", 3, default=True),
    sound("a-fr", 4, 160_000, label="Français"),
    text("t-en", 5, "English"),
    text("t-hi", 6, "हिन्दी"),
]


def attributes(line: str) -> dict[str, str]:
    return {
        key: value.strip('"')
        for key, value in re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.split(":", 1)[1])
    }


def playlist(
    renditions: list[Rendition] | tuple[Rendition, ...] = tuple(FILM), pathways: list[Pathway] = PATHWAYS
) -> str:
    return write(renditions, pathways, places=Places(PACKAGE, TOKEN), steering_url=STEERING)


def lines(tag: str, body: str | None = None) -> list[dict[str, str]]:
    return [attributes(line) for line in (body or playlist()).splitlines() if line.startswith(tag + ":")]


def test_a_parser_reads_it_back() -> None:
    read = m3u8.loads(playlist())
    assert read.is_variant
    assert read.is_independent_segments
    assert int(read.version) == 7
    assert read.content_steering.uri == STEERING
    assert read.content_steering.pathway_id == "n1"
    assert len(read.playlists) == 9
    assert len(read.media) == 12
    smallest = read.playlists[0]
    assert smallest.uri == f"http://a.test:8101/v1/{TOKEN}/{PACKAGE}/v180/index.m3u8"
    info = smallest.stream_info
    assert (info.bandwidth, info.average_bandwidth) == (240_000 + 160_000, 180_000 + 148_000)
    assert info.resolution == (320, 180)
    assert info.frame_rate == 23.976
    assert info.codecs == "avc1.42c00d,mp4a.40.2"
    assert (info.audio, info.subtitles, info.closed_captions) == ("aud-n1", "sub-n1", "NONE")
    assert info.pathway_id == "n1"
    assert info.stable_variant_id == "v180"


def test_every_pathway_has_the_same_variants_in_the_same_order_with_groups_of_its_own() -> None:
    by_pathway = {
        pathway.id: [one for one in lines("#EXT-X-STREAM-INF") if one["PATHWAY-ID"] == pathway.id]
        for pathway in PATHWAYS
    }
    plain = [
        [{k: v for k, v in one.items() if k not in ("PATHWAY-ID", "AUDIO", "SUBTITLES")} for one in variants]
        for variants in by_pathway.values()
    ]
    assert plain[0] == plain[1] == plain[2]
    assert [one["STABLE-VARIANT-ID"] for one in plain[0]] == ["v180", "v360", "v720"]
    for pathway, variants in by_pathway.items():
        assert {one["AUDIO"] for one in variants} == {f"aud-{pathway}"}
        assert {one["SUBTITLES"] for one in variants} == {f"sub-{pathway}"}


def test_tracks_have_stable_names_and_one_default_sound() -> None:
    for pathway in PATHWAYS:
        media = [one for one in lines("#EXT-X-MEDIA") if one["PATHWAY-ID"] == pathway.id]
        assert [one["STABLE-RENDITION-ID"] for one in media] == ["a-en", "a-fr", "t-en", "t-hi"]
        assert [one["STABLE-RENDITION-ID"] for one in media if one["DEFAULT"] == "YES"] == ["a-en"]
        assert [one["NAME"] for one in media] == ["English", "Français", "English", "हिन्दी"]
        assert all(one["URI"].startswith(f"{pathway.base_url}/v1/{TOKEN}/{PACKAGE}/") for one in media)
        assert {one["CHANNELS"] for one in media if one["TYPE"] == "AUDIO"} == {"2"}


def test_every_address_holds_the_token_and_no_query() -> None:
    urls = [line for line in playlist().splitlines() if not line.startswith("#")] + [
        one["URI"] for one in lines("#EXT-X-MEDIA")
    ]
    assert urls
    assert all(f"/v1/{TOKEN}/" in url and "?" not in url and url.endswith("/index.m3u8") for url in urls)


def test_a_lone_pathway_is_written_twice() -> None:
    body = playlist(pathways=[PATHWAYS[-1]])
    assert {one["PATHWAY-ID"] for one in lines("#EXT-X-STREAM-INF", body)} == {"shield", "shield-again"}


def test_a_film_without_sound_or_text_names_no_groups() -> None:
    body = playlist(FILM[:3])
    assert not lines("#EXT-X-MEDIA", body)
    assert all("AUDIO" not in one and "SUBTITLES" not in one for one in lines("#EXT-X-STREAM-INF", body))
    assert lines("#EXT-X-STREAM-INF", body)[0]["CODECS"] == "avc1.42c00d"


def test_when_no_sound_is_the_default_the_first_is() -> None:
    renditions = [FILM[0], sound("a-fr", 4), sound("a-en", 3)]
    media = lines("#EXT-X-MEDIA", playlist(renditions))
    assert [one["STABLE-RENDITION-ID"] for one in media if one["DEFAULT"] == "YES"] == ["a-en"] * 3


def test_names_cannot_break_out_of_their_quotes_and_stay_apart() -> None:
    renditions = [
        FILM[0],
        sound("a-en", 3, label='Say "hi"\r\n#EXT-X-EVIL'),
        sound("a-en-2", 4, label='Say "hi"\r\n#EXT-X-EVIL'),
    ]
    body = playlist(renditions)
    assert not any(line.startswith("#EXT-X-EVIL") for line in body.splitlines())
    names = [one["NAME"] for one in lines("#EXT-X-MEDIA", body)][:2]
    assert names == ["Say 'hi'  #EXT-X-EVIL (a-en)", "Say 'hi'  #EXT-X-EVIL (a-en-2)"]


@pytest.mark.parametrize(
    ("cap", "kept"),
    [
        (None, {"v180", "v360", "v720"}),
        (1080, {"v180", "v360", "v720"}),
        (720, {"v180", "v360", "v720"}),
        (719, {"v180", "v360"}),
        (360, {"v180", "v360"}),
        (100, {"v180"}),
        (0, {"v180"}),
    ],
)
def test_a_plans_cap_never_leaves_a_black_screen(cap: int | None, kept: set[str]) -> None:
    left = allowed(FILM, max_height=cap)
    assert {one.name for one in left if one.kind is RenditionKind.VIDEO} == kept
    assert {one.name for one in left if one.kind is not RenditionKind.VIDEO} == {
        "a-en",
        "a-fr",
        "t-en",
        "t-hi",
    }


def test_the_mask_has_a_bit_for_each_rendition() -> None:
    assert mask(FILM) == 0b1111111
    assert mask(allowed(FILM, max_height=360)) == 0b1111110
    assert mask([]) == 0


def test_a_player_without_an_engine_chooses_by_the_playlist() -> None:
    pictures = [
        picture(height, index, 900_000 + index, 700_000) for index, height in enumerate((360, 720, 1080))
    ]
    sounds = [sound("a-en", 3, default=True), sound("a-de", 4)]

    def heights(**wanted: int) -> list[int | None]:
        found = narrowed([*pictures, *sounds], Wanted(**wanted))
        assert [one for one in found if one in sounds] == sounds
        return [one.height for one in found if one not in sounds]

    assert heights(most=720) == [360, 720]
    assert heights(least=720, most=720) == [720]
    assert heights(least=1440) == [360, 720, 1080], "what is not there is not asked for"
    assert heights(most=100) == [360], "nobody gets a black screen"
    body = write(
        [*pictures, *sounds], PATHWAYS, places=Places(PACKAGE, TOKEN), steering_url=STEERING, sound="a-de"
    )
    assert {one["DEFAULT"] for one in lines("#EXT-X-MEDIA", body) if one["LANGUAGE"] == "de"} == {"YES"}


def test_a_sound_that_describes_says_so_and_is_nobodys_default() -> None:
    sounds = [sound("a-en", 1, described=True, default=True), sound("a-en-2", 2)]
    assert main_sound(sounds) is sounds[1]
    assert main_sound(sounds[:1]) is sounds[0]
    body = write(
        [picture(360, 0, 900_000, 700_000), *sounds],
        PATHWAYS,
        places=Places(PACKAGE, TOKEN),
        steering_url=STEERING,
    )
    told = {one["STABLE-RENDITION-ID"]: one.get("CHARACTERISTICS") for one in lines("#EXT-X-MEDIA", body)}
    assert told == {"a-en": "public.accessibility.describes-video", "a-en-2": None}

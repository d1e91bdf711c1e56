"""The classes of holes that peers had where they touch media, one test each, named after them.

`GHSA-…` and `CVE-…` are theirs; what is tried is ours.
"""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from django.test import Client

from catalog import models, services, types
from catalog.media import facts, passthrough, probe, sandbox, tools
from catalog.media.errors import Refused, ToolFailed
from netflixlite.jobs.broker import app
from netflixlite.jobs.types import JobState
from tests.media import clips

MARK = "h0stile"
SCRIPT = f"<script>alert('{MARK}')</script>"
#: What a request, a file's name or its tags may carry to become an option of ffmpeg, or a part of a filter.
POISON = f"{MARK} -i /etc/passwd;$(id)`id`|movie=/etc/passwd[v0],drawtext=textfile=/etc/passwd"
INNER = re.compile(r"-(?:i|vf|af|filter_complex|map|metadata)$")


def poisoned(clip: Path, folder: Path) -> Path:
    """A film whose every name is an attack."""
    words = folder / "words.srt"
    words.write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{SCRIPT}\n")
    notes = folder / "notes.txt"
    chapter = f"[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=5\ntitle={MARK}{SCRIPT}\n"
    notes.write_text(f";FFMETADATA1\ntitle={MARK}{SCRIPT}\n{chapter}".replace("'", ""))
    target = folder / f"{MARK} -vf movie=x;[in]'.mkv"
    tags = [
        part for spot in ("v:0", "a:0", "s:0") for part in (f"-metadata:s:{spot}", f"title={POISON}{SCRIPT}")
    ]
    tags += ["-metadata:s:a:0", "language=../", "-metadata:s:s:0", "language=en"]
    inputs = ["-i", clip, "-i", words, "-f", "ffmetadata", "-i", notes]
    maps = ["-map", "0:v", "-map", "0:a", "-map", "1", "-map_metadata", "2", "-map_chapters", "2"]
    clips.ffmpeg(*inputs, *maps, "-c", "copy", "-c:s", "srt", *tags, target)
    return target


@pytest.fixture
def film(clip: Path, tmp_path: Path) -> Path:
    return poisoned(clip, tmp_path)


@pytest.mark.slow
def test_ghsa_866x_cve_2026_35033_nothing_of_a_file_or_a_request_becomes_an_argument(
    film: Path, ingest: Callable, commands: list[list[str]]
):
    """Jellyfin: codec strings of a request became options of ffmpeg; one of these was reachable without signing in."""
    _ticket, job = ingest(film, preset="veryfast")
    assert job.state is JobState.DONE, job.error
    assert len(commands) > 4
    for argv in commands:
        assert not [part for part in argv if MARK in part or "passwd" in part or "../" in part], argv
        for place, part in enumerate(argv):
            if part == "-i":
                assert argv[place + 1].startswith("file:/"), argv


@pytest.mark.slow
@pytest.mark.parametrize("field", ["preset", "ladder", "encoder"])
def test_ghsa_866x_what_is_chosen_comes_from_a_list(
    clip: Path, ingest: Callable, commands: list[list[str]], field: str
):
    _ticket, job = ingest(clip, **{field: POISON})
    assert not [part for argv in commands for part in argv if MARK in part]
    if field != "encoder":  # any other word than "hardware" means the usual one
        assert job.state is JobState.FAILED
        assert "make no sense" in job.error


@pytest.mark.slow
def test_cve_2026_8461_every_opening_of_a_source_is_guarded(
    film: Path, ingest: Callable, commands: list[list[str]], home: Path
):
    """PixelSmash was a heap overflow in the decoder of MagicYUV: whatever opens a source may use known decoders only,
    known containers only, and local files only."""
    ingest(film)
    sources = str(home / "media" / "sources")
    opened = [argv for argv in commands if any(sources in part for part in argv)]
    assert len(opened) >= 4
    for argv in opened:
        place = next(number for number, part in enumerate(argv) if part == "-i")
        before = argv[:place]
        told = {name: before[before.index(name) + 1] for name in GUARDS}
        assert told["-codec_whitelist"] == sandbox.DECODERS
        assert "magicyuv" not in told["-codec_whitelist"].split(",")
        assert "hls" not in told["-format_whitelist"].split(",")
        assert told["-protocol_whitelist"] == "file,pipe"


GUARDS = (
    "-codec_whitelist",
    "-format_whitelist",
    "-protocol_whitelist",
    "-max_streams",
    "-max_pixels",
    "-max_alloc",
)


def test_cve_2026_8461_a_rare_decoder_is_not_opened(tmp_path: Path):
    rare = tmp_path / "rare.mkv"
    clips.ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=1", "-c:v", "magicyuv", rare)
    with pytest.raises(Refused) as refusal:
        probe.probe(rare)
    assert refusal.value.code == "codec"
    argv = [tools.ffmpeg().path, "-nostdin", "-v", "error", *sandbox.guards(), "-i", f"file:{rare}"]
    with pytest.raises(ToolFailed) as failed:
        sandbox.run([*argv, "-f", "null", "-"], what="Trying", read=[rare])
    assert "not on whitelist" in failed.value.tail


def test_ghsa_rr9h_programs_are_named_by_the_environment_alone(repository: Path):
    """Jellyfin: the path of ffmpeg could be set in the administration, which made stored XSS a shell."""
    rows = [
        one.name for model in (models.Video, models.Source, models.Title) for one in model._meta.get_fields()
    ]
    options = [one.name for one in fields(types.IngestOptions)]
    assert not [name for name in rows + options if re.search("ffmpeg|ffprobe|program|binary|command", name)]
    readers = {
        path.name
        for folder in ("catalog", "playback", "cdn", "accounts", "recommend")
        for path in (repository / folder).rglob("*.py")
        if re.search(r"settings\.(FFMPEG|FFPROBE)", path.read_text())
    }
    assert readers == {"tools.py"}


CLIMBING = (
    *("../manifest.json", "..%2f..%2fsecret", "/etc/passwd", "0.m4s/../../x", "0.m4s\0.mp4", "-1.m4s"),
    *("\u0663.m4s", "1e9.m4s", "9" * 5000 + ".m4s", ""),
)


@pytest.mark.slow
def test_cve_2021_21402_segments_are_looked_up_and_never_a_path(clip: Path, ingest: Callable):
    """Jellyfin's segment route, Plex CVE-2026-96651, and MediaCMS's alias read any file by climbing."""
    ticket, _job = ingest(clip)
    package = services.current_package(ticket.video_id)
    assert package is not None
    first = package.renditions[0].name
    assert services.stored_object(package.id, rendition=first, name="0.m4s") is not None
    for name in CLIMBING:
        assert services.stored_object(package.id, rendition=first, name=name) is None, name
    assert services.stored_object(package.id, rendition=f"../{first}", name="0.m4s") is None
    assert services.stored_object(f"../packages/{package.id}", rendition=first, name="0.m4s") is None


@pytest.mark.slow
def test_cve_2026_35031_a_subtitle_upload_names_no_file(clip: Path, ingest: Callable, home: Path):
    """Jellyfin built a path of the format field of an uploaded subtitle: remote code."""
    ticket, _job = ingest(clip)
    before = {path for path in home.rglob("*") if path.is_file()}
    data = b"1\n00:00:01,000 --> 00:00:02,000\nHi\n"
    for language in ("../../../../etc/cron.d/x", "en/../../x", "..", "en\0", "a" * 500):
        with pytest.raises(services.BadText) as bad:
            services.add_text_track(video_id=ticket.video_id, language=language, data=data)
        assert bad.value.field == "language"
    with pytest.raises(services.BadText):
        services.add_text_track(video_id=ticket.video_id, language="en", data=data, purpose=f"../{MARK}")
    assert {path for path in home.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_cve_2026_49246_attachments_are_never_written(
    clip: Path, tmp_path: Path, home: Path, ingest: Callable
):
    """Jellyfin extracted fonts under the names that the file gave them."""
    evil = tmp_path / "evil"
    evil.write_text(MARK)
    target = tmp_path / "attached.mkv"
    name = f"filename=../../../../../..{tmp_path}/escaped.txt"
    clips.ffmpeg(
        "-i",
        clip,
        "-c",
        "copy",
        "-attach",
        evil,
        "-metadata:s:t",
        "mimetype=text/plain",
        "-metadata:s:t",
        name,
        target,
    )
    _ticket, job = ingest(target)
    assert job.state is JobState.DONE
    assert not (tmp_path / "escaped.txt").exists()
    written = [path for path in home.rglob("*") if path.is_file() and "sources" not in path.parts]
    assert not [path for path in written if path not in (evil, target) and MARK.encode() in path.read_bytes()]


def gab2(text: bytes) -> bytes:
    """A subtitle packet of an AVI, as DivX players read them."""
    name = "x".encode("utf-16-le") + b"\0\0"
    return b"GAB2\0" + struct.pack("<HI", 2, len(name)) + name + struct.pack("<HI", 4, len(text)) + text


@pytest.mark.parametrize("target", ["file:///etc/passwd", "{foreign}", "http://127.0.0.1:9/x"])
def test_cve_2017_9993_a_playlist_inside_an_avi_is_not_followed(
    clip: Path, tmp_path: Path, somebody: Path, target: str
):
    """ffmpeg: subtitles inside AVI were probed like files, so that a playlist in there read other files."""
    foreign = somebody / "foreign.ts"
    clips.ffmpeg("-i", clip, "-c", "copy", "-t", "2", foreign)
    avi = tmp_path / "film.avi"
    clips.ffmpeg("-i", clip, "-c:v", "mpeg4", "-c:a", "libmp3lame", avi)
    playlist = (
        f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\n{target.format(foreign=foreign)}\n#EXT-X-ENDLIST\n"
    )
    packet = gab2(playlist.encode())
    # The sound's chunks become those of a subtitle stream: type `txts` in its header, and the packet as its first one.
    data = avi.read_bytes().replace(b"auds", b"txts", 1)
    spot = data.index(b"01wb", data.index(b"movi"))
    size = struct.unpack("<I", data[spot + 4 : spot + 8])[0]
    padded = packet.ljust(max(size, len(packet)), b"\0")[: max(size, len(packet))]
    avi.write_bytes(data[: spot + 4] + struct.pack("<I", len(padded)) + padded + data[spot + 8 + size :])
    try:
        found = probe.probe(avi)
    except Refused:
        return
    assert (found.picture.codec, found.words) == ("mpeg4", ())
    assert not [one for one in found.sounds if one.codec == "aac"]  # the foreign film's


@pytest.mark.parametrize(
    ("cve", "text"),
    [
        (
            "CVE-2016-1897",
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nconcat:http://127.0.0.1:9/|file:///etc/passwd\n",
        ),
        ("CVE-2016-1898", "#EXTM3U\n#EXTINF:4,\nsubfile,,start,0,end,31,,:file:///etc/passwd\n"),
        ("CVE-2026-107697", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nchild.m3u8\n"),
        ("CVE-2026-107695", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.mp4\n"),
        ("CVE-2026-107698", "RTSPtextrtsp://127.0.0.1:9/x\n"),
    ],
)
def test_playlist_tricks_of_ffmpeg_are_refused_before_and_by_the_guards(tmp_path: Path, cve: str, text: str):
    source = tmp_path / "self.mp4"
    source.write_text(text)
    (tmp_path / "child.m3u8").write_text("#EXTM3U\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    with pytest.raises(Refused) as refusal:
        probe.probe(source)
    assert refusal.value.code in ("playlist", "not_a_film"), cve
    for argv in (
        [
            tools.ffprobe().path,
            "-v",
            "error",
            *sandbox.guards(sound=True),
            "-show_format",
            "-i",
            f"file:{source}",
        ],
        [
            tools.ffmpeg().path,
            "-nostdin",
            "-v",
            "error",
            *sandbox.guards(),
            "-i",
            f"file:{source}",
            "-f",
            "null",
            "-",
        ],
    ):
        with pytest.raises(ToolFailed):
            sandbox.run(argv, what="Trying", read=[tmp_path])


@pytest.mark.slow
def test_cve_2023_23636_names_inside_a_film_stay_words(film: Path, ingest: Callable, studio: Client):
    """Jellyfin's stored XSS: playlist and device names. Here: the names that a file gives itself, its tracks, its
    chapters."""
    ticket, job = ingest(film)
    assert job.state is JobState.DONE, job.error
    pages = [
        f"/admin/catalog/title/{ticket.title_id}/change/",
        "/admin/catalog/title/",
        "/admin/catalog/source/",
        "/admin/queue/",
        "/admin/",
    ]
    seen = 0
    for page in pages:
        answer = studio.get(page, follow=True)
        if answer.status_code == 404:
            continue
        seen += 1
        html = answer.content.decode()
        assert "<script>alert" not in html, page
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "script-src" in policy, page
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0], page
    assert seen >= 3
    package = services.current_package(ticket.video_id)
    assert package is not None
    for track in (one for one in package.renditions if one.kind is types.RenditionKind.TEXT):
        stored = services.stored_object(package.id, rendition=track.name, name="0.vtt")
        assert stored is not None
        assert b"<script" not in services.open_object(stored)
    for marker in models.Marker.objects.filter(video_id=ticket.video_id):
        assert all(letter.isprintable() for letter in marker.name)


def test_cve_2025_32949_what_is_packed_has_bounds(tmp_path: Path):
    """PeerTube unpacked what was uploaded without counting. Here the pieces of MKV and the index of MOV may be packed:
    the corpus has both (packed.mkv, packed.mov). This is the bound itself."""
    told = sandbox.guards()
    assert int(told[told.index("-max_alloc") + 1]) <= 512 * 1024**2
    assert sandbox.Limits().memory <= 6 * 1024**3


def test_cve_2020_5741_nothing_is_unpickled(repository: Path):
    """Plex loaded a pickle from its data folder."""
    assert list(app.conf.accept_content) == ["json"]
    guilty = [
        path
        for folder in ("catalog", "playback", "cdn", "accounts", "recommend", "netflixlite")
        for path in (repository / folder).rglob("*.py")
        if re.search(
            r"^\s*(?:import|from)\s+(?:pickle|shelve|marshal|dill)\b", path.read_text(), re.MULTILINE
        )
    ]
    assert guilty == []


def test_plans_and_facts_are_read_back_as_data(clip: Path):
    """What is stored beside pieces is JSON, and what is not a plan is refused: no class is ever named in there."""
    found = probe.probe(clip)
    plain = json.loads(json.dumps(found.plain()))
    plain["picture"]["index"] = "0:v:0];movie=/etc/passwd[x"
    with pytest.raises((ValueError, TypeError)):
        type(found).load(plain)
    assert replace(found) == found


@pytest.mark.slow
def test_a_copied_picture_leaves_its_notes_behind(tmp_path: Path):
    """Not a peer's hole but their habit: a copied telephone film went on telling where it was taken. Notes also stand
    in the picture itself."""
    plain, told = tmp_path / "plain.mp4", tmp_path / "told.mp4"
    clips.film(plain, seconds=3, extra=("-pix_fmt", "yuv420p", "-profile:v", "main", "-bf", "0", "-g", "24"))
    note = f"h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{MARK}"
    clips.ffmpeg("-i", plain, "-c", "copy", "-bsf:v", note, "-metadata", f"location={MARK}", told)
    assert told.read_bytes().count(MARK.encode()) >= 1
    found = probe.probe(told)
    assert facts.copyable(found) == ""
    copied = passthrough.copy(found, told, scratch=tmp_path / "scratch")
    for track in copied.videos + copied.sounds:
        assert not [part for part in track.parts if MARK.encode() in part.read_bytes()]

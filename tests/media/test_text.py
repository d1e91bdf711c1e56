"""Which subtitles a film gets: from operators, from files beside it, from its own tracks."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog import services, types
from catalog.media import encode, plan, probe, text, tools, vtt
from catalog.media.facts import Facts, Words
from catalog.services import ingesting
from catalog.types import SidecarText
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.media import clips, letters
from tests.media.test_sound import with_sounds

SRT = "1\n00:00:01,000 --> 00:00:02,000\n{}\n\n"


def words(index: int, language: str = "en", label: str = "", **marks: bool) -> Words:
    given = {"default": False, "forced": False, "bitmap": False} | marks
    return Words(index=index, codec="subrip", language=language, label=label, **given)


def with_words(*tracks: Words) -> Facts:
    return replace(with_sounds(), words=tracks)


@pytest.mark.parametrize(
    ("name", "stem", "told"),
    [
        ("Film.en.srt", "Film", ("en", "subtitles")),
        ("Film.pt-BR.ass", "Film", ("pt-BR", "subtitles")),
        ("Film.eng.forced.vtt", "Film", ("en", "forced")),
        ("Film.forced.eng.vtt", "Film", ("en", "forced")),
        ("Film.en.sdh.srt", "Film", ("en", "sdh")),
        ("Film.en.hi.srt", "Film", ("en", "sdh")),
        ("Film.hi.srt", "Film", ("hi", "subtitles")),
        ("Film (2019).de.srt", "Film (2019)", ("de", "subtitles")),
        ("film.EN.SRT", "Film", ("en", "subtitles")),
        ("Another.en.srt", "Film", None),
        ("Film 2.en.srt", "Film", None),
        ("Film.srt", "Film", None),
        ("Film.en.txt", "Film", None),
        ("anything.fr.srt", "", ("fr", "subtitles")),
    ],
)
def test_a_files_name_says_its_language_and_purpose(name: str, stem: str, told):
    found = text.named(Path("/films") / name, stem)
    assert (found and (found.language, found.purpose)) == told


def test_another_episodes_subtitles_are_not_taken(tmp_path: Path):
    for name in ("Show - S01E01.mkv", "Show - S01E01.en.srt", "Show - S01E02.mkv", "Show - S01E02.en.srt"):
        (tmp_path / name).write_text("x")
    found = text.beside(tmp_path / "Show - S01E02.mkv")
    assert [Path(one.path).name for one in found] == ["Show - S01E02.en.srt"]


@pytest.mark.parametrize(
    ("track", "purpose"),
    [
        (words(2), "subtitles"),
        (words(2, forced=True), "forced"),
        (words(2, label="English (Forced)"), "forced"),
        (words(2, sdh=True), "sdh"),
        (words(2, label="English SDH"), "sdh"),
        (words(2, label="English [CC]"), "sdh"),
        (words(2, label="Accents"), "subtitles"),
    ],
)
def test_a_tracks_purpose_is_in_its_marks_or_its_title(track: Words, purpose: str):
    assert text.purpose_of(track) == purpose


def test_menus_tell_tracks_of_one_language_apart():
    made = [text.track("WEBVTT", "en", purpose=purpose).label for purpose in text.PURPOSES]
    assert made == ["English", "English (SDH)", "English (forced)"]


def test_an_uploaded_file_becomes_webvtt():
    assert "00:00:01.000 --> 00:00:02.000\nGr\u00fc\u00dfe" in text.clean(
        SRT.format("Gr\u00fc\u00dfe").encode("cp1252"), "de"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "No subtitles were found"),
        (b"just words", "No subtitles were found"),
        (b"\x7fELF" + bytes(range(256)), "No subtitles were found"),
        (b"PG" + bytes(200), "pictures of letters"),
        (b"x" * (text.BYTES_MAX + 1), "larger than 5 MB"),
    ],
)
def test_what_is_no_subtitle_is_refused_in_words(data: bytes, said: str):
    with pytest.raises(text.Unreadable, match=said):
        text.clean(data, "en")


def test_subtitles_of_a_longer_film_are_refused():
    with pytest.raises(text.Unreadable, match="another film"):
        text.clean(SRT.format("late").encode(), "en", duration=0.5)


def several(folder: Path) -> Path:
    """A film with English, English for the deaf, forced English and styled Spanish subtitles inside."""
    picture = clips.film(folder / "picture.mp4", seconds=4, sound=False)
    (folder / "a.srt").write_text(SRT.format("plain"))
    (folder / "b.srt").write_text(SRT.format("[door] plain"))
    (folder / "c.srt").write_text(SRT.format("<i>Guten Tag</i>"))
    (folder / "d.ass").write_text(
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: D,Arial,20\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,D,,0,0,0,,{\\an8}hola\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,D,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}\n"
    )
    inputs = [part for name in ("a.srt", "b.srt", "c.srt", "d.ass") for part in ("-i", folder / name)]
    maps = [part for number in range(5) for part in ("-map", str(number))]
    tags = [
        part
        for n, lang in enumerate(["eng", "eng", "eng", "spa"])
        for part in (f"-metadata:s:s:{n}", f"language={lang}")
    ]
    marks = ["-disposition:s:1", "hearing_impaired", "-disposition:s:2", "forced"]
    film = folder / "film.mkv"
    clips.ffmpeg("-i", picture, *inputs, *maps, "-c", "copy", *tags, *marks, film)
    return film


@pytest.mark.slow
def test_a_language_may_have_several_tracks_and_files_come_before_them(tmp_path: Path):
    film = several(tmp_path)
    facts = probe.probe(film)
    sidecar = tmp_path / "film.en.srt"
    sidecar.write_text(SRT.format("from the file"))
    uploaded = text.track(text.clean(SRT.format("bonjour").encode(), "fr"), "fr", uploaded=True)
    found = text.gather(
        facts,
        source=film,
        named=[SidecarText(language="en", path=str(sidecar))],
        uploaded=[uploaded],
        duration=4.0,
        scratch=tmp_path,
    )
    told = [(one.label, one.forced, one.hearing_impaired, one.uploaded) for one in found]
    assert told == [
        ("Français", False, False, True),
        ("English", False, False, False),
        ("English (SDH)", False, True, False),
        ("English (forced)", True, False, False),
        ("Español", False, False, False),
    ]
    assert b"from the file" in found[1].data
    spanish = found[4].data.decode()
    assert "line:0\nhola" in spanish
    assert "100" not in spanish.replace(".100", "")
    assert all(vtt.parse(one.data.decode()) for one in found)


def test_only_picture_subtitles_of_the_source_are_burned_in():
    facts = with_words(words(2), Words(3, "hdmv_pgs_subtitle", "en", "", False, False, True))
    assert [one.index for one in text.pictures(facts)] == [3]
    assert "[0:3]scale=320:180" in text.burn_filter(facts, 3, inlet="a", outlet="b")
    for wrong in (2, 4):
        with pytest.raises(ValueError, match="no picture subtitle"):
            text.burn_filter(facts, wrong, inlet="a", outlet="b")


@pytest.mark.slow
def test_picture_subtitles_are_drawn_into_the_picture_and_only_then_and_there(tmp_path: Path):
    """In the first chunk, in the second, and across the border between them."""
    letters.sup(tmp_path / "a.sup", [(2.0, 4.0), (22.0, 27.0)], size=(320, 180), bar=(60, 140, 200, 24))
    film = tmp_path / "film.mkv"
    grey = ["-f", "lavfi", "-i", "color=c=0x202020:s=320x180:r=12:d=32"]
    clips.ffmpeg(
        *grey,
        "-copyts",
        "-i",
        tmp_path / "a.sup",
        "-map",
        "0",
        "-map",
        "1",
        *clips.QUICK,
        "-g",
        "24",
        "-c:s",
        "copy",
        film,
    )
    facts = replace(probe.probe(film), burn=1)
    assert [one.index for one in text.pictures(facts)] == [1]
    made = plan.make(facts, ladder_name="light", preset="ultrafast", tool="test")
    assert len(made.chunks) == 2
    lit: list[tuple[bool, bool]] = []
    for chunk in made.chunks:
        encode.make_chunk(made, chunk, source=film, done=tmp_path / "done", scratch=tmp_path)
        rung = made.rungs[0]
        path = encode.chunk_folder(tmp_path / "done", chunk) / f"{rung.name}.mp4"
        raw = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
        data = subprocess.run(
            [tools.ffmpeg().path, "-v", "error", "-i", path, *raw],
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        pictures = np.frombuffer(data, np.uint8).reshape(-1, rung.height, rung.width)
        scale = rung.height / 180
        inside, outside = int(152 * scale), int(60 * scale)
        lit += [(bool(one[inside, rung.width // 2] > 200), bool(one[outside, 20] > 60)) for one in pictures]
    assert len(lit) == 32 * 12
    assert not any(stray for _, stray in lit)
    shown = [number / 12 for number, (on, _) in enumerate(lit) if on]
    assert [round(moment) for moment in (shown[0], shown[-1])] == [2, 27]
    assert all(2 - 0.1 <= moment <= 4 + 0.1 or 22 - 0.1 <= moment <= 27 + 0.1 for moment in shown)
    assert len(shown) == pytest.approx(7 * 12, abs=3)


@pytest.mark.slow
def test_a_film_is_packaged_with_burned_letters_and_with_uploads(ingest: Callable, tmp_path: Path):
    """Through the whole job: picture subtitles are no text track; an upload from before the encode is one."""
    letters.sup(tmp_path / "a.sup", [(0.5, 1.5)], size=(320, 180), bar=(60, 140, 200, 24))
    film = tmp_path / "film.mkv"
    grey = ["-f", "lavfi", "-i", "color=c=0x202020:s=320x180:r=12:d=2", "-copyts"]
    clips.ffmpeg(
        *grey, "-i", tmp_path / "a.sup", "-map", "0", "-map", "1", *clips.QUICK, "-c:s", "copy", film
    )
    title = services.create_title(name="Night Mail")
    ticket = services.ingest(path=str(film), title_id=title.id)
    jobs.cancel(ticket.job_id)
    services.add_text_track(video_id=ticket.video_id, language="de", data=SRT.format("hallo").encode())
    options = types.IngestOptions(ladder="light", preset="ultrafast", early=False, av1="never", burn=1)
    again = ingesting.reencode(ticket.video_id, options)
    done = jobs.run_here(again.job_id)
    assert done.state is JobState.DONE, done.error
    package = services.current_package(ticket.video_id)
    assert package is not None
    told = [one for one in package.renditions if one.kind is types.RenditionKind.TEXT]
    assert [(one.label, one.uploaded) for one in told] == [("Deutsch", True)]

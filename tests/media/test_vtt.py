"""Subtitles: whatever comes in, clean WebVTT goes out."""

import pytest

from catalog.media import vtt

SRT = "1\n00:00:01,000 --> 00:00:02,500\n{}\n\n"


def body(text: str) -> str:
    """The words of the only cue that this SubRip text becomes."""
    (cue,) = vtt.parse(SRT.format(text))
    return cue.text


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Hello", "Hello"),
        ("Fish & chips", "Fish &amp; chips"),
        ("Fish &amp; chips", "Fish &amp; chips"),
        ("2 < 3 > 1", "2 &lt; 3 &gt; 1"),
        ("an arrow --> here", "an arrow --&gt; here"),
        ("<i>soft</i> <b>loud</b> <u>line</u>", "<i>soft</i> <b>loud</b> <u>line</u>"),
        ("<i>never closed", "<i>never closed</i>"),
        ("closed</i> never opened", "closed never opened"),
        ("<i><b>crossed</i></b>", "<i><b>crossed</b></i>"),
        ("<font color=red>red</font>", "red"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)>", ""),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<v Roger>Hi</v>", "Hi"),
        ("<00:00:01.500>karaoke", "karaoke"),
        ("two\nlines", "two\nlines"),
        ("<br>one<br>two", "one\ntwo"),
        (r"{\an8}at the top", "at the top"),
        (r"{\i1}ass in srt{\i0}", "<i>ass in srt</i>"),
        ("{not an override}", "{not an override}"),
        ("tab\tand\x07bell", "tabandbell"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_words_survive_and_nothing_else(given, written):
    if written:
        assert body(given) == written
    else:
        assert vtt.parse(SRT.format(given)) == []


def test_the_top_of_the_picture_is_kept():
    assert vtt.parse(SRT.format(r"{\an8}up"))[0].top
    assert not vtt.parse(SRT.format(r"{\an2}down"))[0].top
    cues = vtt.parse(
        "WEBVTT\n\n00:01.000 --> 00:02.000 line:0 align:start\nup\n\n00:02.000 --> 00:03.000 line:90%\ndown\n"
    )
    assert [cue.top for cue in cues] == [True, False]


def test_ass_keeps_styles_and_drops_drawings_and_comments():
    cues = vtt.parse(
        "[Script Info]\nTitle: x\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        r"Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\i1}Hello{\i0}, {\b1\an8}you\N& me" + "\n"
        r"Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\p1}m 0 0 l 100 0 100 100{\p0}" + "\n"
        r"Comment: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,not shown" + "\n"
    )
    assert cues == [vtt.Cue(1.0, 2.5, "<i>Hello</i>, <b>you\n&amp; me</b>", top=True)]


def test_cues_are_sorted_clamped_and_written_once():
    cues = [
        vtt.Cue(50, 60, "after the end"),
        vtt.Cue(5, 90, "too long"),
        vtt.Cue(-2, 1, "early"),
        vtt.Cue(-5, -1, "before"),
        vtt.Cue(5, 90, "too long"),
    ]
    assert vtt.write(cues, duration=10) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nearly\n\n00:00:05.000 --> 00:00:10.000\ntoo long\n"
    )


def test_headers_notes_and_styles_are_left_out():
    head = "WEBVTT - made by hand\nX-TIMESTAMP-MAP=LOCAL:0\n\nSTYLE\n::cue { color: red }\n\nNOTE hidden\n\n"
    text = head + "id\n01:02.250 --> 01:03.000\nyes\n"
    assert vtt.parse(text) == [vtt.Cue(62.25, 63.0, "yes")]


def test_karaoke_is_merged_to_the_lines_that_are_sung():
    head = "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    cues = vtt.parse(
        head
        + r"Comment: 0,0:00:01.00,0:00:03.00,Song,,0,0,0,karaoke,{\k20}La {\k30}la {\k40}land"
        + "\n"
        + r"Dialogue: 0,0:00:01.00,0:00:01.20,Song,,0,0,0,fx,{\pos(1,2)}La"
        + "\n"
        + r"Dialogue: 0,0:00:01.20,0:00:01.50,Song,,0,0,0,fx,{\pos(3,2)}la"
        + "\n"
        + r"Dialogue: 0,0:00:05.00,0:00:06.00,Song,,0,0,0,,{\k20}Syl{\k30}la{\k40}bles"
        + "\n"
    )
    assert [cue.text for cue in cues] == ["La la land", "Syllables"]


def test_words_that_are_written_frame_by_frame_or_in_layers_become_one_cue():
    frames = [vtt.Cue(1 + step * 0.042, 1 + (step + 1) * 0.042, "SIGN") for step in range(24)]
    layers = [vtt.Cue(3, 5, "glow"), vtt.Cue(3, 5, "<b>glow</b>"), vtt.Cue(8, 9, "glow")]
    assert vtt.write([*frames, *layers], duration=10) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.008\nSIGN\n\n"
        "00:00:03.000 --> 00:00:05.000\nglow\n\n00:00:08.000 --> 00:00:09.000\nglow\n"
    )


def test_subrip_without_blank_lines_is_read_all_the_same():
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n"
    assert [cue.text for cue in vtt.parse(text)] == ["One", "Two"]


def test_a_flood_of_cues_and_letters_is_bounded():
    many = vtt.parse("\n".join(SRT.format("x") for _ in range(vtt.CUES_MAX + 50)))
    assert len(many) == vtt.CUES_MAX
    assert len(body("y" * 100_000)) == vtt.LETTERS_MAX


@pytest.mark.parametrize(
    "hostile", ["", "\0\0", "-->", "00:00:01,000 -->", "1\n99:99:99,999 --> x\n", "[Events]\nDialogue:"]
)
def test_rubbish_is_no_subtitle_and_no_error(hostile):
    assert vtt.parse(hostile) == []

"""Small files that would cost much: pictures, subtitles, NFO. Work is counted in steps and pixels, never in seconds."""

import io
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from PIL import Image

from catalog import artwork
from catalog.media import vtt
from catalog.metadata import nfo


def picture(mode: str, size: tuple[int, int], form: str) -> bytes:
    """A picture of one colour: many pixels in few bytes."""
    out = io.BytesIO()
    Image.new(mode, size).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(
    ("mode", "size", "form", "words"),
    [
        ("P", (7000, 7000), "PNG", "25 million"),
        ("RGB", (64, 17_000), "PNG", "16000 each way"),
        ("L", (64, 700), "PNG", "a strip"),
        ("RGB", (9000, 6000), "JPEG", "50 million"),
    ],
)
def test_a_picture_of_more_pixels_than_are_needed_is_refused_undecoded(mode, size, form, words, monkeypatch):
    """A PNG of 6 kB took 900 MB, a WebP of 90 kB 1.5 GB, in the process that serves the pages."""
    data = picture(mode, size, form)
    assert len(data) < 2_000_000
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(artwork.BadImage, match=words):
        artwork.draw(data, kind="backdrop")


@pytest.mark.parametrize(
    ("mode", "form"), [("P", "PNG"), ("RGBA", "PNG"), ("L", "JPEG"), ("LA", "PNG"), ("I;16", "PNG")]
)
def test_a_large_picture_is_made_small_before_anything_else_is_done_to_it(mode, form, monkeypatch):
    composed: list[tuple[int, int]] = []
    real = Image.alpha_composite

    def compose(under: Image.Image, over: Image.Image) -> Image.Image:
        composed.append(over.size)
        return real(under, over)

    monkeypatch.setattr(Image, "alpha_composite", compose)
    drawn = artwork.draw(picture(mode, (3000, 2000), form), kind="poster")
    assert (drawn.width, drawn.height) == (720, 480)
    assert all(size == (720, 480) for size in composed)


def test_a_turned_picture_is_still_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (3000, 2000)).save(out, "JPEG", exif=exif)
    drawn = artwork.draw(out.getvalue(), kind="poster")
    assert drawn.height > drawn.width


def test_a_tag_that_never_ends_costs_no_more_than_its_length():
    """`<aaaa…` took a square of steps: five megabytes of it kept a web process busy for half a minute."""
    parsed = re._parser.parse(vtt._TAG.pattern)  # type: ignore[attr-defined]
    assert "ASSERT_NOT" in str(parsed).upper()
    begin = "1\n00:00:01,000 --> 00:00:02,000\n"
    (cue,) = vtt.parse(begin + "<" + "a" * 3_900_000)
    assert len(cue.text) < 2 * vtt.LETTERS_MAX


@pytest.mark.parametrize(
    "text",
    [
        "<i>" * 100_000,
        "{\\i1}" * 100_000,
        "&amp;" * 100_000,
        "<" * 500_000,
        "a\u0301" * 250_000,
        "-->" * 100_000,
    ],
    ids=["tags", "overrides", "entities", "brackets", "accents", "arrows"],
)
def test_a_cue_has_an_end(text: str):
    cues = vtt.parse("1\n00:00:01,000 --> 00:00:02,000\n" + text)
    written = vtt.write(cues, duration=10)
    assert len(written) < 10 * vtt.LETTERS_MAX
    assert written.count("-->") == (1 if cues else 0)


NFOS = {
    "deep": b"<movie>" + b"<a>" * 140_000 + b"</a>" * 140_000 + b"</movie>",
    "wide": b"<movie>" + b"<a/>" * 200_000 + b"</movie>",
    "lol": b"<!DOCTYPE m [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><movie><title>&b;</title></movie>",
    "file": b"<!DOCTYPE m [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><movie><title>&a;</title></movie>",
    "long": b"<movie><title>" + b"x" * 2_000_000 + b"</title></movie>",
    "codec": b"<?xml version='1.0' encoding='zlib'?>" + b"x\x9c" + b"<movie>" * 3,
}


@pytest.mark.slow
def test_an_nfo_that_is_made_to_hurt_is_refused_in_words(tmp_path: Path):
    """In a process of its own, with little memory: XML that is deep enough has ended interpreters."""
    for name, data in NFOS.items():
        (tmp_path / f"{name}.nfo").write_bytes(data)
    code = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (1500 * 1024**2,) * 2)
        from pathlib import Path
        import django
        django.setup()
        from catalog.metadata import nfo
        for path in sorted(Path({str(tmp_path)!r}).iterdir()):
            try:
                print(path.stem, "taken", nfo.read(path))
            except nfo.BadNfo as error:
                print(path.stem, "refused:", str(error)[:200])
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
            "NETFLIXLITE_DEBUG": "1",
            "PATH": "/usr/bin:/bin",
        },
    )
    assert ended.returncode == 0, ended.stderr[-500:]
    lines = dict(line.split(" ", 1) for line in ended.stdout.splitlines())
    assert set(lines) == set(NFOS)
    assert all(line.startswith("refused:") for line in lines.values()), lines
    assert "root:" not in ended.stdout


@pytest.mark.parametrize("code", ["i", "b", "u", "p"])
def test_a_number_too_long_to_read_is_no_number(code: str):
    """Python reads no number of more than 4300 digits: one such override made a film impossible to take in."""
    begin = "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,a,b,0,0,0,,"
    cues = vtt.parse(f"{begin}Hello{{\\{code}0{'0' * 5000}}} there\n")
    assert [cue.text for cue in cues] == ["Hello there"]


#: Patterns took a square of its length in steps: a megabyte kept a scan busy for a quarter of an hour.
ENDLESS = {
    "genres": b"<movie><title>A</title><genre>x%sx</genre></movie>" % (b" " * 1_000_000),
    "rating": b"<movie><title>A</title><mpaa>x%sx</mpaa></movie>" % (b" " * 1_000_000),
    "declarations": b"<movie><title>A</title></movie>" + b"<?xml" * 200_000,
}


@pytest.mark.timeout(60)  # a thousand times what it takes; before, each took 15 minutes
@pytest.mark.parametrize("name", ENDLESS)
def test_an_nfo_costs_no_more_than_its_length(name: str):
    try:
        [said] = nfo.parse(ENDLESS[name])
        assert said.name == "A"
    except nfo.BadNfo:
        assert name == "declarations"

"""Things that look like films, or are made to hurt whoever opens them. Addresses lead to a server that counts whether
anybody came (`{canary}`), paths to a film of somebody else (`{foreign}`)."""

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.media import clips
from tests.media.corpus import bytes as raw
from tests.media.corpus.films import BT709, film
from tests.media.corpus.rows import Plays, Row


@dataclass(frozen=True, slots=True)
class Lures:
    """Where traps point to: the address of a server of ours, and somebody else's film on this disk."""

    server: str = "http://127.0.0.1:9"
    foreign: Path = Path("/nonexistent/foreign.ts")


lures = Lures()


def lure(*, server: str, foreign: Path) -> None:
    """Set where traps made from now on point to."""
    global lures
    lures = Lures(server, foreign)


def _text(name: str, text: str) -> Callable[[Path], Path]:
    """A text file; `{canary}`, `{foreign}` and `{relative}` are filled in."""

    def make(folder: Path) -> Path:
        beside = os.path.relpath(lures.foreign, folder)
        told = text.format(canary=lures.server, foreign=lures.foreign, relative=beside)
        (folder / name).write_text(told)
        return folder / name

    return make


def _bytes(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _plain(folder: Path, name: str = "plain.mp4", *options: str, **more: object) -> Path:
    return film(folder / name, *BT709, *options, **more)  # type: ignore[arg-type]


def _part(name: str, share: float, *options: str) -> Callable[[Path], Path]:
    """The beginning of a film of twelve seconds."""

    def make(folder: Path) -> Path:
        whole = film(folder / name, *BT709, *options, seconds=12)
        data = whole.read_bytes()
        whole.write_bytes(data[: int(len(data) * share)])
        return whole

    return make


def _spoiled(folder: Path) -> Path:
    """A film with noise written over many places of its middle."""
    whole = film(folder / "spoiled.mkv", *BT709, "-g", "10", seconds=12)
    data = bytearray(whole.read_bytes())
    for spot in range(len(data) // 4, len(data) * 3 // 4, len(data) // 40):
        data[spot : spot + 24] = bytes((spot * 7 + step * 31) % 256 for step in range(24))
    whole.write_bytes(data)
    return whole


def _edited(
    name: str, edit: Callable[[bytes], bytes], *options: str, **more: object
) -> Callable[[Path], Path]:
    """An ordinary MP4 whose bytes were changed."""

    def make(folder: Path) -> Path:
        plain = _plain(folder, "plain.mp4", *options, **more)
        (folder / name).write_bytes(edit(plain.read_bytes()))
        return folder / name

    return make


def _many_tracks(data: bytes) -> bytes:
    """The film's track, two thousand times."""
    begin, end = raw.find(data, b"moov")
    first, last = raw.find(data, b"moov", b"trak")
    track = data[first:last]
    moov = raw.box(b"moov", data[begin + 8 : first], track * 2000, data[last:end])
    return data[:begin] + moov + data[end:]


def _long_tag(data: bytes) -> bytes:
    """A title of five million letters."""
    begin, end = raw.find(data, b"moov")
    title = raw.box(b"\xa9nam", raw.box(b"data", struct.pack(">II", 1, 0), b"A" * 5_000_000))
    handler = raw.full(b"hdlr", bytes(4), b"mdirappl", bytes(9))
    tags = raw.box(b"udta", raw.full(b"meta", handler, raw.box(b"ilst", title)))
    return data[:begin] + raw.box(b"moov", data[begin + 8 : end], tags) + data[end:]


def _packed_index(size: int) -> Callable[[bytes], bytes]:
    """The table of contents as a zip bomb: a megabyte that unpacks to `size` bytes of nothing."""

    def edit(data: bytes) -> bytes:
        begin, end = raw.find(data, b"moov")
        packed = raw.box(b"cmvd", struct.pack(">I", size), zlib.compress(bytes(64 * 1024 * 1024)) * 4)
        return (
            data[:begin] + raw.box(b"moov", raw.box(b"cmov", raw.box(b"dcom", b"zlib"), packed)) + data[end:]
        )

    return edit


def _endless_index(data: bytes) -> bytes:
    """A table that promises four thousand million samples of one byte."""
    place = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    data = raw.replaced(data, (*place, b"stsz"), raw.full(b"stsz", struct.pack(">II", 1, 0xFFFFFFF0)))
    return raw.replaced(data, (*place, b"stts"), raw.full(b"stts", struct.pack(">III", 1, 0xFFFFFFF0, 1)))


def _deep(data: bytes) -> bytes:
    """Boxes in boxes, ten thousand deep."""
    inner = b""
    for _ in range(10_000):
        inner = raw.box(b"udta", inner)
    return data + raw.box(b"moov", inner)


def _elsewhere(data: bytes) -> bytes:
    """The table is here, the media is said to lie in somebody else's file."""
    place = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")
    target = os.fsencode(lures.foreign)
    target += b"\0" * (len(target) % 2)  # paths in there have even lengths
    # An alias record: 10 bytes, the volume's name, 12 bytes, the file's name, depths of the way, then typed paths (2:
    # the whole path; 65535: the end).
    way = struct.pack(">hh", 2, len(target)) + target + struct.pack(">hh", 18, len(target)) + target
    alias = (
        bytes(10) + b"\1v" + bytes(26) + bytes(12) + b"\1f" + bytes(62) + bytes(16) + struct.pack(">hh", 1, 1)
    )
    record = raw.full(b"alis", alias + bytes(16) + way + struct.pack(">hh", -1, 0))
    return raw.replaced(data, place, raw.full(b"dref", struct.pack(">I", 1), record))


def _packed_frames(folder: Path) -> Path:
    """MKV may pack its frames with zlib: this one unpacks a megabyte into a gigabyte."""
    bomb = zlib.compress(bytes(1024**3 // 4), 9)
    packing = raw.element(0x5034, raw.element(0x4254, raw.number(0)))
    coding = raw.element(0x6D80, raw.element(0x6240, raw.element(0x5033, raw.number(0)), packing))
    size = raw.element(0xE0, raw.element(0xB0, raw.number(320)), raw.element(0xBA, raw.number(180)))
    track = raw.element(
        0xAE,
        *(raw.element(0xD7, b"\1"), raw.element(0x73C5, b"\1"), raw.element(0x83, b"\1")),
        *(raw.element(0x86, b"V_MPEG2"), size, coding),
    )
    frames = [raw.element(0xA3, b"\x81" + struct.pack(">hB", at * 40, 0x80), bomb) for at in range(50)]
    head = raw.element(0x1A45DFA3, raw.element(0x4282, b"matroska"))
    info = raw.element(0x1549A966, raw.element(0x2AD7B1, raw.number(1_000_000)))
    cluster = raw.element(0x1F43B675, raw.element(0xE7, b"\0"), *frames)
    path = folder / "packed.mkv"
    path.write_bytes(head + raw.element(0x18538067, info, raw.element(0x1654AE6B, track), cluster))
    return path


def _far_apart(step: int) -> Callable[[Path], Path]:
    """Four frames with hours between them."""

    def make(folder: Path) -> Path:
        path = folder / "far.mkv"
        source = f"color=s=128x72:r=1/{step}:d={step * 4}"
        clips.ffmpeg("-f", "lavfi", "-i", source, *clips.QUICK, path)
        return path

    return make


def _climbing(folder: Path) -> Path:
    """Attachments whose names lead out of any folder."""
    plain = _plain(folder)
    target = folder / "climbing.mkv"
    options = []
    for number, name in enumerate(("../../../../escaped.txt", "/tmp/escaped.txt", "..\\..\\escaped.txt")):
        evil = folder / f"evil{number}"
        evil.write_text("escaped")
        options += ["-attach", str(evil), f"-metadata:s:t:{number}", f"filename={name}"]
        options += [f"-metadata:s:t:{number}", "mimetype=text/plain"]
    clips.ffmpeg("-i", plain, "-c", "copy", *options, target)
    return target


def _chaptered(folder: Path) -> Path:
    """Five thousand chapters whose names are markup."""
    plain, notes = _plain(folder), folder / "chapters.txt"
    one = "[CHAPTER]\nTIMEBASE=1/10000\nSTART={}\nEND={}\ntitle=<script>alert(1)</script>\u202e{}\n"
    notes.write_text(";FFMETADATA1\n" + "".join(one.format(n * 4, n * 4 + 4, n) for n in range(5000)))
    target = folder / "chaptered.mkv"
    options = ["-map", "0", "-map_chapters", "1", "-c", "copy"]
    clips.ffmpeg("-i", plain, "-f", "ffmetadata", "-i", notes, *options, target)
    return target


def _locked(folder: Path) -> Path:
    """A film under copy protection (CENC)."""
    plain, target = _plain(folder), folder / "locked.mp4"
    key = ["-encryption_key", "00112233445566778899aabbccddeeff", "-encryption_kid", "0" * 32]
    clips.ffmpeg("-i", plain, "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", *key, target)
    return target


def _drawn(name: str, size: str, *coder: str, rate: str = "1", seconds: int = 1) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        clips.ffmpeg("-f", "lavfi", "-i", f"color=s={size}:r={rate}:d={seconds}", *coder, path)
        return path

    return make


def _taken(name: str, *options: str) -> Callable[[Path], Path]:
    """Something taken from an ordinary film."""

    def make(folder: Path) -> Path:
        plain = _plain(folder, "whole.mp4")
        clips.ffmpeg("-i", plain, *options, folder / name)
        return folder / name

    return make


def _called(name: str) -> Callable[[Path], Path]:
    """An ordinary film under a name that means something to programs."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(_plain(folder).read_bytes())
        return path

    return make


_HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n{more}#EXTINF:4,\n{url}\n#EXT-X-ENDLIST\n"
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="{canary}/x"/><image href="file://{foreign}"/></svg>'
)
_MANY = [part for _ in range(70) for part in ("-map", "0:a")]
_QUICK = tuple(clips.QUICK)

TRAPS: tuple[Row, ...] = (
    Row("empty.mp4", "no bytes at all", _bytes("empty.mp4", b""), "door"),
    Row(
        "letter.mp4", "a text called .mp4", _text("letter.mp4", "To whom it may concern\n" * 99), "not_a_film"
    ),
    Row("noise.mkv", "random bytes", _bytes("noise.mkv", bytes(range(1, 256)) * 999), "not_a_film"),
    Row("zeros.mp4", "a megabyte of zeros", _bytes("zeros.mp4", bytes(1_000_000)), "not_a_film"),
    Row("archive.mp4", "a ZIP archive", _bytes("archive.mp4", b"PK\3\4" + bytes(99)), "archive"),
    Row("paper.avi", "a PDF", _bytes("paper.avi", b"%PDF-1.4\n" + b"x" * 99), "document"),
    Row("program.mp4", "an ELF program", _bytes("program.mp4", b"\x7fELF" + bytes(99)), "program"),
    Row("photo.mp4", "a PNG", _taken("photo.png", "-frames:v", "1"), "picture"),
    Row("animation.mp4", "a GIF", _taken("animation.gif", "-frames:v", "9"), "picture"),
    Row("drawing.mp4", "SVG that loads a picture and somebody's file", _text("drawing.mp4", _SVG), "picture"),
    Row(
        "lol.mkv",
        "SVG that doubles its text a thousand million times",
        _text(
            "lol.mkv",
            "<?xml version='1.0'?><!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>",
        ),
        "picture",
    ),
    Row("words.mp4", "subtitles", _text("words.mp4", "1\n00:00:01,000 --> 00:00:02,000\nHi\n"), "subtitles"),
    Row(
        "concat.mp4",
        "concat script that names somebody's film beside it",
        _text("concat.mp4", "ffconcat version 1.0\nfile '{relative}'\n"),
        "playlist",
    ),
    Row(
        "concat-far.mp4",
        "concat script with an absolute path",
        _text("far.mp4", "ffconcat version 1.0\nfile '{foreign}'\n"),
        "playlist",
    ),
    Row(
        "concat-net.mkv",
        "concat script with an address",
        _text("net.mkv", "ffconcat version 1.0\nfile {canary}/a.mp4\n"),
        "playlist",
    ),
    Row(
        "list.mp4",
        "HLS playlist of somebody's film",
        _text("list.mp4", _HLS.format(more="", url="{relative}")),
        "playlist",
    ),
    Row(
        "list-net.ts",
        "HLS playlist with an address",
        _text("list.ts", _HLS.format(more="", url="{canary}/0.ts")),
        "playlist",
    ),
    Row(
        "list-key.ts",
        "HLS playlist whose key is a file",
        _text(
            "key.ts",
            _HLS.format(more='#EXT-X-KEY:METHOD=AES-128,URI="file://{foreign}"\n', url="{canary}/0.ts"),
        ),
        "playlist",
    ),
    Row(
        "list-self.ts",
        "HLS playlist of itself",
        _text("self.ts", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.ts\n"),
        "playlist",
    ),
    Row(
        "dash.mp4",
        "DASH manifest with an address",
        _text("dash.mp4", '<?xml version="1.0"?><MPD><BaseURL>{canary}/</BaseURL></MPD>'),
        "playlist",
    ),
    Row(
        "asx.wmv",
        "Windows playlist with an address",
        _text("asx.wmv", '<asx version="3"><entry><ref href="{canary}/"/></entry></asx>'),
        "playlist",
    ),
    Row(
        "ref.mov", "QuickTime reference text", _text("ref.mov", "RTSPtextRTSP://127.0.0.1/x\n"), "not_a_film"
    ),
    Row(
        "session.sdp",
        "SDP: a stream from the network",
        _text("session.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
        "not_a_film",
    ),
    Row(
        "elsewhere.mov",
        "MP4 whose media lies in somebody's file",
        _edited("elsewhere.mov", _elsewhere, sounds=()),
        "truncated",
    ),
    Row("song.mp4", "only sound", _taken("song.mp4", "-vn", "-c", "copy"), "sound_only"),
    Row("song.wav", "only sound, uncompressed", _taken("song.wav", "-vn"), "sound_only"),
    Row("no-index.mp4", "cut off before its index", _part("no-index.mp4", 0.5), "truncated"),
    Row(
        "half.mp4",
        "index first, then cut off",
        _part("half.mp4", 0.5, "-movflags", "+faststart"),
        "truncated",
    ),
    Row("half.mkv", "MKV cut off in the middle", _part("half.mkv", 0.5), "truncated"),
    Row("half.avi", "AVI cut off in the middle", _part("half.avi", 0.5), "truncated"),
    Row(
        "half.ts",
        "a broadcast cut off in the middle: it says nowhere how long it is",
        _part("half.ts", 0.5),
        Plays(seconds=6.0, corners=""),
    ),
    Row("spoiled.mkv", "noise in the middle of a film", _spoiled, Plays(seconds=12, corners="")),
    Row("nothing.mp4", "a film of no frames", _taken("nothing.mp4", "-c", "copy", "-t", "0"), "too_short"),
    Row(
        "one-frame.mp4",
        "a film of one frame",
        _taken("one-frame.mp4", "-c", "copy", "-an", "-frames:v", "1"),
        "too_short",
    ),
    Row(
        "huge.mp4", "8192 x 4096 pixels in a few bytes", _drawn("huge.mp4", "8192x4096", *_QUICK), "too_large"
    ),
    Row(
        "huge-mjpeg.avi",
        "16000 x 8000 pixels, Motion JPEG",
        _drawn("huge.avi", "16000x8000", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
        "too_large",
    ),
    Row("stamp.mp4", "32 x 32 pixels", _drawn("stamp.mp4", "32x32", *_QUICK, rate="25"), "too_small"),
    Row(
        "strip.mp4", "ten times as wide as high", _drawn("strip.mp4", "1280x128", *_QUICK, rate="25"), "shape"
    ),
    Row("many.mp4", "2,000 tracks", _edited("many.mp4", _many_tracks, sounds=()), "too_many_streams"),
    Row(
        "many.mkv",
        "70 sound tracks",
        _taken("many.mkv", "-map", "0:v", *_MANY, "-c", "copy"),
        "too_many_streams",
    ),
    Row("title.mp4", "a title of five million letters", _edited("title.mp4", _long_tag), Plays()),
    Row("climbing.mkv", "attachments called ../../escaped.txt", _climbing, Plays()),
    Row("chapters.mkv", "5,000 chapters whose names are scripts", _chaptered, Plays()),
    Row("far.mkv", "four frames that claim hours", _far_apart(5_000), "sparse"),
    Row("farther.mkv", "longer than any film", _far_apart(40_000), "too_long"),
    Row("packed.mkv", "frames that unpack to a gigabyte", _packed_frames, "damaged"),
    Row(
        "packed.mov",
        "an index that says it unpacks to four gigabytes",
        _edited("packed.mov", _packed_index(0xFFFFFFF0)),
        "damaged",
    ),
    Row(
        "packed2.mov",
        "an index that unpacks to 400 MB",
        _edited("packed2.mov", _packed_index(400_000_000)),
        "damaged",
    ),
    Row(
        "endless.mp4",
        "an index of four thousand million frames",
        _edited("endless.mp4", _endless_index, sounds=()),
        "truncated",
    ),
    Row("deep.mp4", "boxes in boxes, ten thousand deep", _edited("deep.mp4", _deep), Plays()),
    Row("locked.mp4", "copy protection (CENC)", _locked, "encrypted"),
    Row(
        "rare.mkv",
        "MagicYUV, a decoder that had CVE-2026-8461",
        _drawn("rare.mkv", "320x180", "-c:v", "magicyuv", rate="25"),
        "codec",
    ),
    Row(
        "screen.flv",
        "Flash screen video, another rare decoder",
        _drawn("screen.flv", "320x180", "-c:v", "flashsv", "-pix_fmt", "bgr24", rate="25"),
        "codec",
    ),
    Row(
        "new-sound.mp4",
        "sound of a kind that ffmpeg cannot decode (AC-4)",
        _edited("new-sound.mp4", lambda data: data.replace(b"mp4a", b"ac-4").replace(b"esds", b"dac4")),
        "sound_codec",
    ),
    Row("-i.mp4", "a film called like an option", _called("-i.mp4"), Plays()),
    Row("concat:a|b.mp4", "a film called like a protocol", _called("concat:a|b.mp4"), Plays()),
    Row(
        "%d\\u202e'.mp4",
        "a film called %d, with a quote and letters that run backwards",
        _called("%d\u202e'\n.mp4"),
        Plays(),
    ),
)

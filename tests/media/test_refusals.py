"""Bad input: each kind is refused in words that its owner understands, and leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import services, types
from catalog.media import probe
from catalog.media.errors import Refused
from catalog.models import Source
from netflixlite.jobs.types import JobState
from tests.media import clips


@pytest.fixture(scope="session")
def bad(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are no films, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("bad")

    def put(name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)

    put("text", b"To whom it may concern: this is a letter.\n" * 50)
    put("empty", b"")
    put("random", bytes(range(1, 256)) * 999)
    put("concat", f"ffconcat version 1.0\nfile '{clip}'\n".encode())
    put("hls", f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{clip}\n#EXT-X-ENDLIST\n".encode())
    put("subtitles", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n")
    put("svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
    put("zip", b"PK\x03\x04" + b"\0" * 99)
    put("pdf", b"%PDF-1.4\n" + b"x" * 99)
    put("cut-index", clip.read_bytes()[: clip.stat().st_size // 2])
    _cut_films(clip, folder)
    _odd_films(clip, folder)
    return {path.name.partition(".")[0]: path for path in folder.iterdir()}


def _cut_films(clip: Path, folder: Path) -> None:
    """Films whose beginning promises more than there is."""
    for name, options in (("fast.mp4", ["-movflags", "+faststart"]), ("whole.mkv", []), ("whole.avi", [])):
        whole = folder.parent / f"{folder.name}-{name}"
        clips.ffmpeg("-i", clip, "-c", "copy", *options, whole)
        (folder / f"cut-{name}").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    head = (folder.parent / f"{folder.name}-fast.mp4").read_bytes()
    (folder / "cut-head.mp4").write_bytes(head[: head.index(b"mdat") + 8])
    (folder / "cut-whole.mkv").rename(folder / "cut-mkv.mkv")
    (folder / "cut-whole.avi").rename(folder / "cut-avi.avi")
    (folder / "cut-fast.mp4").rename(folder / "cut-data.mp4")


def _odd_films(clip: Path, folder: Path) -> None:
    """Whole files of the wrong kind or size."""
    clips.ffmpeg("-i", clip, "-c", "copy", "-t", "0", folder / "zero.mp4")
    clips.ffmpeg("-i", clip, "-c", "copy", "-an", "-frames:v", "1", folder / "one-frame.mp4")
    clips.ffmpeg("-i", clip, "-vn", "-c", "copy", folder / "sound-mp4.mp4")
    clips.ffmpeg("-i", clip, "-vn", folder / "sound-wav.wav")
    clips.ffmpeg("-i", clip, "-frames:v", "1", "-f", "image2", "-c:v", "png", folder / "picture.bin")
    size = ["-f", "lavfi", "-i", "color=s=8192x4096:r=1:d=1", *clips.QUICK]
    clips.ffmpeg(*size, folder / "large.mp4")
    clips.film(folder / "stamp.mp4", size="32x32", seconds=1, sound=False)
    clips.film(folder / "strip.mp4", size="1280x128", seconds=1, sound=False)
    tones = [part for _ in range(70) for part in ("-map", "1:a")]
    clips.ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "color=s=128x72:r=25:d=1",
            "-f",
            "lavfi",
            "-i",
            "sine=d=1",
            "-map",
            "0:v",
            *tones,
        ),
        *clips.QUICK,
        *("-c:a", "aac", folder / "many.mkv"),
    )
    for name, step in (("long.mkv", 40_000), ("sparse.mkv", 5_000)):
        source = f"color=s=128x72:r=1/{step}:d={step * 4}"
        clips.ffmpeg("-f", "lavfi", "-i", source, *clips.QUICK, folder / name)


CASES = [
    ("text", "not_a_film", "text file", "Choose the film itself"),
    ("empty", "empty", "empty (0 bytes)", "send it again"),
    ("random", "not_a_film", "No known kind of film", "Choose the film itself"),
    ("concat", "playlist", "playlist", "Join them into one film"),
    ("hls", "playlist", "playlist", "Join them into one film"),
    ("subtitles", "subtitles", "subtitle file", "Choose the film itself"),
    ("svg", "picture", "picture, not a film", "artwork"),
    ("picture", "picture", "picture, not a film", "artwork"),
    ("zip", "archive", "archive", "Unpack it"),
    ("pdf", "document", "document", "Choose the film itself"),
    ("cut-index", "truncated", "cut off", "hand in the whole file"),
    ("cut-data", "truncated", "says it lasts 0:10, but its data ends after", "hand in the whole file"),
    ("cut-head", "truncated", "cut off", "hand in the whole file"),
    ("cut-mkv", "truncated", "says it lasts 0:10, but its data ends after", "hand in the whole file"),
    ("cut-avi", "truncated", "says it lasts 0:10, but its data ends after", "hand in the whole file"),
    ("zero", "too_short", "lasts 0.0 seconds", "hand in the whole film"),
    ("one-frame", "too_short", "lasts 0.0 seconds", "hand in the whole film"),
    ("sound-mp4", "sound_only", "sound but no picture", "picture track"),
    ("sound-wav", "sound_only", "sound but no picture", "picture track"),
    ("large", "too_large", "larger than 4096 x 2304", "Export the film at 4K"),
    ("stamp", "too_small", "only 32 x 32", "64 x 64"),
    ("strip", "shape", "five times as long", "Crop it"),
    ("many", "too_many_streams", "more than 64 tracks", "Export it"),
    ("long", "too_long", "at most 8 hours", "Cut it into parts"),
    ("sparse", "sparse", "only", "ordinary frame rate"),
]


@pytest.mark.parametrize(("name", "code", "words", "remedy"), CASES, ids=[case[0] for case in CASES])
def test_what_is_no_film_is_refused_with_a_reason_and_a_remedy(bad, name, code, words, remedy):
    with pytest.raises(Refused) as refusal:
        probe.probe(bad[name])
    assert refusal.value.code == code, refusal.value.message
    assert words in refusal.value.message
    assert remedy in refusal.value.message


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["text", "cut-data", "cut-index", "zero", "sound-mp4"])
def test_a_refused_film_leaves_its_reason_and_nothing_else(bad, home, ingest: Callable, name):
    ticket, job = ingest(bad[name])
    status = services.ingest_status(ticket.video_id)
    assert status.state is types.IngestState.REFUSED
    assert status.error == job.error
    assert len(status.error) > 40
    assert job.state is JobState.FAILED
    assert job.attempts == 1
    assert not status.playable
    assert files_below(home / "media") == []
    assert [path for path in files_below(home / "work") if path != "tools.json"] == []
    assert Source.objects.get(id=ticket.source_id).name == bad[name].name  # who sent what is still told


def test_an_empty_file_is_turned_away_at_the_door(bad, home, ingest: Callable):
    with pytest.raises(services.CannotIngest, match="empty"):
        ingest(bad["empty"])
    assert files_below(home / "media") == []

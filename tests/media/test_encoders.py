"""What the encoders make: the same bytes each time, one init segment for all chunks, no worse picture at the seams."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from catalog.media import (
    boxes,
    complexity,
    encode,
    encoders,
    hardware,
    ladder,
    pertitle,
    plan,
    probe,
    sandbox,
    tools,
)
from catalog.media.plan import Plan
from tests.media.clips import ffmpeg, film

WIDTH, HEIGHT, RATE, SECONDS = 320, 180, 24, 12


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of a fractal that is zoomed into: something new in every frame, nothing that repeats."""
    path = tmp_path_factory.mktemp("moving") / "moving.mp4"
    graph = f"mandelbrot=s={WIDTH}x{HEIGHT}:r={RATE}:start_scale=3:end_scale=0.002:end_pts=300"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        graph,
        "-t",
        str(SECONDS),
        "-c:v",
        "libx264",
        "-crf",
        "8",
        "-preset",
        "ultrafast",
        path,
    )
    return path


def planned(path: Path, codec: str, *, segments: int) -> Plan:
    """A plan of one rung in chunks of so many segments."""
    made = plan.make(
        probe.probe(path), preset="veryfast", tool=tools.ffmpeg().fingerprint, first=[segments] * 9
    )
    # A cap that this film never meets: where it binds, what a chunk has spent before decides, seam or no seam.
    rung = replace(made.rungs[0], crf=27.0, cap=8_000_000)
    if codec == "av1":
        rung = replace(rung, codec="av1", name=f"{rung.name}-av1", crf=40.0)
    return replace(made, rungs=(rung,))


def encoded(made: Plan, path: Path, folder: Path) -> list[Path]:
    """All chunks of the plan's only rung."""
    for chunk in made.chunks:
        encode.make_chunk(made, chunk, source=path, done=folder / "done", scratch=folder / "scratch")
    name = f"{made.rungs[0].name}.mp4"
    return [encode.chunk_folder(folder / "done", chunk) / name for chunk in made.chunks]


@pytest.fixture(scope="module", params=["h264", "av1"])
def codec(request: pytest.FixtureRequest) -> str:
    """In which codec."""
    return str(request.param)


@pytest.fixture(scope="module")
def parts(codec: str, moving: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The film in three chunks of a segment each."""
    made = planned(moving, codec, segments=1)
    assert len(made.chunks) == 3
    return encoded(made, moving, tmp_path_factory.mktemp("parts"))


def joined(parts: list[Path], target: Path) -> Path:
    """One file of all chunks, as packages have it."""
    with target.open("wb") as out:
        for number, part in enumerate(parts):
            data = part.read_bytes()
            with part.open("rb") as file:
                init = boxes.read_init(file)
            out.write(data if number == 0 else data[len(init) :])
    return target


def scores(made: Path, source: Path) -> list[float]:
    """VMAF of every frame."""
    log = made.with_suffix(".json")
    count = f"{complexity.SAME_COLOURS},settb=1/{RATE},setpts=N"
    graph = f"[0:v]{count}[d];[1:v]{count}[r];[d][r]libvmaf=n_threads=2:log_fmt=json:log_path={log}"
    ffmpeg("-i", made, "-i", source, "-lavfi", graph, "-f", "null", "-")
    found = json.loads(log.read_text())["frames"]
    assert len(found) == RATE * SECONDS
    return [frame["metrics"]["vmaf"] for frame in found]


@pytest.mark.slow
def test_chunks_are_the_same_bytes_each_time_and_share_one_init_segment(codec, moving, parts, tmp_path):
    made = planned(moving, codec, segments=1)
    again = encoded(made, moving, tmp_path)
    assert [part.read_bytes() for part in parts] == [part.read_bytes() for part in again]
    inits = set()
    for part, chunk in zip(parts, made.chunks, strict=True):
        with part.open("rb") as file:
            init = boxes.read_init(file)
            fragments = boxes.read_fragments(file, len(init))
        inits.add(init)
        assert fragments[0].time == chunk.first * made.ticks
        assert all(fragment.sync for fragment in fragments)
    assert len(inits) == 1
    told = boxes.header(inits.pop())
    assert told.codecs.startswith({"h264": "avc1.", "av1": "av01.0."}[codec])


@pytest.mark.slow
def test_seams_between_chunks_look_no_worse_than_the_same_frames_of_one_encode(
    codec, moving, parts, tmp_path
):
    whole = planned(moving, codec, segments=3)
    parted = planned(moving, codec, segments=1)
    one = joined(encoded(whole, moving, tmp_path / "whole"), tmp_path / "whole.mp4")
    many = joined(parts, tmp_path / "parted.mp4")
    alone, cut = scores(one, moving), scores(many, moving)
    assert sum(cut) / len(cut) > sum(alone) / len(alone) - 0.5
    for chunk in parted.chunks[1:]:
        # A new encoder knows nothing of the frames before: half a second may differ, by less than can be seen (6).
        near = slice(chunk.first - 6, chunk.first + 12)
        assert sum(cut[near]) > sum(alone[near]) - 18 * 3.0, f"at frame {chunk.first}"
    assert many.stat().st_size < one.stat().st_size * 1.03


@pytest.mark.slow
def test_a_film_is_measured_and_gets_a_ladder_of_its_own(moving, tmp_path):
    facts = probe.probe(moving)
    seen: list[float] = []
    found = complexity.measure(facts, moving, scratch=tmp_path, on_progress=seen.append)
    assert pertitle.Measurement.load(json.loads(json.dumps(found.plain()))) == found
    assert len(found.windows) == 3
    assert seen[-1] == 1.0
    assert list(tmp_path.iterdir()) == [], "raw pictures are removed"
    by_size: dict[int, list[pertitle.Point]] = {}
    for point in found.points:
        by_size.setdefault(point.frame, []).append(point)
    for points in by_size.values():
        fine, coarse = points
        assert fine.crf < coarse.crf
        assert fine.bits > coarse.bits
        assert fine.vmaf > coarse.vmaf
    assert found.points[0].vmaf > 85, "frames are compared with themselves, not with their neighbours"
    made = pertitle.rungs(found, width=WIDTH, height=HEIGHT, rate=Fraction(RATE))
    assert (made[0].width, made[0].height) == (WIDTH, HEIGHT)
    again = complexity.measure(facts, moving, scratch=tmp_path)
    assert again == found, "whoever measures finds the same, so plans agree"


@pytest.mark.slow
def test_black_and_very_short_films_are_measured_all_the_same(tmp_path):
    for name, source, seconds in (("black", "color", 6), ("blink", "testsrc2", 0.6)):
        path = film(tmp_path / f"{name}.mp4", source=source, seconds=seconds, sound=False)
        found = complexity.measure(probe.probe(path), path, scratch=tmp_path)
        assert len(pertitle.rungs(found, width=320, height=180, rate=Fraction(24))) >= 3


def test_a_film_cannot_be_measured_without_vmaf(monkeypatch, tmp_path):
    without = replace(tools.self_test(), has_vmaf=False)
    monkeypatch.setattr(complexity.tools, "self_test", lambda: without)
    with pytest.raises(complexity.NotMeasurable, match="VMAF"):
        complexity.measure(None, tmp_path, scratch=tmp_path)  # type: ignore[arg-type]


def test_an_unknown_codec_is_an_error(tmp_path):
    rung = replace(ladder.rungs(width=320, height=180, rate=Fraction(24))[0], codec="theora")
    with pytest.raises(ValueError, match="theora"):
        encoders._encoder(None, rung)  # type: ignore[arg-type]


def test_hardware_that_is_not_there_is_said_and_software_goes_on(monkeypatch):
    monkeypatch.setattr(
        hardware, "MAKERS", (hardware.Maker("NVENC", (("h264", "h264_nvenc"),), ("/dev/no-such",)),)
    )
    choice = hardware.choose()
    assert choice.encoder == ""
    assert "no /dev/no-such" in choice.words
    assert "by the processor" in choice.words
    rungs = ladder.rungs(width=320, height=180, rate=Fraction(24))
    assert hardware.equip(rungs, choice) == rungs


def test_hardware_that_fails_its_test_is_not_used(monkeypatch):
    """ffmpeg lists the encoder on every machine; only trying it tells."""
    monkeypatch.setattr(hardware, "MAKERS", (hardware.Maker("NVENC", (("h264", "h264_nvenc"),), ()),))
    choice = hardware.choose()
    assert choice.encoder == ""
    assert choice.words.startswith("No hardware encoder works here (NVENC: ")


def test_an_encoder_that_works_passes_its_test_and_is_given_to_every_rung(monkeypatch):
    """There is no graphics card in most test machines: a software encoder stands in for one."""
    monkeypatch.setattr(hardware, "MAKERS", (hardware.Maker("x264", (("h264", "libx264"),), ()),))
    choice = hardware.choose()
    assert choice.encoder == "libx264"
    rungs = hardware.equip(ladder.rungs(width=320, height=180, rate=Fraction(24)), choice)
    assert {rung.encoder for rung in rungs} == {"libx264"}


def test_idle_work_runs_on_what_others_leave():
    found: list[str] = []
    argv = ["/bin/cat", "/proc/self/sched"]
    limits = sandbox.Limits(idle=True)
    sandbox.run(argv, what="test", read=[Path("/bin"), Path("/proc")], limits=limits, on_line=found.append)
    policy = next(line for line in found if line.startswith("policy"))
    assert policy.split(":")[1].strip() == "5", "SCHED_IDLE"

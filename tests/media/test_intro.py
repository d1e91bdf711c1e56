"""What episodes of a season share: openings and credits are found where they are, and nowhere else."""

import wave
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from catalog import annotations, services, types
from catalog.media import fingerprint, intro
from catalog.media.fingerprint import RATE
from catalog.media.intro import Heard
from catalog.models import Marker, Source
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.media import clips, voices

OPENING, ENDING = voices.theme(15, 1), voices.theme(14, 2)
COLD = (8.3, 0.0, 17.7, 12.05)


def heard(samples: voices.Samples) -> Heard:
    """As the job hears an episode."""
    duration = len(samples) / RATE
    codes = fingerprint.codes(samples)
    tail_from = duration * 0.65
    tail = fingerprint.codes(samples[int(tail_from * RATE) :])
    return Heard(uuid4(), duration, codes[: int(duration / 2 / fingerprint.HOP)], tail, tail_from)


@pytest.fixture(scope="module")
def season() -> list[Heard]:
    """Four episodes with one opening at different places; each louder than the last and with noise of its own."""
    found = []
    for number, before in enumerate(COLD):
        samples = voices.episode(before, seed=number, opening=OPENING, ending=ENDING) * (0.3 + 0.2 * number)
        noise = np.random.default_rng(number).normal(0, 0.002, len(samples))
        found.append(heard((samples + noise).astype(np.float32)))
    return found


def test_the_opening_is_found_where_each_episode_has_it(season: list[Heard]):
    answer = intro.compare(season)
    for one, before in zip(season, COLD, strict=True):
        (opening,) = [stretch for stretch in answer[one.video_id] if stretch.kind == "intro"]
        assert opening.start == pytest.approx(before, abs=0.5)
        assert opening.end == pytest.approx(before + 15, abs=0.5)


def test_the_credits_are_found_and_go_on_to_the_end(season: list[Heard]):
    answer = intro.compare(season)
    for one in season:
        (credits,) = [stretch for stretch in answer[one.video_id] if stretch.kind == "credits"]
        assert credits.start == pytest.approx(80 - 16, abs=0.5)
        assert credits.end == pytest.approx(one.duration, abs=0.01)


def test_two_episodes_are_enough_and_one_is_not(season: list[Heard]):
    answer = intro.compare(season[:2])
    assert all(len(stretches) == 2 for stretches in answer.values())
    assert intro.compare(season[:1]) == {season[0].video_id: []}
    assert intro.compare([]) == {}


def test_an_episode_without_the_opening_gets_none(season: list[Heard]):
    other = heard(np.concatenate([voices.speech(78, 77), np.zeros(2 * RATE, np.float32)]))
    answer = intro.compare([*season[:3], other])
    assert answer[other.video_id] == []
    assert all(answer[one.video_id] for one in season[:3])


def test_what_only_two_of_many_share_is_no_opening(season: list[Heard]):
    """A recap of the last episode, a song that is heard twice."""
    song = voices.theme(14, 9)
    quiet = [heard(voices.speech(60, 50 + number)) for number in range(3)]
    pair = [
        heard(np.concatenate([voices.speech(10, 60 + number), song, voices.speech(50, 70 + number)]))
        for number in range(2)
    ]
    answer = intro.compare([*pair, *quiet])
    assert not any(answer.values())


def test_silence_and_hum_are_alike_in_all_films_and_mean_nothing():
    time = np.arange(40 * RATE) / RATE
    hum = (0.0002 * np.sin(2 * np.pi * 50 * time)).astype(np.float32)
    films = [heard(np.concatenate([hum, voices.speech(40, 80 + number)])) for number in range(3)]
    assert not any(intro.compare(films).values())


def test_sound_that_is_too_short_has_no_fingerprint():
    assert len(fingerprint.codes(np.zeros(100, np.float32))) == 0
    assert (
        fingerprint.shared(
            fingerprint.codes(np.zeros(100, np.float32)), fingerprint.codes(OPENING), least=5, most=60
        )
        == []
    )


def save(samples: voices.Samples, path: Path) -> Path:
    """As a WAV of 48 kHz would be too much: 8 kHz will do."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.slow
def test_a_season_on_disk_gets_markers_that_people_may_change(ingest: Callable, tmp_path: Path):
    """Through encoding, packaging and the job; a second run changes nothing, and neither what a person took away."""
    title = services.create_title(name="The Lamplighters", kind=types.Kind.SERIES)
    videos: list[UUID] = []
    for number, before in enumerate(COLD[:2], 1):
        sound = save(voices.episode(before, seed=number, opening=OPENING, ending=ENDING), tmp_path / "s.wav")
        film = tmp_path / f"{number}.mp4"
        picture = ["-f", "lavfi", "-i", "color=c=gray:s=128x72:r=5:d=80"]
        clips.ffmpeg(*picture, "-i", sound, *clips.QUICK, "-g", "20", "-c:a", "aac", "-b:a", "96k", film)
        part = services.add_episode(title_id=title.id, season=1, number=number, name=f"Part {number}")
        ticket = services.ingest(
            path=str(film),
            episode_id=part.id,
            options=types.IngestOptions(ladder="light", preset="ultrafast", early=False),
        )
        done = jobs.run_here(ticket.job_id)
        assert done.state is JobState.DONE, done.error
        videos.append(ticket.video_id)
        told = annotations.loudness(Source.objects.get(id=ticket.source_id).facts)
        assert set(told["001-stereo"]) == {"integrated", "range", "peak", "gain"}
    (waiting,) = jobs.find(kind=intro.KIND, state=JobState.QUEUED)
    assert jobs.run_here(waiting.id).state in (JobState.DONE, JobState.QUEUED)
    season = services.seasons(title.id)[0]
    intro.ask(season.id, soon=True)
    (asked,) = [job for job in jobs.find(kind=intro.KIND, state=JobState.QUEUED) if job.priority > 0]
    assert jobs.run_here(asked.id).state is JobState.DONE
    for video, before in zip(videos, COLD, strict=False):
        kinds = {row.kind: row for row in Marker.objects.filter(video_id=video)}
        assert kinds["intro"].start / timedelta(seconds=1) == pytest.approx(before, abs=0.5)
        assert kinds["intro"].end / timedelta(seconds=1) == pytest.approx(before + 15, abs=0.5)
        assert kinds["credits"].start / timedelta(seconds=1) == pytest.approx(64, abs=0.5)
        assert {row.origin for row in kinds.values()} == {"sound"}

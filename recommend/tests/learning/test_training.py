"""Trainings with the real program in its own process, from the wish to the pointer."""

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from uuid import UUID

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone

from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from recommend.learning import board, gathering, publishing, serving, shelf, tending, training, watching
from recommend.learning.deciding import Occasion
from recommend.learning.models import ModelVersion
from recommend.signals import models as signals

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def trained(occasion: Occasion = Occasion.ASKED) -> ModelVersion:
    job = jobs.run_here(training.ask(occasion).id)
    assert job.state is JobState.DONE, job.error
    return ModelVersion.objects.latest("pk")


def test_a_town_is_learnt_and_looked_after(town, watched):
    films, profiles = town
    tending.tend()
    assert [job.payload["occasion"] for job in jobs.find(kind=training.KIND)] == ["first"]
    version = trained()
    assert (version.state, version.events, version.viewers, version.accounts) == ("good", 400, 40, 40)
    told = version.figures["figures"]
    assert told["candidate"]["ndcg10"] > told["popular"]["ndcg10"]
    model, state = serving.current_state()
    assert state.version == version.name
    assert set(model.titles) == set(films)

    # Nothing new: nothing to do. Many new plays, and time: learnt again, compared with what is served.
    tending.tend()
    assert publishing.pointer().looked_words == "nothing new to learn"
    ModelVersion.objects.update(
        read_at=timezone.now() - timedelta(days=3), cut=timezone.now() - timedelta(days=3)
    )
    for number, profile in enumerate(profiles):
        for step in range(6):
            mine = films[number % 2 :: 2]
            watched(profile, mine[(number + 3 * step + 1) % len(mine)], 2 - step / 10)
    tending.tend()
    assert publishing.pointer().looked_words == "training: new signals"
    second = trained()
    assert second.state == "good"
    assert "served" in second.figures["against"]
    pointer = publishing.pointer()
    assert (pointer.version, pointer.previous) == (second, version)

    # Plays since then are replayed under both; the new one is not worse, so it stays.
    ModelVersion.objects.filter(pk=second.pk).update(read_at=timezone.now() - timedelta(days=1, hours=20))
    job = jobs.run_here(watching.ask().id)
    assert job.state is JobState.DONE, job.error
    second.refresh_from_db()
    assert second.live_figures["plays"] > 0
    assert set(second.live_figures["figures"]) == {"served", "before", "popular", "trending"}
    assert publishing.pointer().version == second


def test_what_does_worse_on_new_plays_is_gone_back_from(town, monkeypatch):
    first, second = trained(), trained()
    told = {"ratio": 0.5, "difference": -0.1, "low": -0.2, "high": -0.05}
    report = {"plays": 400, "viewers": 40, "figures": {}, "against": {"before": told}}
    monkeypatch.setattr("recommend.learning.running.run", lambda *_: report)
    assert jobs.run_here(watching.ask().id).state is JobState.DONE
    assert publishing.pointer().version == first
    second.refresh_from_db()
    assert (second.state, second.folder) == ("withdrawn", "")


def test_a_withdrawal_is_learnt_without_and_nothing_older_is_kept(town):
    first = trained()
    signals.Signal.objects.filter(profile_id=town[1][0]).delete()
    signals.Mark.objects.create(name="withdrawn", at=timezone.now())
    tending.tend()
    assert publishing.pointer().looked_words == "nothing new to learn"  # within the day, not at once
    tending.tend(timezone.now() + timedelta(hours=1))
    assert publishing.pointer().looked_words == "training: withdrawn"
    second = trained(Occasion.WITHDRAWN)
    assert second.viewers == 39
    assert (publishing.pointer().version, publishing.pointer().previous) == (second, None)
    first.refresh_from_db()
    assert first.folder == ""


def swollen(folder, **more):
    """What is gathered, and 30,000 titles beside it that each of two people watched: 3.6 GB in one matrix."""
    found = _gathered(folder, **more)
    with (folder / "titles.jsonl").open("a", encoding="utf-8") as lines:
        for number in range(30_000):
            lines.write(json.dumps({"id": str(UUID(int=number + 1))}) + "\n")
    with np.load(folder / "events.npz") as held:
        told = dict(held)
    late = np.repeat(np.arange(30_000) + found.titles, 2)
    added = {
        "viewer": 1000 + np.arange(60_000) % 4001,
        "title": late,
        "weight": np.ones(60_000),
        "at": np.linspace(0, 1e9, 60_000),
        "account": 1000 + np.arange(60_000) % 4001,
    }
    np.savez(
        folder / "events.npz", **{k: np.concatenate([added[k].astype(v.dtype), v]) for k, v in told.items()}
    )
    return found


_gathered = gathering.gather


def test_a_training_that_cannot_get_by_ends_alone_and_leaves_what_is_served(town, settings, monkeypatch):
    first = trained()
    # It is told that it may take what it likes: what stops it is the bound of its process, as it would stop a leak.
    with monkeypatch.context() as told:
        told.setattr(gathering, "gather", swollen)
        told.setattr(training, "settings_for", lambda _: {"memory": 64 * 2**30, "support": 1, "beta": 0.0})
        job = jobs.run_here(training.ask(Occasion.ASKED).id)
    assert job.state is JobState.FAILED
    assert "did not get by with 256 MB" in job.error
    assert "NETFLIXLITE_LEARNING_MEMORY_MB" in job.error
    assert publishing.pointer().version == first
    assert serving.state().source == "live"
    answering, troubles = board.standing()
    assert answering.startswith(f"{first.name} answers")
    assert any("did not get by with" in each for each in troubles)
    assert [each.name for each in shelf.root().iterdir() if each.is_dir()] == [first.folder]

    settings.BASE_DIR = settings.HOME  # where there is no such program
    job = jobs.run_here(training.ask(Occasion.ASKED).id)
    assert job.state is JobState.FAILED
    assert "ended with code" in job.error
    assert publishing.pointer().version == first
    signals.Signal.objects.update(at=timezone.now())
    tending.tend(timezone.now() + timedelta(hours=2))
    assert publishing.pointer().looked_words == "nothing new to learn"  # after trouble it waits


def test_a_catalogue_that_nobody_has_watched_is_learnt_by_what_it_is_about(watched, ada):
    from catalog.tests.factories import make_title

    films = [
        make_title(name="Film", packaged=False, genres=[["war", "space"], ["comedy"]][at % 2])
        for at in range(12)
    ]
    version = trained(Occasion.FIRST)
    assert (version.state, version.events, version.verdict) == ("good", 0, "too few plays to judge")
    model = serving.current()
    targets, weights = model.taste.of(model.index[films[0].id])
    best = model.titles[targets[weights.argmax()]]
    assert best in {film.id for film in films[2::2]}
    assert "Not enough to decide" in _evaluated()["says"]


def _evaluated() -> dict[str, object]:
    out = StringIO()
    call_command("evaluate_recommender", "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def test_the_commands_say_whether_it_helps(town):
    told = _evaluated()
    assert told["plays"] >= 30
    assert told["figures"]["candidate"]["hr20"] > told["figures"]["popular"]["hr20"]
    assert told["says"].startswith("Personalisation helps here: of 100 next plays")
    out = StringIO()
    call_command("train_recommender", stdout=out, stderr=StringIO())
    assert "answers, learnt from 400 plays" in out.getvalue()
    assert not ModelVersion.objects.exclude(state="good").exists()


def test_the_program_sees_no_site():
    """It is another process without database, keys or Django: what it imports says so."""
    code = (
        "import sys, recommend.learning.program; "
        "print(sorted({'django', 'celery', 'recommend.models'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

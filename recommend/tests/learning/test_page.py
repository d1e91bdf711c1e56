"""The page of recommendations in the studio, its buttons, and what is said when the site is set up wrongly."""

import gzip
from unittest.mock import Mock

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.tests.factories import make_operator
from netflixlite.jobs import services as jobs
from recommend import seeding
from recommend.engine import seed
from recommend.learning import checks, publishing, training

pytestmark = pytest.mark.django_db

FIGURES = {
    "plays": 500,
    "viewers": 50,
    "figures": {
        "candidate": {"hr20": 0.31, "hr10": 0.2, "ndcg10": 0.13, "offtrend_hr20": 0.1},
        "popular": {"hr20": 0.2, "hr10": 0.1, "ndcg10": 0.09, "offtrend_hr20": 0.02},
        "trending": {"hr20": 0.25, "hr10": 0.15, "ndcg10": 0.11, "offtrend_hr20": 0.0},
    },
    "against": {
        "popular": {"ratio": 1.4, "difference": 0.04, "low": 0.02, "high": 0.06},
        "trending": {"ratio": 1.2, "difference": 0.02, "low": 0.01, "high": 0.03},
    },
}


@pytest.fixture
def page(client):
    operator = make_operator("olu")
    client.force_login(operator_row(operator))
    return lambda: client.get(reverse("admin:recommendations")).content.decode()


def operator_row(operator):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(pk=operator.id)


def press(client, what: str):
    return client.post(reverse("admin:recommendations_do", args=[what]), follow=True)


def test_before_anything_is_learnt(page):
    said = page()
    assert "No model answers" in said
    assert "Nothing was learnt yet" in said
    assert "Go back" not in said


def test_versions_figures_and_buttons(client, page, serve, django_capture_on_commit_callbacks):
    about = {"verdict": "passed", "events": 1234, "figures": FIGURES}
    first = serve(occasion="daily", **about)
    second = serve(occasion="new signals", **about)
    said = page()
    assert (
        "Personalisation helps here: of 100 next plays, 31 are among 20 personal suggestions, and 25" in said
    )
    assert "+40 %" in said
    assert "much was watched" in said
    assert f"Go back to {first.name}" in said

    assert "stays, whatever is learnt" in press(client, "pin").content.decode()
    assert publishing.pointer().pinned
    press(client, "unpin")
    assert not publishing.pointer().pinned
    with django_capture_on_commit_callbacks(execute=True):
        answer = press(client, "back")
        said = [str(each) for each in answer.context["messages"]]
        assert said == [f"{first.name} answers again."]
    assert publishing.pointer().version == first
    second.refresh_from_db()
    assert second.state == "withdrawn"
    assert "no earlier version" in press(client, "back").content.decode()

    press(client, "train")
    (job,) = jobs.find(kind=training.KIND)
    assert job.payload["occasion"] == "asked"
    assert "waiting for a worker" in page()
    part = client.get(reverse("admin:recommendations"), {"part": "board"}).content.decode()
    assert "data-going" in part
    assert "<html" not in part


def test_a_seed_is_loaded_and_put_away(client, page, tmp_path, monkeypatch):
    def load(data: bytes):
        answer = client.post(
            reverse("admin:recommendations_do", args=["load"]),
            {"seed": SimpleUploadedFile("seed.gz", data)},
            follow=True,
        )
        return [str(each) for each in answer.context["messages"]]

    assert "there is none unless you load one" in page()
    assert "Do without it" not in page()
    viewers, films = np.repeat(np.arange(3), 2).astype(np.int32), np.tile([0, 1], 3).astype(np.int32)
    about = {"source": "Somewhere", "licence": "MIT"}
    seed.write(seed.aggregate(viewers, films, ["tt0000001", "tt0000002"], about), tmp_path / "seed.gz")
    good = (tmp_path / "seed.gz").read_bytes()
    assert load(good) == ["The next training knows it: 2 films."]
    assert "Somewhere: 2 films (MIT)" in page()
    assert load(good[:30])[0].startswith("It is not a whole gzip file")
    assert load(b"")[0].startswith("Choose a seed")
    assert len(seeding.loaded().films) == 2  # what was in use stays
    with monkeypatch.context() as told:
        told.setattr("recommend.learning.admin.SEED_MOST", len(good) + 100)
        (answer,) = load(gzip.compress(gzip.decompress(good) + b"#" * 1000))
        assert answer.startswith("It unpacks to more than")
        assert "manage.py recommendation_seed load FILE" in answer
    with monkeypatch.context() as told:
        told.setattr(seed, "write", Mock(side_effect=OSError(28, "No space left on device")))
        (answer,) = load(good)
        assert answer.endswith(": No space left on device.")
    press(client, "unload")
    assert seeding.loaded() is None
    assert "Do without it" not in page()


def test_only_operators_get_in(client, ada):
    client.force_login(operator_row(type("User", (), {"id": ada.user_id})))
    assert client.get(reverse("admin:recommendations")).status_code in (302, 403)
    press(client, "train")
    assert jobs.find(kind=training.KIND) == []


def test_a_button_wants_a_post_and_has_to_be_there(client, page):
    assert client.get(reverse("admin:recommendations_do", args=["train"])).status_code == 405
    assert press(client, "explode").status_code == 404


def test_what_would_fail_at_night_is_said_at_start(settings, tmp_path):
    assert checks.learning_can_run() == []
    settings.LEARNING_MINUTES = 0
    settings.LEARNING_MEMORY_MB = 2**30
    file = tmp_path / "file"
    file.touch()
    settings.MODELS_DIR = file / "models"
    assert [each.id for each in checks.learning_can_run()] == [
        "recommend.E001",
        "recommend.E002",
        "recommend.W002",
    ]
    settings.LEARNING = False
    assert checks.learning_can_run() == []

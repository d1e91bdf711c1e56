"""A small town: films of two sorts, people who like one of them, and a folder for models."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts import services as accounts
from accounts.tests.factories import make_operator, make_profile
from catalog.tests.factories import make_title
from recommend.engine import artefact
from recommend.engine.content import Features, content
from recommend.engine.model import Model, Rows, indexed
from recommend.learning import publishing, serving, shelf
from recommend.learning.models import ModelVersion
from recommend.signals.models import Signal
from recommend.signals.shapes import Did


@pytest.fixture(autouse=True)
def models_folder(settings, tmp_path: Path) -> Iterator[Path]:
    """Models of one test, and nothing mapped before and after it."""
    settings.MODELS_DIR = tmp_path / "models"
    settings.WORK_DIR = tmp_path / "work"
    settings.LEARNING_MEMORY_MB = 256
    serving.forget()
    yield settings.MODELS_DIR
    serving.forget()


Watch = Callable[..., None]


@pytest.fixture
def watched(db) -> Watch:
    """`watched(profile_id, title_id, days)`: a film seen to its end so many days ago."""

    def add(profile_id: UUID, title_id: UUID, days: float) -> None:
        Signal.objects.create(
            profile_id=profile_id,
            title_id=title_id,
            video_id=uuid4(),
            did=Did.WATCHED,
            ref=uuid4(),
            value=1.0,
            watched=5400,
            length=5400,
            at=timezone.now() - timedelta(days=days),
        )

    return add


@pytest.fixture
def town(watched) -> tuple[list[UUID], list[UUID]]:
    """Sixty films, half of them funny; forty people who watched ten of one sort. (films, profiles)."""
    make_operator("olu")
    sorts = ["comedy" if number % 2 else "war" for number in range(60)]
    films = [make_title(name="Film", packaged=False, genres=[sort]).id for sort in sorts]
    profiles = []
    for number in range(40):
        # Nobody signs in: forty passwords need not be hashed.
        user = get_user_model().objects.create(username=f"u{number}", email=f"u{number}@example.org")
        profile = make_profile(f"P{number}", user=accounts.user(user.id), maturity=18).id
        profiles.append(profile)
        mine = films[number % 2 :: 2]
        for step in range(10):
            watched(profile, mine[(number + 3 * step) % len(mine)], 40 - 4 * step + number / 50)
    return films, profiles


def made(count: int = 6, *, described: datetime | None = None) -> Model:
    titles = tuple(uuid4() for _ in range(count))
    about = content([Features(genres=("war" if each % 2 else "comedy",)) for each in range(count)])
    targets = np.full((count, 2), -1, np.int32)
    targets[0, 0] = 1
    weights = np.zeros((count, 2), np.float16)
    weights[0, 0] = 0.5
    rows = Rows(targets, weights)
    told = {"described_at": (described or datetime.now(UTC)).timestamp()}
    popularity = np.ones(count, np.float32)
    return Model(titles, indexed(titles), rows, (rows,), (5.0,), popularity, about, told)


def version(model: Model | None = None, **more) -> ModelVersion:
    name = shelf.new_name("model")
    artefact.write(model or made(), shelf.folder(name))
    return ModelVersion.objects.create(state="good", folder=name, bytes=shelf.size(name), **more)


@pytest.fixture
def serve(django_capture_on_commit_callbacks):
    """`serve()`: another version, passed and published."""

    def add(model: Model | None = None, **more) -> ModelVersion:
        with django_capture_on_commit_callbacks(execute=True):
            made_of = version(model, **more)
            publishing.publish(made_of, "test")
        return made_of

    return add

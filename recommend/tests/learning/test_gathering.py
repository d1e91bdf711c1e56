"""What a training is told of, and what it is told that it knows."""

from datetime import timedelta

import pytest

from accounts.types import Profile
from catalog.tests.factories import make_title
from recommend.learning import gathering, tending
from recommend.signals.models import Signal
from recommend.tests.learning import conftest

pytestmark = pytest.mark.django_db


def test_what_is_imported_while_a_training_runs_is_new_to_it(
    watched: conftest.Watch, ada: Profile, tmp_path
) -> None:
    films = [make_title(name=f"Film {number}", packaged=False).id for number in range(3)]
    watched(ada.id, films[0], 3)

    def somebody_imports() -> None:
        watched(ada.id, films[1], 300)
        watched(ada.id, films[2], 200)

    found = gathering.gather(tmp_path, check=somebody_imports)
    assert Signal.objects.count() > found.signals == 1
    known = {"signals": found.signals, "newest_signal": found.newest_signal}
    version = conftest.version(read_at=found.read_at + timedelta(seconds=1), figures=known)
    assert tending._signals(version) == (1, Signal.objects.count() - 1)

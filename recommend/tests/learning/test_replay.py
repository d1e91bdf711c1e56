"""What the replay counts, and what a training is given."""

from uuid import uuid4

import numpy as np
import pytest

from accounts.tests.factories import make_profile
from catalog.tests.factories import make_title
from recommend.learning import gathering, replay
from recommend.learning.replay import Told
from recommend.tests.learning.conftest import made


def told(*events: tuple[int, int, float]) -> Told:
    viewer, title, weight = zip(*events, strict=True)
    at = np.arange(len(events), dtype=np.float64) * 3600
    return Told(np.array(viewer, np.int32), np.array(title, np.int32), np.array(weight, np.float32), at)


def test_only_new_plays_of_known_viewers_count():
    model = made(6)
    events = told(
        (0, 0, 1.0),  # before
        (1, 2, 1.0),  # nobody knows this viewer yet
        (0, 1, 1.0),  # counts: the model says 1 follows 0
        (0, 0, 1.0),  # seen before
        (1, 3, 0.2),  # no play
        (1, 1, 1.0),  # counts
    )
    found = replay.replay({"candidate": model}, model.titles, events, first=1)
    assert found.viewer.tolist() == [0, 1]
    assert found.known.tolist() == [1, 2]
    # Title 2 was watched once and 1 never: 1 is one of four that share the places after it.
    assert found.ranks["popular"].tolist() == [2.5, 1.0]
    assert found.ranks["candidate"][0] <= 1.0


def test_a_title_that_a_model_does_not_know_is_behind_all():
    model = made(4)
    titles = [*model.titles, uuid4()]
    found = replay.replay({"candidate": model}, titles, told((0, 0, 1.0), (0, 4, 1.0)), first=0)
    assert found.ranks["candidate"].tolist() == [np.inf]
    figures = replay.figures(found)
    assert figures["candidate"] == {"hr20": 0.0, "hr10": 0.0, "ndcg10": 0.0, "offtrend_hr20": 0.0}
    assert figures["popular"]["hr20"] == 1.0


def test_one_viewer_alone_proves_nothing():
    mine, theirs = np.ones(50), np.zeros(50)
    found = replay.against_of(mine, theirs, np.zeros(50, np.int64))
    assert found.low < 0 < found.high
    found = replay.against_of(mine, theirs, np.arange(50) % 5)
    assert found.low == found.high == 1.0


@pytest.mark.django_db
def test_what_is_gathered_names_nobody(tmp_path, ada, ben, watched, settings):
    films = [make_title(name="Film", packaged=False).id for _ in range(3)]
    hidden = make_title(name="Not out", packaged=False, published=False).id
    eve = make_profile("Eve", maturity=18)
    for profile in (ada, ben, eve):
        watched(profile.id, films[0], 3)
        watched(profile.id, films[1], 2)
        watched(profile.id, hidden, 1)
    gathered = gathering.gather(tmp_path, check=lambda: None)
    assert (gathered.titles, gathered.events, gathered.viewers, gathered.accounts) == (3, 6, 3, 2)
    assert gathered.small
    settings.LEARNING_PRIVATE_BELOW = 2
    assert not gathered.small
    with np.load(tmp_path / "events.npz") as events:
        assert np.all(np.diff(events["at"]) >= 0)
        assert len(np.unique(events["account"])) == 2
    written = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    for profile in (ada, ben, eve):
        for secret in (profile.id, profile.user_id):
            assert str(secret).encode() not in written
            assert secret.bytes not in written

"""A training from the wish to the page, with the real program in its own process."""

import pytest

from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from recommend.learning import serving, training
from recommend.learning.deciding import Occasion
from recommend.learning.models import ModelVersion

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def done(occasion: Occasion = Occasion.ASKED):
    job = jobs.run_here(training.ask(occasion).id)
    assert job.state is JobState.DONE, job.error
    return ModelVersion.objects.latest("pk")


def test_a_town_is_learnt(town):
    films, _profiles = town
    version = done(Occasion.FIRST)
    assert version.state == "good", version.verdict
    assert version.events == 400
    assert version.figures["figures"]["candidate"]["ndcg10"] > version.figures["figures"]["popular"]["ndcg10"]
    model, state = serving.current_state()
    assert state.version == version.name
    assert set(model.titles) == set(films)
    assert version.cpu_seconds > 0

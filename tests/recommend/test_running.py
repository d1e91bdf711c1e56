"""A web server that runs while models come, are torn and go: it answers, and says with what."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.upload.site import Site

pytestmark = pytest.mark.slow
_HOUSE = """
import json
from accounts.tests.factories import client_of, make_profile, make_user
from catalog.tests.factories import make_title
ada = make_profile("Ada", user=make_user("household"))
films = [str(make_title(name=f"Night Mail {number}", genres=["Drama"]).id) for number in range(8)]
print(json.dumps({"session": client_of(ada).cookies["netflixlite_session"].value, "films": films}))
"""
_PUBLISH = """
import numpy as np
from django.db import transaction
from django.utils import timezone
from catalog import services as catalog
from recommend.engine import artefact
from recommend.engine.content import content
from recommend.engine.training import Events, train
from recommend.learning import describing, publishing, shelf
from recommend.learning.models import ModelVersion
told = list(catalog.descriptions())
seen = np.array([(who, film) for who in range(6) for film in range(len(told)) if (who + film) % 3], np.int32)
events = Events(seen[:, 0], seen[:, 1], np.ones(len(seen), np.float32), np.arange(len(seen), dtype=np.float64))
model = train([one.id for one in told], events, content([*map(describing.features_of, told)]))
name = shelf.new_name("model")
artefact.write(model, shelf.folder(name))
if {torn}:
    path = max(shelf.folder(name).glob("*.npy"), key=lambda each: each.stat().st_size)
    path.write_bytes(path.read_bytes()[:-64])
row = ModelVersion.objects.create(state="good", folder=name, titles=len(told), events=len(seen))
with transaction.atomic():
    publishing.publish(row, "a test")
print(shelf.root())
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with films; it is not started yet."""
    made = Site(tmp_path / "home")
    made.prepare()
    yield made
    made.stop()


def test_a_running_site_passes_over_torn_models_and_goes_on_without_any(site: Site) -> None:
    house = json.loads(site.shell(_HOUSE).splitlines()[-1])
    folder = Path(site.shell(_PUBLISH.replace("{torn}", "False")).splitlines()[-1])
    site.start()
    site.sign_in()
    operator = site.session

    def board() -> str:
        site.session = operator
        return site.ask("GET", "/admin/recommendations/?part=board").body.decode()

    def full() -> bool:
        site.session = house["session"]
        answer = site.ask("GET", "/live/rows/")
        return answer.status == 200 and all(film in answer.body.decode() for film in house["films"])

    assert full()
    assert "m1 answers, learnt from" in board()

    site.shell(_PUBLISH.replace("{torn}", "True"))
    wait_for(
        lambda: "m1 answers, the version before the newest" in board(), seconds=60, what="the version before"
    )
    assert "Files could not be read: m2" in board()
    assert full()

    # Gone from the disk: what is mapped goes on; a process that begins anew has nothing to map.
    for each in folder.glob("model-*"):
        shutil.rmtree(each)
    assert full()
    assert "m1 answers" in board()
    site.stop()
    site.start()
    assert full()
    assert "No model answers" in board()

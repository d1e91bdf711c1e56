"""What is served when a model is missing, torn, older than the catalogue or another one: always a full page, and it
says what it is made of.
"""

from datetime import timedelta

import numpy as np
import pytest
import time_machine
from django.db import transaction

from bench._town import served
from bench._town.season import Play
from catalog import services as catalog
from catalog.tests.factories import make_title
from recommend import services
from recommend.engine import artefact
from recommend.engine.content import content
from recommend.engine.training import Events, train
from recommend.learning import describing, publishing, serving, shelf
from recommend.learning.models import ModelVersion

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.slow]
NOW = served._at(3.0)


@pytest.fixture(autouse=True)
def fresh():
    """Nothing is mapped before a test, nor after it."""
    serving.forget()
    yield
    serving.forget()


@pytest.fixture
def lived(town):
    """Everybody has watched something."""
    for who, person in enumerate(town.people):
        for title in range(who, 60, 4):
            if town.titles.maturity[title] <= person.maturity and town.titles.arrives[title] < 1:
                town.watched(Play(who, title, 0, 1.0, 1.0 + title / 100, heard=False))
    town.page(0, 3.0)
    return town


def publish(town):
    """A model of what there is now, served from now on; → its folder."""
    described = list(catalog.descriptions())
    place = {each.id: n for n, each in enumerate(described)}
    rows = [(who, place[town.ids[t]]) for who in range(8) for t in range(who, 60, 4) if town.ids[t] in place]
    table = np.array(rows, np.int32)
    events = Events(
        table[:, 0], table[:, 1], np.ones(len(rows), np.float32), np.arange(len(rows), dtype=np.float64)
    )
    model = train([each.id for each in described], events, content([*map(describing.features_of, described)]))
    name = shelf.new_name("model")
    artefact.write(model, shelf.folder(name))
    row = ModelVersion.objects.create(
        state=ModelVersion.State.GOOD, folder=name, made_at=NOW, read_at=NOW, titles=len(described)
    )
    with transaction.atomic():
        publishing.publish(row, "a test")
    serving.forget()
    return shelf.folder(name)


def page(town, who=0):
    with time_machine.travel(NOW, tick=False):
        return services.home(town.profiles[who].id, now=NOW)


def is_full(home):
    return len(home.rows) >= 3 and all(row.cards and row.name for row in home.rows)


def tear(folder):
    """Change one byte in the middle of the largest file."""
    path = max(folder.glob("*.npy"), key=lambda each: each.stat().st_size)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def test_without_a_model_the_page_is_full_and_names_no_model(lived):
    home = page(lived)
    assert is_full(home)
    assert home.model_version == ""
    assert serving.state().source == "none"


def test_with_one_it_is_named(lived):
    publish(lived)
    home = page(lived)
    assert is_full(home)
    assert home.model_version == serving.state().version != ""


@pytest.mark.parametrize("harm", [tear, lambda folder: (folder / "model.json").unlink(), None])
def test_a_torn_model_is_passed_over_for_the_one_before(lived, harm):
    publish(lived)
    before = serving.state().version
    folder = publish(lived)
    if harm is None:
        for path in folder.iterdir():
            path.write_bytes(b"")
    else:
        harm(folder)
    serving.forget()
    home = page(lived)
    assert is_full(home)
    assert serving.state().source == "earlier"
    assert serving.state().fallback_reason
    assert home.model_version == before


def test_when_all_are_torn_the_page_is_full_all_the_same(lived):
    first, second = publish(lived), publish(lived)
    tear(first)
    tear(second)
    serving.forget()
    home = page(lived)
    assert is_full(home)
    assert home.model_version == ""


def test_a_title_that_is_newer_than_the_model_can_be_shown_and_one_that_is_gone_is_not(lived):
    publish(lived)
    with time_machine.travel(NOW - timedelta(hours=1), tick=False):
        new = make_title(name="Brand new", genres=["Drama"], published_at=NOW - timedelta(hours=1))
    gone = next(card.title.id for row in page(lived).rows for card in row.cards)
    with time_machine.travel(NOW, tick=False):
        catalog.unpublish(gone)
    shown = {card.title.id for row in page(lived).rows for card in row.cards}
    assert new.id in shown
    assert gone not in shown


def test_who_wants_nothing_personal_gets_a_page_that_is_the_same_for_others(lived, monkeypatch):
    from recommend.page import planning
    from recommend.types import Switches

    # The first rows leave out what stands in a viewer's own above them, and these differ.
    monkeypatch.setattr(planning._Page, "_mine", lambda page: set())

    publish(lived)
    grown = [who for who, person in enumerate(lived.people) if not person.kid][:2]
    for who in grown:
        services.set_switches(
            profile_id=lived.profiles[who].id,
            switches=Switches(personal=False, learn=True, shared=True, steady=False),
        )
    pages = [page(lived, who) for who in grown]
    # Nor what is the big picture, which is drawn for each.
    drawn = {each.billboard.title.id for each in pages}
    one, two = (
        [
            (row.key, [card.title.id for card in row.cards if card.title.id not in drawn])
            for row in each.rows
            if not row.key.startswith(served.OWN)
        ]
        for each in pages
    )
    assert one == two
    assert not [key for key, _titles in one if key.startswith(("because", "picks", "next", "taste"))]

"""Three people who live in a house and watch: what they did is known of them as of anybody."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import services as accounts
from accounts.tests.factories import make_user
from catalog.tests.factories import make_series, make_title
from netflixlite.demo import personas
from playback import services as playback
from recommend import services as recommend
from recommend.types import Known

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


@pytest.fixture
def catalogue(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    for name in ("Neon Rain", "Harmonograph", "Paper Forest", "Balloon Season"):
        make_title(name=name)
    make_series(name="The Lighthouse Log", seasons=(2,))


def test_they_watch_as_players_do_and_each_is_known_for_it(
    catalogue: None, django_capture_on_commit_callbacks: Any
) -> None:
    user = make_user("household")
    with django_capture_on_commit_callbacks(execute=True):
        call_command("personas", "household")
    people = {profile.name: profile for profile in accounts.profiles(user.id)}
    assert list(people) == [persona.name for persona in personas.PERSONAS]
    ravi = recommend.taste(people["Ravi"].id)
    assert {entry.kind for entry in ravi.entries} == {Known.DOUBLE_UP}
    watched = playback.watched(people["Ravi"].id)
    assert [round(each.fraction, 2) for each in watched] == [1.0, 1.0]
    assert watched[0].ended_at - watched[1].ended_at > personas.BETWEEN / 2
    nora = {entry.kind for entry in recommend.taste(people["Nora"].id).entries}
    assert {Known.SERIES, Known.UP, Known.DOWN} <= nora


def test_who_lives_there_is_left_alone(catalogue: None, django_capture_on_commit_callbacks: Any) -> None:
    make_user("household")
    with django_capture_on_commit_callbacks(execute=True):
        call_command("personas", "household")
        seen = [len(playback.watched(each.id)) for each in _people()]
        call_command("personas", "household")
    assert [len(playback.watched(each.id)) for each in _people()] == seen
    with pytest.raises(CommandError, match="no account called nobody"):
        call_command("personas", "nobody")


def _people() -> list[Any]:
    from django.contrib.auth import get_user_model

    user = get_user_model()._default_manager.get(username="household")
    return list(accounts.profiles(user.pk))

"""The studio's list of library files."""

import pytest
from django.test import Client

from accounts.tests.factories import client_of, make_operator, make_user
from catalog import models
from catalog.library import watch
from netflixlite.jobs import services as jobs

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/libraryfile/"


@pytest.fixture
def studio() -> Client:
    return client_of(make_operator("olu"))


def test_every_file_says_what_became_of_it(put, look, studio: Client, shelf) -> None:
    put("Night Mail (1936).mkv", size=100)
    put("Night Mail (1936)-teaser.mkv", size=10)
    put("<b>Bold</b> (1999).mkv", size=11)
    look()
    html = studio.get(LIST).content.decode()
    assert "An extra, or a trailer of what is not here" in html
    assert str(models.Title.objects.get(name="Night Mail").pk) in html
    assert "waiting its turn" in html
    assert "<b>Bold" not in html
    only = studio.get(f"{LIST}?state=skipped").content.decode()
    assert "teaser" in only
    assert "Bold" not in only


def test_forgetting_touches_neither_file_nor_title(put, look, studio: Client) -> None:
    path = put("Night Mail (1936).mkv", size=100)
    look()
    row = models.LibraryFile.objects.get()
    studio.post(LIST, {"action": "forget", "_selected_action": [str(row.pk)]})
    assert models.LibraryFile.objects.count() == 0
    assert path.exists()
    look()
    assert models.Title.objects.count() == 1, "it is found again by its name"


def test_a_look_can_be_asked_for(studio: Client, settings, shelf) -> None:
    assert "No folder is watched" in studio.get(LIST).content.decode()
    settings.LIBRARY = [str(shelf)]
    assert str(shelf) in studio.get(LIST).content.decode()
    assert studio.post(f"{LIST}look/").status_code == 302
    assert [job.payload["root"] for job in jobs.find(kind=watch.SCAN_KIND)] == [str(shelf)]
    assert studio.get(f"{LIST}look/").status_code == 403
    assert client_of(make_user("ada")).post(f"{LIST}look/").status_code == 302

"""The upload page and the JSON that keeps it current."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from catalog import models, services, store
from catalog.admin.upload_words import WORDS
from catalog.tus import ledger, protocol
from tests.upload.data import HEAD

pytestmark = pytest.mark.django_db

FILM = HEAD + bytes(9000)


@pytest.fixture
def page(olu) -> Client:
    """Olu's browser."""
    return client_of(olu)


def begin(olu, name: str = "Night Mail (1936).mkv", **more: str) -> ledger.Entry:
    """An announced upload of Olu's."""
    told = {"title": "", "episode": "", "sha256": "", "modified": 7, **more}
    return ledger.create(olu.id, protocol.Wanted(length=len(FILM), name=name, **told))


def state(page: Client) -> dict:
    return page.get(reverse("admin:catalog_title_uploads_state")).json()


def test_the_page_works_without_script_and_tells_the_script_all_it_needs(page, media_folder) -> None:
    html = page.get(reverse("admin:catalog_title_uploads")).content.decode()
    assert 'enctype="multipart/form-data"' in html
    words = re.search(r'id="nl-upload-words" type="application/json">(.*?)</script>', html, re.S)
    assert set(json.loads(words[1])) == set(WORDS)
    assert "style=" not in html.split('id="content"')[1]
    file = SimpleUploadedFile("Nanook (1922).mp4", FILM, content_type="video/mp4")
    answer = page.post(reverse("admin:catalog_title_upload_new"), {"source": file}, follow=True)
    title = models.Title.objects.get()
    assert (title.name, title.year) == ("Nanook", 1922)
    assert answer.redirect_chain[-1][0] == reverse("admin:catalog_title_change", args=[title.id])
    source = models.Source.objects.get()
    assert store.source_path(source.id).read_bytes() == FILM
    refused = page.post(reverse("admin:catalog_title_upload_new"), {}, follow=True)
    assert refused.redirect_chain[-1][0] == reverse("admin:catalog_title_uploads")
    assert "Choose a file" in " ".join(str(message) for message in refused.context["messages"])


def test_uploads_are_told_with_their_place_and_what_comes_of_them(page, olu, media_folder) -> None:
    title = services.create_title(name="Night Mail")
    entry = begin(olu, title=str(title.id))
    told = state(page)["uploads"][0]
    assert told["title_name"] == "Night Mail"
    assert (told["state"], told["offset"], told["tab"], told["work"]) == ("receiving", 0, None, None)
    models.Upload.objects.update(state="done")
    video = models.Video.objects.create(title_id=title.id, state="encoding")
    models.Source.objects.create(id=entry.id, video=video, name=entry.name, bytes=9)
    work = state(page)["uploads"][0]["work"]
    assert (work["state"], work["video"]) == ("encoding", str(video.id))
    models.Source.objects.create(video=video, name="newer", bytes=9)
    assert state(page)["uploads"][0]["work"] is None


def test_finishing_is_told_with_its_worker(page, olu) -> None:
    begin(olu)
    models.Upload.objects.update(state="finishing")
    told = state(page)
    assert told["worker"] is False
    assert told["uploads"][0]["finishing"] == {"waiting": True, "percent": 0.0}


def test_others_see_that_room_is_taken_and_no_more(olu) -> None:
    begin(olu, name="secret.mkv")
    second = client_of(make_operator("second"))
    told = state(second)["uploads"][0]
    assert (told["mine"], told["length"]) == (False, len(FILM))


def test_only_operators_see_it(olu) -> None:
    adult = client_of(make_profile("Ada", user=make_user("ada"), maturity=18))
    kid = client_of(make_profile("Kim", user=make_operator("kims"), is_kid=True))
    for client in (Client(), adult, kid):
        for name in ("uploads", "uploads_state"):
            assert client.get(reverse(f"admin:catalog_title_{name}")).status_code in (302, 403)
        file = SimpleUploadedFile("film.mp4", FILM)
        assert client.post(reverse("admin:catalog_title_upload_new"), {"source": file}).status_code in (
            302,
            403,
        )
    assert models.Source.objects.count() == 0


def test_the_words_name_only_what_the_script_fills_in() -> None:
    known = {"percent", "sent", "size", "speed", "left", "until", "seconds", "status", "reason", "n", "m"}
    for words in WORDS.values():
        assert set(re.findall(r"\{(\w+)\}", str(words))) <= known

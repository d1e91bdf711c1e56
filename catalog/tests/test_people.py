"""People in the studio: namesakes, addresses and portraits."""

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog import artwork, services
from catalog.metadata import description
from catalog.models import Person
from catalog.tests.factories import make_title
from catalog.tests.pictures import picture_file
from catalog.types import Credit


def test_namesakes_are_added_and_keep_their_addresses(studio) -> None:
    add = reverse("admin:catalog_person_add")
    studio.post(add, {"name": "Anna Schmidt", "note": "the composer"})
    studio.post(add, {"name": "Anna Schmidt", "note": "born 1970"})
    assert set(Person.objects.values_list("slug", "note")) == {
        ("anna-schmidt", "the composer"),
        ("anna-schmidt-2", "born 1970"),
    }
    second = Person.objects.get(slug="anna-schmidt-2")
    studio.post(reverse("admin:catalog_person_change", args=[second.id]), {"name": "Anna Berg"})
    assert Person.objects.get(id=second.id).slug == "anna-schmidt-2", "an address that was given out stays"


def test_a_portrait_is_drawn_shown_and_swept_up(studio, django_capture_on_commit_callbacks) -> None:
    title = make_title(people=[Credit("Basil Wright", "director")])
    person = Person.objects.get()
    page = reverse("admin:catalog_person_change", args=[person.id])
    file = SimpleUploadedFile("face.png", picture_file(600, 800), content_type="image/png")
    studio.post(page, {"name": person.name, "portrait_file": file})
    found = services.person(title.people[0].slug, maturity=18)
    assert found is not None
    assert found.photo is not None
    stored = artwork.files_of(person.artwork.get())
    assert all(default_storage.exists(name) for name in stored)
    with django_capture_on_commit_callbacks(execute=True):
        studio.post(reverse("admin:catalog_person_delete", args=[person.id]), {"post": "yes"})
    assert not Person.objects.exists()
    assert not any(default_storage.exists(name) for name in stored)


def test_numbers_of_sources_are_clean() -> None:
    parts = [
        ("Anna", "cast", "", 7),
        ("Anna", "writer", "", "8x"),
        ("Ben", "cast", "", -1),
        ("Eve", "cast", "", None),
    ]
    assert [one.tmdb_id for one in description.numbered(parts)] == [7, 8, None, None]

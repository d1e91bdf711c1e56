"""Other pictures of a title: kept beside its backdrop, found with it, gone with it."""

from uuid import uuid4

import pytest
from django.core.files.storage import default_storage

from catalog import artwork, models, others, services
from catalog.tests.factories import make_title
from catalog.tests.pictures import picture_file

pytestmark = pytest.mark.django_db


def test_the_usual_picture_comes_first_and_others_after_it(django_capture_on_commit_callbacks) -> None:
    title, bare = make_title(), make_title()
    artwork.keep(kind="backdrop", data=picture_file(1600, 900), title_id=title.id, automatic=True)
    frames = {name: picture_file(1280, 720) for name in ("one", "two", "three")}
    assert others.keep(title_id=title.id, frames=frames) == others.MOST
    others.keep(title_id=bare.id, frames={"one": picture_file(1280, 720)})
    found = services.picture_choices([title.id, bare.id, uuid4()])
    assert set(found) == {title.id}, "a title without a backdrop has nothing that others could stand in for"
    usual = models.Artwork.objects.get(title_id=title.id, kind="backdrop")
    assert next(iter(found[title.id])) == usual.id
    assert len(found[title.id]) == 1 + others.MOST
    for image in found[title.id].values():
        assert default_storage.exists(image.url.removeprefix("/media/"))
    with django_capture_on_commit_callbacks(execute=True):
        others.keep(title_id=title.id, frames={"four": picture_file(1280, 720), "bad": b"no picture"})
    assert [row.name for row in title_others(title.id)] == ["four"]
    gone = [image for each, image in found[title.id].items() if each != usual.id]
    assert not any(default_storage.exists(image.url.removeprefix("/media/")) for image in gone)


def test_what_a_person_chose_stands_alone() -> None:
    title = make_title()
    artwork.keep(kind="backdrop", data=picture_file(1600, 900), title_id=title.id, automatic=True)
    others.keep(title_id=title.id, frames={"one": picture_file(1280, 720)})
    assert len(services.picture_choices([title.id])[title.id]) == 2
    services.set_artwork(title_id=title.id, kind="backdrop", data=picture_file(1600, 900))
    assert services.picture_choices([title.id]) == {}


def test_they_go_with_their_title(django_capture_on_commit_callbacks) -> None:
    title = make_title()
    others.keep(title_id=title.id, frames={"one": picture_file(1280, 720)})
    (row,) = title_others(title.id)
    files = artwork.files_of(row)
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_title(title.id)
    assert not any(default_storage.exists(file) for file in files)


def title_others(title_id):
    """The rows of one title."""
    return list(models.OtherPicture.objects.filter(title_id=title_id))

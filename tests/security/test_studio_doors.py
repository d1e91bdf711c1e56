"""Every door of the studio that is ours: who may knock, with what token, and that looking changes nothing.

The list is what Django's own table of addresses says, so that a door made tomorrow is tried as well.
"""

from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import models as accounts
from accounts.tests.factories import client_of, make_operator, make_user
from catalog import models, services
from catalog.admin import queue
from catalog.tests.conftest import media_folder
from catalog.tests.factories import make_package, make_video

__all__ = ["media_folder"]

pytestmark = pytest.mark.django_db

#: Names of Django's own pages; their permissions are Django's.
_USUAL = ("add", "change", "changelist", "delete", "history", "autocomplete")
#: Pages to look at; all other doors do something, and by POST alone.
_PAGES = {
    "queue", "queue_state", "catalog_video", "catalog_video_frame", "catalog_title_uploads",
    "catalog_title_uploads_state", "catalog_title_progress", "catalog_title_all_progress", "catalog_title_lookup",
    "catalog_title_lookup_one", "catalog_title_lookup_picture",
}  # fmt: skip


def _is_usual(name: str) -> bool:
    parts = name.split("_")  # such as catalog_title_change
    return len(parts) == 3 and parts[2] in _USUAL


def ours() -> dict[str, URLPattern]:
    """Our own addresses below the admin's, by name."""
    found: dict[str, URLPattern] = {}

    def walk(entries: list[URLPattern | URLResolver]) -> None:
        for one in entries:
            if isinstance(one, URLResolver):
                walk(one.url_patterns)
            elif (one.name or "").startswith(("queue", "catalog_")) and not _is_usual(one.name or ""):
                found[one.name or ""] = one

    admin = next(one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == "admin")
    walk(admin.url_patterns)
    return found


def addresses(title: UUID, video: UUID) -> list[tuple[str, str]]:
    """(name, path) of every door, for a title that is there."""
    told = {"title_id": title, "video_id": video, "tmdb_id": 5, "size": "w185", "name": "x"}
    made = []
    for name, pattern in ours().items():
        wanted = pattern.pattern.converters
        actions = queue._ACTIONS if "action" in wanted else [""]
        for action in actions:
            args = {key: {**told, "action": action}[key] for key in wanted}
            made.append((name, reverse(f"admin:{name}", kwargs=args)))
    return made


@pytest.fixture
def film(media_folder, settings) -> tuple[UUID, UUID]:
    """A film with a package; (title, video)."""
    settings.TMDB_KEY = ""  # nothing is asked of anybody
    make_operator()  # a site that nobody runs yet says only that
    title = services.create_title(name="Night Mail")
    video = make_video(title_id=title.id)
    make_package(video)
    return title.id, video


def rows() -> dict[str, list]:
    """What an action could have changed."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (
            models.Title,
            models.Video,
            models.Source,
            models.Marker,
            models.TextTrack,
            models.Artwork,
        )
    }


def test_there_are_doors() -> None:
    names = set(ours())
    assert {
        "queue_act",
        "catalog_video_words_add",
        "catalog_title_upload",
        "catalog_libraryfile_look",
    } <= names
    assert names >= _PAGES


def test_staff_without_a_permission_see_nothing_and_do_nothing(film) -> None:
    who = make_user()
    accounts.User.objects.filter(id=who.id).update(is_staff=True)
    client, before = client_of(who), rows()
    for name, path in addresses(*film):
        for answer in (client.get(path), client.post(path)):
            assert answer.status_code in (403, 404), (name, answer.status_code)
            if name != "catalog_video_frame":
                assert answer.status_code == 403, name
    assert rows() == before


def test_strangers_are_sent_to_sign_in(film) -> None:
    for name, path in addresses(*film):
        for answer in (Client().get(path), Client().post(path)):
            assert answer.status_code in (302, 403), (name, answer.status_code)
            assert answer.status_code == 403 or "login" in answer.headers["Location"], name


def test_every_action_needs_its_token(film) -> None:
    client, before = client_of(make_operator(), csrf_checks=True), rows()
    for name, path in addresses(*film):
        assert client.post(path).status_code == 403, name
    assert rows() == before


def test_looking_changes_nothing(film) -> None:
    client, before = client_of(make_operator()), rows()
    for name, path in addresses(*film):
        answer = client.get(path)
        assert answer.status_code in ((200, 404) if name in _PAGES else (403, 404, 405)), (
            name,
            answer.status_code,
        )
    assert rows() == before


def test_what_is_not_there_is_said_and_is_no_error(film) -> None:
    client = client_of(make_operator())
    for name, path in addresses(uuid4(), uuid4()):
        for answer in (client.get(path), client.post(path)):
            assert answer.status_code < 500, (name, answer.status_code)

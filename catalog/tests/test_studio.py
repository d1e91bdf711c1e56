"""The studio: upload, follow, publish and remove in the admin, under its strict policy for scripts and styles."""

import json
import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import client_of, make_operator, make_profile
from catalog import intake, models, services, store
from catalog.tests.factories import make_package, make_series, make_title, make_video
from catalog.tests.pictures import SVG, picture_file
from netflixlite.jobs import services as jobs

pytestmark = pytest.mark.django_db


def page(title_id: UUID, action: str = "change", *more: object) -> str:
    return reverse(f"admin:catalog_title_{action}", args=[title_id, *more])


def film_file(
    name: str = "film.mp4", content: bytes = b"\x00\x00\x00\x18ftypmp42" * 50
) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="video/mp4")


def said(answer) -> str:
    """The messages on the page that followed."""
    return " ".join(str(message) for message in answer.context["messages"])


# Uploading ----------------------------------------------------------------------------------------------


def test_an_uploaded_source_is_queued_under_a_name_of_our_own(studio, media_folder) -> None:
    title = services.create_title(name="Night Mail")
    file = film_file("../../evil name<script>.mp4")
    answer = studio.post(page(title.id, "upload"), {"source": file}, follow=True)
    assert "was received" in said(answer)
    source = models.Source.objects.get()
    assert source.name == "evil name<script>.mp4"
    assert store.source_path(source.id).read_bytes() == b"\x00\x00\x00\x18ftypmp42" * 50
    assert [path.name for path in media_folder.rglob("*") if path.is_file()] == ["source.bin"]
    assert jobs.find(kind="catalog.ingest_video")[0].payload["source"] == str(source.id)
    assert b"<script>.mp4" not in answer.content
    assert b"waiting its turn" in answer.content


def test_a_script_that_uploads_is_answered_in_json(studio) -> None:
    title = services.create_title(name="Night Mail")
    headers = {"accept": "application/json"}
    answer = studio.post(page(title.id, "upload"), {"source": film_file()}, headers=headers)
    assert answer.json() == {"next": page(title.id)}
    answer = studio.post(page(title.id, "upload"), {"source": film_file(content=b"")}, headers=headers)
    assert answer.status_code == 422
    assert "empty" in answer.json()["error"]


def test_an_episode_is_uploaded_to_by_its_id(studio) -> None:
    series = make_series(seasons=(2,), packaged=False, published=False)
    part = services.seasons(series.id)[0].episodes[1]
    studio.post(f"{page(series.id, 'upload')}?episode={part.id}", {"source": film_file()})
    assert models.Video.objects.get().episode_id == part.id
    answer = studio.post(page(series.id, "upload"), {"source": film_file()}, follow=True)
    assert "one of its episodes" in said(answer)
    answer = studio.post(
        f"{page(series.id, 'upload')}?episode=nonsense", {"source": film_file()}, follow=True
    )
    assert models.Source.objects.count() == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "Choose a file"),
        ({"source": SimpleUploadedFile("empty.mp4", b"")}, "empty"),
        ({"source": "not a file"}, "Choose a file"),
        ({"source": [film_file(), film_file()]}, "one file"),
    ],
)
def test_an_upload_that_cannot_be_used_leaves_nothing(studio, media_folder, files, words: str) -> None:
    title = services.create_title(name="Night Mail")
    answer = studio.post(page(title.id, "upload"), files, follow=True)
    assert words in said(answer)
    assert models.Video.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_a_full_disk_is_said_in_words(studio, media_folder, monkeypatch) -> None:
    def full(size: int, *, moved: bool = False) -> None:
        raise intake.CannotTake("There is not enough room.")

    monkeypatch.setattr(intake, "check_room", full)
    title = services.create_title(name="Night Mail")
    answer = studio.post(page(title.id, "upload"), {"source": film_file()}, follow=True)
    assert "not enough room" in said(answer)
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_an_upload_without_its_token_is_refused_and_leaves_nothing(olu, media_folder) -> None:
    title = services.create_title(name="Night Mail")
    client = client_of(olu, csrf_checks=True)
    assert client.post(page(title.id, "upload"), {"source": film_file()}).status_code == 403
    assert models.Source.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    html = client.get(page(title.id)).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[1]
    client.post(page(title.id, "upload"), {"csrfmiddlewaretoken": token, "source": film_file()})
    assert models.Source.objects.count() == 1


def test_only_operators_come_in(ada, ben, media_folder) -> None:
    title = make_title()
    operator_child = make_profile("Kim", user=make_operator(), is_kid=True)
    for client in (Client(), client_of(ada), client_of(ben), client_of(operator_child)):
        for answer in (
            client.get(page(title.id)),
            client.get(page(title.id, "progress")),
            client.get(reverse("admin:catalog_title_all_progress")),
            client.post(page(title.id, "upload"), {"source": film_file()}),
            client.post(page(title.id, "unpublish")),
        ):
            assert answer.status_code in (302, 403), answer
    assert services.title(title.id).published_at is not None
    assert models.Source.objects.count() == 0


# Progress and trouble -----------------------------------------------------------------------------------


def test_the_reason_of_a_refusal_stands_on_the_page_and_on_the_first_one(studio) -> None:
    title = services.create_title(name="Holiday")
    video = make_video(title_id=title.id)
    models.Video.objects.filter(id=video).update(state="refused", reason="It holds <b>no</b> picture.")
    for address in (page(title.id), reverse("admin:index")):
        html = studio.get(address).content.decode()
        assert "It holds &lt;b&gt;no&lt;/b&gt; picture." in html
        assert 'role="alert"' in html


def test_progress_is_told_as_json(studio) -> None:
    title = services.create_title(name="Night Mail")
    studio.post(page(title.id, "upload"), {"source": film_file()})
    snapshot = studio.get(page(title.id, "progress")).json()
    assert snapshot["moving"] is True
    assert snapshot["videos"][0] | {"video": "", "title": ""} == {
        "video": "",
        "title": "",
        "title_name": "Night Mail",
        "name": "Night Mail",
        "source": "film.mp4",
        "state": "queued",
        "state_name": "waiting its turn",
        "percent": 0.0,
        "note": "",
        "left": "",
        "speed": "",
        "error": "",
        "playable": False,
        "retryable": False,
    }
    assert studio.get(reverse("admin:catalog_title_all_progress")).json()["videos"]


def test_a_failed_video_can_be_tried_again_from_its_page(studio) -> None:
    title = services.create_title(name="Night Mail")
    studio.post(page(title.id, "upload"), {"source": film_file()})
    video = models.Video.objects.get()
    store.mark_failed(video_id=video.id, reason="The encoder stopped.")
    assert b"Try again" in studio.get(page(title.id)).content
    assert "queue again" in said(studio.post(page(title.id, "retry", video.id), follow=True))
    video.refresh_from_db()
    assert video.state == "queued"


# Publishing and removing --------------------------------------------------------------------------------


def test_publishing_an_empty_title_is_refused_in_words(studio) -> None:
    title = services.create_title(name="Empty")
    assert "no video yet" in said(studio.post(page(title.id, "publish"), follow=True))
    assert services.title(title.id).published_at is None


def test_publish_and_unpublish(studio) -> None:
    title = make_title(published=False)
    assert "is published" in said(studio.post(page(title.id, "publish"), follow=True))
    assert services.title(title.id).published_at is not None
    assert "is hidden" in said(studio.post(page(title.id, "unpublish"), follow=True))
    assert services.title(title.id).published_at is None
    assert studio.get(page(title.id, "publish")).status_code == 403
    history = studio.get(page(title.id, "history")).content.decode()
    assert "Unpublished." in history


def test_many_are_published_at_once_and_the_unplayable_named(studio) -> None:
    ready, empty = make_title(name="Ready", published=False), services.create_title(name="Empty")
    data = {"action": "publish_selected", "_selected_action": [str(ready.id), str(empty.id)]}
    answer = studio.post(reverse("admin:catalog_title_changelist"), data, follow=True)
    assert "1 title is published" in said(answer)
    assert "“Empty” has no video yet" in said(answer)
    assert services.title(ready.id).published_at is not None
    data["action"] = "unpublish_selected"
    assert "2 titles are hidden" in said(
        studio.post(reverse("admin:catalog_title_changelist"), data, follow=True)
    )


def test_removing_asks_first_and_then_leaves_nothing(
    studio, media_folder, django_capture_on_commit_callbacks
) -> None:
    title = make_title()
    services.set_artwork(title_id=title.id, kind="poster", data=picture_file())
    assert b"its packages, pictures and source files" in studio.get(page(title.id, "delete")).content
    with django_capture_on_commit_callbacks(execute=True):
        studio.post(page(title.id, "delete"), {"post": "yes"})
    assert services.title(title.id) is None
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_many_are_removed_with_what_they_had(
    studio, media_folder, django_capture_on_commit_callbacks
) -> None:
    titles = [make_title(name="One"), make_series(name="Two")]
    data = {
        "action": "delete_selected",
        "_selected_action": [str(title.id) for title in titles],
        "post": "yes",
    }
    with django_capture_on_commit_callbacks(execute=True):
        studio.post(reverse("admin:catalog_title_changelist"), data)
    assert models.Title.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_an_episode_is_removed_with_what_it_had(
    studio, media_folder, django_capture_on_commit_callbacks
) -> None:
    series = make_series(seasons=(2,))
    first, second = services.seasons(series.id)[0].episodes
    with django_capture_on_commit_callbacks(execute=True):
        studio.post(reverse("admin:catalog_episode_delete", args=[first.id]), {"post": "yes"})
    assert services.episode(first.id) is None
    left = {path.parent.name for path in media_folder.rglob("*") if path.is_file()}
    assert left == {services.current_package(second.video_id).id}


# Forms --------------------------------------------------------------------------------------------------

FIELDS = {
    "name": "Night Mail",
    "kind": "film",
    "slug": "night-mail",
    "tagline": "",
    "synopsis": "",
    "year": "1936",
    "maturity": "0",
    "credit": "",
    "accent": "",
    "texts-TOTAL_FORMS": "0",
    "texts-INITIAL_FORMS": "0",
    "credits-TOTAL_FORMS": "0",
    "credits-INITIAL_FORMS": "0",
}


def test_a_title_is_made_with_pictures_and_found_at_once(studio) -> None:
    poster = SimpleUploadedFile("poster.png", picture_file(), content_type="image/png")
    answer = studio.post(reverse("admin:catalog_title_add"), {**FIELDS, "poster_file": poster})
    title = services.title_by_slug("night-mail")
    assert answer["Location"] == page(title.id), "next comes the page where the source is uploaded"
    assert title.poster is not None
    models.Title.objects.update(published_at=models.timezone.now())
    assert [one.id for one in services.search("night", maturity=18)] == [title.id]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"poster_file": SimpleUploadedFile("x.svg", SVG, content_type="image/svg+xml")}, "not a picture"),
        ({"maturity": "99"}, "less than or equal to 21"),
        ({"accent": "red; background: url(x)"}, "Ensure this value has at most 7"),
        ({"accent": "reddish"}, "Write a colour"),
        (
            {
                "available_from_0": "2026-02-01",
                "available_from_1": "00:00",
                "available_until_0": "2026-01-01",
                "available_until_1": "00:00",
            },
            "before it stops",
        ),
    ],
)
def test_a_wrong_value_is_said_at_its_field(studio, change, words: str) -> None:
    answer = studio.post(reverse("admin:catalog_title_add"), {**FIELDS, **change})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert models.Title.objects.count() == 0


def test_an_episode_is_added_on_the_page_of_its_series(studio) -> None:
    series = make_series(seasons=(1,), packaged=False, published=False)
    data = {"season": "1", "number": "2", "name": "Second"}
    assert "“Second” was added" in said(studio.post(page(series.id, "add_episode"), data, follow=True))
    assert "already" in said(studio.post(page(series.id, "add_episode"), data, follow=True))
    assert [part.name for part in services.seasons(series.id)[0].episodes] == ["Part 1", "Second"]


def test_a_renamed_person_is_found_under_the_new_name(studio) -> None:
    from catalog import types

    title = make_title(people=[types.Credit("Old Name", "cast")])
    person = models.Person.objects.get()
    studio.post(reverse("admin:catalog_person_change", args=[person.id]), {"name": "Brand New"})
    assert [one.id for one in services.search("brand new", maturity=18)] == [title.id]


# Pages --------------------------------------------------------------------------------------------------


def test_every_page_opens_without_inline_script_or_style(studio) -> None:
    film, series = make_title(), make_series()
    services.set_artwork(title_id=film.id, kind="poster", data=picture_file())
    part = services.seasons(series.id)[0]
    for address in (
        reverse("admin:index"),
        reverse("admin:catalog_title_changelist"),
        reverse("admin:catalog_title_changelist") + "?media=playable&published=yes&q=night",
        reverse("admin:catalog_title_add"),
        page(film.id),
        page(series.id),
        page(film.id, "delete"),
        reverse("admin:catalog_season_change", args=[part.id]),
        reverse("admin:catalog_episode_change", args=[part.episodes[0].id]),
        reverse("admin:catalog_genre_changelist"),
        reverse("admin:catalog_person_changelist"),
    ):
        answer = studio.get(address)
        assert answer.status_code == 200, address
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        html = answer.content.decode()
        for tag in re.findall(r"<script\b[^>]*>", html):
            assert "src=" in tag or "application/json" in tag, (address, tag)
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html), address


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("media=trouble", ["Broken"]),
        ("media=busy", ["Busy"]),
        ("media=playable", ["Film", "Series"]),
        ("media=none", ["Broken", "Busy", "Empty"]),
        ("published=no", ["Broken", "Busy", "Empty"]),
        ("q=series", ["Series"]),
    ],
)
def test_the_list_is_filtered(studio, query: str, names: list[str]) -> None:
    make_title(name="Film")
    make_series(name="Series")
    services.create_title(name="Empty")
    for name, state in (("Broken", "refused"), ("Busy", "encoding")):
        title = services.create_title(name=name)
        models.Video.objects.create(title_id=title.id, state=state, reason="It is broken.")
    answer = studio.get(f"{reverse('admin:catalog_title_changelist')}?{query}")
    assert sorted(title.name for title in answer.context["cl"].result_list) == names


def test_the_list_costs_the_same_however_long(studio, django_assert_max_num_queries) -> None:
    for number in range(3):
        make_series(name=f"Series {number}", seasons=(2,))
        make_title(name=f"Film {number}")
    address = reverse("admin:catalog_title_changelist")
    studio.get(address)
    with django_assert_max_num_queries(12):
        html = studio.get(address).content.decode()
    assert html.count("2 of 2 ready") == 3


def test_a_half_made_series_says_so_in_the_list(studio) -> None:
    series = make_series(seasons=(3,), packaged=False, published=False)
    parts = services.seasons(series.id)[0].episodes
    make_package(make_video(episode_id=parts[0].id))
    html = studio.get(reverse("admin:catalog_title_changelist")).content.decode()
    assert "1 of 3 ready" in html


def test_the_ticket_of_a_page_is_for_its_reader_only(studio, olu) -> None:
    from django.contrib.auth import get_user_model

    from catalog import progress

    reader = get_user_model().objects.get(id=olu.id)
    other = get_user_model().objects.get(id=make_operator().id)
    ticket = re.search(r'data-ticket="([^"]+)"', studio.get(reverse("admin:index")).content.decode())[1]
    assert progress.ticket_is_good(ticket, reader)
    assert not progress.ticket_is_good(ticket, other)
    assert not progress.ticket_is_good(ticket + "x", reader)
    reader.is_staff = False
    assert not progress.ticket_is_good(ticket, reader)
    assert not progress.ticket_is_good(ticket, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (3, "about 5 seconds left"),
        (42, "about 40 seconds left"),
        (100, "about 2 minutes left"),
        (3600, "about 60 minutes left"),
    ],
)
def test_the_time_left_is_told_roughly(seconds: int | None, words: str) -> None:
    from uuid import uuid4

    from catalog import progress, types

    left = timedelta(seconds=seconds) if seconds is not None else None
    status = types.IngestStatus(uuid4(), types.IngestState.ENCODING, 0.5, "", "", left, False)
    assert progress.time_left(status) == words
    assert json.dumps(progress.state_name(status.state)) == '"encoding"'


def test_a_refused_episode_names_the_field(studio) -> None:
    series = make_series(seasons=(1,))
    answer = studio.post(page(series.id, "add_episode"), {"season": "1", "number": "2"}, follow=True)
    assert "Name: This field is required." in said(answer)
    answer = studio.post(page(series.id, "upload") + "?episode=x", {"source": film_file()}, follow=True)
    assert "There is no such episode." in said(answer)

"""Copies and erasures: everything is handed out, nothing is left, and the proof holds without saying whose it is."""

import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import models, services
from accounts.audit import checking
from accounts.privacy import classes as ours
from accounts.privacy import erasing, exporting
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from catalog import models as catalog
from cdn import models as cdn
from netflixlite import personal
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from netflixlite.personal import Kind
from tests.privacy_rows import Maker

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

NAME, EMAIL = "Zenobia Quatermain", "zenobia.quatermain@example.org"
WORDS = f"{NAME} {EMAIL}"


@pytest.fixture(autouse=True)
def _places(settings: Any, tmp_path: Path) -> None:
    for name in ("EXPORTS_DIR", "KEYS_DIR", "WORK_DIR", "MEDIA_ROOT"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, name, folder)


@pytest.fixture
def zenobia() -> models.User:
    make_operator("Olu")
    user = make_user("zenobia.quatermain", email=EMAIL)
    models.User.objects.filter(id=user.id).update(name=NAME)
    make_profile("Zenobia", user=user, language="de")
    row = models.User.objects.get(id=user.id)
    row.groups.add(Group.objects.create(name="Friends"))
    return row


def everything_of(user: models.User) -> set[str]:
    """A row of every model that may hold something of this account, and all that names the account."""
    profile = models.Profile.objects.of(user.id)[0]
    session_id = uuid4()
    maker = Maker(user, profile, session_id, WORDS)
    playing = apps.get_model("playback.PlaybackSession")
    maker.made["playback.PlaybackSession"] = playing.objects.create(
        id=session_id, user_id=user.id, profile_id=profile.id, profile_name=NAME, video_id=uuid4(), title_id=uuid4(),
        package_id="p", renditions=1, device="d", started_at=timezone.now(), last_seen_at=timezone.now(),
        finish_at=timedelta(seconds=9),
    )  # fmt: skip
    for label, kind in personal.classes().items():
        made_elsewhere = label == "sessions.Session" or apps.get_model(label)._meta.auto_created
        if kind in (Kind.PERSONAL, Kind.DERIVED) and not made_elsewhere:
            maker.make(label)
    user.user_permissions.add(apps.get_model("auth.Permission").objects.first())
    cdn.Delivery.objects.create(
        node_id=uuid4(), at=timezone.now(), session_id=session_id, package="p", rendition="r", name="1.m4s",
        status=200, bytes=1, milliseconds=1, cache="HIT", cmcd=f'sid="{session_id}"',
    )  # fmt: skip
    catalog.Upload.objects.create(user_id=user.id, name="film.mkv", length=1, expires_at=timezone.now())
    maker.make("accounts.Invoice")
    models.Invoice.objects.update(user=user, bill_to=WORDS)
    services.audit(
        user.id, "pin.set", f"profile:{profile.id}", request_ip="203.0.113.99", detail={"name": NAME}
    )
    job = jobs.enqueue("tests.nothing", payload={"user": str(user.id)})
    apps.get_model("jobs.Job").objects.filter(id=job.id).update(state=JobState.DONE)
    keys = {str(row.pk) for label, row in maker.made.items() if isinstance(row.pk, UUID) and label in _OWN}
    return {
        str(user.id),
        str(profile.id),
        str(session_id),
        EMAIL,
        NAME,
        "zenobia",
        "203.0.113.99",
        *keys,
    }


_OWN = {"accounts.Device", "accounts.TvCode", "accounts.Subscription", "accounts.DataExport"}


def traces(words: set[str]) -> list[str]:
    """Where any of these words stands in any column of any table of any database, or in a file of this test's home."""
    needles = {word.lower() for word in words} | {
        UUID(w).hex for w in words if re.fullmatch(r"[0-9a-f-]{36}", w)
    }
    found = []
    for alias in connections:
        connection = connections[alias]
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                columns = [column[0] for column in cursor.description]
                for row in cursor.fetchall():
                    found += [
                        f"{alias}.{table}.{column}: {value!s:.80}"
                        for column, value in zip(columns, row, strict=True)
                        if any(needle in str(value).lower() for needle in needles)
                    ]
    for folder in (site.EXPORTS_DIR, site.KEYS_DIR, site.WORK_DIR, site.MEDIA_ROOT):
        for path in Path(folder).rglob("*"):
            text = str(path) + (path.read_bytes().decode("latin-1") if path.is_file() else "")
            found += [f"{path}: {needle}" for needle in needles if needle in text.lower()]
    return found


def run(kind: str) -> Any:
    """Do the newest job of this kind here and now."""
    return jobs.run_here(jobs.find(kind=kind)[0].id)


def test_after_an_erasure_nothing_anywhere_refers_to_the_account(settings: Any, zenobia: models.User) -> None:
    settings.ERASURE_DAYS = 0
    words = everything_of(zenobia)
    client_of(services.user(zenobia.id))  # a session
    services.ask_export(zenobia.id)
    run(exporting.KIND)
    bystander = make_profile("Ben")
    before = {label for label in personal.classes() if apps.get_model(label)._base_manager.exists()}
    wanted = {label for label, kind in personal.classes().items() if kind in (Kind.PERSONAL, Kind.DERIVED)}
    assert wanted - before == set(), "this test makes no row of these: see tests/privacy_rows.py"
    assert traces(words), "the search finds what is there"
    models.Erasure.objects.all().delete()

    erasure, receipt = services.ask_erasure(zenobia.id)
    assert run(erasing.KIND).state == JobState.DONE

    # A denial is a random number whose other half is gone; it goes when the session's token would have run out.
    left = [one for one in traces(words) if ".cdn_deniedsession." not in one]
    assert left == []
    assert services.profile(bystander.id) == bystander
    assert models.Invoice.objects.get().number, "the books are kept"
    found = services.erasure_proof(erasure.id)
    assert found is not None
    assert found.holds
    assert found.counts["playback.Viewing"] == 1
    assert found.counts["accounts.User"] == 1
    assert found.counts["cdn.Delivery"] == 1
    assert services.is_receipt_of(erasure.id, secret=receipt.lower().replace("-", " "), email=EMAIL.upper())
    assert not services.is_receipt_of(erasure.id, secret=receipt, email="ben@example.org")
    assert not services.is_receipt_of(erasure.id, secret="AAAAA", email=EMAIL)
    problems = [one for one in checking.verify().problems if "triggers are missing" not in one]
    assert problems == [], "the audit log's chain holds without the account"
    last = mail.outbox[-1]
    assert (last.to, str(erasure.id) in last.body, found.digest in last.body) == ([EMAIL], True, True)
    assert jobs.find(kind=erasing.KIND)[0].payload == {"erasure": str(erasure.id)}


def test_an_erasure_that_is_begun_again_goes_on_where_it_was(
    settings: Any, zenobia: models.User, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ERASURE_DAYS, settings.JOB_RETRY_SECONDS = 0, 0.0
    words = everything_of(zenobia)
    erasure, _receipt = services.ask_erasure(zenobia.id)
    real = erasing.erase
    monkeypatch.setattr(erasing, "_prove", lambda *_args: 1 / 0)
    assert run(erasing.KIND).state == JobState.QUEUED
    assert models.User.objects.filter(id=zenobia.id).exists(), "the last step is taken back whole"
    assert real is erasing.erase
    monkeypatch.undo()
    job = jobs.find(kind=erasing.KIND)[0]
    apps.get_model("jobs.Job").objects.filter(id=job.id).update(
        available_at=timezone.now() - timedelta(minutes=1)
    )
    assert run(erasing.KIND).state == JobState.DONE
    proof = services.erasure_proof(erasure.id)
    assert proof is not None
    assert proof.counts["playback.Viewing"] == 1, "what the first attempt removed is counted"
    assert [one for one in traces(words) if ".cdn_deniedsession." not in one] == []


def test_a_changed_proof_does_not_hold(settings: Any, zenobia: models.User) -> None:
    settings.ERASURE_DAYS = 0
    erasure, _receipt = services.ask_erasure(zenobia.id)
    run(erasing.KIND)
    row = models.ErasureProof.objects.get(id=erasure.id)
    models.ErasureProof.objects.filter(id=row.id).update(counts={**row.counts, "accounts.Profile": 99})
    proof = services.erasure_proof(erasure.id)
    assert proof is not None
    assert not proof.holds


def test_within_the_cooling_off_nothing_happens_and_the_account_can_be_kept(zenobia: models.User) -> None:
    client, elsewhere = Client(), client_of(services.user(zenobia.id))
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    page = client.post("/account/erase/", {"sure": "on"})
    assert page.status_code == 200
    receipt = page.context["receipt"]
    assert receipt in page.content.decode()
    assert client.get("/account/data/").status_code == 302, "signed out here"
    assert elsewhere.get("/account/data/").status_code == 302, "and elsewhere"
    assert receipt in mail.outbox[-1].body
    asked = services.erasure(zenobia.id)
    assert asked is not None
    assert asked.due_at - asked.asked_at == timedelta(days=14)
    assert run(erasing.KIND).state in (JobState.QUEUED, JobState.DONE)
    assert models.User.objects.filter(id=zenobia.id).exists()

    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    assert "This account will be erased on" in client.get("/profiles/").content.decode()
    client.post("/account/erase/keep/")
    assert services.erasure(zenobia.id) is None
    assert "This account will be erased on" not in client.get("/profiles/").content.decode()
    assert mail.outbox[-1].subject.endswith("Your account stays") or "bleibt" in mail.outbox[-1].subject


def test_somebody_has_it_done_whose_job_was_lost(zenobia: models.User) -> None:
    services.ask_erasure(zenobia.id)
    apps.get_model("jobs.Job").objects.all().delete()
    models.Erasure.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    erasing.tend()
    assert run(erasing.KIND).state == JobState.DONE
    assert not models.User.objects.filter(id=zenobia.id).exists()


def test_the_last_operator_stays() -> None:
    olu = make_operator("Olu")
    with pytest.raises(services.LastOperator):
        services.ask_erasure(olu.id)
    assert services.erasure(olu.id) is None


def test_a_copy_holds_everything_but_secrets(zenobia: models.User) -> None:
    everything_of(zenobia)
    made = services.ask_export(zenobia.id)
    assert services.ask_export(zenobia.id).id == made.id, "one at a time"
    assert run(exporting.KIND).state == JobState.DONE
    (copy,) = services.exports(zenobia.id)
    assert copy.ready_at is not None
    path = Path(services.fetch_export(user_id=zenobia.id, export_id=copy.id))
    assert path.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    data = {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}
    assert data["data/account/account.json"]["email"] == EMAIL
    profile = models.Profile.objects.of(zenobia.id)[0]
    for name in ("history", "bookmarks", "thumbs", "my-list"):
        assert len(data[f"data/profiles/{profile.id}/{name}.json"]) == 1
    assert len(data["data/playback/reports.json"]) == 1
    assert len(data["data/playback/deliveries.json"]) == 1
    assert len(data["data/studio/uploads.json"]) == 1
    for label in ours.present():
        file = f"data/{ours.FILES[label].replace(' ', '-')}.json"
        assert len(data[file]) >= 1, f"{label} is handed out with what is in it"
    text = "".join(files.values())
    assert zenobia.password not in text
    assert not re.search(r"https?://(?!127\.0\.0\.1)[^\"'<\s]*\.(css|js|woff2?|png|svg)", files["index.html"])
    assert "<script" not in files["index.html"]
    assert NAME in files["index.html"]


def test_a_copy_is_for_its_owner_who_was_just_here(zenobia: models.User) -> None:
    services.ask_export(zenobia.id)
    run(exporting.KIND)
    (copy,) = services.exports(zenobia.id)
    address = f"/account/data/copy/{copy.id}.zip"
    assert Client().get(address).status_code == 302
    stale = client_of(services.user(zenobia.id), recent=False)
    assert stale.get(address).status_code == 302, "without a proof of who it is"
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    answer = client.get(address)
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    assert answer["Content-Disposition"] == f'attachment; filename="netflixlite-{copy.id}.zip"'
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    other = make_user("eve")
    thief = Client()
    thief.post("/accounts/login/", {"login": "eve", "password": PASSWORD})
    assert thief.get(address).status_code == 404
    assert thief.get(f"/api/v1/account/exports/{copy.id}/file").status_code == 404
    assert services.exports(other.id) == ()


def test_a_copy_goes_after_a_week_with_its_file(zenobia: models.User) -> None:
    services.ask_export(zenobia.id)
    run(exporting.KIND)
    row = models.DataExport.objects.get()
    assert row.path.is_file()
    models.DataExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert services.exports(zenobia.id) == ()
    with pytest.raises(services.NotFound):
        services.fetch_export(user_id=zenobia.id, export_id=row.id)
    exporting.tend()
    assert not row.path.exists()
    assert not models.DataExport.objects.exists()


def test_the_api_asks_for_a_proof_and_says_how_far_a_copy_is(zenobia: models.User) -> None:
    profile = services.profiles(zenobia.id)[0]
    anybody = client_of(profile, recent=False)
    for path in ("/api/v1/account/exports", "/api/v1/account/erasure"):
        assert anybody.post(path, {"sure": True}, content_type="application/json").status_code == 403
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    made = client.post("/api/v1/account/exports")
    assert (made.status_code, made.json()["progress"]) == (202, 0.0)
    assert [one["id"] for one in client.get("/api/v1/account/exports").json()] == [made.json()["id"]]
    assert client.get("/api/v1/account/erasure").status_code == 204
    refused = client.post("/api/v1/account/erasure", {"sure": False}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "sure")
    asked = client.post("/api/v1/account/erasure", {"sure": True}, content_type="application/json")
    assert (asked.status_code, len(asked.json()["receipt"])) == (202, 23)
    assert client.get("/api/v1/account/erasure").status_code in (401, 403), "signed out"


def test_a_kid_neither_copies_nor_erases(zenobia: models.User) -> None:
    kid = make_profile("Kit", user=services.user(zenobia.id), is_kid=True)
    client = client_of(kid)
    for path in ("/account/data/", "/account/erase/"):
        assert client.get(path)["Location"] == "/profiles/"
    assert client.post("/account/erase/keep/")["Location"] == "/profiles/"
    for path in ("/api/v1/account/exports", "/api/v1/account/erasure"):
        assert client.get(path).status_code == 403


def test_whoever_has_the_number_sees_the_proof_and_nobody_elses_name(
    settings: Any, zenobia: models.User
) -> None:
    settings.ERASURE_DAYS = 0
    erasure, receipt = services.ask_erasure(zenobia.id)
    client = Client()
    assert client.get(f"/privacy/proof/{erasure.id}/").status_code == 404
    run(erasing.KIND)
    page = client.get(f"/privacy/proof/{erasure.id}/").content.decode()
    assert "accounts.Profile" in page
    assert EMAIL not in page
    right = client.post(f"/privacy/proof/{erasure.id}/", {"email": EMAIL, "secret": receipt})
    assert right.context["mine"] is True
    wrong = client.post(f"/privacy/proof/{erasure.id}/", {"email": EMAIL, "secret": "AAAAA-BBBBB"})
    assert wrong.context["mine"] is False

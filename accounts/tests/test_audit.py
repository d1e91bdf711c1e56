"""The audit log: what is written, that nothing is changed unseen, and what may be forgotten."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from accounts import models, services
from accounts.audit import checking, sealing, triggers
from accounts.models import AppendOnly, AuditEntry
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys_of_this_test(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path


@pytest.fixture
def guarded(db: None) -> Iterator[None]:
    triggers.install(connection)
    yield
    triggers.remove(connection)


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("verb", flat=True))


def rows() -> "QuerySet[AuditEntry]":
    """As somebody who writes to the database past our code."""
    return QuerySet(model=AuditEntry)


def write(number: int) -> None:
    for each in range(number):
        services.audit(
            uuid4(), "pin.set", f"profile:{uuid4()}", request_ip="203.0.113.7", detail={"name": f"Ada {each}"}
        )


def test_entries_follow_one_another_and_say_who_did_what_from_where() -> None:
    ada = make_user("ada")
    services.audit(ada.id, "pin.set", "profile:1", request_ip="::ffff:203.0.113.7", detail={"digits": 4})
    services.audit(None, "pin.wrong", f"user:{ada.id}")
    first, second = AuditEntry.objects.order_by("number")
    assert (first.number, first.actor, first.subject, first.address) == (1, ada.id, ada.id, "203.0.113.7")
    assert (second.number, second.actor, second.subject, second.address) == (2, None, ada.id, "")
    assert first.detail == '{"digits": 4}'
    assert checking.verify().problems == [
        "triggers are missing: audit_in_order, audit_no_delete, audit_no_update; `manage.py migrate` makes them"
    ]


def test_what_clients_send_cannot_grow_an_entry() -> None:
    services.audit(None, "x" * 500, "y" * 500, detail={f"{n}" * 200: "z" * 9000 for n in range(100)})
    (row,) = AuditEntry.objects.all()
    assert len(row.verb) == 60
    assert len(row.target) == 200
    assert len(row.detail) < 24 * 400


def test_our_own_code_cannot_change_an_entry(guarded: None) -> None:
    write(1)
    row = AuditEntry.objects.get()
    for attempt in (
        row.save,
        row.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(verb="other"),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    assert verbs() == ["pin.set"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_auditentry",
        "UPDATE accounts_auditentry SET verb = 'other'",
        "UPDATE accounts_auditentry SET target = 'other'",
        "UPDATE accounts_auditentry SET target = ''",
        "UPDATE accounts_auditentry SET address = '198.51.100.1'",
        "UPDATE accounts_auditentry SET actor = NULL",
        "UPDATE accounts_auditentry SET chain = ''",
        "INSERT INTO accounts_auditentry SELECT number + 5, at, verb, actor, actor_salt, actor_digest, subject, "
        "target, detail, matter_salt, matter_digest, address, address_salt, address_digest, chain "
        "FROM accounts_auditentry",
    ],
)
def test_the_database_itself_refuses_who_goes_past_our_code(guarded: None, statement: str) -> None:
    write(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert verbs() == ["pin.set"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_the_table_is_not_emptied(guarded: None) -> None:
    write(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE accounts_auditentry")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's")
def test_replace_is_no_way_around(guarded: None) -> None:
    write(2)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("REPLACE INTO accounts_auditentry SELECT * FROM accounts_auditentry WHERE number = 1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verb": "pin.removed"}, "entry 2 does not follow"),
        ({"target": "profile:9"}, "entry 2: its matter was changed"),
        ({"detail": '{"name": "Ben"}'}, "entry 2: its matter was changed"),
        ({"actor": uuid4()}, "entry 2: its actor was changed"),
        ({"actor": None}, "entry 2: its actor was changed"),
        ({"address": "198.51.100.1"}, "entry 2: its address was changed"),
        ({"at": timezone.now() - timedelta(days=1)}, "entry 2 does not follow"),
        ({"chain": "0" * 64}, "entry 2 does not follow"),
    ],
)
def test_whatever_is_changed_shows(change: dict[str, Any], said: str) -> None:
    write(3)
    rows().filter(number=2).update(**change)
    triggers.install(connection)
    assert any(said in problem for problem in checking.verify().problems), checking.verify().problems
    triggers.remove(connection)


def test_an_entry_taken_out_shows_and_so_does_a_log_cut_off() -> None:
    write(4)
    checking.drop_anchor()
    rows().filter(number=2).delete()
    assert "entries 2 to 2 are missing" in checking.verify().problems
    rows().filter(number__gt=1).delete()
    assert "entry 4 was anchored and is missing: the log's end was cut off" in checking.verify().problems


def test_a_chain_made_without_the_key_does_not_hold(settings: Any, tmp_path: Path) -> None:
    write(2)
    settings.AUDIT_KEY = "somebody else's"
    assert any("does not follow" in problem for problem in checking.verify().problems)


def test_old_addresses_are_forgotten_and_the_chain_holds(guarded: None) -> None:
    write(3)
    assert sealing.forget_addresses() == 0
    assert sealing.forget_addresses(now=timezone.now() + timedelta(days=91)) == 3
    assert set(AuditEntry.objects.values_list("address", "address_salt")) == {("", "")}
    verdict = checking.verify()
    assert (verdict.problems, verdict.without_address, verdict.forgotten) == ([], 3, 0)


def test_an_account_is_forgotten_and_the_chain_holds(guarded: None) -> None:
    ada, olu = make_profile("Ada"), make_operator("olu")
    services.audit(ada.user_id, "pin.set", f"profile:{ada.id}", request_ip="203.0.113.7")
    services.audit(olu.id, "admin.changed", f"accounts.profile:{ada.id}", request_ip="198.51.100.1")
    services.audit(olu.id, "admin.did", "page:x", detail={"chosen": [str(ada.user_id)]})
    services.audit(olu.id, "admin.did", "page:y", request_ip="198.51.100.1")
    assert sealing.forget_account(ada.user_id, [str(ada.id), "ada@example.org"]) == 3
    text = "".join(str(vars(row)) for row in AuditEntry.objects.all())
    assert str(ada.user_id) not in text
    assert str(ada.id) not in text
    assert "203.0.113.7" not in text
    assert list(AuditEntry.objects.order_by("number").values_list("actor", flat=True)) == [
        None,
        olu.id,
        olu.id,
        olu.id,
    ]
    verdict = checking.verify()
    assert (verdict.problems, verdict.forgotten) == ([], 3)


def test_signing_in_out_and_failing_are_written_down() -> None:
    ada = make_user("ada", email="ada@example.org")
    make_operator("Olu")
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.post("/accounts/login/", {"login": "ada", "password": "wrong"})
    client.post("/accounts/login/", {"login": "hunter2 in the wrong field", "password": "wrong"})
    client.post("/accounts/login/", {"login": "ada@example.org", "password": PASSWORD})
    client.post("/accounts/logout/")
    failed, stranger, done, ended = AuditEntry.objects.order_by("number")
    assert (failed.verb, failed.actor, failed.subject) == ("sign_in.failed", None, ada.id)
    assert (stranger.verb, stranger.subject) == ("sign_in.failed", None)
    assert "hunter2" not in stranger.target + stranger.detail
    assert (done.verb, done.actor, done.address) == ("sign_in.done", ada.id, "203.0.113.9")
    assert '"how": ["password"]' in done.detail
    assert (ended.verb, ended.actor) == ("sign_in.ended", ada.id)


def test_signing_up_and_a_new_password_are_written_down() -> None:
    make_operator("Olu")
    client = Client()
    client.post("/accounts/signup/", {"email": "ben@example.org", "password1": PASSWORD})
    assert "account.signed_up" in verbs()
    assert "ben@example.org" not in "".join(f"{row.target}{row.detail}" for row in AuditEntry.objects.all())


def test_what_is_done_in_the_studio_is_written_down() -> None:
    olu, ada = make_operator("olu"), make_user("ada")
    client = client_of(olu)
    client.post("/admin/accounts/plan/add/", {"name": "Gold", "streams": 3})
    plan = models.Plan.objects.filter(name="Gold").first()
    added = AuditEntry.objects.get(verb__startswith="admin.")
    if plan is not None:  # the form may ask for more than this test knows
        assert (added.verb, added.target) == ("admin.added", f"accounts.plan:{plan.id}")
    client.post(
        "/admin/accounts/user/",
        {"action": "delete_selected", "_selected_action": [str(ada.id)], "post": "yes"},
    )
    last = AuditEntry.objects.order_by("-number")[0]
    assert last.actor == olu.id
    assert last.verb in ("admin.deleted", "admin.did")
    assert str(ada.id) in last.target + last.detail


def test_the_studio_shows_the_log_and_lets_nobody_write() -> None:
    olu, ada = make_operator("olu"), make_user("ada")
    services.audit(ada.id, "pin.set", "profile:7", request_ip="203.0.113.7", detail={"name": "<b>Ada</b>"})
    number = AuditEntry.objects.get(verb="pin.set").number
    client = client_of(olu)
    page = client.get("/admin/accounts/auditentry/?about=pin").content.decode()
    assert '<span title="7">profile 7</span>' in page
    assert "203.0.113.7" in page
    one = client.get(f"/admin/accounts/auditentry/{number}/change/").content.decode()
    assert "&lt;b&gt;Ada" in one
    assert client.get("/admin/accounts/auditentry/add/").status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{number}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{number}/change/", {"verb": "x"}).status_code == 403


def test_the_command_checks_and_prints_an_anchor_to_keep(guarded: None) -> None:
    write(2)
    out = StringIO()
    call_command("audit", "--verify", stdout=out)
    anchor = out.getvalue().rpartition("--anchor ")[2].strip()
    write(1)
    call_command("audit", "--verify", "--anchor", anchor, stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("audit", "--anchor", "2:" + "0" * 64, stdout=StringIO(), stderr=StringIO())
    shown = StringIO()
    call_command("audit", "--tail", "2", stdout=shown)
    assert shown.getvalue().count("set a profile's PIN") == 2

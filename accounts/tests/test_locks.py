"""PINs: the gate holds on pages and in the API, guessing is slow, and the owner always gets past."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import doors, models, pins, services
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from accounts.types import Profile

pytestmark = pytest.mark.django_db
JSON = "application/json"
PIN, OTHER = "2580", "9173"


@pytest.fixture(autouse=True)
def _a_site_that_is_set_up() -> None:
    make_operator("Olu")


@pytest.fixture
def ada() -> Profile:
    """A grown-up's profile with a PIN."""
    profile = make_profile("Ada", user=make_user("house", email="owner@example.org"))
    services.set_pin(profile_id=profile.id, pin=PIN)
    return _again(profile)


@pytest.fixture
def ben(ada: Profile) -> Profile:
    """A child of the same household."""
    return make_profile("Ben", user=services.user(ada.user_id), is_kid=True)


def _again(profile: Profile) -> Profile:
    found = services.profile(profile.id)
    assert found is not None
    return found


def _enter(client: Client, profile: Profile, pin: str = "") -> Any:
    return client.post(f"/api/v1/profiles/{profile.id}/enter", {"pin": pin}, content_type=JSON)


def _watching(client: Client) -> str | None:
    found: str | None = client.session.get(doors.SESSION_KEY)
    return found


def _prove(client: Client, *, ago: float = 0) -> None:
    """As if the account's password had been given in this session just now."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - ago}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()


@pytest.mark.parametrize(
    ("pin", "taken"),
    [("2580", True), ("91734", True), ("19283746", True), ("258", False), ("192837465", False), ("25 80", False),
     ("٢٥٨٠", False), ("abcd", False), ("0000", False), ("1234", False), ("9876", False), ("7890", False)],
)  # fmt: skip
def test_what_is_a_pin(pin: str, taken: bool) -> None:
    assert (pins.is_one(pin) and not pins.is_obvious(pin)) is taken


def test_a_pin_is_kept_so_that_the_database_alone_does_not_tell_it(ada: Profile, settings: Any) -> None:
    kept = models.ProfileLock.objects.get(profile_id=ada.id).secret
    assert PIN not in kept
    assert pins.matches(PIN, ada.id, kept)
    assert not pins.matches(PIN, make_profile("Other").id, kept)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, after the first was changed"
    assert pins.matches(PIN, ada.id, kept), "a PIN survives a change of the site's key"
    settings.SECRET_KEY_FALLBACKS = []
    assert not pins.matches(PIN, ada.id, kept), "and cannot be guessed at without it"


def test_waits_grow_and_end() -> None:
    waits = [pins.wait_after(tries) for tries in range(1, 40)]
    assert waits[: pins.FREE_TRIES - 1] == [timedelta()] * (pins.FREE_TRIES - 1)
    assert waits[pins.FREE_TRIES - 1] == timedelta(seconds=30)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)


def test_a_locked_profile_is_entered_with_its_pin_only(ada: Profile, ben: Profile) -> None:
    client = client_of(ben, recent=False)
    for body in ({}, {"pin": ""}):
        refused = client.post(f"/api/v1/profiles/{ada.id}/enter", body, content_type=JSON)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "pin_required")
    refused = _enter(client, ada, OTHER)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "pin_wrong")
    page = client.post(f"/profiles/choose/{ada.id}/", {"next": "/my-list/"})
    assert page["Location"] == f"/profiles/{ada.id}/enter/?next=%2Fmy-list%2F"
    assert client.post(f"/profiles/choose/{ada.id}/", {"pin": OTHER}).status_code == 302
    assert _watching(client) == str(ben.id)
    entered = _enter(client, ada, PIN)
    assert entered.status_code == 200
    assert entered.json()["locked"] is True
    assert _watching(client) == str(ada.id)
    assert _enter(client, ben).status_code == 200, "into a kids profile everybody comes"


def test_the_page_of_the_pad_leads_on(ada: Profile) -> None:
    client = client_of(services.user(ada.user_id), recent=False)
    address = f"/profiles/{ada.id}/enter/?next=/my-list/"
    assert client.get(address).status_code == 200
    wrong = client.post(address, {"pin": OTHER, "next": "/my-list/"})
    assert wrong.status_code == 422
    assert "That is not the PIN" in wrong.content.decode()
    right = client.post(address, {"pin": PIN, "next": "/my-list/"})
    assert (right.status_code, right["Location"]) == (302, "/my-list/")
    away = client_of(services.user(ada.user_id), recent=False).post(
        address, {"pin": PIN, "next": "//evil.example/"}
    )
    assert away["Location"] == "/"


def test_a_session_that_names_a_locked_profile_has_not_entered_it(ada: Profile) -> None:
    client = client_of(ada, recent=False)  # the id alone, as something that forgot the gate would write it
    assert client.get("/profiles/").context["current"] is None
    assert client.get("/api/v1/titles").status_code == 403
    session = client.session
    session[doors.STAMP_KEY] = "0123456789abcdef"
    session.save()
    assert client.get("/api/v1/titles").status_code == 403


def test_a_new_pin_asks_everybody_again_but_who_set_it(ada: Profile) -> None:
    here, there = (
        client_of(services.user(ada.user_id), recent=False),
        client_of(services.user(ada.user_id), recent=False),
    )
    for client in (here, there):
        assert _enter(client, ada, PIN).status_code == 200
        assert client.get("/api/v1/titles").status_code == 200
    _prove(here)
    assert here.put(f"/api/v1/profiles/{ada.id}/pin", {"pin": OTHER}, content_type=JSON).status_code == 204
    assert here.get("/api/v1/titles").status_code == 200
    assert there.get("/api/v1/titles").status_code == 403
    assert _enter(there, ada, PIN).status_code == 403
    assert _enter(there, ada, OTHER).status_code == 200


def test_setting_a_pin_sends_a_child_that_is_inside_out(ben: Profile) -> None:
    teo = make_profile("Teo", user=services.user(ben.user_id))
    child = client_of(teo, recent=False)
    assert child.get("/api/v1/titles").status_code == 200
    services.set_pin(profile_id=teo.id, pin=OTHER)
    assert child.get("/api/v1/titles").status_code == 403


def test_wrong_pins_make_wait_and_the_right_one_too(ada: Profile, ben: Profile) -> None:
    client = client_of(ben, recent=False)
    said = [_enter(client, ada, OTHER).json()["error"] for _try in range(pins.FREE_TRIES)]
    assert [each["left"] for each in said] == [4, 3, 2, 1, 0]
    assert said[-1]["wait"] == 30
    waiting = _enter(client, ada, PIN)
    assert (waiting.status_code, waiting.json()["error"]["code"]) == (429, "pin_wait")
    assert 0 < int(waiting["Retry-After"]) <= 30
    assert services.gate(ada.id).tries == pins.FREE_TRIES, "what is not looked at is not counted"
    assert _enter(client, ben).status_code == 200, "other gates stand open"
    later = timezone.now() + timedelta(seconds=31)
    entrance = services.enter(profile_id=ada.id, pin=PIN, now=later)
    assert entrance.wrong == pins.FREE_TRIES
    assert services.gate(ada.id).tries == 0


def test_guessing_never_gets_far_in_a_day(ada: Profile) -> None:
    now, tries = timezone.now(), 0
    end = now + timedelta(days=1)
    while now < end:
        try:
            services.enter(profile_id=ada.id, pin=OTHER, now=now)
        except services.PinWrong:
            tries += 1
        except services.PinWait as error:
            now += error.wait
    assert tries < 40


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(ada: Profile) -> None:
    """Each of them has read the lock before any was counted: only the first is looked at, the others count anew."""
    from accounts.services import locks

    stale = models.ProfileLock.objects.get(profile_id=ada.id)
    now = timezone.now()
    for _try in range(pins.FREE_TRIES):
        locks._count_try(stale, now)
    with pytest.raises(services.PinWait):
        locks._count_try(stale, now)


def test_the_owner_is_told_once_and_locked_out_of_nothing(
    ada: Profile, ben: Profile, django_capture_on_commit_callbacks: Any
) -> None:
    client, now = client_of(ben, recent=False), timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        for _try in range(pins.FREE_TRIES):
            _enter(client, ada, OTHER)
        with pytest.raises(services.PinWrong):
            services.enter(profile_id=ada.id, pin=OTHER, now=now + timedelta(minutes=5))
    (letter,) = mail.outbox
    assert letter.to == ["owner@example.org"]
    assert "Ada" in letter.subject
    assert f"/profiles/{ada.id}/pin/" in letter.body
    assert PIN not in letter.body
    assert OTHER not in letter.body
    owner = Client()
    answer = owner.post("/accounts/login/", {"login": "house", "password": PASSWORD})
    assert answer.status_code == 302, "the account is not locked by a profile's PIN"
    assert owner.post(f"/profiles/{ada.id}/pin/", {"pin": "4826", "again": "4826"}).status_code == 302
    assert _enter(owner, ada, "4826").status_code == 200


def test_who_enters_hears_of_wrong_pins_before(ada: Profile) -> None:
    client = client_of(services.user(ada.user_id), recent=False)
    _enter(client, ada, OTHER)
    client.post(f"/profiles/{ada.id}/enter/", {"pin": PIN})
    assert "1 wrong PIN was tried here before yours" in client.get("/my-list/").content.decode()


def test_a_pin_is_changed_only_by_who_proves_the_account(ada: Profile, ben: Profile) -> None:
    client = client_of(services.user(ada.user_id), recent=False)
    assert _enter(client, ada, PIN).status_code == 200
    path = f"/api/v1/profiles/{ada.id}/pin"
    for answer in (client.put(path, {"pin": OTHER}, content_type=JSON), client.delete(path)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "recent_sign_in_required")
    assert client.get(f"/profiles/{ada.id}/pin/").status_code == 302
    _prove(client, ago=601)
    assert client.delete(path).status_code == 403
    child = client_of(ben, recent=False)
    _prove(child)
    assert child.delete(path).status_code == 403, "not from a kids profile, whatever was proved"
    assert _again(ada).locked
    _prove(client)
    assert client.delete(path).status_code == 204
    assert not _again(ada).locked
    assert client.get("/api/v1/titles").status_code == 200


def test_a_locked_profile_is_changed_with_its_pin_only(ada: Profile) -> None:
    teo = make_profile("Teo", user=services.user(ada.user_id))
    client = client_of(teo, recent=False)
    path = f"/api/v1/profiles/{ada.id}"
    for answer in (
        client.patch(path, {"name": "X"}, content_type=JSON),
        client.delete(path),
        client.put(f"{path}/blocked/{ada.id}"),
        client.delete(f"{path}/blocked/{ada.id}"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "pin_required")
    for page in ("edit", "delete", "blocked"):
        answer = client.get(f"/profiles/{ada.id}/{page}/")
        assert answer["Location"].startswith(f"/profiles/{ada.id}/enter/?for=change"), page
        assert client.post(f"/profiles/{ada.id}/{page}/", {"name": "X"}).status_code == 302
    assert _again(ada).name == "Ada"
    unlocked = client.post(f"{path}/unlock", {"pin": PIN}, content_type=JSON)
    assert unlocked.status_code == 204
    assert client.patch(path, {"name": "Ada L."}, content_type=JSON).status_code == 200
    assert _watching(client) == str(teo.id), "giving the PIN to change it does not enter it"
    services.set_pin(profile_id=ada.id, pin=OTHER)
    assert client.patch(path, {"name": "X"}, content_type=JSON).status_code == 403


def test_without_a_profile_nobody_manages_a_household_with_children(ada: Profile, ben: Profile) -> None:
    """A television that was signed in by a code: whoever sits before it has said nothing yet."""
    client = client_of(services.user(ada.user_id), recent=False)
    assert client.get("/api/v1/profiles").status_code == 200
    refused = client.patch(f"/api/v1/profiles/{ben.id}", {"is_kid": False}, content_type=JSON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "choose_profile")
    assert client.post("/api/v1/profiles", {"name": "Mine"}, content_type=JSON).status_code == 403
    for path in (
        "/profiles/new/",
        f"/profiles/{ben.id}/edit/",
        f"/profiles/{ada.id}/pin/",
        f"/profiles/{ben.id}/blocked/",
    ):
        assert client.get(path)["Location"] == "/profiles/", path
    _prove(client)
    assert client.get(f"/profiles/{ben.id}/edit/").status_code == 200


def test_a_child_stays_inside(ada: Profile, ben: Profile) -> None:
    client = client_of(ben, recent=False)
    _prove(client)
    for path in (
        "/profiles/new/", "/account/", f"/profiles/{ben.id}/edit/", f"/profiles/{ben.id}/delete/",
        f"/profiles/{ben.id}/pin/", f"/profiles/{ada.id}/pin/", f"/profiles/{ada.id}/move/",
        f"/profiles/{ben.id}/blocked/", f"/profiles/{ada.id}/enter/?for=change",
    ):  # fmt: skip
        assert client.get(path)["Location"] == "/profiles/", path
    api = f"/api/v1/profiles/{ben.id}"
    for answer in (
        client.patch(api, {"maturity": 13}, content_type=JSON),
        client.delete(api),
        client.post(f"{api}/unlock", {"pin": PIN}, content_type=JSON),
        client.put(f"{api}/pin", {"pin": OTHER}, content_type=JSON),
        client.get(f"{api}/blocked"),
        client.put(f"{api}/blocked/{ada.id}"),
        client.post(f"{api}/transfer", {}, content_type=JSON),
        client.post("/api/v1/profiles/transfer", {"secret": "x"}, content_type=JSON),
    ):
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "not_for_kids"
    assert _again(ben) == ben


def test_another_households_gate_does_not_exist(ada: Profile) -> None:
    client = client_of(make_profile("Stranger"), recent=False)
    _prove(client)
    api = f"/api/v1/profiles/{ada.id}"
    for answer in (
        _enter(client, ada, PIN),
        client.post(f"{api}/unlock", {"pin": PIN}, content_type=JSON),
        client.put(f"{api}/pin", {"pin": OTHER}, content_type=JSON),
        client.delete(f"{api}/pin"),
        client.get(f"{api}/blocked"),
        client.put(f"{api}/blocked/{ada.id}"),
        client.post(f"{api}/transfer", {}, content_type=JSON),
        client.delete(f"{api}/transfer"),
        client.get(f"/profiles/{ada.id}/enter/"),
        client.get(f"/profiles/{ada.id}/pin/"),
        client.get(f"/profiles/{ada.id}/move/"),
        client.get(f"/profiles/{ada.id}/blocked/"),
    ):
        assert answer.status_code == 404
    assert services.gate(ada.id).tries == 0


def test_what_was_done_is_in_the_log_and_no_pin_is(ada: Profile, ben: Profile) -> None:
    client = client_of(ben, recent=False)
    _enter(client, ada, OTHER)
    services.remove_pin(profile_id=ada.id, actor=ada.user_id)
    entries = list(models.AuditEntry.objects.filter(verb__startswith="pin.").order_by("number"))
    assert [entry.verb for entry in entries] == ["pin.set", "pin.wrong", "pin.removed"]
    assert all(entry.subject == ada.user_id for entry in entries)
    assert not any(PIN in str(entry.detail) or OTHER in str(entry.detail) for entry in entries)


def test_nobody_lets_a_profile_see_more_than_their_own_beside_a_lock(ada: Profile) -> None:
    teen = make_profile("Tim", user=services.user(ada.user_id), maturity=13)
    address, grown = f"/api/v1/profiles/{teen.id}", {"name": "Tom", "avatar": "ember", "language": "en"}
    client = client_of(teen, recent=False)
    for answer in (
        client.patch(address, {"maturity": 18}, content_type=JSON),
        client.post("/api/v1/profiles", {"name": "Tom"}, content_type=JSON),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "recent_sign_in_required")
    for page in ("/profiles/new/", f"/profiles/{teen.id}/edit/"):
        assert (
            client.post(page, {**grown, "maturity": "18"}).headers["Location"].startswith("/accounts/prove/")
        )
    assert _again(teen).maturity == 13
    assert len(services.profiles(ada.user_id)) == 2
    assert client.patch(address, {"name": "Timmy", "maturity": 10}, content_type=JSON).status_code == 200
    assert client.post(
        "/api/v1/profiles", {"name": "Tom", "maturity": 10}, content_type=JSON
    ).status_code == 201  # fmt: skip
    _prove(client)
    assert client.patch(address, {"maturity": 18}, content_type=JSON).status_code == 200


def test_what_is_blocked_for_oneself_is_allowed_again_with_the_accounts_proof(ada: Profile) -> None:
    teen, title = make_profile("Tim", user=services.user(ada.user_id), maturity=13), uuid4()
    services.block_title(profile_id=teen.id, title_id=title)
    client = client_of(teen, recent=False)
    address = f"/api/v1/profiles/{teen.id}/blocked/{title}"
    assert client.delete(address).json()["error"]["code"] == "recent_sign_in_required"
    page = client.post(f"/profiles/{teen.id}/blocked/", {"allow": str(title)})
    assert page.headers["Location"].startswith("/accounts/prove/")
    assert _again(teen).blocked == {title}
    _prove(client)
    assert client.delete(address).status_code == 200
    assert not _again(teen).blocked


@pytest.mark.parametrize(
    "address",
    ["/account/", "/account/devices/", "/account/data/", "/accounts/email/",
     "/accounts/2fa/", "/tv/approve/?code=BCDF-BCDF"],
)  # fmt: skip
def test_the_account_stays_shut_until_somebody_says_who_is_watching(ben: Profile, address: str) -> None:
    television = client_of(services.user(ben.user_id), recent=False)
    assert television.get(address).headers["Location"] == f"/profiles/?{urlencode({'next': address})}"
    assert television.post("/tv/answer/", {"answer": "yes"}).headers["Location"] == "/profiles/"
    _prove(television)
    assert television.get(address).status_code in (200, 404), "404: no television waits under this code"

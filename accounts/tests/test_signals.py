"""Warnings to the operator: each by real requests, none of which locks anybody out."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import models, places, services
from accounts.models import FraudSignal
from accounts.signals import acting, raising, reading, tasks, travel
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "telemetry"])
Kind, State, Severity = FraudSignal.Kind, FraudSignal.State, FraudSignal.Severity

#: Where the addresses of these tests are.
GLOBE = {"203.0.113": ("Lyon", "France", 45.76, 4.84), "198.51.100": ("Lima", "Peru", -12.05, -77.04)}


@pytest.fixture(autouse=True)
def _a_fresh_site(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    reading.READING.forget()
    make_operator("Olu")

    def find(address: str) -> dict[str, Any]:
        known = GLOBE.get(address.rpartition(".")[0])
        if known is None:
            return {}
        city, country, north, east = known
        return {
            "city": {"names": {"en": city}},
            "country": {"names": {"en": country}, "iso_code": "XX"},
            "location": {"latitude": north, "longitude": east},
        }

    monkeypatch.setattr(places._BOOK, "find", find)


def sign_in(address: str, login: str = "ada", password: str = PASSWORD) -> Client:
    client = Client(REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": login, "password": password})
    return client


def signals(kind: Kind) -> list[FraudSignal]:
    return list(FraudSignal.objects.filter(kind=kind))


# Journeys -----------------------------------------------------------------------------------------------


def test_lyon_and_lima_are_ten_thousand_kilometres_apart() -> None:
    assert travel.distance((45.76, 4.84), (-12.05, -77.04)) == pytest.approx(10_260, abs=100)
    assert travel.distance((0.0, 179.9), (0.0, -179.9)) == pytest.approx(22, abs=1)


@pytest.mark.parametrize(
    ("km", "hours", "said"),
    [(10_000, 1.0, True), (10_000, 12.0, False), (400, 0.01, False), (501, 0.4, True), (600, 0.0, True)],
)
def test_nobody_travels_faster_than_airliners(km: float, hours: float, said: bool) -> None:
    assert travel.impossible(km, timedelta(hours=hours)) is said


def test_lyon_and_a_minute_later_lima_is_told_with_both_places() -> None:
    ada = make_user("ada")
    sign_in("203.0.113.7")
    assert signals(Kind.TRAVEL) == []
    assert sign_in("198.51.100.9").get("/profiles/").status_code == 200, "nobody is locked out"
    (one,) = signals(Kind.TRAVEL)
    assert (one.user_id, one.state, one.severity) == (ada.id, State.OPEN, Severity.MEDIUM)
    (seen,) = one.evidence
    assert (seen["from"], seen["to"]) == ("Lyon, France", "Lima, Peru")
    assert seen["km"] == pytest.approx(10_260, abs=100)
    assert "203.0.113.7" not in json.dumps(one.evidence), "networks, not addresses"
    sign_in("198.51.100.10")
    assert len(signals(Kind.TRAVEL)) == 1
    sign_in("203.0.113.7")
    (one,) = signals(Kind.TRAVEL)
    assert (one.times, len(one.evidence)) == (2, 2), "one warning for one thing"


def test_without_a_database_of_addresses_nothing_is_said_of_journeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places._BOOK, "find", lambda address: {})
    make_user("ada")
    sign_in("203.0.113.7")
    sign_in("198.51.100.9")
    assert signals(Kind.TRAVEL) == []


# Networks -----------------------------------------------------------------------------------------------


def test_signing_in_from_many_networks_in_a_day_is_told() -> None:
    ada = make_user("ada")
    for number in range(1, 5):
        sign_in(f"20.0.{number}.1")
        sign_in(f"20.0.{number}.2")
        sign_in(f"192.168.{number}.2")
    assert signals(Kind.NETWORKS) == [], "two telephones behind four networks, and homes, are no matter"
    sign_in("20.0.9.1")
    (one,) = signals(Kind.NETWORKS)
    assert (one.user_id, one.severity) == (ada.id, Severity.LOW)
    assert one.evidence[0]["networks"] == [f"20.0.{number}.0/24" for number in (1, 2, 3, 4, 9)]


def test_watching_from_many_networks_at_once_is_told_and_one_after_the_other_is_not() -> None:
    ada = make_user("ada")
    sessions = [uuid4() for _ in range(4)]
    saw: Callable[[int], bool] = lambda n: services.saw_stream(  # noqa: E731
        user_id=ada.id, session_id=sessions[n], address=f"20.0.{n}.1"
    )
    assert [saw(0), saw(1)] == [False, False]
    assert saw(2)
    services.judge_streams(user_id=ada.id, playing=sessions[1:3])
    assert signals(Kind.STREAMS) == [], "the first one is over"
    services.judge_streams(user_id=ada.id, playing=sessions)
    (one,) = signals(Kind.STREAMS)
    assert one.evidence[0]["networks"] == ["20.0.0.0/24", "20.0.1.0/24", "20.0.2.0/24"]


# Guessing -----------------------------------------------------------------------------------------------


def test_guessing_a_pin_is_told() -> None:
    ada = make_profile("Ada")
    services.set_pin(profile_id=ada.id, pin="4071", actor=ada.user_id)
    client = client_of(services.user(ada.user_id))
    for guess in range(5):
        client.post(f"/profiles/{ada.id}/enter/", {"pin": f"999{guess}"})
    (one,) = signals(Kind.PIN)
    assert (one.user_id, one.severity, one.evidence[0]["tries"]) == (ada.user_id, Severity.LOW, 5)


def test_guessing_codes_of_tvs_is_told() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    for guess in range(5):
        client.get("/tv/approve/", {"code": f"BCDF-GHJ{'KLMNP'[guess]}"})
    (one,) = signals(Kind.TV_CODE)
    assert (one.user_id, one.evidence[0]["tries"]) == (ada.user_id, 5)


def test_guessing_the_password_of_one_account_is_told() -> None:
    ada = make_user("ada")
    for number in range(6):
        sign_in(f"20.0.{number}.1", password=f"wrong {number}")
    (one,) = signals(Kind.PASSWORD)
    assert (one.user_id, one.severity, len(one.evidence[0]["networks"])) == (ada.id, Severity.MEDIUM, 6)
    assert signals(Kind.SPRAYING) == []


def test_trying_one_password_on_many_accounts_is_told_and_names_nobody() -> None:
    make_user("ada")
    for number in range(5):
        sign_in(f"20.0.7.{number}", login=f"somebody{number}", password="Summer2026!")
    assert signals(Kind.SPRAYING) == []
    sign_in("20.0.7.99", password="Summer2026!")
    (one,) = signals(Kind.SPRAYING)
    assert (one.user_id, one.severity) == (None, Severity.HIGH)
    assert one.evidence[0] | {"at": ""} == {
        "at": "", "network": "20.0.7.0/24", "names tried": 6, "of them accounts": 1,
    }  # fmt: skip


# Reading everything -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_reading_the_whole_catalogue_is_told_and_browsing_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MANY", 60)
    ada = make_profile("Ada")
    client = client_of(ada)
    for _page in range(59):
        client.get("/api/v1/titles")
        client.get("/profiles/")
    assert signals(Kind.SCRAPING) == []
    client.get("/api/v1/titles")
    (one,) = signals(Kind.SCRAPING)
    assert (one.user_id, one.evidence[0]["pages"]) == (ada.user_id, 60)
    key = client.session.session_key
    assert key is not None
    assert key not in json.dumps([one.evidence, one.key, one.session]), "a session's key opens the account"
    for _page in range(20):
        client.get("/api/v1/titles")
    assert signals(Kind.SCRAPING)[0].times == 1, "told again only after as many more"


def test_two_processes_count_together() -> None:
    one, other = reading.Reading(), reading.Reading()
    told = [process.page("s", now=600.0) for _page in range(160) for process in (one, other)]
    assert [number for number in told if number] == [300]
    assert one.page("s", now=1200.0) == 0


# What an operator does ----------------------------------------------------------------------------------


@pytest.fixture
def raised() -> FraudSignal:
    ada = make_user("ada")
    raising.raise_signal(
        Kind.TRAVEL, str(ada.id), severity=Severity.MEDIUM, user_id=ada.id, evidence={"from": "<b>Lyon</b>"}
    )
    return FraudSignal.objects.get()


def press(row: FraudSignal, what: str) -> Any:
    return client_of(make_operator()).post(f"/admin/accounts/fraudsignal/{row.id}/do/{what}/")


def test_the_studio_lists_open_warnings_with_their_evidence(raised: FraudSignal) -> None:
    client = client_of(make_operator())
    page = client.get("/admin/accounts/fraudsignal/").content.decode()
    assert "Signed in from two places too far apart" in page
    one = client.get(f"/admin/accounts/fraudsignal/{raised.id}/change/").content.decode()
    assert "&lt;b&gt;Lyon" in one
    for words in ("Acknowledge", "End its sessions", "Require a new password"):
        assert words in one
    assert "Pause this session" not in one, "no session is meant"
    assert client.get("/admin/accounts/fraudsignal/add/").status_code == 403


def test_what_was_acknowledged_is_not_raised_again_for_a_day(raised: FraudSignal) -> None:
    assert press(raised, "acknowledge").status_code == 302
    raised.refresh_from_db()
    assert (raised.state, raised.acts[0]["what"]) == (State.ACKNOWLEDGED, "acknowledged")
    again: dict[str, Any] = {"severity": Severity.HIGH, "user_id": raised.user_id, "evidence": {}}
    raising.raise_signal(Kind.TRAVEL, raised.key, **again)
    raised.refresh_from_db()
    assert (raised.state, raised.times) == (State.ACKNOWLEDGED, 2)
    FraudSignal.objects.update(closed_at=timezone.now() - timedelta(days=2))
    raising.raise_signal(Kind.TRAVEL, raised.key, **again)
    assert FraudSignal.objects.filter(state=State.OPEN).count() == 1


def test_ending_the_sessions_signs_the_account_out_everywhere(raised: FraudSignal) -> None:
    client = sign_in("20.0.1.1")
    assert client.get("/profiles/").status_code == 200
    press(raised, "end-sessions")
    assert client.get("/profiles/").status_code == 302
    raised.refresh_from_db()
    assert raised.state == State.ACTED
    assert sign_in("20.0.1.1").get("/profiles/").status_code == 200, (
        "whoever knows the password is not locked out"
    )


def test_a_new_password_is_required_before_anything_else(raised: FraudSignal) -> None:
    press(raised, "new-password")
    client = sign_in("20.0.1.1")
    assert client.get("/profiles/")["Location"] == "/accounts/password/change/"
    assert client.get("/api/v1/profiles").json()["error"]["code"] == "new_password_required"
    assert client.get("/accounts/password/change/").status_code == 200
    new = "an entirely new one"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert client.get("/profiles/").status_code == 200
    assert not models.PasswordDemand.objects.exists()
    assert sign_in("20.0.1.1", password=new).get("/profiles/").status_code == 200


def test_a_paused_session_says_so_and_no_other_is_paused() -> None:
    ada = make_profile("Ada")
    scraper, sofa = client_of(ada), client_of(ada)
    raising.raise_signal(
        Kind.SCRAPING, "k", severity=Severity.MEDIUM, user_id=ada.user_id, evidence={"pages": 300},
        session=raising.digest(str(scraper.session.session_key)),
    )  # fmt: skip
    press(FraudSignal.objects.get(), "pause")
    assert scraper.get("/profiles/").status_code == 429
    assert scraper.get("/api/v1/titles").json()["error"]["code"] == "session_paused"
    assert sofa.get("/profiles/").status_code == 200
    session = scraper.session
    session[acting.PAUSED] = 0
    session.save()
    assert scraper.get("/profiles/").status_code == 200, "it ends by itself"


def test_only_operators_act_and_only_by_a_button(raised: FraudSignal) -> None:
    address = f"/admin/accounts/fraudsignal/{raised.id}/do/end-sessions/"
    assert client_of(make_operator()).get(address).status_code == 403
    assert client_of(make_user()).post(address).status_code == 302
    models.User.objects.filter(username="Olu").update(is_superuser=False)
    staff = Client()
    staff.force_login(
        models.User.objects.get(username="Olu"), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert staff.post(address).status_code == 403
    raised.refresh_from_db()
    assert raised.state == State.OPEN


def test_warnings_go_after_three_months(raised: FraudSignal) -> None:
    tasks.forget_old()
    assert FraudSignal.objects.exists()
    FraudSignal.objects.update(last_at=timezone.now() - timedelta(days=91))
    tasks.forget_old()
    assert not FraudSignal.objects.exists()


def test_evidence_stays_small(raised: FraudSignal) -> None:
    for number in range(60):
        raising.raise_signal(
            Kind.TRAVEL,
            raised.key,
            severity=Severity.LOW,
            user_id=raised.user_id,
            evidence={"n": number, "x": "y" * 999},
        )
    raised.refresh_from_db()
    assert (raised.times, len(raised.evidence), raised.severity) == (61, 20, Severity.MEDIUM)
    assert len(json.dumps(raised.evidence)) < 8000

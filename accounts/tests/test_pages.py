"""Signing up, in and out, the gate, and what a kids profile may not open. Over HTTP, as a browser does it."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import doors, events, models, services
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from accounts.types import ProfileDeleted
from netflixlite.templatetags.nl import ago

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_site_that_is_set_up() -> None:
    make_operator("Olu")


def _profile_form(**changes: Any) -> dict[str, Any]:
    return {"name": "Ben", "avatar": "dusk", "maturity": "", "language": "en", **changes}


def test_signing_up_makes_a_user_and_a_first_profile() -> None:
    client = Client(headers={"accept-language": "de"})
    answer = client.post("/accounts/signup/", {"email": "Ada.L@Example.org", "password1": PASSWORD})
    assert answer.status_code == 302, answer.content
    row = models.User.objects.get(email="ada.l@example.org")
    assert row.name == "ada.l"
    (profile,) = services.profiles(row.id)
    assert (profile.name, profile.is_kid, profile.maturity, profile.language) == ("ada.l", False, 18, "de")
    assert "ada.l" in client.get("/profiles/").content.decode()


def test_signing_up_can_be_closed(settings: Any) -> None:
    settings.SIGN_UP_OPEN = False
    answer = Client().post("/accounts/signup/", {"email": "ada@example.org", "password1": PASSWORD})
    assert answer.status_code == 200
    assert not models.User.objects.filter(email="ada@example.org").exists()


def test_an_address_is_used_once() -> None:
    make_user("ada", email="ada@example.org")
    Client().post("/accounts/signup/", {"email": "ADA@example.org", "password1": PASSWORD})
    assert models.User.objects.filter(email__iexact="ada@example.org").count() == 1


@pytest.mark.parametrize("login", ["ada@example.org", "ADA@example.org", "ada", "Ada"])
def test_signing_in_by_address_or_name(login: str) -> None:
    make_user("ada", email="ada@example.org")
    client = Client()
    assert client.get("/profiles/").status_code == 302
    answer = client.post("/accounts/login/", {"login": login, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/profiles/").status_code == 200


def test_a_wrong_password_does_not_open_the_door() -> None:
    make_user("ada")
    client = Client()
    assert client.post("/accounts/login/", {"login": "ada", "password": "wrong"}).status_code == 200
    assert client.get("/profiles/").status_code == 302


def test_signing_out_forgets_who_was_watching() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    assert client.session[doors.SESSION_KEY] == str(ada.id)
    client.post("/accounts/logout/")
    assert doors.SESSION_KEY not in client.session
    assert client.get("/profiles/").status_code == 302


def test_a_forgotten_password_is_reset_by_mail() -> None:
    user = make_user("ada", email="ada@example.org")
    client = Client()
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    (message,) = mail.outbox
    assert message.subject.startswith("[netflixlite] ")
    assert "testserver!" not in str(message.body), "the site's name, not the host's"
    found = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", str(message.body))
    assert found, message.body
    page = client.get(found[1], follow=True)
    form_at = page.redirect_chain[-1][0]
    client.post(form_at, {"password1": "an entirely new one", "password2": "an entirely new one"})
    assert models.User.objects.get(id=user.id).check_password("an entirely new one")


def test_the_gate_shows_the_households_profiles_and_no_others() -> None:
    ada = make_profile("Ada")
    make_profile("Stranger")
    page = client_of(services.user(ada.user_id)).get("/profiles/")
    assert [profile.name for profile in page.context["profiles"]] == ["Ada"]
    assert page.context["can_add"] is True
    assert "Stranger" not in page.content.decode()


def test_choosing_a_profile_leads_on() -> None:
    ada = make_profile("Ada", language="fr")
    client = client_of(services.user(ada.user_id))
    answer = client.post(f"/profiles/choose/{ada.id}/", {"next": "/my-list/"})
    assert (answer.status_code, answer["Location"]) == (302, "/my-list/")
    assert client.session[doors.SESSION_KEY] == str(ada.id)
    assert client.cookies["django_language"].value == "fr"
    assert client.get("/profiles/").context["current"] == ada


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_choosing_a_profile_never_leads_off_the_site(path: str) -> None:
    ada = make_profile("Ada")
    answer = client_of(ada).post(f"/profiles/choose/{ada.id}/", {"next": path})
    assert answer["Location"] == "/"


def test_nobody_watches_as_another_households_profile() -> None:
    ada, stranger = make_profile("Ada"), make_profile("Stranger")
    client = client_of(ada)
    for path in (f"/profiles/choose/{stranger.id}/", f"/profiles/choose/{uuid4()}/"):
        assert client.post(path).status_code == 404
    session = client.session
    session[doors.SESSION_KEY] = str(stranger.id)  # as if the session had been another user's before
    session.save()
    assert client.get("/profiles/").context["current"] is None


def test_changing_the_user_clears_the_profile() -> None:
    ada, ben = make_profile("Ada"), make_user("ben")
    client = client_of(ada)
    client.force_login(
        models.User.objects.get(id=ben.id), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert doors.SESSION_KEY not in client.session


def test_adding_editing_and_deleting_a_profile() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    assert client.get("/profiles/new/").status_code == 200
    client.post("/profiles/new/", _profile_form(is_kid="on"))
    ben = services.profiles(ada.user_id)[1]
    assert (ben.name, ben.is_kid, ben.maturity, ben.avatar) == ("Ben", True, 7, "dusk")
    assert client.get(f"/profiles/{ben.id}/edit/").status_code == 200
    client.post(
        f"/profiles/{ben.id}/edit/", _profile_form(name="Benno", is_kid="on", maturity="10", language="hi")
    )
    changed = services.profile(ben.id)
    assert changed is not None
    assert (changed.name, changed.maturity, changed.language) == ("Benno", 10, "hi")
    assert client.get(f"/profiles/{ben.id}/delete/").status_code == 200
    client.post(f"/profiles/{ben.id}/delete/")
    assert services.profile(ben.id) is None


def test_a_new_language_holds_at_once_for_who_is_watching() -> None:
    ada = make_profile("Ada")
    other = make_profile("Ben", user=services.user(ada.user_id))
    client = client_of(ada)
    client.post(f"/profiles/{other.id}/edit/", _profile_form(name="Ben", language="hi"))
    assert "django_language" not in client.cookies
    client.post(f"/profiles/{ada.id}/edit/", _profile_form(name="Ada", language="hi"))
    assert client.cookies["django_language"].value == "hi"


def test_a_form_says_what_is_wrong_where_it_is_wrong() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    for changes, field in (
        ({"name": "ada"}, "name"),
        ({"is_kid": "on", "maturity": "18"}, "maturity"),
        ({"avatar": "dragon"}, "avatar"),
    ):
        page = client.post("/profiles/new/", _profile_form(**changes))
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
    for _number in range(4):
        make_profile(user=services.user(ada.user_id))
    page = client.post("/profiles/new/", _profile_form())
    assert "5 profiles" in str(page.context["form"].non_field_errors())


def test_another_households_profile_cannot_be_edited() -> None:
    stranger = make_profile("Stranger")
    client = client_of(make_profile("Ada"))
    for path in (f"/profiles/{stranger.id}/edit/", f"/profiles/{stranger.id}/delete/"):
        assert client.get(path).status_code == 404
        assert client.post(path, _profile_form()).status_code == 404
    assert services.profile(stranger.id) == stranger


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/profiles/new/",
        "/profiles/{id}/edit/",
        "/profiles/{id}/delete/",
        "/accounts/password/change/",
        "/accounts/email/",
        "/admin/",
        "/admin/accounts/user/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_kids_profile_cannot_open_what_is_for_grown_ups(path: str, method: str) -> None:
    ben = make_profile("Ben", user=make_operator("Dad"), is_kid=True)
    answer = getattr(client_of(ben), method)(path.format(id=ben.id), _profile_form())
    assert (answer.status_code, answer["Location"]) == (302, "/profiles/")
    assert services.profiles(ben.user_id) == (ben,)


def test_a_kid_may_still_sign_out_and_go_to_the_gate() -> None:
    client = client_of(make_profile("Ben", is_kid=True))
    page = client.get("/profiles/")
    assert page.status_code == 200
    assert page.context["is_kid"] is True
    client.post("/accounts/logout/")
    assert client.get("/profiles/").status_code == 302


def test_the_account_page_shows_plan_and_profiles() -> None:
    ada = make_profile("Ada")
    page = client_of(ada).get("/account/")
    assert page.status_code == 200
    assert page.context["plan"].name == "Default"
    assert [profile.name for profile in page.context["profiles"]] == ["Ada"]
    assert page.context["account"].email in page.content.decode()


def test_the_account_page_offers_data_saver_for_this_browser() -> None:
    page = client_of(make_profile("Ada")).get("/account/").content.decode()
    assert "<nl-saver hidden>" in page, "only the browser's own script can know and change it"
    for value in ("", "on", "off"):
        assert f'<option value="{value}">' in page


def test_pages_need_a_sign_in() -> None:
    profile = make_profile()
    for path in ("/profiles/", "/account/", "/profiles/new/", f"/profiles/{profile.id}/edit/"):
        answer = Client().get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=")


def test_a_page_without_a_session_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    Client().get("/accounts/login/")
    with django_assert_num_queries(0):
        Client().get("/livez")


def test_the_operators_screens_open() -> None:
    client = client_of(make_operator("Ann"))
    user = make_user("ben")
    for path in ("user/", f"user/{user.id}/change/", "user/add/", "profile/", "plan/", "profile/add/"):
        assert client.get(f"/admin/accounts/{path}").status_code == 200, path


def test_a_next_that_is_no_path_leads_home() -> None:
    ada = make_profile("Ada")
    for word in ("profiles", "no-such-view", "https://example.org/", "//example.org/"):
        answer = client_of(ada).post(f"/profiles/choose/{ada.id}/", {"next": word})
        assert (answer.status_code, answer["Location"]) == (302, "/"), word


def test_what_is_deleted_in_the_admin_is_news(django_capture_on_commit_callbacks: Any) -> None:
    olu = make_operator()
    ada = make_profile("Ada")
    ben = make_profile("Ben")
    cleo = make_profile("Cleo", user=services.user(ben.user_id))
    gone = []

    def listen(sender: object, event: ProfileDeleted, **_: Any) -> None:
        gone.append(event.profile_id)

    events.profile_deleted.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            client_of(olu).post(f"/admin/accounts/profile/{ada.id}/delete/", {"post": "yes"})
            client_of(olu).post(f"/admin/accounts/user/{ben.user_id}/delete/", {"post": "yes"})
    finally:
        events.profile_deleted.disconnect(listen)
    assert set(gone) == {ada.id, ben.id, cleo.id}
    assert not models.User.objects.filter(id=ben.user_id).exists()


def test_fields_of_signing_in_are_named_once(client: Client) -> None:
    for path in ("/accounts/login/", "/accounts/password/reset/"):
        assert "placeholder" not in client.get(path).content.decode()


def test_a_moment_is_told_as_people_say_it() -> None:
    now = timezone.now()
    assert [ago(now - timedelta(seconds=20)), ago(now - timedelta(minutes=3, seconds=5))] == [
        "just now",
        "3\xa0minutes ago",
    ]

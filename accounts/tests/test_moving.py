"""A profile moves to an account of its own, what a profile does not see, and how it plays."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import events, models, services
from accounts.look import Look
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from accounts.types import Profile, ProfileMoved, ProfileNarrowed

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture(autouse=True)
def _a_site_that_is_set_up() -> None:
    make_operator("Olu")


def _again(profile: Profile) -> Profile:
    found = services.profile(profile.id)
    assert found is not None
    return found


def test_a_profile_moves_by_a_link_that_works_once(django_capture_on_commit_callbacks: Any) -> None:
    ida = make_profile("Ida")
    services.set_pin(profile_id=ida.id, pin="2580")
    services.block_title(profile_id=ida.id, title_id=uuid4())
    heard: list[ProfileMoved] = []
    events.profile_moved.connect(lambda event, **_: heard.append(event), weak=False, dispatch_uid="test")
    _transfer, secret = services.offer_profile(profile_id=ida.id)
    assert secret not in str(models.ProfileTransfer.objects.values().get())
    own = make_profile("Ida")  # her new account has a profile of that name already
    with django_capture_on_commit_callbacks(execute=True):
        moved = services.take_profile(secret=secret, user_id=own.user_id)
    events.profile_moved.disconnect(dispatch_uid="test")
    assert (moved.id, moved.user_id, moved.name) == (ida.id, own.user_id, "Ida 2")
    assert (moved.locked, moved.blocked) == (False, frozenset())
    assert heard == [ProfileMoved(ida.id, ida.user_id, own.user_id)]
    assert services.profiles(ida.user_id) == ()
    with pytest.raises(services.NotFound):
        services.take_profile(secret=secret, user_id=make_user().id)


def test_a_link_is_good_for_a_week_and_until_another_is_made() -> None:
    ida = make_profile("Ida")
    _first, old = services.offer_profile(profile_id=ida.id)
    _second, new = services.offer_profile(profile_id=ida.id)
    assert services.transfer_of(old) is None
    assert services.transfer_of(new) is not None
    assert services.transfer_of(new, now=timezone.now() + timedelta(days=8)) is None
    assert services.withdraw_offer(profile_id=ida.id)
    assert services.transfer_of(new) is None
    assert not services.withdraw_offer(profile_id=ida.id)


def test_a_profile_is_not_taken_where_it_may_not_go() -> None:
    ida = make_profile("Ida")
    kid = make_profile("Ben", user=services.user(ida.user_id), is_kid=True)
    with pytest.raises(services.InvalidField):
        services.offer_profile(profile_id=kid.id)
    _transfer, secret = services.offer_profile(profile_id=ida.id)
    with pytest.raises(services.InvalidField):
        services.take_profile(secret=secret, user_id=ida.user_id)
    full = make_user()
    for number in range(services.PROFILE_LIMIT):
        make_profile(f"P{number}", user=full)
    with pytest.raises(services.TooManyProfiles):
        services.take_profile(secret=secret, user_id=full.id)
    services.update_profile(profile_id=ida.id, is_kid=True)
    with pytest.raises(services.InvalidField):
        services.take_profile(secret=secret, user_id=make_user().id)
    assert _again(ida).user_id == ida.user_id


def test_the_whole_way_over_pages(settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    settings.SIGN_UP_OPEN = False
    ida = make_profile("Ida")
    owner = client_of(ida)
    with django_capture_on_commit_callbacks(execute=True):
        page = owner.post(f"/profiles/{ida.id}/move/", {"email": "ida@example.org"})
    address = page.context["address"]
    (letter,) = [each for each in mail.outbox if each.to == ["ida@example.org"]]
    assert address in letter.body
    path = address.removeprefix("http://testserver")
    assert (
        "already" in owner.get(path).content.decode() or "sign out first" in owner.get(path).content.decode()
    )
    newcomer = Client()
    assert newcomer.get("/accounts/signup/").context is not None
    assert "Ida" in newcomer.get(path).content.decode()
    made = newcomer.post(
        f"/accounts/signup/?next={path}", {"email": "ida@example.org", "password1": PASSWORD}
    )
    assert made.status_code == 302, "who was handed a profile may make an account where strangers may not"
    assert newcomer.post(path).status_code == 302
    account = models.User.objects.get(email="ida@example.org")
    assert _again(ida).user_id == account.id
    assert newcomer.get(path).status_code == 404
    assert owner.get("/api/v1/titles").status_code == 403, "here it is gone at once"


def test_moving_over_the_api_needs_a_recent_sign_in() -> None:
    ida = make_profile("Ida")
    path = f"/api/v1/profiles/{ida.id}/transfer"
    refused = client_of(ida, recent=False).post(path, {}, content_type=JSON)
    assert refused.json()["error"]["code"] == "recent_sign_in_required"
    made = client_of(ida).post(path, {}, content_type=JSON)
    assert made.status_code == 201
    assert made.json()["url"].endswith(f"/profiles/join/{made.json()['secret']}/")
    own = client_of(make_profile("Mine"))
    for _time, status in ((1, 201), (2, 404)):
        taken = own.post("/api/v1/profiles/transfer", {"secret": made.json()["secret"]}, content_type=JSON)
        assert taken.status_code == status


def test_letters_to_strangers_are_few(settings: Any) -> None:
    ida = make_profile("Ida")
    for number in range(5):
        services.offer_profile(profile_id=ida.id, email=f"friend{number}@example.org")
    with pytest.raises(services.InvalidField):
        services.offer_profile(profile_id=ida.id, email="one.more@example.org")
    services.offer_profile(profile_id=ida.id)


def test_blocking_is_told_and_is_bounded(django_capture_on_commit_callbacks: Any) -> None:
    ben = make_profile("Ben", is_kid=True)
    heard: list[ProfileNarrowed] = []
    events.profile_narrowed.connect(lambda event, **_: heard.append(event), weak=False, dispatch_uid="test")
    title = uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        services.block_title(profile_id=ben.id, title_id=title)
        services.block_title(profile_id=ben.id, title_id=title)
    assert heard == [ProfileNarrowed(ben.id)], "twice changes nothing"
    assert _again(ben).blocked == {title}
    with django_capture_on_commit_callbacks(execute=True):
        services.allow_title(profile_id=ben.id, title_id=title)
        services.update_profile(profile_id=ben.id, maturity=0)
    events.profile_narrowed.disconnect(dispatch_uid="test")
    assert len(heard) == 2, "a lower age is told, too; a title that is allowed again is not"
    models.Profile.objects.filter(id=ben.id).update(blocked=[str(uuid4()) for _ in range(models.BLOCKED_MAX)])
    with pytest.raises(services.InvalidField):
        services.block_title(profile_id=ben.id, title_id=title)


def test_how_a_profile_plays_is_kept_and_told_to_the_player() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    look = {"size": "large", "color": "yellow", "background": "solid", "edge": "outline", "font": "serif"}
    changed = client.patch(
        f"/api/v1/profiles/{ada.id}",
        {"autoplay_next": False, "previews": False, "data_saver": "on", "skips": "auto", "look": look},
        content_type=JSON,
    )
    assert changed.status_code == 200, changed.json()
    assert _again(ada).look == Look(**look)
    page = client.get("/my-list/").content.decode()
    assert "&quot;next&quot;:false,&quot;saver&quot;:&quot;on&quot;" in page
    assert "&quot;color&quot;:&quot;yellow&quot;" in page
    assert "&quot;previews&quot;:false" in page
    assert "&quot;skips&quot;:&quot;auto&quot;" in page
    for wrong in ({"look": {**look, "size": "enormous"}}, {"data_saver": "maybe"}, {"skips": "often"}):
        assert client.patch(f"/api/v1/profiles/{ada.id}", wrong, content_type=JSON).status_code == 400


def test_the_form_changes_how_a_profile_plays() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    form = client.get(f"/profiles/{ada.id}/edit/").context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in sent.items() if name != "is_kid"}
    client.post(
        f"/profiles/{ada.id}/edit/", {**sent, "look_size": "huge", "data_saver": "off", "plays": "on"}
    )
    assert (_again(ada).look.size, _again(ada).data_saver, _again(ada).autoplay_next) == ("huge", "off", True)
    del sent["autoplay_next"]
    client.post(f"/profiles/{ada.id}/edit/", {**sent, "plays": "on"})
    assert (_again(ada).autoplay_next, _again(ada).previews) == (False, True)
    del sent["previews"]
    client.post(f"/profiles/{ada.id}/edit/", {**sent, "plays": "on"})
    assert _again(ada).previews is False


def test_taking_on_the_page_needs_a_recent_sign_in_too() -> None:
    ida, oda = make_profile("Ida"), make_profile("Oda")
    _transfer, secret = services.offer_profile(profile_id=ida.id)
    address = f"/profiles/join/{secret}/"
    answer = client_of(oda, recent=False).post(address)
    assert answer.headers["Location"] == f"/accounts/prove/?{urlencode({'next': address})}"
    found = services.profile(ida.id)
    assert found is not None
    assert found.user_id == ida.user_id

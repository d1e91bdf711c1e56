"""Users, profiles and plans by their services."""

from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress

from accounts import events, models, services
from accounts.tests.factories import make_plan, make_profile, make_user
from accounts.types import ProfileDeleted

pytestmark = pytest.mark.django_db


def _operator(**changes: Any) -> Any:
    values = {"name": "Olu", "email": "olu@example.org", "password": "a long enough one", "language": "en"}
    return services.create_operator(**{**values, **changes})


def test_the_first_operator_can_run_the_site_and_has_a_profile() -> None:
    assert not services.operator_exists()
    olu = _operator(name="  Olu   Ade ")
    assert services.operator_exists()
    assert (olu.name, olu.email, olu.is_operator) == ("Olu Ade", "olu@example.org", True)
    row = models.User.objects.get(id=olu.id)
    assert row.is_superuser
    assert row.check_password("a long enough one")
    assert EmailAddress.objects.get(user=row).verified
    assert [profile.name for profile in services.profiles(olu.id)] == ["Olu Ade"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a<b>"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"email": "not an address"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_an_operator_needs_sound_values(changes: dict[str, str], field: str) -> None:
    with pytest.raises(services.InvalidField) as refusal:
        _operator(**changes)
    assert refusal.value.field == field
    assert refusal.value.message
    assert not services.operator_exists()


def test_names_and_addresses_are_taken_in_any_case() -> None:
    _operator()
    for changes, field in (
        ({"name": "OLU", "email": "other@example.org"}, "name"),
        ({"name": "Ada", "email": "OLU@example.org"}, "email"),
    ):
        with pytest.raises(services.InvalidField) as refusal:
            _operator(**changes)
        assert refusal.value.field == field


def test_an_operator_needs_no_address() -> None:
    olu = _operator(email="")
    assert olu.email == ""
    assert not EmailAddress.objects.exists()


def test_unknown_ids_have_no_user_and_no_profile() -> None:
    assert services.profile(uuid4()) is None
    for ask in (services.user, services.plan, services.delete_profile):
        with pytest.raises(services.NotFound):
            ask(uuid4())
    with pytest.raises(services.NotFound):
        services.update_profile(profile_id=uuid4(), name="Ada")
    with pytest.raises(services.NotFound):
        services.create_profile(user_id=uuid4(), name="Ada", avatar="ember", is_kid=False, language="en")


def test_a_new_profile_gets_the_age_of_its_sort() -> None:
    ada = make_user()
    assert make_profile("Ada", user=ada).maturity == 18
    assert make_profile("Ben", user=ada, is_kid=True).maturity == 7
    assert make_profile("Cleo", user=ada, is_kid=True, maturity=13).maturity == 13
    assert make_profile("Dan", user=ada, maturity=16).maturity == 16


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "ada"}, "name"),
        ({"avatar": "dragon"}, "avatar"),
        ({"maturity": 12}, "maturity"),
        ({"is_kid": True, "maturity": 16}, "maturity"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_a_profile_needs_sound_values(changes: dict[str, Any], field: str) -> None:
    user = make_user()
    make_profile("Ada", user=user)
    values = {"name": "Ben", "avatar": "dusk", "is_kid": False, "maturity": None, "language": "en", **changes}
    with pytest.raises(services.InvalidField) as refusal:
        services.create_profile(user_id=user.id, **values)
    assert refusal.value.field == field


def test_there_are_five_profiles_at_most() -> None:
    user = make_user()
    for _number in range(5):
        make_profile(user=user)
    with pytest.raises(services.TooManyProfiles, match="5 profiles"):
        make_profile(user=user)
    assert make_profile().user_id != user.id


def test_two_households_may_use_the_same_name() -> None:
    assert make_profile("Ada").name == make_profile("Ada").name


def test_there_are_several_users_once_two_have_profiles() -> None:
    assert not services.several_users()
    first = make_user("first")
    for name in ("Ada", "Ben"):
        make_profile(name, user=first)
    second = make_user("second")
    assert not services.several_users(), "who has no profile is shown nothing"
    make_profile(user=second)
    assert services.several_users()


def test_an_update_changes_what_is_given() -> None:
    ada = make_profile("Ada", maturity=16, avatar="rose", language="de")
    changed = services.update_profile(profile_id=ada.id, name=" Ada  L ")
    assert (changed.name, changed.maturity, changed.avatar, changed.language) == ("Ada L", 16, "rose", "de")
    assert services.profile(ada.id) == changed
    assert services.update_profile(profile_id=ada.id, name="ada l").name == "ada l", (
        "its own name is not taken"
    )


def test_a_change_to_kid_sets_the_age_anew() -> None:
    ada = make_profile(maturity=18)
    assert services.update_profile(profile_id=ada.id, is_kid=True).maturity == 7
    assert services.update_profile(profile_id=ada.id, is_kid=True, maturity=10).maturity == 10
    assert services.update_profile(profile_id=ada.id, is_kid=False).maturity == 18
    with pytest.raises(services.InvalidField):
        services.update_profile(profile_id=ada.id, is_kid=True, maturity=18)


def test_a_deleted_profile_is_news(django_capture_on_commit_callbacks: Any) -> None:
    ada = make_profile()
    heard: list[ProfileDeleted] = []

    def hear(*, event: ProfileDeleted, **_kwargs: object) -> None:
        heard.append(event)

    events.profile_deleted.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.delete_profile(ada.id)
    finally:
        events.profile_deleted.disconnect(hear)
    assert heard == [ProfileDeleted(profile_id=ada.id)]
    assert services.profile(ada.id) is None


def test_everybody_has_the_default_plan_until_another_is_given() -> None:
    user = make_user()
    assert (services.plan(user.id).name, services.plan(user.id).streams) == ("Default", 2)
    make_plan("Family", streams=4, max_height=1080, user=user)
    plan = services.plan(user.id)
    assert (plan.name, plan.streams, plan.max_height) == ("Family", 4, 1080)


def test_a_site_without_plans_still_has_the_default() -> None:
    user = make_user()
    models.Plan.objects.all().delete()
    assert services.plan(user.id).streams == 2
    assert models.Plan.objects.get().is_default


def test_only_one_of_two_first_runs_makes_an_operator() -> None:
    values = {"email": "", "password": "a long enough one", "language": "en"}
    services.create_first_operator(name="Olu", **values)
    with pytest.raises(services.AlreadyRun):
        services.create_first_operator(name="Eve", **values)
    assert list(models.User.objects.values_list("name", flat=True)) == ["Olu"]

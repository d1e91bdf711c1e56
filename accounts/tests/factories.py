"""People for tests. Every test of every app may use these; no test makes rows of accounts by hand."""

import time
from itertools import count
from uuid import UUID

from django.test import Client

from accounts import doors, models, services
from accounts.types import Profile, User

#: The password of everybody made here.
PASSWORD = "correct horse battery"
_number = count(1)


def make_user(name: str = "", *, email: str = "", is_operator: bool = False) -> User:
    """Somebody who can sign in, without a profile yet."""
    number = next(_number)
    row = models.User.objects.create_user(
        username=name or f"user{number}",
        email=email or f"user{number}@example.org",
        password=PASSWORD,
        name=name or f"User {number}",
        is_staff=is_operator,
        is_superuser=is_operator,
    )
    return services.user(row.id)


def make_operator(name: str = "") -> User:
    """Somebody who runs the site."""
    return make_user(name, is_operator=True)


def make_profile(
    name: str = "",
    *,
    user: User | None = None,
    is_kid: bool = False,
    maturity: int | None = None,
    avatar: str = "ember",
    language: str = "en",
) -> Profile:
    """A profile, of a new user unless one is given."""
    owner = user or make_user()
    return services.create_profile(
        user_id=owner.id,
        name=name or f"Profile {next(_number)}",
        avatar=avatar,
        is_kid=is_kid,
        maturity=maturity,
        language=language,
    )


def client_of(who: Profile | User, *, csrf_checks: bool = False, recent: bool = True) -> Client:
    """A browser where this profile's user is signed in and the profile is chosen; of a user: none chosen yet.

    `recent`: the password was given a moment ago, so `doors.recent_sign_in_required` lets it pass.
    """
    user_id: UUID = who.user_id if isinstance(who, Profile) else who.id
    client = Client(enforce_csrf_checks=csrf_checks)
    client.force_login(
        models.User.objects.get(id=user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    session = client.session
    if recent:
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session["account_authentication_methods_user"] = str(user_id)
    if isinstance(who, Profile):
        session[doors.SESSION_KEY] = str(who.id)
    session.save()
    return client


def make_plan(
    name: str = "", *, streams: int = 2, max_height: int | None = None, user: User | None = None
) -> UUID:
    """A plan; given a user, the plan becomes that user's. Returns its id."""
    row = models.Plan.objects.create(
        name=name or f"Plan {next(_number)}", streams=streams, max_height=max_height
    )
    if user is not None:
        models.User.objects.filter(id=user.id).update(plan=row)
    return row.id


def change_default_plan(**what: object) -> None:
    """The plan of everybody who was given no other, with these fields changed.

    A test before this one may have emptied the tables; then the plan of a fresh installation is not there.
    """
    models.Plan.objects.get_or_create(is_default=True, defaults={"name": "Default"})
    models.Plan.objects.filter(is_default=True).update(**what)

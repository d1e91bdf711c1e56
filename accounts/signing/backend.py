"""Name or address and password: one account is looked at, one hash made, whether or not there is such an account."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


class HouseBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth carries no types
    """Signs in by e-mail address, else by name.

    Several backends after one another each hash the password, and more often for a known address than for an unknown
    one: the difference, some tens of milliseconds, tells a stranger who has an account. This one answers alone.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """The user whose password it is; None where no password was given. Raises PermissionDenied for a wrong one."""
        password = credentials.get("password")
        if not password:
            return None
        user = find(str(credentials.get("email") or ""), str(credentials.get("username") or ""))
        if user is None:
            self._mitigate_timing_attack(password)
        elif user.check_password(password):
            if self.user_can_authenticate(user):
                return user
            self._stash_user(user)  # allauth's page for accounts that are switched off
        raise PermissionDenied


def find(email: str, username: str) -> User | None:
    """The account that somebody means who typed this: by e-mail address, else by name. '' for what was not given."""
    for address in filter(None, (email, username if "@" in username else "")):
        users = filter_users_by_email(address, prefer_verified=True, for_login=True)
        if users:
            found: User = users[0]
            return found
    named: User | None = get_user_by_username(username) if username else None
    return named

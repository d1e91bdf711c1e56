"""How allauth makes users here."""

from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language_from_request

from accounts import services
from accounts.models import User


@dataclass(frozen=True, slots=True)
class _House:
    """What allauth's mails call the site: as settings name it, not as the host in the address."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Obeys SIGN_UP_OPEN, gives each new user a first profile, and signs mails with the site's own name."""

    def format_email_subject(self, subject: str) -> str:
        """The subject with the site's name in front."""
        return f"[{settings.SITE_NAME}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of allauth's mails."""
        house = _House(settings.SITE_NAME, settings.SITE_URL)
        super().send_mail(template_prefix, email, {**context, "current_site": house})

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether strangers may sign up by themselves."""
        return bool(settings.SIGN_UP_OPEN)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store the new user, named after the part of the address before the @, and a profile of that name."""
        user = super().save_user(request, user, form, commit=False)
        user.name = user.name or user.email.partition("@")[0][:80]
        if commit:
            with transaction.atomic():
                user.save()
                services.create_first_profile(
                    user_id=user.id, name=user.name, language=get_language_from_request(request)
                )
        return user

"""How allauth makes users here, what it asks of them, and how its mails look."""

import logging
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext_lazy as _

from accounts import letters, services
from accounts.devices import binding
from accounts.models import User
from accounts.signing import recency
from accounts.signing.backend import find
from netflixlite import addresses

log = logging.getLogger("accounts")


@dataclass(frozen=True, slots=True)
class _House:
    """What allauth's mails call the site: as settings name it, not as the host in the address."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Obeys SIGN_UP_OPEN, gives each new user a first profile, and sends mails as the house's letters."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This address and this password do not belong together."),
        "username_password_mismatch": _("This name and this password do not belong together."),
        "incorrect_password": _("That is not the password."),
        "incorrect_code": _("That is not the code, or it was used already."),
        "too_many_login_attempts": _(
            "Too many wrong tries. Wait ten minutes, or sign in with a passkey: that always works."
        ),
        "rate_limited": _("Too many requests. Wait a moment, then try again."),
    }

    def format_email_subject(self, subject: str) -> str:
        """The subject with the site's name in front."""
        return letters.subject(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of allauth's mails."""
        house = _House(settings.SITE_NAME, settings.SITE_URL)
        known = {"request": self.request, "email": email, "current_site": house}
        self.render_mail(template_prefix, email, {**known, **context}).send()

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Say that something was changed. It was, also when the relay is away: that must not fail the change."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except OSError:  # smtplib's errors are some of these
            log.exception("A mail about a change of an account could not be sent.")

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """One of allauth's mails as a letter: text, and the same in the house's look."""
        to = [email] if isinstance(email, str) else email
        return letters.letter(template_prefix, to=to, context=context, headers=headers)

    def should_send_confirmation_mail(self, request: HttpRequest, email_address: Any, signup: bool) -> bool:
        """Nobody is asked to answer a mail that never leaves this machine."""
        return bool(settings.MAIL_RELAY)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether strangers may sign up by themselves."""
        if settings.SIGN_UP_OPEN:
            return True
        # Who was handed a profile may make an account for it, also where strangers may not.
        return services.transfer_of(request.session.get("joining", "")) is not None

    def is_reauthentication_required(self, *, app: str, **_kwargs: Any) -> bool:
        """A proof of the last ten minutes is enough; so is signing in itself."""
        return not recency.is_recent(self.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Not the password where there is a second factor that this session never gave: a television that a code let
        in would need nothing else to take the factor away.
        """
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        by_factor = [way for way in ways if way["id"].startswith("mfa_")]
        return by_factor if by_factor and not recency.had_factor(self.request) else ways

    def get_client_ip(self, request: HttpRequest) -> str:
        """The visitor's address, by the house's one rule on proxies."""
        return addresses.of(request.META) or "0.0.0.0"  # noqa: S104 (what is written down where there is none)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What wrong passwords are counted for: the account, by whichever of its names and at whichever of our host
        names it is tried, and apart from that each browser that its owner has used.

        So a stranger who fails on purpose keeps the owner out nowhere but on devices that are new (OWASP: device
        cookies). A browser that is known has its own count, as small as any.
        """
        email, username = str(credentials.get("email") or ""), str(credentials.get("username") or "")
        user = find(email, username)
        if user is None:
            return f"login:{(email or username).lower()}"
        device_id = binding.known_device(request, user.username)
        return f"user:{user.pk}:{device_id or ''}"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the account, not to the empty form."""
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """Who is signed in goes back to the addresses."""
        if self.request.user.is_authenticated:
            return reverse("account_email")
        return reverse("account_login")

    def post_login(self, request: HttpRequest, user: User, *, signup: bool, **more: Any) -> HttpResponse:
        """Who has just signed up with a password has just given it."""
        if signup and user.has_usable_password():
            recency.note(request, "password")
        response: HttpResponse = super().post_login(request, user, signup=signup, **more)
        return response

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

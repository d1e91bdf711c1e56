"""Second factors: how their secrets are kept, what passkeys are bound to, and who has one."""

import base64
import hashlib
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_SEALED = "sealed:"
#: What counts as a second factor. Recovery codes only stand in for one.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth carries no types
    """Seals secrets before they reach the database, and names things as the house does."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("That is not the code, or it was used already."),
        "cannot_generate_recovery_codes": gettext_lazy("Set up a second step or a passkey first."),
    }

    def encrypt(self, text: str) -> str:
        """A secret as the database may see it: a copy of the database alone opens nobody's second step."""
        return _SEALED + _box().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again; older secret keys of SECRET_KEY_FALLBACKS still open it."""
        if not encrypted_text.startswith(_SEALED):
            return encrypted_text
        try:
            return _box().decrypt(encrypted_text.removeprefix(_SEALED)).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A second factor was sealed with a secret key that is not known any more: put the old one into "
                "NETFLIXLITE_SECRET_KEY_FALLBACKS."
            ) from error

    def build_totp_svg(self, url: str) -> str:
        """The QR code for an authenticator app, black on white."""
        return qr(url)

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        """What a new passkey is called until its owner says otherwise."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1} if count else _("My passkey")

    def _get_site_name(self) -> str:
        return str(settings.SITE_NAME)


def qr(text: str) -> str:
    """A QR code as an SVG document, dark on white with its quiet zone, medium error correction."""
    code = segno.make(text, error="m", micro=False)
    svg = code.svg_inline(border=3, light="#fff", dark="#0b0911", omitsize=True)
    return str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def qr_address(text: str) -> str:
    """The same as a data: address, for an `img`."""
    return "data:image/svg+xml;base64," + base64.b64encode(qr(text).encode()).decode("ascii")


def has_factor(user_id: UUID) -> bool:
    """Whether this user signs in with a second step, or with a passkey."""
    return bool(Authenticator.objects.filter(user_id=user_id, type__in=FACTORS).exists())


@dataclass(frozen=True, slots=True)
class Ways:
    """How an account signs in."""

    passkeys: int
    totp: bool


def ways(user_id: UUID) -> Ways:
    """What the account page says of signing in."""
    types = list(Authenticator.objects.filter(user_id=user_id).values_list("type", flat=True))
    return Ways(
        passkeys=types.count(Authenticator.Type.WEBAUTHN),
        totp=Authenticator.Type.TOTP in types,
    )


def passkeys_possible(request: HttpRequest) -> bool:
    """Whether browsers let this address have passkeys: a name (no number), over https, or this very machine.

    Source: Web Authentication Level 3, §5.1.3 (the effective domain must be a valid domain) and secure contexts.
    """
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return request.is_secure() or host == "localhost" or host.endswith(".localhost")
    return False


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(key))) for key in keys])


def _key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"nl-factors").digest()

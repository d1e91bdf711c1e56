"""allauth's forms for second factors, made stricter where the house is."""

import hashlib
from typing import TYPE_CHECKING, Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

#: A code is taken at three steps of 30 s (now, one earlier, one later): it stays used for longer than all of them.
_USED_SECONDS = 180
_LONGEST_NAME = 60

if TYPE_CHECKING:
    _Mixin = forms.Form
else:
    _Mixin = object


class _CodeOnce(_Mixin):
    """A code opens once (RFC 6238 §5.2), over the whole time in which it would be right."""

    user: Any

    def clean_code(self) -> str:
        """The code, if it is right and was not used before."""
        code = super().clean_code()  # type: ignore[misc]
        digest = hashlib.sha256("".join(code.split()).lower().encode()).hexdigest()[:32]
        if not cache.add(f"signing:used:{self.user.pk}:{digest}", 1, _USED_SECONDS):
            raise get_adapter().validation_error("incorrect_code")
        return str(code)


class AuthenticateForm(_CodeOnce, AllauthAuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class ReauthenticateForm(_CodeOnce, AllauthReauthenticateForm):  # type: ignore[misc]
    """Proving once more that it is you, by a code."""


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Add a passkey: always one that can sign in alone, so the device itself asks who holds it."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=_LONGEST_NAME,
        help_text=_("So that you know it again: the telephone, the key on the key ring."),
    )
    passwordless = None

    def clean(self) -> dict[str, Any]:
        """The binding is checked as one that identifies its holder."""
        self.cleaned_data["passwordless"] = True
        data: dict[str, Any] = super().clean()
        return data


class NamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    """Give a passkey another name."""

    name = forms.CharField(label=_("Name"), max_length=_LONGEST_NAME)

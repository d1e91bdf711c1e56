"""allauth's forms in the house's words: each field is named by its label, and says nothing else inside."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext_lazy as _


class _Plain:
    """A form whose placeholders, which repeat the labels in other words, are left out."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name == "email":
                field.label = _("E-mail")


class SignIn(_Plain, forms.LoginForm):  # type: ignore[misc]
    """Name or address, and password."""


class SignUp(_Plain, forms.SignupForm):  # type: ignore[misc]
    """Address and password."""


class AddAddress(_Plain, forms.AddEmailForm):  # type: ignore[misc]
    """Another e-mail address."""


class ChangePassword(_Plain, forms.ChangePasswordForm):  # type: ignore[misc]
    """The password of before, and the new one twice."""


class SetPassword(_Plain, forms.SetPasswordForm):  # type: ignore[misc]
    """A first password, twice."""


class Reset(_Plain, forms.ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""


class NewPassword(_Plain, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The password after a reset, twice."""


class ProveByPassword(_Plain, forms.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before a change."""

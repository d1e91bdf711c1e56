"""Forms of the accounts pages. allauth's own forms serve signing in, signing up and passwords."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import maturity, services


class ProfileForm(forms.Form):
    """Add or edit a profile. Field names are those of `services.create_profile`."""

    name = forms.CharField(label=_("Name"), max_length=40)
    avatar = forms.ChoiceField(
        label=_("Picture"),
        choices=[(key, key.title()) for key in services.AVATARS],
        widget=forms.RadioSelect,
    )
    is_kid = forms.BooleanField(
        label=_("Kids profile"), required=False, help_text=_("Shows only what suits the age below.")
    )
    maturity = forms.TypedChoiceField(
        label=_("Shows titles up to age"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("As usual")), *((age, str(age)) for age in maturity.AGES)],
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    def clean(self) -> dict[str, Any]:
        """Refuse an age that a kids profile may not have, at the field."""
        data = super().clean() or {}
        age = data.get("maturity")
        if data.get("is_kid") and age is not None and age not in maturity.ages_for(is_kid=True):
            self.add_error("maturity", services.kid_age_refusal())
        return data

    def refuse(self, error: services.InvalidField) -> None:
        """Show what the service said no to, at its field where there is one."""
        self.add_error(error.field if error.field in self.fields else None, error.message)

"""Forms of the accounts pages. allauth's own forms serve signing in, signing up and passwords."""

from dataclasses import fields
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import maturity, pins, services
from accounts.look import Look
from accounts.types import Profile

#: What each age means, for who chooses one.
AGE_WORDS = {
    0: (_("Everyone"), _("Nothing that frightens. For the smallest, too.")),
    7: (_("Up to 7"), _("Gentle adventures, with a scare that is soon over.")),
    10: (_("Up to 10"), _("Suspense, a rough word, harmless fights.")),
    13: (_("Up to 13"), _("Fights without much blood, first love, real suspense.")),
    16: (_("Up to 16"), _("Violence, drugs, sex that is spoken of or shown briefly.")),
    18: (_("Everything"), _("All that there is here.")),
}
_LOOK_WORDS = {
    "small": _("Small"),
    "medium": _("Medium"),
    "large": _("Large"),
    "huge": _("Very large"),
    "white": _("White"),
    "yellow": _("Yellow"),
    "cyan": _("Cyan"),
    "green": _("Green"),
    "grey": _("Grey"),
    "none": _("None"),
    "soft": _("Soft"),
    "solid": _("Solid"),
    "window": _("Wide bar"),
    "shadow": _("Shadow"),
    "outline": _("Outline"),
    "raised": _("Raised"),
    "sans": _("Plain"),
    "serif": _("Book"),
    "mono": _("Typewriter"),
    "round": _("Rounded"),
    "caps": _("Small capitals"),
    "bottom": _("At the bottom"),
    "top": _("At the top"),
}


def _looks(name: str) -> list[tuple[str, Any]]:
    words = {**_LOOK_WORDS, "raised": _("A little higher")} if name == "position" else _LOOK_WORDS
    return [(key, words[key]) for key in services.LOOKS[name]]


class ProfileForm(forms.Form):
    """Add or edit a profile. Field names are those of `services.create_profile`."""

    name = forms.CharField(label=_("Name"), max_length=40)
    avatar = forms.ChoiceField(
        label=_("Picture"),
        choices=[(key, key.title()) for key in services.AVATARS],
        widget=forms.RadioSelect,
    )
    is_kid = forms.BooleanField(
        label=_("Kids profile"),
        required=False,
        help_text=_("A brighter room of its own, with nothing above the age below and no account pages."),
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

    def ages(self) -> list[dict[str, Any]]:
        """The choice of ages as the template draws it: with words, and whether a kids profile may have it."""
        chosen = self["maturity"].value()
        return [
            {
                "age": age,
                "name": AGE_WORDS[age][0],
                "words": AGE_WORDS[age][1],
                "for_kids": age <= maturity.KID_MAXIMUM,
                "chosen": str(chosen) == str(age),
            }
            for age in maturity.AGES
        ]

    def changes(self) -> dict[str, Any]:
        """What the service takes."""
        return dict(self.cleaned_data)

    def ages_given(self) -> dict[str, Any]:
        """Of that, what says how much the profile may see."""
        return {name: self.cleaned_data[name] for name in ("is_kid", "maturity")}


class EditProfileForm(ProfileForm):
    """Edit a profile: also how it plays. Of these, what a client leaves out stays as it was."""

    autoplay_next = forms.BooleanField(
        label=_("Play the next episode"), required=False, help_text=_("By itself, when one is over.")
    )
    previews = forms.BooleanField(
        label=_("Previews"), required=False, help_text=_("Moving pictures on pages, without sound.")
    )
    data_saver = forms.ChoiceField(
        label=_("Data saver"),
        required=False,
        choices=[("", _("As the browser says")), ("on", _("On")), ("off", _("Off"))],
        help_text=_("A smaller picture: about half a gigabyte an hour."),
    )
    skips = forms.ChoiceField(
        label=_("Openings, recaps and credits"),
        required=False,
        choices=[
            ("ask", _("Show a button to skip them")),
            ("auto", _("Skip them by itself")),
            ("never", _("Play them, without a button")),
        ],
    )
    look_size = forms.ChoiceField(label=_("Size"), required=False, choices=_looks("size"))
    look_color = forms.ChoiceField(label=_("Colour"), required=False, choices=_looks("color"))
    look_background = forms.ChoiceField(label=_("Background"), required=False, choices=_looks("background"))
    look_edge = forms.ChoiceField(label=_("Edge"), required=False, choices=_looks("edge"))
    look_font = forms.ChoiceField(label=_("Type"), required=False, choices=_looks("font"))
    look_position = forms.ChoiceField(label=_("Position"), required=False, choices=_looks("position"))
    #: A checkbox that is off and one that was not on the page look the same: this field tells them apart.
    plays = forms.BooleanField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, profile: Profile, data: Any) -> "EditProfileForm":
        """The form as the profile is now, with what was sent, if anything was."""
        initial = {
            "name": profile.name,
            "avatar": profile.avatar,
            "is_kid": profile.is_kid,
            "maturity": profile.maturity,
            "language": profile.language,
            "autoplay_next": profile.autoplay_next,
            "previews": profile.previews,
            "data_saver": profile.data_saver,
            "skips": profile.skips,
            "plays": True,
            **{f"look_{field.name}": getattr(profile.look, field.name) for field in fields(Look)},
        }
        return cls(data, initial=initial)

    @property
    def looks(self) -> list[forms.BoundField]:
        """The fields of the subtitles' look."""
        return [self[f"look_{field.name}"] for field in fields(Look)]

    def changes(self) -> dict[str, Any]:
        """What the service takes."""
        data = dict(self.cleaned_data)
        names = [field.name for field in fields(Look)]
        look = {name: data.pop(f"look_{name}") or self.initial.get(f"look_{name}", "") for name in names}
        if not data.pop("plays"):
            data["autoplay_next"] = data["previews"] = data["data_saver"] = None
        data["skips"] = data["skips"] or None
        return {**data, "look": Look(**look) if all(look.values()) else None}


class PinForm(forms.Form):
    """A PIN to try."""

    pin = forms.CharField(
        label=_("PIN"),
        max_length=pins.LONGEST,
        strip=True,
        widget=forms.PasswordInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "pattern": "[0-9]*"}
        ),
    )


class NewPinForm(forms.Form):
    """A PIN to set, twice: nobody sees what is typed."""

    pin = forms.RegexField(
        rf"^[0-9]{{{pins.SHORTEST},{pins.LONGEST}}}\Z",
        label=_("New PIN"),
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 8}),
        help_text=_("Four to eight digits; not 1234, not 0000."),
        error_messages={"invalid": _("A PIN has four to eight digits.")},
    )
    again = forms.CharField(
        label=_("Once more"),
        max_length=pins.LONGEST,
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 8}),
    )

    def clean(self) -> dict[str, Any]:
        """Both have to be the same."""
        data = super().clean() or {}
        if data.get("pin") and data.get("again") and data["pin"] != data["again"]:
            self.add_error("again", _("These two are not the same."))
        return data

    def refuse(self, error: services.InvalidField) -> None:
        """Show what the service said no to."""
        self.add_error("pin", error.message)


class TransferForm(forms.Form):
    """To whom the link goes."""

    email = forms.EmailField(
        label=_("Send the link to"),
        required=False,
        help_text=_("Or leave this empty, and hand the link over yourself."),
    )

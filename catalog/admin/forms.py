"""Forms of the studio: rows with pictures chosen from files."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from catalog import artwork
from catalog.admin.bases import EpisodeModelForm, PersonModelForm, TitleModelForm
from catalog.models import Episode, Person, Title

PICTURES = "image/jpeg,image/png,image/webp,image/avif"


class PictureField(forms.FileField):
    """A picture file. Cleaning gives its bytes, checked to be a picture that can be drawn, or None."""

    def __init__(self, *, kind: str, label: Any, help_text: Any) -> None:
        super().__init__(
            required=False,
            label=label,
            help_text=help_text,
            widget=forms.FileInput(attrs={"accept": PICTURES}),
        )
        self.kind = kind

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The bytes of a picture that can be used."""
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        if (file.size or 0) > artwork.BYTES_MAX:
            raise ValidationError(_("The picture is larger than 25 MB. Save it smaller and try again."))
        content = file.read()
        try:
            artwork.draw(content, kind=self.kind)
        except artwork.BadImage as error:
            raise ValidationError(str(error)) from error
        return content


class TitleForm(TitleModelForm):
    """A title, its poster and its backdrop."""

    poster_file = PictureField(
        kind="poster",
        label=_("Poster"),
        help_text=_("Upright, 2:3, at least 720 pixels wide. Left empty, one is taken from the film."),
    )
    backdrop_file = PictureField(
        kind="backdrop",
        label=_("Backdrop"),
        help_text=_("Wide, 16:9, at least 1920 pixels wide. Left empty, one is taken from the film."),
    )

    class Meta:
        model = Title
        fields = [
            "name",
            "kind",
            "slug",
            "tagline",
            "synopsis",
            "year",
            "maturity",
            "genres",
            "credit",
            "accent",
            "encrypted",
            "available_from",
            "available_until",
        ]
        widgets = {
            "synopsis": forms.Textarea(attrs={"rows": 4, "cols": 80}),
            "genres": forms.CheckboxSelectMultiple,
        }

    def clean_accent(self) -> str:
        """A colour like #d8f34e, or nothing."""
        text = str(self.cleaned_data.get("accent") or "").strip().lower()
        if text and not (
            len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdef" for c in text[1:])
        ):
            raise ValidationError(
                _("Write a colour like #d8f34e, or leave it empty to take it from the pictures.")
            )
        return text


class PersonForm(PersonModelForm):
    """Somebody, and their portrait."""

    portrait_file = PictureField(
        kind="portrait",
        label=_("Portrait"),
        help_text=_("The face in the upper middle, at least 480 pixels wide. It is shown in a circle."),
    )

    class Meta:
        model = Person
        fields = ["name", "note", "slug", "tmdb_id"]


class EpisodeForm(EpisodeModelForm):
    """An episode and its still."""

    still_file = PictureField(
        kind="still",
        label=_("Still"),
        help_text=_("Wide, 16:9, at least 960 pixels wide. Left empty, one is taken from the episode."),
    )

    class Meta:
        model = Episode
        fields = ["season", "number", "name", "synopsis"]
        widgets = {"synopsis": forms.Textarea(attrs={"rows": 4, "cols": 80})}

"""Texts in other languages, beside what they are texts of."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from catalog.admin.bases import AnyTable
from catalog.models import EpisodeText, GenreText, SeasonText, TitleText


def _other_languages() -> list[tuple[str, str]]:
    """All but the one that the rows themselves are in."""
    own = settings.LANGUAGE_CODE.partition("-")[0]
    return [(tag, name) for tag, name in settings.LANGUAGES if tag.partition("-")[0] != own]


class TextForm(forms.ModelForm):  # type: ignore[type-arg]
    """One language's texts; a language that the pages do not have stays what it is."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choices = _other_languages()
        if self.instance.language and self.instance.language not in dict(choices):
            choices.append((self.instance.language, self.instance.language))
        self.fields["language"] = forms.ChoiceField(label=_("Language"), choices=choices)


class _Texts(AnyTable):
    """As many as there are languages, each once. An empty field is said in the next language that has it."""

    form = TextForm
    extra = 0
    classes = ["collapse"]
    ordering = ["language"]


class TitleTextInline(_Texts):
    """Of a title."""

    model = TitleText
    fields = ["language", "name", "tagline", "synopsis"]


class SeasonTextInline(_Texts):
    """Of a season."""

    model = SeasonText
    fields = ["language", "name"]


class EpisodeTextInline(_Texts):
    """Of an episode."""

    model = EpisodeText
    fields = ["language", "name", "synopsis"]


class GenreTextInline(_Texts):
    """Of a genre."""

    model = GenreText
    fields = ["language", "name"]

"""The catalogue's words in other languages than its own: rows, and who is shown which.

A title's own row holds its texts in the installation's language (NETFLIXLITE_LANGUAGE). Other languages stand in rows
of their own, and may leave fields empty: then the next language of the chain says them, and the title's own row last.
"""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Prefetch
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    AnyPrefetch = Prefetch[Any]
else:
    AnyPrefetch = Prefetch

#: Django's names of languages: "de", "pt-br".
_TAG = RegexValidator(r"\A[a-z]{2,3}(-[a-z0-9]{2,8})*\Z", _("Write a language like de or pt-br."))


class Text(models.Model):
    """Words of one language about something."""

    language = models.CharField(_("language"), max_length=16, validators=[_TAG])
    #: What machines (NFO, TMDB) wrote last, by field: a value that differs from it is a person's.
    written = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.language


class TitleText(Text):
    """A title's texts in one language. An empty field is said in the next language that has it."""

    title = models.ForeignKey("Title", on_delete=models.CASCADE, related_name="texts")
    name = models.CharField(_("name"), max_length=200, blank=True)
    tagline = models.CharField(_("tagline"), max_length=200, blank=True)
    synopsis = models.TextField(_("synopsis"), blank=True)

    class Meta:
        ordering = ["language"]
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")
        constraints = [models.UniqueConstraint(fields=["title", "language"], name="title_text_once")]


class SeasonText(Text):
    """A season's name in one language."""

    season = models.ForeignKey("Season", on_delete=models.CASCADE, related_name="texts")
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        ordering = ["language"]
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")
        constraints = [models.UniqueConstraint(fields=["season", "language"], name="season_text_once")]


class EpisodeText(Text):
    """An episode's texts in one language."""

    episode = models.ForeignKey("Episode", on_delete=models.CASCADE, related_name="texts")
    name = models.CharField(_("name"), max_length=200, blank=True)
    synopsis = models.TextField(_("synopsis"), blank=True)

    class Meta:
        ordering = ["language"]
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")
        constraints = [models.UniqueConstraint(fields=["episode", "language"], name="episode_text_once")]


class GenreText(Text):
    """A genre's name in one language."""

    genre = models.ForeignKey("Genre", on_delete=models.CASCADE, related_name="texts")
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        ordering = ["language"]
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")
        constraints = [models.UniqueConstraint(fields=["genre", "language"], name="genre_text_once")]


def chain(language: str | None = None) -> tuple[str, ...]:
    """Where texts for a viewer are looked for, best first, before the row's own; () when those are the best.

    Without `language` the one that is spoken now. "pt-br" asks ("pt-br", "pt").
    """
    spoken = (language or get_language() or "").lower()
    own = settings.LANGUAGE_CODE.lower()
    if not spoken or spoken == own:
        return ()
    base = spoken.partition("-")[0]
    # The base of the catalogue's own language is what its rows are in.
    return tuple(dict.fromkeys(tag for tag in (spoken, base) if tag != own.partition("-")[0]))


def in_chain(model: type[Text], path: str = "texts") -> tuple[AnyPrefetch, ...]:
    """For `prefetch_related`: the rows' texts that `said` looks at; nothing, and no query, when none are asked for."""
    languages = chain()
    if not languages:
        return ()
    rows = model._default_manager.filter(language__in=languages)
    return (Prefetch(path, queryset=rows, to_attr="spoken_texts"),)


def said(row: Any, field: str) -> str:
    """What a row says in the viewer's language: the first in the chain that says it, else the row itself.

    The row comes with `in_chain`; without, it speaks for itself.
    """
    texts: list[Any] = getattr(row, "spoken_texts", [])
    if texts:
        by_language = {text.language: getattr(text, field) for text in texts}
        for language in chain():
            if value := by_language.get(language):
                return str(value)
    return str(getattr(row, field))


def season_name(row: Any) -> str:
    """A season's name in the viewer's language, or its number in words."""
    return said(row, "name") or gettext("Season %(number)s") % {"number": row.number}

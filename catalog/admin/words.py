"""The studio's part for sound and subtitles: what a video has, uploads, and picture subtitles."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import annotations, services, store, types
from catalog.admin.details import Action, Place, Trouble
from catalog.media import languages, sound, text
from catalog.media.facts import Facts, Words
from catalog.models import Source, TextTrack
from catalog.services import ingesting

_PURPOSES = {
    "subtitles": gettext_lazy("usual"),
    "sdh": gettext_lazy("for the deaf and hard of hearing"),
    "forced": gettext_lazy("forced: foreign passages only"),
}
#: What people call the picture subtitles of discs and broadcasts.
_DISCS = {
    "hdmv_pgs_subtitle": "Blu-ray (PGS)",
    "dvd_subtitle": "DVD (VobSub)",
    "dvb_subtitle": "DVB",
    "xsub": "DivX (XSUB)",
}


class TextForm(forms.Form):
    """A subtitle file and what it is."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".srt,.vtt,.ass,.ssa,text/vtt"}),
        help_text=gettext_lazy("SRT, VTT or ASS, in any charset, at most 5 MB."),
    )
    language = forms.CharField(
        label=gettext_lazy("Language"),
        max_length=35,
        widget=forms.TextInput(
            attrs={"list": "nl-languages", "placeholder": "en, pt-BR …", "autocomplete": "off"}
        ),
    )
    purpose = forms.ChoiceField(label=gettext_lazy("For"), choices=list(_PURPOSES.items()))
    label = forms.CharField(
        label=gettext_lazy("Name in menus"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("the language's own")}),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A text track as the page lists it. `track` is an uploaded one's id; `joining`: not in the package yet."""

    language: str
    label: str
    purpose: str
    purpose_name: str
    track: UUID | None
    rendition: str
    joining: bool


def context(where: Place) -> dict[str, Any]:
    """What the part's template needs."""
    renditions = where.package.renditions if where.package else ()
    sounds = [one for one in renditions if one.kind is types.RenditionKind.AUDIO]
    lines = _lines(where)
    return {
        "sounds": [
            (one, languages.name(one.language), _channels(one.channels), _loudness(where, one))
            for one in sounds
        ],
        "texts": lines,
        "texts_waiting": any(line.joining for line in lines),
        "text_form": TextForm(auto_id="id_text_%s"),
        "languages": languages.known(),
        "picture_words": [
            (one, languages.name(one.language), _DISCS.get(one.codec, one.codec)) for one in _burnable(where)
        ],
        "burned": _options(where).burn,
    }


def _lines(where: Place) -> list[Line]:
    """Uploaded tracks, then the film's own."""
    inside = (
        [one for one in where.package.renditions if one.kind is types.RenditionKind.TEXT]
        if where.package
        else []
    )
    packaged = [(one.language, one.label, one.sha256) for one in inside if one.uploaded]
    found: list[Line] = []
    for row in TextTrack.objects.filter(video=where.video):
        made = text.track(row.webvtt, row.language, label=row.label, purpose=row.purpose)
        told = {(language, label) for language, label, _digest in packaged}
        found.append(
            Line(
                language=languages.name(row.language),
                label=made.label,
                purpose=row.purpose,
                purpose_name=str(_PURPOSES.get(row.purpose, row.purpose)),
                track=row.id,
                rendition="",
                joining=where.package is not None and (made.language, made.label) not in told,
            )
        )
    for one in inside:
        if not one.uploaded:
            purpose = "forced" if one.forced else "sdh" if one.hearing_impaired else "subtitles"
            found.append(
                Line(
                    languages.name(one.language),
                    one.label,
                    purpose,
                    str(_PURPOSES[purpose]),
                    None,
                    one.name,
                    False,
                )
            )
    return found


def _loudness(where: Place, rendition: types.Rendition) -> str:
    """'-21.4 LUFS, made 3.4 dB louder', as it was when the film was encoded; '' when nobody knows."""
    source = _source(where)
    told = annotations.loudness(source.facts) if source else {}
    if source is None or not told:
        return ""
    try:
        made = sound.wanted(Facts.load(source.facts))
    except ValueError:
        return ""
    names = [
        one.name
        for one in made
        if (one.sound.language, one.channels) == (rendition.language, rendition.channels)
    ]
    found = told.get(names[0]) if len(names) == 1 else None
    if not found:
        return ""
    level, change = found["integrated"], found.get("gain", 0.0)
    if abs(change) < 0.05:
        return _("%(level).1f LUFS") % {"level": level}
    words = (
        _("%(level).1f LUFS, made %(by).1f dB louder")
        if change > 0
        else _("%(level).1f LUFS, made %(by).1f dB quieter")
    )
    return words % {"level": level, "by": abs(change)}


def _channels(count: int | None) -> str:
    return {1: _("mono"), 2: _("stereo"), 6: "5.1", 8: "7.1"}.get(count or 2, str(count))


def _source(where: Place) -> Source | None:
    return Source.objects.filter(video=where.video).order_by("-created_at").first()


def _options(where: Place) -> types.IngestOptions:
    source = _source(where)
    return store.options_of(source) if source else types.IngestOptions()


def _burnable(where: Place) -> tuple[Words, ...]:
    """The picture subtitles of a source that is still there."""
    source = _source(where)
    if source is None or not store.source_file(source).is_file():
        return ()
    try:
        return text.pictures(Facts.load(source.facts))
    except ValueError:
        return ()


def _add(request: HttpRequest, where: Place) -> str:
    form = TextForm(request.POST, request.FILES)
    if not form.is_valid():
        raise Trouble(
            " ".join(
                f"{form[name].label}: {text}" for name, told in form.errors.items() for text in map(str, told)
            )
        )
    file = form.cleaned_data["file"]
    if (file.size or 0) > text.BYTES_MAX:
        raise Trouble(_("The file is larger than 5 MB; no subtitles are. Choose an SRT, VTT or ASS file."))
    try:
        services.add_text_track(
            video_id=where.video.id,
            language=form.cleaned_data["language"],
            purpose=form.cleaned_data["purpose"],
            label=form.cleaned_data["label"],
            data=file.read(),
        )
    except services.BadText as error:
        raise Trouble(str(error)) from error
    if where.package is None:
        return _("The subtitles are kept, and join the film when it is ready.")
    return _("The subtitles are joining the film; that takes a few seconds.")


def _remove(request: HttpRequest, where: Place) -> str:
    """An uploaded track by its id, or one of the film's own by its rendition."""
    rendition = request.POST.get("rendition", "")
    if rendition:
        inside = {one.name for one in where.package.renditions} if where.package else set()
        if rendition not in inside:
            raise Trouble(_("The film has no such subtitles any more."))
        services.leave_out_text(video_id=where.video.id, rendition=rendition)
        return _("They are being left out. They are back when the film is encoded anew.")
    asked = _uuid(request.POST.get("track", ""))
    row = TextTrack.objects.filter(video=where.video, id=asked).first() if asked else None
    if row is None:
        raise Trouble(_("These subtitles are gone already."))
    services.remove_text_track(row.id)
    return _("The subtitles are being removed.")


def _burn(request: HttpRequest, where: Place) -> str:
    """Encode the film anew with picture subtitles in the picture, or again without."""
    wanted = request.POST.get("burn", "")
    index = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else None
    if index is not None and index not in {one.index for one in _burnable(where)}:
        raise Trouble(_("The film has no such picture subtitles."))
    ingesting.reencode(where.video.id, replace(_options(where), burn=index))
    return _("The film is being encoded anew. What is there goes on playing until then.")


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


ACTIONS: dict[str, Action] = {"add": _add, "remove": _remove, "burn": _burn}

"""Subtitles that operators give a film, before or after it is packaged."""

from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from catalog import models
from catalog.media import languages, retext, text


class BadText(ValueError):
    """The file or what was said about it cannot be used; `field` names what, the text says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def add_text_track(
    *, video_id: UUID, language: str, data: bytes, label: str = "", purpose: str = "subtitles"
) -> UUID:
    """Give a video subtitles from an SRT, VTT or ASS file; returns the track's id.

    A film that is ready gets a new package with them, within seconds and without encoding. `language` is a BCP 47 or
    ISO 639-2 tag; `purpose` is 'subtitles', 'sdh' or 'forced'. Raises `BadText`, LookupError when there is no such
    video.
    """
    tag = languages.tag(language)
    if tag == "und":
        raise BadText(
            "language",
            _("“%(tag)s” is no language. Write a tag like en, de or pt-BR.") % {"tag": language[:40]},
        )
    if purpose not in text.PURPOSES:
        raise BadText("purpose", _("Subtitles are usual, SDH or forced."))
    video = models.Video.objects.filter(id=video_id).first()
    if video is None:
        raise LookupError(video_id)
    duration = video.duration.total_seconds() if video.duration else None
    try:
        webvtt = text.clean(data, tag, duration=duration)
    except text.Unreadable as error:
        raise BadText("file", str(error)) from error
    track_id = uuid4()
    with transaction.atomic():
        if models.TextTrack.objects.filter(video_id=video_id).count() >= text.TRACKS_MAX:
            raise BadText(
                "file",
                _("This video has %(count)d uploaded tracks, which is the most. Remove one first.")
                % {"count": text.TRACKS_MAX},
            )
        models.TextTrack.objects.create(
            id=track_id,
            video_id=video_id,
            language=tag,
            label="".join(letter for letter in label if letter.isprintable()).strip()[:120],
            purpose=purpose,
            webvtt=webvtt,
        )
        retext.ask(video_id)
    return track_id


@transaction.atomic
def remove_text_track(track_id: UUID) -> None:
    """Take an uploaded track away, and out of the package. Unknown ids are no error."""
    row = models.TextTrack.objects.filter(id=track_id).first()
    if row is not None:
        video_id = row.video_id
        row.delete()
        retext.ask(video_id)


def leave_out_text(*, video_id: UUID, rendition: str) -> None:
    """Take a text track that came with the film out of its package. It is back when the film is encoded anew."""
    with transaction.atomic():
        retext.ask(video_id, drop=rendition)

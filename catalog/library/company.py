"""Pictures and subtitles beside a film: which file is for what, and taking them in."""

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.db.models import Q

from catalog import artwork, models, plain_file
from catalog.library.folders import PICTURE_ENDINGS, TEXT_ENDINGS, Seen
from catalog.media import languages, text
from catalog.models import LibraryFile
from catalog.types import SidecarText

logger = logging.getLogger(__name__)

#: What files are called that hold a picture of a kind: after the film's name, or alone in its folder.
_POSTERS = ("poster", "cover", "folder", "movie", "show", "")
_BACKDROPS = ("fanart", "backdrop", "background", "landscape")
_STILLS = ("thumb", "still", "screenshot", "")
_WANTED: dict[LibraryFile.Kind, dict[str, tuple[str, ...]]] = {
    LibraryFile.Kind.FILM: {"poster": _POSTERS, "backdrop": _BACKDROPS},
    LibraryFile.Kind.SERIES: {"poster": _POSTERS[:-1], "backdrop": _BACKDROPS},
    LibraryFile.Kind.EPISODE: {"still": _STILLS},
}
#: English names of languages, as files of subtitles are called: `2_English.srt`, `Film.German.srt`.
_SPOKEN = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "castilian": "es", "latin american": "es-419",
    "italian": "it", "portuguese": "pt", "brazilian": "pt-BR", "dutch": "nl", "danish": "da", "swedish": "sv",
    "norwegian": "no", "finnish": "fi", "icelandic": "is", "polish": "pl", "czech": "cs", "slovak": "sk",
    "hungarian": "hu",
    "romanian": "ro", "bulgarian": "bg", "greek": "el", "turkish": "tr", "russian": "ru", "ukrainian": "uk",
    "hebrew": "he",
    "arabic": "ar", "persian": "fa", "farsi": "fa", "hindi": "hi", "tamil": "ta", "telugu": "te", "bengali": "bn",
    "urdu": "ur", "chinese": "zh", "mandarin": "zh", "japanese": "ja", "korean": "ko", "thai": "th",
    "vietnamese": "vi",
    "indonesian": "id", "malay": "ms", "croatian": "hr", "serbian": "sr", "slovenian": "sl", "estonian": "et",
    "latvian": "lv", "lithuanian": "lt", "catalan": "ca", "basque": "eu", "welsh": "cy", "irish": "ga",
}  # fmt: skip
_MARKS = {"forced": "forced", "foreign": "forced", "sdh": "sdh", "cc": "sdh", "hi": "sdh", "hoh": "sdh"}


def pictures(kind: str, stem: str, company: Iterable[Seen]) -> dict[str, Seen]:
    """The picture file for each kind of picture; `stem` is the film's file name without its ending."""
    found: dict[str, Seen] = {}
    files = [one for one in company if one.name.rpartition(".")[2].lower() in PICTURE_ENDINGS]
    for picture, words in _WANTED.get(LibraryFile.Kind(kind), {}).items():
        ranked = ((_rank(one, stem, words), one) for one in files)
        best = min(((rank, one.path, one) for rank, one in ranked if rank is not None), default=None)
        if best is not None:
            found[picture] = best[2]
    return found


def texts(stem: str, company: Iterable[Seen]) -> list[SidecarText]:
    """Subtitle files with what their names say: language ('und' when nothing does) and purpose."""
    files = [one for one in company if one.name.rpartition(".")[2].lower() in TEXT_ENDINGS]
    return [_text(one, stem) for one in sorted(files, key=lambda one: one.path)[: text.FILES_MAX]]


def found_beside(file: Path, company: Iterable[Seen]) -> list[SidecarText]:
    """Subtitles that packaging does not find: in a folder of their own, named in a way of their own, links."""
    return [
        one
        for one in texts(file.stem, company)
        if Path(one.path).parent != file.parent
        or Path(one.path).is_symlink()
        or text.named(Path(one.path), file.stem) is None
    ]


def take_pictures(row: LibraryFile, company: Iterable[Seen], *, root: str = "") -> list[str]:
    """Draw the pictures beside a film where no person has chosen others; returns problems in words.

    The title remembers which file each picture came from: the same file is not drawn twice, and a picture that is
    no longer the one we drew was chosen by a person. Nothing is read outside `root`.
    """
    subject = row.episode if row.kind == LibraryFile.Kind.EPISODE else row.title
    if subject is None:
        return []
    stem = "" if row.kind == LibraryFile.Kind.SERIES else Path(row.path).stem
    problems = []
    for kind, file in pictures(row.kind, stem, company).items():
        written = subject.written.get(kind) or {}
        mark = [file.path, file.bytes, file.modified_ns]
        if written.get("file") == mark or not _is_free(subject, kind, written):
            continue
        try:
            with plain_file.opened(file.path, within=root) as opened:
                data = opened.read(artwork.BYTES_MAX + 1)
            picture = _keep(subject, kind, data)
        except (OSError, artwork.BadImage) as error:
            problems.append(f"{file.name}: {error}")
            continue
        _remember(subject, kind, {"picture": str(picture), "file": mark})
    return problems


def _keep(subject: models.Title | models.Episode, kind: str, data: bytes) -> UUID | None:
    if isinstance(subject, models.Episode):
        return artwork.keep(kind=kind, data=data, episode_id=subject.id)
    return artwork.keep(kind=kind, data=data, title_id=subject.id)


def _is_free(subject: models.Title | models.Episode, kind: str, written: dict[str, object]) -> bool:
    whose = Q(episode_id=subject.id) if isinstance(subject, models.Episode) else Q(title_id=subject.id)
    now = models.Artwork.objects.filter(whose, kind=kind).values_list("id", "automatic").first()
    if now is None:
        return not written  # one that we drew and that is gone was removed by a person
    return bool(now[1]) or str(now[0]) == written.get("picture")


def _remember(subject: models.Title | models.Episode, kind: str, value: dict[str, object]) -> None:
    model = type(subject)
    fresh: dict[str, object] = model._default_manager.values_list("written", flat=True).get(pk=subject.pk)
    subject.written = fresh | {kind: value}
    model._default_manager.filter(pk=subject.pk).update(written=subject.written)


def _rank(file: Seen, stem: str, words: tuple[str, ...]) -> int | None:
    """How good a file's name is for a kind of picture; None when it is for something else."""
    name = file.name.rpartition(".")[0]
    own = bool(stem) and name.lower().startswith(stem.lower())
    rest = name[len(stem) :].strip(" -._").lower() if own else name.lower()
    if rest not in words or (rest == "" and not own):
        return None
    return words.index(rest) + (0 if own else 10)


def _text(file: Seen, stem: str) -> SidecarText:
    name = file.name.rpartition(".")[0]
    rest = name[len(stem) :] if stem and name.lower().startswith(stem.lower()) else name
    language, purpose = "", "subtitles"
    for part in (one for one in re.split(r"[.\-_ \[\]()]+", rest) if one):
        lower = part.lower()
        if lower in _MARKS and (lower != "hi" or language):
            purpose = _MARKS[lower]
        elif not language:
            language = _SPOKEN.get(lower, "")
            if (
                not language
                and 2 <= len(part) <= 3
                and languages.name(languages.tag(part)) != languages.tag(part)
            ):
                language = languages.tag(part)
    if match := re.search(r"(?:^|[.])([A-Za-z]{2,3}[-_][A-Za-z0-9]{2,4})(?:[.]|$)", rest):
        language = languages.tag(match[1]) if languages.tag(match[1]) != "und" else language
    return SidecarText(language=language or "und", path=file.path, purpose=purpose)

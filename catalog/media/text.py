"""Gathers a film's subtitles: uploaded ones, files beside it, files that were named, tracks inside.

A language may have several: the usual ones, ones for the deaf and hard of hearing (SDH), and forced ones that only
translate foreign passages. All are cleaned and written anew as WebVTT.
"""

import logging
import re
import shutil
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from catalog import plain_file
from catalog.media import charsets, languages, sandbox, tools, vtt
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts, Words
from catalog.media.tracks import Written
from catalog.types import SidecarText

logger = logging.getLogger(__name__)

#: A subtitle file beyond this is not one, in bytes.
BYTES_MAX = 5 * 1024 * 1024
#: Text renditions of a package at most: it has 32 of all kinds.
TRACKS_MAX = 10
#: Files beside a film that are read at most: each may take a second.
FILES_MAX = 100
PURPOSES = ("subtitles", "sdh", "forced")
#: Kinds of subtitle files that are read, by the end of their names.
SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
#: What file names and track titles call the purposes; 'hi' beside a language is not Hindi.
_MARKS = {"forced": "forced", "foreign": "forced", "sdh": "sdh", "cc": "sdh", "hi": "sdh", "hoh": "sdh"}
_TITLE_SDH = re.compile(r"\b(?:sdh|cc|hoh|hearing.impaired|closed.captions?)\b", re.IGNORECASE)
_TITLE_FORCED = re.compile(r"\bforced\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,4})*")
#: How a track leaves its container: written as this kind of file, copied where ffmpeg's own conversion would harm it.
_WAYS = {
    "ass": ("copy", "ass"),
    "ssa": ("copy", "ass"),
    "webvtt": ("copy", "webvtt"),
    "subrip": ("copy", "srt"),
}
_OTHER_WAY = ("srt", "srt")
_LIMITS = sandbox.Limits(file_size=64 * 1024**2, cpu=900, wall=1800.0, quiet=300.0)


class Unreadable(ValueError):
    """There is no subtitle in this file; the text says why, for whoever chose it."""


def gather(
    facts: Facts,
    *,
    source: Path,
    named: Sequence[SidecarText],
    duration: float,
    scratch: Path,
    uploaded: Sequence[Written] = (),
    halt: sandbox.Halt | None = None,
) -> list[Written]:
    """All usable subtitles: uploaded ones first, then named files, then the tracks inside.

    Of tracks of one language and purpose those inside give way to files, and to each other unless their titles differ.
    Subtitles that cannot be read are left out and named in the log: they are no reason to refuse a film.
    """
    found = list(uploaded)
    for sidecar in named:
        written = _from_file(sidecar, duration)
        if written is not None and (_key(written), written.label) not in {(_key(o), o.label) for o in found}:
            found.append(written)
    given = {_key(written) for written in found}
    wanted: dict[tuple[str, str, str], Words] = {}
    for words in sorted(facts.words, key=lambda one: (not one.default, one.index)):
        language, purpose = languages.tag(words.language), purpose_of(words)
        if words.bitmap:
            logger.info("subtitle track %s is pictures of letters (%s): left out", words.index, words.codec)
        elif (language, purpose) not in given:
            wanted.setdefault((language, purpose, words.label.lower()), words)
    for words, data in _extract(facts, list(wanted.values()), source, scratch, halt):
        cues = vtt.shifted(vtt.parse(charsets.decode(data, words.language)), by=float(facts.start))
        text = vtt.write(cues, duration=duration)
        if " --> " in text:
            found.append(track(text, words.language, label=words.label, purpose=purpose_of(words)))
    for written in found[TRACKS_MAX:]:
        logger.warning("the subtitles %s are left out: %d are the most", written.label, TRACKS_MAX)
    return found[:TRACKS_MAX]


def track(
    webvtt: str, language: str, *, label: str = "", purpose: str = "subtitles", uploaded: bool = False
) -> Written:
    """A text track of WebVTT that is clean already, named for menus when it has no name of its own."""
    known = {"sdh": " (SDH)", "forced": " (forced)"}.get(purpose, "")
    return Written(
        language=language,
        label=label or languages.name(language) + known,
        data=webvtt.encode(),
        forced=purpose == "forced",
        hearing_impaired=purpose == "sdh",
        uploaded=uploaded,
    )


def clean(data: bytes, language: str, *, duration: float | None = None) -> str:
    """An uploaded subtitle file as WebVTT. `duration` (seconds) cuts what lies behind the film's end.

    Raises `Unreadable` with words for whoever chose the file.
    """
    if len(data) > BYTES_MAX:
        raise Unreadable("The file is larger than 5 MB; no subtitles are. Choose an SRT, VTT or ASS file.")
    if b"\x00\x00\x01\xba" in data[:64] or data[:2] == b"PG":
        raise Unreadable(
            "These subtitles are pictures of letters (VobSub or PGS). Choose an SRT, VTT or ASS file."
        )
    cues = vtt.parse(charsets.decode(data, language))
    if not cues:
        raise Unreadable("No subtitles were found in this file. Choose an SRT, VTT or ASS file.")
    text = vtt.write(cues, duration=duration if duration is not None else 24 * 3600.0)
    if " --> " not in text:
        raise Unreadable("All of these subtitles lie behind the film's end. They may belong to another film.")
    return text


def purpose_of(words: Words) -> str:
    """What an embedded track is for: by its marks, or by what its title says."""
    if words.forced or _TITLE_FORCED.search(words.label):
        return "forced"
    return "sdh" if words.sdh or _TITLE_SDH.search(words.label) else "subtitles"


def beside(source: Path) -> list[SidecarText]:
    """Subtitle files of a film in its folder that name their language: `Film.en.srt`, `Film.pt-BR.forced.ass`.

    Links are left out: in a folder of the operator's they may lead anywhere. The library hands in those that do not.
    """
    stem = "" if source.name == "source.bin" else source.stem
    files = (path for path in sorted(source.parent.iterdir()) if path.is_file() and not path.is_symlink())
    found = (named(path, stem) for path in files)
    return list(islice((sidecar for sidecar in found if sidecar is not None), FILES_MAX))


def named(path: Path, stem: str) -> SidecarText | None:
    """What the name of a file beside the film `stem` says; None when it is no subtitle file of that film, or does not
    say in which language it is."""
    name = path.name
    if path.suffix.lower() not in SUFFIXES or (stem and not name.lower().startswith(f"{stem.lower()}.")):
        return None
    parts = name[len(stem) : -len(path.suffix)].strip(".").split(".") if stem else path.stem.split(".")[1:]
    language, purpose = "", "subtitles"
    for part in parts[-3:]:
        mark = _MARKS.get(part.lower())
        if mark and (part.lower() != "hi" or language):
            purpose = mark
        elif _LANGUAGE.fullmatch(part) and languages.tag(part) != "und":
            language = language or languages.tag(part)
    return SidecarText(language=language, path=str(path), purpose=purpose) if language else None


def pictures(facts: Facts) -> tuple[Words, ...]:
    """The subtitle tracks that are pictures of letters: they can be burned into the picture, and nothing else."""
    return tuple(words for words in facts.words if words.bitmap and words.codec in _BURNABLE)


#: Picture subtitles that ffmpeg draws.
_BURNABLE = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
#: How long before its chunk a subtitle may have begun, in seconds: decoding starts so early when one is burned in.
BURN_LEAD = 12


def burn_filter(facts: Facts, index: int, *, inlet: str, outlet: str) -> str:
    """The piece of a filter graph that draws picture subtitles (the stream `index`) into the picture `[inlet]`.

    `[inlet]` is the decoded picture before it is turned or scaled, on the source's clock; `[outlet]` is the same with
    the letters in it. The letters' canvas is stretched to the picture: discs store both at the same shape. Raises
    `ValueError` when the source has no such picture subtitles.
    """
    if index not in {words.index for words in pictures(facts)}:
        raise ValueError(f"stream {index} is no picture subtitle that can be burned in")
    width, height = facts.picture.width, facts.picture.height
    canvas = f"[0:{index}]scale={width}:{height}:flags=bilinear[{inlet}letters]"
    return f"{canvas};[{inlet}][{inlet}letters]overlay=eof_action=pass:format=auto[{outlet}]"


def _key(written: Written) -> tuple[str, str]:
    purpose = "forced" if written.forced else "sdh" if written.hearing_impaired else "subtitles"
    return written.language, purpose


def _from_file(sidecar: SidecarText, duration: float) -> Written | None:
    path, language = Path(sidecar.path), languages.tag(sidecar.language)
    try:
        with plain_file.opened(path) as file:
            text = clean(file.read(BYTES_MAX + 1), language, duration=duration)
    except (OSError, Unreadable) as error:
        logger.warning("the subtitles %s are left out: %s", path.name, error)
        return None
    purpose = sidecar.purpose if sidecar.purpose in PURPOSES else "subtitles"
    return track(text, language, label=sidecar.label, purpose=purpose)


def _extract(
    facts: Facts, wanted: list[Words], source: Path, scratch: Path, halt: sandbox.Halt | None
) -> list[tuple[Words, bytes]]:
    """The raw text of tracks inside the film: all in one pass, or one by one when one of them is damaged."""
    if not wanted:
        return []
    try:
        return _extract_together(facts, wanted, source, scratch, halt)
    except ToolFailed as failed:
        if len(wanted) == 1:
            logger.warning("subtitle track %s is left out: %s", wanted[0].index, failed)
            return []
    return [pair for words in wanted for pair in _extract(facts, [words], source, scratch, halt)]


def _extract_together(
    facts: Facts, wanted: list[Words], source: Path, scratch: Path, halt: sandbox.Halt | None
) -> list[tuple[Words, bytes]]:
    folder = scratch / "text"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-nostats"]
    argv += [*sandbox.guards(demuxer=facts.demuxer), "-vn", "-an", "-dn", "-copyts", "-i", f"file:{source}"]
    files: list[tuple[Words, Path]] = []
    for words in wanted:
        codec, kind = _WAYS.get(words.codec, _OTHER_WAY)
        target = folder / f"{words.index}.{kind}"
        argv += ["-map", f"0:{words.index}", "-map_metadata", "-1", "-map_chapters", "-1"]
        argv += ["-c:s", codec, "-f", kind, str(target)]
        files.append((words, target))
    try:
        sandbox.run(argv, what="Reading subtitles", read=[source], write=[folder], limits=_LIMITS, halt=halt)
        return [(words, path.read_bytes()[:BYTES_MAX]) for words, path in files if path.exists()]
    finally:
        shutil.rmtree(folder, ignore_errors=True)

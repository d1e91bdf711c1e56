"""Gathers a film's subtitles: files beside it, files that were named, tracks inside. One WebVTT per language."""

import logging
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from catalog.media import languages, sandbox, tools, vtt
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts, Words
from catalog.media.package import Written
from catalog.types import SidecarText

logger = logging.getLogger(__name__)

#: A subtitle file beyond this is not one, in bytes.
BYTES_MAX = 5 * 1024 * 1024
TRACKS_MAX = 16
#: `anything.en.srt`, `anything.pt-BR.vtt` beside the source.
_BESIDE = re.compile(r"\.([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,4})*)\.(?:srt|vtt|ass)$")
#: How a track leaves its container: written as this kind of file, copied where ffmpeg's own conversion would harm it.
_WAYS = {
    "ass": ("copy", "ass"),
    "ssa": ("copy", "ass"),
    "webvtt": ("copy", "webvtt"),
    "subrip": ("copy", "srt"),
}
_OTHER_WAY = ("srt", "srt")
_LIMITS = sandbox.Limits(file_size=64 * 1024**2, cpu=900, wall=1800.0, quiet=300.0)


def gather(
    facts: Facts,
    *,
    source: Path,
    named: Sequence[SidecarText],
    duration: float,
    scratch: Path,
    halt: sandbox.Halt | None = None,
) -> list[Written]:
    """All usable subtitles, at most one for each language: named files first, then the tracks inside.

    Subtitles that cannot be read are left out and named in the log: they are no reason to refuse a film.
    """
    found: dict[str, Written] = {}
    for sidecar in named:
        language = languages.tag(sidecar.language)
        written = _from_file(Path(sidecar.path), language, sidecar.label, duration)
        if written is not None:
            found.setdefault(language, written)
    wanted: dict[str, Words] = {}
    for words in sorted(facts.words, key=lambda one: (one.forced, not one.default, one.index)):
        if words.bitmap:
            logger.warning(
                "subtitle track %s is pictures of letters (%s): left out", words.index, words.codec
            )
        elif words.language not in found:
            wanted.setdefault(words.language, words)
    for words, data in _extract(facts, list(wanted.values()), source, scratch, halt):
        cues = vtt.shifted(vtt.parse(vtt.decode(data, words.language)), by=float(facts.start))
        written = _written(cues, words.language, words.label, duration)
        if written is not None:
            found[words.language] = written
    return list(found.values())[:TRACKS_MAX]


def beside(source: Path) -> list[SidecarText]:
    """Subtitle files in the source's folder that name their language, in the order of their names."""
    matches = (
        (path, _BESIDE.search(path.name)) for path in sorted(source.parent.iterdir()) if path.is_file()
    )
    return [SidecarText(language=match[1], path=str(path)) for path, match in matches if match]


def _from_file(path: Path, language: str, label: str, duration: float) -> Written | None:
    try:
        if path.stat().st_size > BYTES_MAX:
            raise ValueError("it is larger than 5 MB")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        logger.warning("the subtitles %s are left out: %s", path.name, error)
        return None
    written = _written(vtt.parse(vtt.decode(data, language)), language, label, duration)
    if written is None:
        logger.warning("the subtitles %s are left out: nothing in them could be read", path.name)
    return written


def _written(cues: list[vtt.Cue], language: str, label: str, duration: float) -> Written | None:
    text = vtt.write(cues, duration=duration)
    if " --> " not in text:
        return None
    return Written(language=language, label=label or languages.name(language), data=text.encode())


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

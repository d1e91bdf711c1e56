"""Subtitles: reads SubRip, WebVTT and ASS, writes clean WebVTT. Pure: text in, text out.

What comes from a file is hostile until it is written anew: only times, plain words, italics, bold, underline and
"at the top" survive. Nothing else of the input reaches a player.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: Bounds: cues in a track, letters in a cue, seconds that a cue lasts at least.
CUES_MAX = 20_000
LETTERS_MAX = 1_000
SHORTEST = 0.1
#: Cues with the same words this close to each other are one cue: moving letters are written frame by frame. Seconds.
_SEAM = 0.12
_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(.*)$")
#: A tag of any kind: <i>, </b>, <font color=…>, <v Roger>, <c.loud>, <00:01.000>.
_TAG = re.compile(r"<(/?)([a-zA-Z]+(?![a-zA-Z])|\d\d)[^<>]*>")
#: ASS overrides, which SubRip files borrow: {\an8}, {\i1}. Numbers are bounded: Python refuses to read long ones.
_OVERRIDE = re.compile(r"\{([^{}]*)\}")
_KEPT = frozenset("ibu")
_ASS_STYLE = re.compile(r"\\([ibu])(\d{1,4})")
_ASS_TOP = re.compile(r"\\an[789]|\\a(?:5|6|7)(?!\d)")
_ASS_DRAWING = re.compile(r"\\p(\d{1,4})")
_LINE = re.compile(r"\bline:(-?\d+(?:\.\d+)?)(%?)")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle. Times in seconds; `text` is WebVTT cue text already; `top` puts it at the top of the picture."""

    start: float
    end: float
    text: str
    top: bool = False


def parse(text: str) -> list[Cue]:
    """The cues of a SubRip, WebVTT or ASS file, in the file's order. What cannot be understood is left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    is_ass = "[Events]" in text and "Dialogue:" in text
    found = _ass(text) if is_ass else _blocks(text)
    return [cue for cue, _ in zip(found, range(CUES_MAX), strict=False)]


def shifted(cues: Iterable[Cue], *, by: float) -> list[Cue]:
    """The cues `by` seconds earlier: on the film's own clock instead of the container's."""
    return [Cue(cue.start - by, cue.end - by, cue.text, cue.top) for cue in cues]


def write(cues: Iterable[Cue], *, duration: float) -> str:
    """A WebVTT file: sorted, inside the film, nothing empty, nothing twice."""
    lines = ["WEBVTT", ""]
    for cue in merged(cues):
        start = max(0.0, cue.start)
        end = min(duration, max(cue.end, start + SHORTEST))
        first, last = _stamp(start), _stamp(end)
        if cue.end > 0 and end > start and cue.text and first != last:
            lines += [f"{first} --> {last}{' line:0' if cue.top else ''}", cue.text, ""]
    return "\n".join(lines)


def merged(cues: Iterable[Cue]) -> list[Cue]:
    """The cues in order; those that say the same thing without a pause are one.

    Karaoke and moving letters come as a cue for each frame or syllable, and in several layers at once.
    """
    out: list[Cue] = []
    latest: dict[tuple[str, bool], int] = {}
    for cue in sorted(cues, key=lambda one: (one.start, one.end)):
        key = (" ".join(_TAG.sub("", cue.text).split()), cue.top)
        place = latest.get(key)
        if place is not None and cue.start <= out[place].end + _SEAM:
            before = out[place]
            out[place] = Cue(before.start, max(before.end, cue.end), before.text, before.top)
            continue
        latest[key] = len(out)
        out.append(cue)
    return out


def _blocks(text: str) -> Iterator[Cue]:
    """Cues of SubRip and WebVTT: a timing line, then words up to a blank line. Headers and notes have no timing."""
    lines = text.split("\n")
    starts = [(number, timing) for number, line in enumerate(lines) if (timing := _TIMING.match(line))]
    ends = [*(number for number, _ in starts), len(lines)][1:]
    for (number, timing), following in zip(starts, ends, strict=False):
        words: list[str] = []
        for line in lines[number + 1 : following]:
            if not line.strip():
                break
            words.append(line)
        else:
            # No blank line before the next timing: what stands directly above that is its number.
            if following < len(lines) and words and words[-1].strip().isdigit():
                words.pop()
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:8])
        top = _is_top(timing[9]) or any(_ASS_TOP.search(word) for word in words)
        cleaned = _clean("\n".join(words))
        if cleaned and end > start:
            yield Cue(start, end, cleaned, top)


def _is_top(settings: str) -> bool:
    """Whether WebVTT cue settings ask for the upper half."""
    line = _LINE.search(settings)
    if line is None:
        return False
    value = float(line[1])
    return 0 <= value < 50 if line[2] else 0 <= value < 6


def _ass(text: str) -> Iterator[Cue]:
    """Cues of an ASS or SSA file."""
    order = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    in_events = False
    for line in text.split("\n"):
        if line.startswith("["):
            in_events = line.strip().lower() == "[events]"
        elif in_events and line.startswith("Format:"):
            order = [part.strip().lower() for part in line[7:].split(",")]
        elif in_events and line.startswith(("Dialogue:", "Comment:")):
            kind, _, rest = line.partition(":")
            fields = dict(zip(order, rest.split(",", len(order) - 1), strict=False))
            start, end = _ass_seconds(fields.get("start", "")), _ass_seconds(fields.get("end", ""))
            words = fields.get("text", "")
            # A karaoke script keeps each line of the song once, as a comment, beside the syllables made of it.
            effect = fields.get("effect", "").strip().lower()
            if effect == "fx" if kind == "Dialogue" else effect != "karaoke":
                continue
            cleaned = _clean(_ass_words(words))
            if cleaned and end > start:
                yield Cue(start, end, cleaned, bool(_ASS_TOP.search(words)))


def _ass_words(words: str) -> str:
    """ASS text as SubRip would write it: styles as tags, no drawings."""
    parts: list[str] = []
    drawing, position = False, 0
    for match in _OVERRIDE.finditer(words):
        if not drawing:
            parts.append(words[position : match.start()])
        position = match.end()
        for style, value in _ASS_STYLE.findall(match[1]):
            parts.append(f"<{style}>" if int(value) else f"</{style}>")
        mode = _ASS_DRAWING.findall(match[1])
        drawing = int(mode[-1]) > 0 if mode else drawing
    if not drawing:
        parts.append(words[position:])
    return "".join(parts).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")


def _clean(words: str) -> str:
    """WebVTT cue text: known tags balanced, everything else escaped, no blank lines."""
    words = unicodedata.normalize("NFC", _OVERRIDE.sub(_borrowed, words[: LETTERS_MAX * 4]))
    parts: list[str] = []
    open_tags: list[str] = []
    position = letters = 0
    for match in _TAG.finditer(words):
        letters += _plain(words[position : match.start()], parts, LETTERS_MAX - letters)
        position = match.end()
        name = match[2].lower()
        if name == "br":
            parts.append("\n")
        elif name in _KEPT and not match[1] and name not in open_tags:
            open_tags.append(name)
            parts.append(f"<{name}>")
        elif name in open_tags and match[1]:
            while open_tags and (last := open_tags.pop()):
                parts.append(f"</{last}>")
                if last == name:
                    break
    _plain(words[position:], parts, LETTERS_MAX - letters)
    parts += [f"</{name}>" for name in reversed(open_tags)]
    lines = (line.strip() for line in "".join(parts).split("\n"))
    kept = [line for line in lines if _TAG.sub("", line).strip()]
    return _balanced("\n".join(kept))


def _borrowed(match: "re.Match[str]") -> str:
    """An ASS override inside SubRip: keep its italics, bold and underline; anything in braces that is none stays."""
    if "\\" not in match[1]:
        return match[0]
    return "".join(f"<{'' if int(on) else '/'}{style}>" for style, on in _ASS_STYLE.findall(match[1]))


def _plain(words: str, parts: list[str], room: int) -> int:
    """Add escaped text without control characters; returns how many letters it took."""
    told = html.unescape(words)
    told = "".join(
        letter for letter in told if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs")
    )
    told = told[: max(0, room)]
    parts.append(told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return len(told)


def _balanced(text: str) -> str:
    """Dropping blank lines may have dropped one half of a pair of tags: drop the other half, too."""
    for name in _KEPT:
        if text.count(f"<{name}>") != text.count(f"</{name}>"):
            text = text.replace(f"<{name}>", "").replace(f"</{name}>", "")
    return text if _TAG.sub("", text).strip() else ""


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return float(f"{int(hours) * 3600 + int(minutes) * 60 + int(seconds)}.{fraction}")


def _ass_seconds(text: str) -> float:
    match = re.fullmatch(rf"\s*{_TIME}\s*", text)
    return _seconds(match.groups()) if match else -1.0


def _stamp(seconds: float) -> str:
    """HH:MM:SS.mmm"""
    millis = round(seconds * 1000)
    return f"{millis // 3_600_000:02}:{millis // 60_000 % 60:02}:{millis // 1000 % 60:02}.{millis % 1000:03}"

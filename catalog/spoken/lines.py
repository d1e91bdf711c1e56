"""Subtitles as lines that can be searched, and a line with what was found in it. Pure."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.media import vtt
from catalog.search.text import LETTERS_MAX, is_unspaced, plain

#: How many words of the next line belong to a line, too, when it follows within so many seconds.
_RUN_ON, _GAP = 6, 4.0
#: Letters of a line that are kept.
_TEXT_MAX = 400
_TAG = re.compile(r"<[^>]*>")
_PIECE = re.compile(r"\S+")
#: What French and Italian leave of a word before another; the apostrophe of "don't" parts nothing.
_ELIDED = re.compile(
    r"\b(qu|lorsqu|puisqu|jusqu|[cdjlmnst]|dell|all|nell|sull|un|quest)['\u2019](?=\w\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Line:
    """Something said: from when (seconds), as it is shown, and the words it is found by."""

    start: float
    text: str
    words: str


def lines(webvtt: str) -> list[Line]:
    """The lines of a WebVTT file, in order; what holds no words is left out."""
    cues = sorted(vtt.merged(vtt.parse(webvtt)), key=lambda cue: cue.start)
    said = [(cue, _shown(cue.text)) for cue in cues]
    tokens = [spoken_words(text) for _cue, text in said]
    found = []
    for place, ((cue, text), words) in enumerate(zip(said, tokens, strict=True)):
        if not words:
            continue
        follows = place + 1 < len(said) and said[place + 1][0].start - cue.end < _GAP
        more = tokens[place + 1][:_RUN_ON] if follows else []
        found.append(Line(max(0.0, cue.start), text, " ".join([*words, *more])))
    return found


def spoken_words(text: str) -> list[str]:
    """The words of a text; of scripts without spaces every two letters that stand side by side."""
    found = []
    for word in plain(_ELIDED.sub(r"\1 ", text)).split():
        if is_unspaced(word) and len(word) > 1:
            found += [word[at : at + 2] for at in range(len(word) - 1)]
        else:
            found.append(word[:LETTERS_MAX])
    return found


def marked(text: str, question: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """A line in pieces, each with whether it is a word of the question (plain words, the last may be half typed)."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _PIECE.finditer(text):
        words = plain(match[0]).split()
        hit = any(word == asked for word in words for asked in question) or any(
            word.startswith(question[-1]) or (is_unspaced(word) and question[-1] in word) for word in words
        )
        pieces += [(text[end : match.start()], False), (match[0], hit)]
        end = match.end()
    joined: list[tuple[str, bool]] = []
    for piece, hit in (*pieces, (text[end:], False)):
        if joined and joined[-1][1] == hit:
            joined[-1] = (joined[-1][0] + piece, hit)
        elif piece:
            joined.append((piece, hit))
    return tuple(joined)


def _shown(text: str) -> str:
    """A cue as plain text on one line."""
    return " ".join(html.unescape(_TAG.sub("", text)).split())[:_TEXT_MAX]

"""Finds words in templates that nobody could translate: what stands there outside `trans` and `blocktranslate`."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, TokenType

#: Attributes that people read or hear.
SPOKEN = frozenset(
    {
        "alt",
        "aria-description",
        "aria-label",
        "aria-placeholder",
        "aria-roledescription",
        "aria-valuetext",
        "content",
        "label",
        "placeholder",
        "summary",
        "title",
    }
)
#: What stands in these is no language.
SILENT = frozenset({"code", "kbd", "pre", "samp", "script", "style", "svg"})
#: Stands for what a template puts in: no letters.
_PUT_IN = "\ue000"
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDS = {
    "blocktrans": "endblocktrans",
    "blocktranslate": "endblocktranslate",
    "comment": "endcomment",
    "verbatim": "endverbatim",
}
#: Blocks that hold classes of elements.
_CLASSES = ("body_class", "bodyclass", "coltype")
#: Words that are the same in every language.
NAMES = frozenset(
    {"netflixlite",
     "PIN", "TMDB", "IMDb", "NFO", "URL", "ISO", "MB", "GB", "Mb", "kb", "ms", "fps", "px", "HLS", "DASH",
     "SDH", "FFmpeg", "XXXX"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bare:
    """Words that cannot be translated: in which line, and where."""

    line: int
    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.line}: {self.where}: {self.words!r}"


def untranslatable(path: Path) -> list[Bare]:
    """What a template says without asking for a translation."""
    text = path.read_text(encoding="utf-8")
    reader = _Reader(plain=path.suffix == ".txt")
    until = ""
    for token in Lexer(text).tokenize():
        first = token.split_contents()[0] if token.token_type == TokenType.BLOCK else ""
        if until:
            until = "" if first == until else until
            continue
        if token.token_type == TokenType.TEXT:
            reader.take(token.contents, token.lineno)
        elif first == "block" and token.split_contents()[1] in _CLASSES:
            until = "endblock"
        elif first in _ENDS:
            until = _ENDS[first]
            reader.take(_PUT_IN, token.lineno)
        elif token.token_type in (TokenType.VAR, TokenType.BLOCK):
            # A literal between quotes in {{ x|default:"None" }} is said too.
            reader.take(_PUT_IN, token.lineno)
            if token.token_type == TokenType.VAR:
                reader.variable(token.contents, token.lineno)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Reads what is left of a template as HTML; attributes whose value a template puts in count as said by it."""

    def __init__(self, *, plain: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Bare] = []
        self._plain = plain
        self._silent = 0
        self._at = 1

    def take(self, text: str, line: int) -> None:
        """The next piece."""
        self._at = line
        if self._plain:
            self._say("text", text)
        else:
            # Behind `<` it is an element's name that is put in: HTML wants a letter there.
            self.feed("x" if text == _PUT_IN and self.rawdata.endswith(("<", "</")) else text)

    def variable(self, expression: str, line: int) -> None:
        """A filter's argument that is said: {{ name|default:"Somebody" }}."""
        for argument in re.findall(
            r"""\|(?:default|default_if_none|yesno|pluralize):("[^"]*"|'[^']*')""", expression
        ):
            self._at = line
            if argument[1:2].isupper() or " " in argument:
                self._say("a filter's argument", argument[1:-1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent += 1
        for name, value in attrs:
            if name in SPOKEN and value and not (tag == "meta" and _is_technical(dict(attrs))):
                self._say(f"{name} of <{tag}>", value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._say("text", data)

    def _say(self, where: str, text: str) -> None:
        words = [word for word in _WORD.findall(text.replace(_PUT_IN, " ")) if word not in NAMES]
        if words:
            self.found.append(Bare(self._at, where, " ".join(text.replace(_PUT_IN, "…").split())[:100]))


def _is_technical(attributes: dict[str, str | None]) -> bool:
    names = ("viewport", "robots", "theme-color", "color-scheme", "supported-color-schemes", "referrer")
    return attributes.get("name") in names or "http-equiv" in attributes

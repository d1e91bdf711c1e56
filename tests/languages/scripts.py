"""Finds words in scripts that reach the screen and that nobody could translate: literals outside `gettext` and friends.

A literal counts as words when it reads like a sentence or a label: two words with a space between them, or one that
begins with a capital. What programs say to each other (errors thrown, attributes, events, styles) is told apart by
where it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TRANSLATED = ("gettext", "ngettext", "pgettext", "npgettext")
#: Calls whose literals nobody sees.
_SILENT_CALLS = (
    "Error",
    "TypeError",
    "RangeError",
    "HttpError",
    "assert",
    "closest",
    "createElement",
    "createElementNS",
    "debug",
    "endsWith",
    "error",
    "get",
    "getPropertyValue",
    "has",
    "includes",
    "info",
    "log",
    "matches",
    "matchMedia",
    "note",
    "on",
    "querySelector",
    "querySelectorAll",
    "setProperty",
    "startsWith",
    "warn",
    "$",
    "$$",
)
#: Names that a literal is given to and that nobody sees.
_SILENT_NAMES = re.compile(
    r"(?:class|className|id|type|href|src|role|rel|reason|target|method|name|key|code|d|viewBox|points|transform|style|cssText"
    r"|sizes|srcset|media|accept|kind|mode|action|event|for|autocomplete|inputmode|pattern|headers?|content-type"
    r"|data-[a-z-]+|x-[a-z-]+|aria-(?:hidden|controls|current|haspopup|expanded|pressed|live|labelledby|describedby))$"
)
_REGEX_AFTER = re.compile(
    r"(?:^|[=(,:;!&|?{}\[\n+\-*%<>~^]|\b(?:return|typeof|case|of|in|do|else|throw|void|delete))\s*$"
)
#: What is written on keys.
_KEYS = frozenset({"Alt", "Backspace", "Ctrl", "Delete", "End", "Enter", "Esc", "Home", "Shift", "Tab"})
#: Modules whose words are notes for the log and names of reasons; what a viewer sees of them, ui/reasons.js says.
INTERNAL = (
    "player/abr/",
    "player/delivery.js",
    "player/engine.js",
    "player/growth.js",
    "player/handover.js",
    "player/steering.js",
)
_SENTENCE = re.compile(r"[^\W\d_]{2,}[,:;\u2019']? [^\W\d_]{2,}")
#: A word beside a value: "${at} of ${end}".
_BESIDE = re.compile(r"\$\{\} (?!ms\b)[a-z]{2,}(?: |$)|(?:^| )[a-z]{2,} \$\{\}")
_LABEL = re.compile(r"^[^\w]*[A-Z][a-z]{2,}(?:[ …:.!?,]|$)")


@dataclass(frozen=True, slots=True)
class Bare:
    """Words that cannot be translated, and their line."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.line}: {self.words!r}"


@dataclass(frozen=True, slots=True)
class _Literal:
    start: int
    end: int
    text: str


def untranslatable(path: Path) -> list[Bare]:
    """What a script says without asking for a translation. A line that ends in `// no words` says none."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    found = []
    for literal in _literals(source):
        line = source.count("\n", 0, literal.start) + 1
        if not _reads_like_words(literal.text) or lines[line - 1].rstrip().endswith("// no words"):
            continue
        if not _is_silent(source, literal):
            found.append(Bare(line, " ".join(literal.text.split())[:90]))
    return found


def _reads_like_words(text: str) -> bool:
    bare = text.replace("${}", " ")
    if re.search(r"[{}<>=;#/\\\[]|\(\w+-\w+:|^\.|, [.\[]|--|://|\bpx\b", bare) or all(
        len(word) == 1 or word in _KEYS for word in bare.split()
    ):
        return False
    return bool(_SENTENCE.search(bare) or _LABEL.search(bare) or _BESIDE.search(text))


def _is_silent(source: str, literal: _Literal) -> bool:
    """Whether the literal is translated, or stands where nobody sees it."""
    before = source[max(0, literal.start - 400) : literal.start]
    after = source[literal.end : literal.end + 40]
    call = _call_around(before)
    if call in _TRANSLATED or call in _SILENT_CALLS:
        return True
    given = re.search(r"""(?:^|[\s{,(])(?:"([\w-]+)"|([\w-]+))\s*:\s*$""", before)
    if given and _SILENT_NAMES.search(given[1] or given[2]):
        return True
    put = re.search(r"\.([A-Za-z]+)\s*\??=(?:[^;=]*\?)?\s*$", before)
    if put and _SILENT_NAMES.search(put[1]):
        return True
    if re.search(r"throw new \w+\([^(){}]*$", before):
        return True
    if re.search(r"\b(?:key|\w*[cC]lass)\s*=\s*$|\bclass: [^,{}]*\?\s*$", before):
        return True
    # A key of an object, a case, a comparison, an import.
    return bool(
        (re.match(r"\s*:(?!:)", after) and re.search(r"[{,]\s*$", before))
        or re.search(r"(?:===|!==|\bcase|\bfrom|\bimport|\bin)\s*$", before)
        or re.match(r"\s*(?:===|!==|\bin\b|\.split\()", after)
        or re.search(r"setAttribute\(\s*$", before)
    )


def _call_around(before: str) -> str:
    """The name of the innermost call whose arguments the end of `before` stands in; '' when there is none."""
    depth = 0
    for at in range(len(before) - 1, -1, -1):
        sign = before[at]
        if sign in ")]}":
            depth += 1
        elif sign in "([{":
            if depth == 0:
                name = re.search(r"([\w$]+)\s*$", before[:at]) if sign == "(" else None
                return name[1] if name else ""
            depth -= 1
    return ""


def _literals(source: str) -> Iterator[_Literal]:
    """Every string and template literal; of templates the text with `${}` for what is put in."""
    at, end = 0, len(source)
    while at < end:
        two, sign = source[at : at + 2], source[at]
        if two == "//":
            at = _past(source, at, "\n")
        elif two == "/*":
            at = _past(source, at, "*/")
        elif sign in "\"'":
            close = _close(source, at)
            yield _Literal(at, close, source[at + 1 : close - 1])
            at = close
        elif sign == "`":
            close, text, inner = _template(source, at)
            yield _Literal(at, close, text)
            for start, code in inner:
                for one in _literals(code):
                    yield _Literal(start + one.start, start + one.end, one.text)
            at = close
        elif sign == "/" and _REGEX_AFTER.search(source[max(0, at - 20) : at]):
            at = _regex_end(source, at)
        else:
            at += 1


def _past(source: str, at: int, mark: str) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _close(source: str, at: int) -> int:
    quote, here = source[at], at + 1
    while here < len(source) and source[here] not in (quote, "\n"):
        here += 2 if source[here] == "\\" else 1
    return here + 1


def _regex_end(source: str, at: int) -> int:
    here, inside = at + 1, False
    while here < len(source) and source[here] != "\n":
        sign = source[here]
        if sign == "\\":
            here += 1
        elif sign == "[":
            inside = True
        elif sign == "]":
            inside = False
        elif sign == "/" and not inside:
            return here + 1
        here += 1
    return here


def _template(source: str, at: int) -> tuple[int, str, list[tuple[int, str]]]:
    """Where a template literal ends, its text, and the code put into it with where that starts."""
    here, text, inner = at + 1, "", []
    while here < len(source) and source[here] != "`":
        if source[here] == "\\":
            text, here = text + source[here : here + 2], here + 2
        elif source.startswith("${", here):
            start, depth = here + 2, 1
            here = start
            while here < len(source) and depth:
                if source[here] == "`":
                    here = _template(source, here)[0]
                    continue
                if source[here] in "\"'":
                    here = _close(source, here)
                    continue
                depth += {"{": 1, "}": -1}.get(source[here], 0)
                here += 1
            inner.append((start, source[start : here - 1]))
            text += "${}"
        else:
            text, here = text + source[here], here + 1
    return here + 1, text, inner

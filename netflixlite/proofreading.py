"""What is wrong with a translation, without knowing its language. Pure."""

import re
from collections import Counter

import polib

#: %(name)s, %d, %s and friends; a percentage sign that stands for itself is written twice where any of these is.
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[sdifrgx%]")
#: {name} and {} of str.format, <b> and </b>.
_BRACES = re.compile(r"\{\w*\}")
_MARKUP = re.compile(r"</?[a-z][^<>]*>")


def faults(entry: polib.POEntry) -> list[str]:
    """Why an entry of a catalogue cannot be shown, in words for whoever translates; [] when it can."""
    if entry.fuzzy:
        return ["it is marked fuzzy: look at it, and take the mark away"]
    if not entry.msgid_plural:
        return _of_text(entry, entry.msgid, entry.msgstr)
    found = []
    for number, text in sorted(entry.msgstr_plural.items()):
        # A form for exactly one count may say it in a word: 'one film', in Arabic 'two films' (a dual).
        alone = number < (3 if len(entry.msgstr_plural) > 4 else 1)
        source = entry.msgid_plural if number else entry.msgid
        found += [f"form {number}: {what}" for what in _of_text(entry, source, text, may_leave_out=alone)]
    return found


def _of_text(entry: polib.POEntry, source: str, text: str, *, may_leave_out: bool = False) -> list[str]:
    if not text.strip():
        return ["it is not translated"]
    found = []
    formatted = "python-format" in entry.flags or "javascript-format" in entry.flags
    if formatted or "%(" in source:
        found += _differ("placeholders", _places(source), _places(text), may_leave_out=may_leave_out)
    if not formatted or "python-brace-format" in entry.flags:
        braces = (Counter(_BRACES.findall(one)) for one in (source, text))
        found += _differ("placeholders", *braces, may_leave_out=may_leave_out)
    markup = (Counter(_MARKUP.findall(one)) for one in (source, text))
    found += _differ("markup", *markup, may_leave_out=False)
    for mark, where in (("\n", "line break"), (" ", "space")):
        if source.startswith(mark) != text.startswith(mark):
            found.append(f"the one begins with a {where}, the other does not")
        if source.endswith(mark) != text.endswith(mark):
            found.append(f"the one ends with a {where}, the other does not")
    return found


def _places(text: str) -> Counter[str]:
    """Placeholders with a name in any order; those without one keep theirs."""
    found = [match for match in _PERCENT.finditer(text) if not match[0].endswith("%") or match[1]]
    named = Counter(match[0] for match in found if match[1])
    plain = " ".join(match[0] for match in found if not match[1])
    return named + Counter([plain] if plain else [])


def _differ(what: str, wanted: Counter[str], given: Counter[str], *, may_leave_out: bool) -> list[str]:
    missing, more = wanted - given, given - wanted
    found = [] if may_leave_out or not missing else [f"{what} are missing: {' '.join(missing)}"]
    return found + ([f"{what} too many: {' '.join(more)}"] if more else [])

"""Makes what runs out of the catalogues of words (`python -m netflixlite.translations`), without Django or xgettext.

`locale/<language>/LC_MESSAGES/django.po` becomes a `.mo` beside it, for pages; `djangojs.po` becomes the module
`static/words/<language>.js`, for scripts. Neither is committed: set-up makes them, and does nothing where they are as
new as what they are made of. A translation that somebody has to look at again (fuzzy) is not used.
"""

import json
import re
import sys
from pathlib import Path

import polib

BASE = Path(__file__).resolve().parent.parent
_SCRIPT = """// Made of locale/{language}/LC_MESSAGES/djangojs.po by `python -m netflixlite.translations`: change that.
import {{ learn }} from "../js/lib/words.js";

learn("{language}", {words}, (n) => Number({form}));
"""
#: What a plural's rule may be written with: it becomes part of a script.
_RULE = re.compile(r"[n0-9\s?:()!=<>%&|]+")


class BadCatalogue(ValueError):
    """A catalogue cannot be used; the text names the file and says why."""


def languages(base: Path = BASE) -> list[str]:
    """The languages that have catalogues, as Django names them ('pt-br')."""
    return sorted(
        path.name.replace("_", "-").lower() for path in (base / "locale").glob("*/") if path.is_dir()
    )


def catalogue(language: str, domain: str, base: Path = BASE) -> Path:
    """Where a language's catalogue is. `domain` is 'django' (pages) or 'djangojs' (scripts)."""
    main, _, more = language.partition("-")
    return base / "locale" / (f"{main}_{more.upper()}" if more else main) / "LC_MESSAGES" / f"{domain}.po"


def compile_all(base: Path = BASE) -> list[Path]:
    """Make what is missing or older than its catalogue; returns what was made. Raises `BadCatalogue`."""
    made = []
    for language in languages(base):
        for domain, target in (
            ("django", catalogue(language, "django", base).with_suffix(".mo")),
            ("djangojs", base / "static" / "words" / f"{language}.js"),
        ):
            source = catalogue(language, domain, base)
            if not source.is_file() or _is_newer(target, source):
                continue
            book = read(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if domain == "django":
                _write(target, book.to_binary())
            else:
                _write(target, script(language, book).encode())
            made.append(target)
    return made


def script(language: str, book: polib.POFile) -> str:
    """The module that teaches scripts a language's words: `<` is escaped, so that it may stand anywhere."""
    words: dict[str, str | list[str]] = {}
    for entry in book:
        if not entry.translated() or entry.obsolete:
            continue
        key = f"{entry.msgctxt}\u0004{entry.msgid}" if entry.msgctxt else entry.msgid
        words[key] = (
            [entry.msgstr_plural[number] for number in sorted(entry.msgstr_plural)]
            if entry.msgid_plural
            else entry.msgstr
        )
    plain = json.dumps(words, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return _SCRIPT.format(language=language, words=plain.replace("<", "\\u003c"), form=plural_rule(book))


def plural_rule(book: polib.POFile) -> str:
    """The expression that says which form a count `n` takes: C, which is JavaScript too. Raises `BadCatalogue`."""
    header = book.metadata.get("Plural-Forms", "")
    found = re.search(r"plural\s*=\s*([^;]+)", header)
    if found is None or not _RULE.fullmatch(found[1]):
        raise BadCatalogue(f"{book.fpath}: its header says no plural rule that can be read: {header!r}.")
    return found[1].strip()


def read(source: Path) -> polib.POFile:
    """A catalogue. Raises `BadCatalogue`."""
    try:
        return polib.pofile(str(source), encoding="utf-8")
    except OSError as error:
        raise BadCatalogue(f"{source} is no catalogue of words: {error}.") from error


def _is_newer(target: Path, source: Path) -> bool:
    own = Path(__file__).stat().st_mtime_ns
    return target.is_file() and target.stat().st_mtime_ns >= max(source.stat().st_mtime_ns, own)


def _write(target: Path, data: bytes) -> None:
    """By rename: two processes may set up at once."""
    part = target.with_name(f"{target.name}.{id(data):x}.part")
    part.write_bytes(data)
    part.replace(target)


def main() -> int:
    """Compile, and say what was made; 1 when a catalogue cannot be used."""
    try:
        made = compile_all()
    except BadCatalogue as error:
        print(error, file=sys.stderr)  # noqa: T201 (a program's own word)
        return 1
    if made:
        print(f"made {len(made)} catalogues of words")  # noqa: T201 (a program's own word)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Reads every sentence that is to be translated out of the code, and brings the catalogues up to date with it.

Needs xgettext (Debian: `apt install gettext`); what runs the site does not. Unlike Django's own command it writes
nothing beside the templates while it works, guesses no translation from a similar sentence, and makes the same files
when run twice.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib
from django.utils.translation.template import templatize

from netflixlite import translations

#: By domain: where its sentences are, and in files of which endings.
SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "django": (
        ("accounts", "catalog", "cdn", "netflixlite", "playback", "recommend", "templates"),
        (".py", ".html", ".txt"),
    ),
    "djangojs": (("static/js",), (".js",)),
}
#: How many forms a word has by its count, and which: the CLDR's rules, without those for millions.
PLURALS = {
    "ar": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "hi": "nplurals=2; plural=(n > 1);",
}
_SKIPPED = frozenset({"tests", "migrations", "__pycache__"})
_KEYWORDS = (
    "gettext_noop",
    "gettext_lazy",
    "ngettext_lazy:1,2",
    "pgettext:1c,2",
    "npgettext:1c,2,3",
    "pgettext_lazy:1c,2",
    "npgettext_lazy:1c,2,3",
)
_WIDTH = 110


class CannotExtract(Exception):
    """The sentences could not be read; the text says why and what to do."""


def is_possible() -> bool:
    """Whether xgettext is here."""
    return shutil.which("xgettext") is not None


def extract(domain: str, base: Path = translations.BASE) -> polib.POFile:
    """All sentences of a domain as an empty catalogue, in the order of their files. Raises `CannotExtract`."""
    if not is_possible():
        raise CannotExtract("xgettext is not here. Install gettext (Debian, Ubuntu: apt install gettext).")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [_readable(path, base, folder) for path in _files(domain, base)]
        return _unified(_run(domain, folder, files))


def update(language: str, domain: str, fresh: polib.POFile, base: Path = translations.BASE) -> bool:
    """Bring one catalogue up to date with the sentences in the code; True when it changed.

    What is translated stays, sentences that are gone go, new ones are empty. Raises `CannotExtract`.
    """
    path = translations.catalogue(language, domain, base)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    known = {_key(entry): entry for entry in polib.pofile(before)} if before else {}
    book = polib.POFile(wrapwidth=_WIDTH)
    book.metadata = _header(language)
    for entry in fresh:
        old = known.get(_key(entry))
        kept = polib.POEntry(
            msgid=entry.msgid,
            msgctxt=entry.msgctxt,
            msgid_plural=entry.msgid_plural,
            comment=entry.comment,
            tcomment=old.tcomment if old else "",
            occurrences=entry.occurrences,
            flags=[flag for flag in entry.flags if flag != "fuzzy"] + _doubt(old),
        )
        if entry.msgid_plural:
            kept.msgstr_plural = _forms(old, language)
        elif old and not old.msgid_plural:
            kept.msgstr = old.msgstr
        book.append(kept)
    text = str(book)
    if text == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _doubt(old: polib.POEntry | None) -> list[str]:
    return ["fuzzy"] if old is not None and old.fuzzy else []


def _forms(old: polib.POEntry | None, language: str) -> dict[int, str]:
    count = int(PLURALS[language].partition("nplurals=")[2].partition(";")[0])
    said = old.msgstr_plural if old is not None else {}
    return {number: said.get(number, "") for number in range(count)}


def _key(entry: polib.POEntry) -> tuple[str, str, str]:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""


def _header(language: str) -> dict[str, str]:
    """What every catalogue says of itself: nothing that changes by the clock."""
    if language not in PLURALS:
        raise CannotExtract(f"Say in {__name__}.PLURALS how {language} counts, then try again.")
    return {
        "Project-Id-Version": "netflixlite",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS[language],
    }


def _files(domain: str, base: Path) -> Iterator[Path]:
    roots, endings = SOURCES[domain]
    for root in roots:
        for path in sorted((base / root).rglob("*")):
            if path.suffix in endings and not _SKIPPED & set(path.relative_to(base).parts):
                yield path


def _readable(path: Path, base: Path, folder: Path) -> str:
    """A file as xgettext reads it, below `folder`, by the same name: of templates only what is to be translated."""
    name = path.relative_to(base)
    copy = folder / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8")
    copy.write_text(text if path.suffix in (".py", ".js") else templatize(text, origin=str(name)), "utf-8")
    return str(name)


def _run(domain: str, folder: Path, files: Iterable[str]) -> polib.POFile:
    answer = subprocess.run(
        [
            "xgettext",
            "--language=" + ("JavaScript" if domain == "djangojs" else "Python"),
            "--from-code=UTF-8",
            "--add-comments=Translators",
            "--add-location=file",
            *(f"--keyword={word}" for word in _KEYWORDS),
            "--files-from=-",
            "--output=-",
        ],
        input="\n".join(files),
        capture_output=True,
        cwd=folder,
        encoding="utf-8",
        check=False,
    )
    if answer.returncode or not answer.stdout:
        raise CannotExtract(
            f"xgettext could not read the code: {answer.stderr.strip() or 'it found nothing'}"
        )
    return polib.pofile(answer.stdout)


def _unified(book: polib.POFile) -> polib.POFile:
    """Each sentence with the files that say it, each file once; lines would change with every commit."""
    for entry in book:
        entry.occurrences = [(name, "") for name in dict.fromkeys(name for name, _line in entry.occurrences)]
    return book

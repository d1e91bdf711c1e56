"""Every language says everything, as the code has it now, and nothing of it would break a page."""

import subprocess
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from netflixlite import extracting, proofreading, translations

LANGUAGES = [tag for tag, _name in settings.LANGUAGES if tag != "en"]
CATALOGUES = [(language, domain) for language in LANGUAGES for domain in extracting.SOURCES]


def _book(language: str, domain: str) -> polib.POFile:
    return translations.read(translations.catalogue(language, domain))


@pytest.fixture(scope="module")
def fresh() -> dict[str, polib.POFile]:
    """What the code says now, by domain."""
    if not extracting.is_possible():
        pytest.skip("xgettext is not here (apt install gettext): whether a sentence is new cannot be seen")
    return {domain: extracting.extract(domain) for domain in extracting.SOURCES}


def _keys(book: polib.POFile) -> set[tuple[str, str, str]]:
    return {(entry.msgctxt or "", entry.msgid, entry.msgid_plural or "") for entry in book}


def test_every_language_of_the_settings_has_catalogues_and_no_other_has() -> None:
    assert translations.languages() == sorted(LANGUAGES)


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_nothing_is_left_untranslated_or_in_doubt(language: str, domain: str) -> None:
    wrong = [
        f"{entry.msgid[:80]!r}: {'; '.join(found)}"
        for entry in _book(language, domain)
        if (found := proofreading.faults(entry))
    ]
    assert not wrong, f"{len(wrong)} in locale/{language}:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_what_is_translated_keeps_placeholders_and_markup(language: str, domain: str) -> None:
    wrong = [
        f"{entry.msgid[:80]!r}: {'; '.join(found)}"
        for entry in _book(language, domain)
        if entry.translated() and (found := proofreading.faults(entry))
    ]
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_the_catalogues_say_what_the_code_says(
    language: str, domain: str, fresh: dict[str, polib.POFile]
) -> None:
    have, want = _keys(_book(language, domain)), _keys(fresh[domain])
    new, gone = sorted(want - have), sorted(have - want)
    assert (new, gone) == ([], []), "run `manage.py makemessages`"


def _entry(msgid: str, msgstr: str, *flags: str) -> polib.POEntry:
    return polib.POEntry(msgid=msgid, msgstr=msgstr, flags=list(flags))


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (_entry("%(n)d of %(all)d", "%(all)d, davon %(n)d", "python-format"), ""),
        (_entry("%(n)d films", "Filme", "python-format"), "missing"),
        (_entry("%(n)d films", "%(m)d Filme", "python-format"), "missing"),
        (_entry("%s to %s", "%s bis", "python-format"), "missing"),
        (_entry("100 %% of it", "100 %% davon", "python-format"), ""),
        (_entry("Resuming from %(time)s", "Weiter bei %(zeit)s"), "missing"),
        (_entry("Write {name}", "Schreib {nome}"), "missing"),
        (_entry("<b>Play</b>", "Abspielen"), "markup"),
        (_entry("Play ", "Abspielen"), "space"),
        (_entry("Play", ""), "not translated"),
        (_entry("Play", "Abspielen", "fuzzy"), "fuzzy"),
    ],
)
def test_a_proofreader_sees_what_would_break_a_page(entry: polib.POEntry, fault: str) -> None:
    found = proofreading.faults(entry)
    assert fault in "; ".join(found) if fault else not found


def test_only_forms_of_one_count_may_leave_the_number_out() -> None:
    six = dict(enumerate(("kein Film", "ein Film", "zwei Filme", "%(n)s Filme", "%(n)s Filme", "Filme")))
    entry = polib.POEntry(msgid="%(n)s film", msgid_plural="%(n)s films", msgstr_plural=six)
    assert proofreading.faults(entry) == ["form 5: placeholders are missing: %(n)s"]


def _catalogue(base: Path, *entries: polib.POEntry) -> None:
    book = polib.POFile()
    book.metadata = {"Plural-Forms": extracting.PLURALS["ar"], "Content-Type": "text/plain; charset=UTF-8"}
    book.extend(entries)
    folder = base / "locale" / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    for domain in extracting.SOURCES:
        (folder / f"{domain}.po").write_text(str(book), encoding="utf-8")


def test_catalogues_become_what_pages_and_scripts_read_and_only_when_they_change(tmp_path: Path) -> None:
    forms = {number: f"form {number}" for number in range(6)}
    plural = polib.POEntry(msgid="film", msgid_plural="films", msgstr_plural=forms)
    _catalogue(tmp_path, _entry("Play", "</script>شغّل"), _entry("Stop", "قف", "fuzzy"), plural)
    made = translations.compile_all(tmp_path)
    assert [path.name for path in made] == ["django.mo", "ar.js"]
    assert [entry.msgid for entry in polib.mofile(str(made[0]))] == ["Play", "film"]
    script = made[1].read_text(encoding="utf-8")
    assert "</script>" not in script
    assert "قف" not in script
    assert translations.compile_all(tmp_path) == []


def test_the_module_of_a_language_teaches_scripts_its_words_and_how_it_counts(tmp_path: Path) -> None:
    forms = {number: f"form {number}" for number in range(6)}
    plural = polib.POEntry(msgid="film", msgid_plural="films", msgstr_plural=forms)
    _catalogue(tmp_path, _entry("Play", "شغّل"), plural)
    translations.compile_all(tmp_path)
    lib = tmp_path / "static" / "js" / "lib"
    lib.mkdir(parents=True)
    words = (Path(settings.BASE_DIR) / "static/js/lib/words.js").read_text(encoding="utf-8")
    (lib / "words.js").write_text(words, encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "say.js").write_text(
        'import "./static/words/ar.js";\n'
        'import { gettext, language, ngettext } from "./static/js/lib/words.js";\n'
        "const forms = [0, 1, 2, 7, 11, 100].map((n) => ngettext('film', 'films', n).at(-1));\n"
        "console.log([language(), gettext('Play'), forms.join('')].join(' '));\n",
        encoding="utf-8",
    )
    said = subprocess.run(
        ["node", "say.js"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    assert said.stdout.split() == ["ar", "شغّل", "012345"]


@pytest.mark.parametrize("rule", ["nplurals=2;", "nplurals=2; plural=alert(n);", ""])
def test_a_rule_that_is_no_arithmetic_never_becomes_a_script(rule: str) -> None:
    book = polib.POFile()
    book.metadata = {"Plural-Forms": rule}
    with pytest.raises(translations.BadCatalogue, match="plural rule"):
        translations.plural_rule(book)


def test_pages_load_their_languages_words_before_every_other_script(client: object) -> None:
    from django.template import Context, Template

    page = Template("{% load words %}{% script_words 'abc' %}")
    with translation.override("ar"):
        assert page.render(Context()) == (
            '<script type="module" nonce="abc" src="/static/words/ar.js"></script>'
        )
    with translation.override("en"):
        assert page.render(Context()) == ""

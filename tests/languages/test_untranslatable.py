"""No page and no script says anything that could not be translated."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.languages import pages, scripts

BASE = Path(settings.BASE_DIR)


def test_no_template_says_a_word_without_asking_for_its_translation() -> None:
    found = [
        f"{path.relative_to(BASE)}:{bare}"
        for path in sorted((BASE / "templates").rglob("*"))
        if path.suffix in (".html", ".txt")
        for bare in pages.untranslatable(path)
    ]
    assert not found, "wrap these in {% trans %} or {% blocktranslate %}:\n" + "\n".join(found)


def test_no_script_says_a_word_without_asking_for_its_translation() -> None:
    found = [
        f"{path.relative_to(BASE)}:{bare}"
        for path in sorted((BASE / "static" / "js").rglob("*.js"))
        if not str(path.relative_to(BASE / "static" / "js")).startswith(scripts.INTERNAL)
        for bare in scripts.untranslatable(path)
    ]
    assert not found, (
        "wrap these in gettext() of lib/words.js, or end the line with // no words:\n" + "\n".join(found)
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p>{% trans 'Play' %}</p>", []),
        ("<p>Play now</p>", ["Play now"]),
        ("<p>{{ name }} plays</p>", ["plays"]),
        ('<img alt="A red fox" src="/fox.jpg">', ["A red fox"]),
        ('<a class="big button" href="/x">{{ x }}</a>', []),
        ('<a aria-label="{{ name }}: {% trans "more" %}">{% icon "x" %}</a>', []),
        ("{% comment %} Nobody reads this. {% endcomment %}{# nor this #}", []),
        ("{% blocktranslate with n=3 %}{{ n }} films{% endblocktranslate %}", []),
        ("<{% if a %}a{% else %}div{% endif %} class='x'>{{ n }}</{% if a %}a{% else %}div{% endif %}>", []),
        ("<script>const words = 'not for people'</script>", []),
        ("{{ name|default:'Somebody' }}", ["Somebody"]),
    ],
)
def test_what_counts_as_words_in_a_template(text: str, found: list[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(text, encoding="utf-8")
    assert [bare.words.strip("\u2026 ") for bare in pages.untranslatable(page)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('button.textContent = "Play now";', ["Play now"]),
        ('button.textContent = gettext("Play now");', []),
        ('toast(interpolate(gettext("Hello %(name)s, welcome"), { name }));', []),
        ("h('p', {}, `Resuming from ${figures(at)}`)", ["Resuming from ${}"]),
        ('h("section", { class: "big red box", "aria-label": "Big box" })', ["Big box"]),
        ('throw new Error("the list of things is empty");', []),
        ('if (event.key === "Enter") go();', []),
        ("const at = /it's a (trap|test)/.test(name) ? 1 : 2; // Not a word", []),
        ('root.querySelector("main .row a")', []),
        ('const NAMES = { pip: "Picture in picture" };', ["Picture in picture"]),
        ("const text = `${done ? `Ready for you` : ''}`;", ["Ready for you"]),
        ('const kept = "as they say it"; // no words', []),
    ],
)
def test_what_counts_as_words_in_a_script(text: str, found: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.js"
    script.write_text(text + "\n", encoding="utf-8")
    assert [bare.words for bare in scripts.untranslatable(script)] == found

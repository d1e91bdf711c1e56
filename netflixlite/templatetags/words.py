"""The words of a page's scripts, in its language."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from netflixlite import translations

register = template.Library()


@register.simple_tag
def script_words(nonce: object = "") -> SafeString | str:
    """The script that teaches `static/js/lib/words.js` the page's language; nothing for English, which is in the code.

    It stands before every other script: modules run in the order of a page, and so each finds its words. `nonce`:
    the page's, where it has one; the studio's pages have none.
    """
    language = get_language() or "en"
    if language not in _languages():
        return ""
    allowed = format_html(' nonce="{}"', nonce) if nonce else ""
    return format_html('<script type="module"{} src="{}"></script>', allowed, static(f"words/{language}.js"))


@cache
def _languages() -> frozenset[str]:
    return frozenset(translations.languages())

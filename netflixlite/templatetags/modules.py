"""Scripts that a page will need, told to the browser before it finds out by itself, one import after the other."""

import posixpath
import re
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

#: What a module imports when it is loaded; `import(…)` later on is not among it.
_IMPORT = re.compile(
    r"""^(?:import|export)\b[^"';]*?\bfrom\s*"(\.[^"]+)"|^import\s*"(\.[^"]+)";""", re.MULTILINE
)


@cache
def module_graph(entry: str) -> tuple[str, ...]:
    """The files below `static/` that a module needs, itself among them, directly or not, each once, nearest first.

    Those that are served: of a running site the bundled ones, else the sources. Raises FileNotFoundError or KeyError
    for a name that is not there.
    """
    if served := getattr(staticfiles_storage, "modules", None):
        return tuple(served(entry))
    found = [entry]
    for name in found:
        text = (Path(settings.BASE_DIR) / "static" / name).read_text(encoding="utf-8")
        if name.endswith(".mjs"):
            continue  # made by others, and whole
        for given in _IMPORT.findall(text):
            needed = posixpath.normpath(posixpath.join(posixpath.dirname(name), given[0] or given[1]))
            if needed not in found:
                found.append(needed)
    return tuple(found)


@register.simple_tag(takes_context=True)
def module_preloads(context: Context, entry: str) -> SafeString:
    """Links by which a browser fetches a module and all that it needs at once. The name is written in templates."""
    nonce = getattr(context.get("request"), "csp_nonce", "")
    links = ((nonce, static(name)) for name in module_graph(entry))
    return format_html("{}", format_html_join("\n", '<link rel="modulepreload" nonce="{}" href="{}">', links))


@register.simple_tag
def module_addresses(entry: str) -> str:
    """The addresses of a module and of all that it needs, for a script that asks for them later."""
    return " ".join(static(name) for name in module_graph(entry))

"""What a browser keeps of the site to work without it: the manifest of the installed app, the service worker, the page
that stands in when the site cannot be reached, and the page of downloads.

Nothing here but the page of downloads knows who asks: what is kept in the worker's cache is the same for everybody.
"""

import hashlib
import json
import posixpath
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.doors import ProfileRequest, profile_required
from netflixlite import translations
from netflixlite.templatetags.modules import module_graph

#: What the page without the site loads: its own script, the player, and what both of them look like.
_SCRIPTS = ("js/offline/shell.js", "js/elements/nl-player.js")
_STYLES = ("css/transitions.css", "css/main.css")
_PICTURES = ("img/favicon.svg",)
#: Modules that others load while they run.
_LATER = re.compile(r"""\bimport\(\s*"(\.[^"]+)"\s*\)""")
#: What a style sheet names: other sheets, and fonts.
_NAMED = re.compile(r"""(?:@import\s+)?url\(\s*["']?([^"')]+)["']?\s*\)""")
_ICONS = (("192", "any"), ("512", "any"), ("512", "maskable"))
_NIL = UUID(int=0)


@login_not_required
@require_safe
@vary_on_headers("Accept-Language", "Cookie")
@cache_control(max_age=3600, private=True)
def manifest(request: HttpRequest) -> JsonResponse:
    """The installed app: name, icons, colours (W3C Web Application Manifest)."""
    icons = [
        {
            "src": static(f"img/app-{'maskable-' if purpose == 'maskable' else ''}{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in _ICONS
    ]
    shortcuts = [
        {"name": name, "url": reverse(page), "icons": icons[:1]}
        for name, page in (
            (_("Downloads"), "downloads"),
            (_("My list"), "my_list"),
            (_("Search"), "search"),
        )
    ]
    said = {
        "id": "/",
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME[:12],
        "description": _("Films and series of this house."),
        "lang": get_language() or "en",
        "start_url": f"{reverse('home')}?from=app",
        "scope": "/",
        "display": "standalone",
        "orientation": "any",
        "background_color": "#0b0911",
        "theme_color": "#0b0911",
        "categories": ["entertainment"],
        "icons": icons,
        "shortcuts": shortcuts,
    }
    return JsonResponse(said, content_type="application/manifest+json")


@login_not_required
@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the names of the files that it keeps. Another file makes another worker."""
    files = [static(name) for name in shell_files()]
    language = get_language() or "en"
    if language in translations.languages():
        needed = (static(name) for name in _with_later(f"words/{language}.js"))
        files += [name for name in needed if name not in files]
    shell = reverse("offline_shell")
    seen = "\n".join((*files, language, _shell_text(request), _contents() if settings.DEBUG else ""))
    said = {
        "version": hashlib.sha256(seen.encode()).hexdigest()[:16],
        "files": files,
        "shell": shell,
        "fixed": urlsplit(static("")).path or "/static/",
        "away": [reverse("downloads"), "/watch/"],
        "kept": reverse("kept_watch", args=[_NIL]).removesuffix(f"{_NIL}/"),
    }
    text = render_to_string("offline/worker.js", {"facts": json.dumps(said)})
    return HttpResponse(text, content_type="text/javascript; charset=utf-8")


@login_not_required
@require_safe
@vary_on_headers("Accept-Language", "Cookie")
@cache_control(no_cache=True)
def shell(request: HttpRequest, video_id: UUID | None = None) -> HttpResponse:
    """The page that needs no site: it finds out in the browser what is kept there. The same for everybody."""
    return HttpResponse(_shell_text(request))


@profile_required
@require_safe
def downloads(request: ProfileRequest) -> HttpResponse:
    """What the profile that is watching keeps on this device."""
    return render(request, "offline/downloads.html", {"nav": "downloads"})


def _shell_text(request: HttpRequest) -> str:
    # Not with the request: nothing of who asks may get into it.
    return render_to_string("offline/shell.html", {"name": settings.SITE_NAME, "nil": _NIL})


@cache
def shell_files() -> tuple[str, ...]:
    """The files below `static/` that the page without the site needs, each once."""
    found: dict[str, None] = {}
    for entry in _SCRIPTS:
        for name in _with_later(entry):
            found[name] = None
    for sheet in _STYLES:
        for name in _sheet(sheet):
            found[name] = None
    return (*found, *_PICTURES)


def _with_later(entry: str) -> list[str]:
    """A module, all that it imports, and what any of these imports later on."""
    if served := getattr(staticfiles_storage, "modules", None):
        return list(served(entry, later=True))
    found: list[str] = []
    waiting = [entry]
    while waiting:
        for name in module_graph(waiting.pop()):
            if name in found:
                continue
            found.append(name)
            if not name.endswith(".mjs"):
                waiting += [_below(name, each) for each in _LATER.findall(_text(name))]
    return found


def _sheet(name: str) -> list[str]:
    """A style sheet and what it names, fonts included; of a running site, whose sheets are whole, no other sheets."""
    found = [name]
    for each in found:
        if not each.endswith(".css"):
            continue
        for given in _NAMED.findall(_text(each)):
            if given.startswith(("data:", "#")):
                continue
            needed = _below(each, given)
            if needed not in found and (_folder() / needed).is_file():
                found.append(needed)
    whole = hasattr(staticfiles_storage, "modules")
    return [each for each in found if each == name or not (whole and each.endswith(".css"))]


def _below(name: str, given: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), given.split("#")[0].split("?")[0]))


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "static"


def _text(name: str) -> str:
    return (_folder() / name).read_text(encoding="utf-8")


def _contents() -> str:
    """A digest of the files themselves: while developing their names do not change with them."""
    digest = hashlib.sha256()
    for name in shell_files():
        digest.update((_folder() / name).read_bytes())
    return digest.hexdigest()


urlpatterns = [
    path("manifest.webmanifest", manifest, name="manifest"),
    path("sw.js", worker, name="service_worker"),
    path("downloads/", downloads, name="downloads"),
    path("downloads/offline/", shell, name="offline_shell"),
    path("downloads/watch/<uuid:video_id>/", shell, name="kept_watch"),
]

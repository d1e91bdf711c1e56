"""The studio: Django's admin, made fit to run a catalogue with."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin

from catalog.admin import details, library, queue, series, shelves, titles
from catalog.models import Episode, Genre, LibraryFile, Person, Season, Title

# One way in: the site's own sign-in page, with its rate limits, and no second one to guard.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = settings.SITE_NAME
admin.site.index_title = "Studio"
admin.site.enable_nav_sidebar = True

admin.site.register(Title, titles.TitleAdmin)
admin.site.register(Season, series.SeasonAdmin)
admin.site.register(Episode, series.EpisodeAdmin)
admin.site.register(LibraryFile, library.LibraryFileAdmin)
admin.site.register(Genre, shelves.GenreAdmin)
admin.site.register(Person, shelves.PersonAdmin)

_own_urls = admin.site.get_urls


def _urls() -> list[Any]:
    """The studio's own pages before the admin's: its last pattern takes everything."""
    return [*queue.urls(), *details.urls(), *_own_urls()]


admin.site.get_urls = _urls  # type: ignore[method-assign]

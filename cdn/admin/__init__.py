"""The operator's pages of the edge fleet, below the studio's address."""

from typing import Any

from django.contrib import admin

from cdn.admin import evacuations, fleet, joining, networks, nodepage, nodes, packages, shelf, verbs

__all__ = ["networks", "nodes"]

_own_urls = admin.site.get_urls


def _urls() -> list[Any]:
    """The fleet's pages before the admin's: its last pattern takes everything."""
    pages = (fleet, joining, shelf, evacuations, nodepage, packages, verbs)
    return [*(one for page in pages for one in page.urls()), *_own_urls()]


admin.site.get_urls = _urls  # type: ignore[method-assign]

"""The first page, and the icon that browsers ask for beside it."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_safe

from accounts.doors import ProfileRequest, profile_required
from catalog import services as catalog
from netflixlite.demo import progress
from netflixlite.pages.suggesting import invited
from netflixlite.pages.tiles import shelf_of, tile_of
from recommend import services as recommend

#: Rows that a page comes with: more than fill the tallest screen. The others come when somebody scrolls towards them.
ROWS_AT_ONCE = 6


@require_GET
@profile_required
def home(request: ProfileRequest) -> HttpResponse:
    """The billboard and the first rows; with `rows=all` all of them, for who has no script to fetch the others."""
    everything = request.GET.get("rows") == "all"
    shown = recommend.home(request.profile, first=None if everything else ROWS_AT_ONCE)
    big = shown.billboard
    rows = shown.rows if everything else shown.rows[:ROWS_AT_ONCE]
    context = {
        "nav": "home",
        "billboard": tile_of(big, shown.listed) if big else None,
        "trailer": catalog.trailer(big.title.id) if big else None,
        "shelves": [shelf_of(row, shown.listed) for row in rows],
        "more_from": len(rows) if len(rows) < len(shown.rows) else None,
        "invited": invited(request, shown),
        "growing": progress.under_way(),
        "ticket": shown.ticket,
    }
    return render(request, "home.html", context)


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here on pages that name no icon (JSON, errors, the admin); its real address may change."""
    return redirect(static("img/favicon.svg"))

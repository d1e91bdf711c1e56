"""What a profile is suggested, and what it has to say about that: why this, not interested, the first three, and all
that counts, with the switches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import doors
from accounts import services as accounts
from accounts.doors import ProfileRequest, profile_required, safe_next
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from netflixlite.pages.pacing import too_fast
from netflixlite.pages.tiles import SUGGESTED, Tile, sight, tiles_of
from recommend import services as recommend
from recommend.types import Home, Known, Row, Source, Switches

#: So many titles are to be picked from, and so many are asked for.
PICKS, WANTED = 24, 3
#: Where a session keeps the profiles that do not want to pick.
SKIPPED = "picks_skipped"
#: So many of the latest things that count are shown.
SHOWN = 100

_WORDS: Mapping[Known, Promise] = {
    Known.FINISHED: gettext_lazy("Watched to the end"),
    Known.WATCHED: gettext_lazy("Watched a good part"),
    Known.SERIES: gettext_lazy("Watched episodes"),
    Known.AGAIN: gettext_lazy("Watched more than once"),
    Known.UP: gettext_lazy("Thumb up"),
    Known.DOUBLE_UP: gettext_lazy("Two thumbs up"),
    Known.DOWN: gettext_lazy("Thumb down"),
    Known.PICKED: gettext_lazy("Picked at the start"),
    Known.LEFT: gettext_lazy("Begun and left"),
    Known.ABANDONED: gettext_lazy("Begun and given up"),
    Known.LISTED: gettext_lazy("On the list"),
    Known.HIDDEN: gettext_lazy("Not interested"),
}

#: The switches: name, what it is called, and what it does.
_SWITCHES: Sequence[tuple[str, Promise, Promise]] = (
    (
        "personal",
        gettext_lazy("Rows of its own"),
        gettext_lazy(
            "What is shown, and in which order, follows this profile. Off: as for everybody of its age."
        ),
    ),
    (
        "learn",
        gettext_lazy("Learn from what it does"),
        gettext_lazy("Off: what it watches and likes from now on changes nothing. Its history stays."),
    ),
    (
        "shared",
        gettext_lazy("Count for others"),
        gettext_lazy("What it watches counts for what others here are shown; never who it was."),
    ),
    (
        "steady",
        gettext_lazy("A steady page"),
        gettext_lazy("Nothing is tried out: rows keep their order, and titles their pictures."),
    ),
)


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch as it is drawn."""

    name: str
    label: str
    help: str
    on: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that counts: a title, what the profile did with it, and whether that speaks against what is like it."""

    title: Title
    words: str
    at: datetime
    against: bool


@dataclass(frozen=True, slots=True)
class Pick:
    """A title to pick, and whether it is picked."""

    title: Title
    picked: bool


# Not interested -----------------------------------------------------------------------------------------


@require_POST
@profile_required
def hide_title(request: ProfileRequest, title_id: UUID) -> HttpResponse:
    """Not interested in a title (`hidden=1`), or taking that back (`hidden=0`)."""
    if too_fast(request, request.profile.id):
        return _back(request) or redirect("home")
    if request.POST.get("hidden") == "1":
        try:
            recommend.hide(profile_id=request.profile.id, title_id=title_id)
        except recommend.NoSuchTitle as error:
            raise Http404(str(error)) from error
        messages.success(request, _("You will not be shown this any more."))
    else:
        recommend.unhide(profile_id=request.profile.id, title_id=title_id)
        messages.success(request, _("It may be shown again."))
    return _back(request) or redirect("home")


# Why this? ----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@profile_required
def why(request: ProfileRequest, slug: str) -> HttpResponse:
    """Why the profile is shown a title; a form in it takes a cause back (`forget`). A child reads it only."""
    profile = request.profile
    title = catalog.title_by_slug(slug, **sight(profile))
    if title is None:
        raise Http404("There is no such title for this profile.")
    if request.method == "POST":
        if profile.is_kid:
            raise PermissionDenied(_("A grown-up can change what counts."))
        if not too_fast(request, profile.id, withdrawing=True):
            recommend.forget(profile_id=profile.id, title_id=_id(request.POST.get("forget", "")))
            messages.success(request, _("It does not count any more."))
    found = recommend.why(profile.id, title.id)
    if found is None:
        raise Http404("There is no such title for this profile.")
    context = {
        "why": found,
        # Of many things that speak for a title each is little: they are seen beside the one that says most.
        "heaviest": max((cause.share for cause in found.causes), default=0.0),
        "suits": recommend.suits(title.id, profile_id=profile.id),
        "may_take_back": not profile.is_kid,
    }
    return render(request, "suggesting/why.html", context)


# The first three ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@profile_required
def picks(request: ProfileRequest) -> HttpResponse:
    """Pick what one likes: each answer changes the page at once (`pick`, `drop`); or not now (`skip`)."""
    profile = request.profile
    if request.method == "POST":
        if "skip" in request.POST:
            request.session[SKIPPED] = [*request.session.get(SKIPPED, []), str(profile.id)][-20:]
            return redirect("home")
        if not too_fast(request, profile.id):
            _pick(request, profile)
    offered = _offered(request, profile)
    liked = recommend.liked(profile.id)
    chosen = [Pick(title, title.id in liked) for title in offered]
    context = {
        "tiles": chosen,
        "picked": sum(each.picked for each in chosen),
        "wanted": WANTED,
        "answer": _answer(profile, offered) if any(each.picked for each in chosen) else [],
    }
    return render(request, "suggesting/picks.html", context)


def invited(request: ProfileRequest, shown: Home) -> bool:
    """Whether to ask the profile for three that it likes: nothing is known of it, and it has not said no."""
    return shown.is_new and str(request.profile.id) not in request.session.get(SKIPPED, [])


def _pick(request: ProfileRequest, profile: Profile) -> None:
    try:
        if "pick" in request.POST:
            recommend.pick(profile_id=profile.id, title_id=_id(request.POST["pick"]))
        elif "drop" in request.POST:
            recommend.unpick(profile_id=profile.id, title_id=_id(request.POST["drop"]))
    except recommend.NoSuchTitle as error:
        raise Http404(str(error)) from error


def _offered(request: ProfileRequest, profile: Profile) -> list[Title]:
    """What may be picked: the same until the page is left for good, whatever is picked meanwhile.

    One of each row in turn: what is popular, what is new, and something of each genre.
    """
    key = f"picks_{profile.id}"
    ids = [UUID(each) for each in request.session.get(key, [])] if request.method == "POST" else []
    if not ids:
        ids = _varied(recommend.rows_for(profile.id))
        request.session[key] = [str(each) for each in ids]
    found = catalog.titles(ids, **sight(profile), people=False)
    return [found[each] for each in ids if each in found]


def _varied(rows: Sequence[Row]) -> list[UUID]:
    turns = zip_longest(*([card.title.id for card in row.cards] for row in rows))
    return [each for each in dict.fromkeys(chain.from_iterable(turns)) if each is not None][:PICKS]


def _answer(profile: Profile, offered: Sequence[Title]) -> list[Tile]:
    """What the page would show now that was not to be picked from, else of that what was not picked."""
    rows = recommend.rows_for(profile.id)
    own = [row for row in rows if row.source is Source.TASTE] or [
        row for row in rows if row.source is not Source.OWN
    ]
    known = {title.id for title in offered}
    cards = list({card.title.id: card for row in own for card in row.cards}.values())
    fresh = [card for card in cards if card.title.id not in known]
    return tiles_of(profile, (fresh or cards)[:SUGGESTED])


# All that counts ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def recommendations(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """What a profile of the household is suggested, and what that is made of; for grown-ups."""
    profile = accounts.profile(profile_id)
    if profile is None or profile.user_id != request.user.pk:
        raise Http404("There is no such profile.")
    if refused := doors.pin_first(request, profile):
        return refused
    if request.method == "POST":
        if not too_fast(request, profile.id, withdrawing=True):
            messages.success(request, _change(request, profile))
        return redirect(request.path)
    switches, taste = recommend.switches(profile.id), recommend.taste(profile.id)
    entries = taste.entries[:SHOWN]
    hidden = recommend.hidden(profile.id)[:SHOWN]
    titles = catalog.titles({*(each.title_id for each in entries), *hidden}, **sight(profile), people=False)
    context = {
        "profile": profile,
        "switches": [
            Switch(name, str(label), str(words), getattr(switches, name)) for name, label, words in _SWITCHES
        ],
        "facts": [
            Fact(titles[each.title_id], str(_WORDS[each.kind]), each.at, each.weight < 0)
            for each in entries
            if each.title_id in titles and each.kind is not Known.HIDDEN
        ],
        "hidden": [titles[each] for each in hidden if each in titles],
    }
    return render(request, "suggesting/recommendations.html", context)


def _change(request: HttpRequest, profile: Profile) -> str:
    """Do what the form asks for; → what happened, in words."""
    asked = request.POST
    if "forget" in asked:
        recommend.forget(profile_id=profile.id, title_id=_id(asked["forget"]))
        return _("It does not count any more.")
    if "show" in asked:
        recommend.unhide(profile_id=profile.id, title_id=_id(asked["show"]))
        return _("It may be shown again.")
    if "anew" in asked:
        recommend.start_anew(profile_id=profile.id)
        return _("Everything begins anew: nothing until now counts.")
    if "erase" in asked:
        recommend.erase_taste(profile_id=profile.id)
        return _("All that was learnt of this profile is gone.")
    chosen = {name: name in asked for name, _label, _help in _SWITCHES}
    recommend.set_switches(profile_id=profile.id, switches=Switches(**chosen))
    return _("Saved.")


def _back(request: HttpRequest) -> HttpResponse | None:
    back = safe_next(request, request.POST.get("next", ""))
    return HttpResponseRedirect(back) if back else None


def _id(text: str) -> UUID:
    """What a form names."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404("There is no such title.") from None

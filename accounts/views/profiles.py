"""Who's watching: the gate, and adding, changing and removing profiles."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import doors, entering, maturity, services
from accounts.forms import EditProfileForm, ProfileForm
from accounts.types import Entrance, Profile
from accounts.views import language
from accounts.views.asking import user_id_of
from netflixlite.templatetags.nl import ago


@require_GET
def profiles(request: HttpRequest) -> HttpResponse:
    """Who's watching?"""
    mine_all = services.profiles(user_id_of(request))
    context = {
        "profiles": mine_all,
        "can_add": len(mine_all) < services.PROFILE_LIMIT,
        "next": doors.safe_next(request, request.GET.get("next", "")),
        "current": getattr(request, "profile", None),
        "is_kid": doors.is_kid(request),
        "is_grown_up": doors.is_grown_up(request),
        "open_to_kids": any(one.is_kid for one in mine_all)
        and any(not one.is_kid and not one.locked for one in mine_all),
    }
    return render(request, "accounts/profiles.html", context)


@require_POST
def choose_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Watch as this profile from now on in this browser. One with a PIN leads to where that is given."""
    profile = mine(request, profile_id)
    try:
        entrance = entering.enter(request, profile, request.POST.get("pin", ""))
    except services.InvalidField:
        back = doors.safe_next(request, request.POST.get("next", ""))
        address = reverse("enter_profile", args=[profile.id])
        return HttpResponseRedirect(f"{address}?{urlencode({'next': back})}" if back else address)
    return entered(request, profile, entrance)


@require_http_methods(["GET", "POST"])
def new_profile(request: HttpRequest) -> HttpResponse:
    """Add a profile."""
    mine = services.profiles(user_id_of(request))
    taken = {profile.avatar for profile in mine}
    free = next((key for key in services.AVATARS if key not in taken), services.AVATARS[0])
    initial = {"avatar": free, "language": request.LANGUAGE_CODE, "maturity": maturity.AGES[-1]}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if not entering.may_allow(request, **form.ages_given()):
            return doors.lead_to_proof(request)
        try:
            services.create_profile(user_id=user_id_of(request), actor=user_id_of(request), **form.changes())
        except services.InvalidField as error:
            form.refuse(error)
        else:
            return redirect("profiles")
    return _profile_form(request, form, profile=None)


@require_http_methods(["GET", "POST"])
def edit_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Change a profile."""
    profile = mine(request, profile_id)
    if refused := doors.pin_first(request, profile):
        return refused
    form = EditProfileForm.of(profile, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not entering.may_allow(request, **form.ages_given(), before=profile):
            return doors.lead_to_proof(request)
        try:
            changed = services.update_profile(
                profile_id=profile.id, actor=user_id_of(request), **form.changes()
            )
        except services.InvalidField as error:
            form.refuse(error)
        else:
            watching = getattr(request, "profile", None)
            response = redirect("profiles")
            return (
                language.keep(response, changed.language)
                if watching and watching.id == profile.id
                else response
            )
    return _profile_form(request, form, profile=profile)


@require_http_methods(["GET", "POST"])
def delete_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Remove a profile and all that is kept for it."""
    profile = mine(request, profile_id)
    if refused := doors.pin_first(request, profile):
        return refused
    if request.method == "POST":
        services.delete_profile(profile.id, actor=user_id_of(request))
        messages.success(request, _("%(name)s is removed.") % {"name": profile.name})
        return redirect("profiles")
    return render(request, "accounts/profile_delete.html", {"profile": profile})


def entered(request: HttpRequest, profile: Profile, entrance: Entrance) -> HttpResponse:
    """The answer to a gate that opened: on to where one wanted to go, with a word about wrong PINs before this one."""
    if entrance.wrong and entrance.last_wrong_at:
        words = ngettext(
            "%(n)d wrong PIN was tried here before yours, %(when)s.",
            "%(n)d wrong PINs were tried here before yours, the last one %(when)s.",
            entrance.wrong,
        )
        messages.warning(request, words % {"n": entrance.wrong, "when": ago(entrance.last_wrong_at)})
    back = doors.safe_next(request, request.POST.get("next", ""))
    # Not `redirect(back)`: it takes a word for the name of a view.
    response = HttpResponseRedirect(back) if back else redirect(settings.LOGIN_REDIRECT_URL)
    return language.keep(response, profile.language)


def _profile_form(request: HttpRequest, form: ProfileForm, *, profile: Profile | None) -> HttpResponse:
    context = {
        "form": form,
        "profile": profile,
        "avatars": services.AVATARS,
        "adult_default": maturity.ADULT_DEFAULT,
        "kid_maximum": maturity.KID_MAXIMUM,
        "transfer": services.offered(profile.id) if profile else None,
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "accounts/profile_form.html", context, status=status)


def mine(request: HttpRequest, profile_id: UUID) -> Profile:
    """This profile of who is signed in; another household's does not exist for them."""
    profile = services.profile(profile_id)
    if profile is None or profile.user_id != user_id_of(request):
        raise Http404("There is no such profile.")
    return profile

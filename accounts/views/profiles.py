"""Who's watching: the gate, and adding, changing and removing profiles."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import doors, maturity, services
from accounts.forms import ProfileForm
from accounts.types import Profile
from accounts.views.asking import user_id_of


@require_GET
def profiles(request: HttpRequest) -> HttpResponse:
    """Who's watching?"""
    mine = services.profiles(user_id_of(request))
    context = {
        "profiles": mine,
        "can_add": len(mine) < services.PROFILE_LIMIT,
        "next": doors.safe_next(request, request.GET.get("next", "")),
        "current": getattr(request, "profile", None),
        "is_kid": doors.is_kid(request),
    }
    return render(request, "accounts/profiles.html", context)


@require_POST
def choose_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Watch as this profile from now on in this browser."""
    profile = _mine(request, profile_id)
    request.session[doors.SESSION_KEY] = str(profile.id)
    back = doors.safe_next(request, request.POST.get("next", ""))
    # Not `redirect(back)`: it takes a word for the name of a view.
    response = HttpResponseRedirect(back) if back else redirect(settings.LOGIN_REDIRECT_URL)
    return _in_language_of(response, profile)


@require_http_methods(["GET", "POST"])
def new_profile(request: HttpRequest) -> HttpResponse:
    """Add a profile."""
    mine = services.profiles(user_id_of(request))
    taken = {profile.avatar for profile in mine}
    free = next((key for key in services.AVATARS if key not in taken), services.AVATARS[0])
    form = ProfileForm(
        request.POST or None, initial={"avatar": free, "language": request.LANGUAGE_CODE, "maturity": ""}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.create_profile(user_id=user_id_of(request), **form.cleaned_data)
        except services.InvalidField as error:
            form.refuse(error)
        else:
            return redirect("profiles")
    return _profile_form(request, form, profile=None)


@require_http_methods(["GET", "POST"])
def edit_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Change a profile."""
    profile = _mine(request, profile_id)
    initial = {
        "name": profile.name,
        "avatar": profile.avatar,
        "is_kid": profile.is_kid,
        "maturity": profile.maturity,
        "language": profile.language,
    }
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.update_profile(profile_id=profile.id, **form.cleaned_data)
        except services.InvalidField as error:
            form.refuse(error)
        else:
            watching = getattr(request, "profile", None)
            response = redirect("profiles")
            return _in_language_of(response, changed) if watching == profile else response
    return _profile_form(request, form, profile=profile)


@require_http_methods(["GET", "POST"])
def delete_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Remove a profile and all that is kept for it."""
    profile = _mine(request, profile_id)
    if request.method == "POST":
        services.delete_profile(profile.id)
        messages.success(request, _("%(name)s is removed.") % {"name": profile.name})
        return redirect("profiles")
    return render(request, "accounts/profile_delete.html", {"profile": profile})


def _in_language_of(response: HttpResponse, profile: Profile) -> HttpResponse:
    """The profile's language is the language of its pages."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        profile.language,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def _profile_form(request: HttpRequest, form: ProfileForm, *, profile: Profile | None) -> HttpResponse:
    context = {
        "form": form,
        "profile": profile,
        "avatars": services.AVATARS,
        "kid_ages": maturity.ages_for(is_kid=True),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "accounts/profile_form.html", context, status=status)


def _mine(request: HttpRequest, profile_id: UUID) -> Profile:
    """This profile of who is signed in; another household's does not exist for them."""
    profile = services.profile(profile_id)
    if profile is None or profile.user_id != user_id_of(request):
        raise Http404("There is no such profile.")
    return profile

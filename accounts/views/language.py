"""In which language the pages are."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST

from accounts import doors, services
from accounts.types import Profile


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Show the pages in this language from now on: to who is watching wherever they are, else in this browser."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise BadRequest(f"language is one of {', '.join(dict(settings.LANGUAGES))}.")
    profile: Profile | None = getattr(request, "profile", None)
    if profile is not None and profile.language != language:
        services.update_profile(profile_id=profile.id, language=language, actor=profile.user_id)
    back = doors.safe_next(request, request.POST.get("next", "")) or resolve_url(settings.LOGIN_REDIRECT_URL)
    return keep(HttpResponseRedirect(back), language)


def keep(response: HttpResponse, language: str) -> HttpResponse:
    """Have this browser remember a language: for pages that nobody's profile is on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response

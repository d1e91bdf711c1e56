"""The account's page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import services
from accounts.views.asking import user_id_of


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """Name, email address, plan and profiles of who is signed in."""
    user_id = user_id_of(request)
    mine = services.profiles(user_id)
    context = {
        "account": services.user(user_id),
        "plan": services.plan(user_id),
        "subscription": services.subscription(user_id) if settings.PAYMENTS != "none" else None,
        "somebody_pays": settings.PAYMENTS != "none",
        "profiles": mine,
        "can_add": len(mine) < services.PROFILE_LIMIT,
    }
    return render(request, "accounts/account.html", context)

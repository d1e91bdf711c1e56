"""The page of devices: which there are, what to call them, signing them out."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import doors, services
from accounts.devices import ending
from accounts.signing import sessions
from accounts.views.asking import user_id_of

#: A use as late as this is told as now: it is written at most once a minute.
JUST_NOW = timedelta(minutes=3)


@require_GET
def devices(request: HttpRequest) -> HttpResponse:
    """Every device that is signed in, and those that were; `edit` names the one whose name is being changed."""
    found = services.devices(user_id_of(request))
    just_now = timezone.now() - JUST_NOW
    context = {
        "fresh": {one.id for one in found if one.last_used_at > just_now},
        "signed_in": [one for one in found if one.signed_in],
        "signed_out": [one for one in found if not one.signed_in],
        "here": doors.device_of(request),
        "edit": request.GET.get("edit", ""),
        # Shown where one device has several of them; with one each, the device is the session.
        "sessions": sessions.listed(request),
    }
    return render(request, "accounts/devices.html", context)


@require_POST
def rename_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Call it something else."""
    try:
        services.rename_device(
            user_id=user_id_of(request), device_id=device_id, name=request.POST.get("name", "")
        )
    except services.InvalidField as error:
        messages.error(request, error.message)
    except services.NotFound as error:
        raise Http404("There is no such device.") from error
    return redirect("devices")


@require_POST
def end_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Sign one out. On this device itself it is an ordinary sign-out."""
    try:
        ending.end_one(user_id=user_id_of(request), device_id=device_id)
    except services.NotFound as error:
        raise Http404("There is no such device.") from error
    if device_id == doors.device_of(request):
        request.session.flush()
        return redirect("account_login")
    messages.success(request, _("The device is signed out."))
    return redirect("devices")


@require_POST
@doors.recent_sign_in_required
def end_all_devices(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = ending.end_others(user_id_of(request), keep=request.session.session_key or "")
    text = ngettext("%(n)s other session is ended.", "%(n)s other sessions are ended.", ended) % {"n": ended}
    messages.success(request, text if ended else _("Nobody was signed in anywhere else."))
    return redirect("devices")

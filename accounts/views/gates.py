"""The gate of a locked profile, its PIN, and a profile's way to an account of its own."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import doors, entering, pins, services
from accounts.forms import NewPinForm, PinForm, TransferForm
from accounts.signing import recency
from accounts.types import Profile
from accounts.views.asking import user_id_of
from accounts.views.profiles import entered, mine

#: Where a session keeps the link of a profile that somebody is about to take, while they sign up or in.
JOINING_KEY = "joining"


@never_cache
@require_http_methods(["GET", "POST"])
def enter_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Give the PIN of a locked profile: to watch as it, or with `for=change` to change it."""
    profile = mine(request, profile_id)
    to_change = request.GET.get("for") == "change"
    back = doors.safe_next(request, request.POST.get("next", "") or request.GET.get("next", ""))
    if to_change and doors.is_kid(request):
        return redirect("profiles")
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if to_change:
                entering.prove(request, profile, form.cleaned_data["pin"])
                return HttpResponseRedirect(back or reverse("edit_profile", args=[profile.id]))
            return entered(request, profile, entering.enter(request, profile, form.cleaned_data["pin"]))
        except services.InvalidField as error:
            form.add_error("pin", error.message)
    elif not profile.locked:
        return redirect("edit_profile", profile.id) if to_change else redirect("profiles")
    gate = services.gate(profile.id)
    context = {
        "form": form,
        "profile": profile,
        "next": back,
        "to_change": to_change,
        "wait": round(gate.wait.total_seconds()),
        "longest": pins.LONGEST,
        "shortest": pins.SHORTEST,
        "keys": range(1, 10),
    }
    return render(request, "accounts/enter_profile.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@doors.recent_sign_in_required
def profile_pin(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Set, change or remove the PIN of a profile. Who forgot it comes here, too: the account's proof is enough."""
    profile = mine(request, profile_id)
    if request.method == "POST" and "remove" in request.POST:
        services.remove_pin(profile_id=profile.id, actor=user_id_of(request))
        messages.success(request, _("%(name)s has no PIN any more.") % {"name": profile.name})
        return redirect("edit_profile", profile.id)
    form = NewPinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            stamp = services.set_pin(
                profile_id=profile.id, pin=form.cleaned_data["pin"], actor=user_id_of(request)
            )
        except services.InvalidField as error:
            form.refuse(error)
        else:
            entering.keep(request, profile, stamp)
            messages.success(
                request, _("%(name)s is entered with a PIN from now on.") % {"name": profile.name}
            )
            return redirect("edit_profile", profile.id)
    context = {"form": form, "profile": profile, "gate": services.gate(profile.id)}
    return render(request, "accounts/profile_pin.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@doors.recent_sign_in_required
def profile_transfer(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Let a profile go to an account of its own: make the link, or take it back."""
    profile = mine(request, profile_id)
    if request.method == "POST" and "withdraw" in request.POST:
        services.withdraw_offer(profile_id=profile.id, actor=user_id_of(request))
        messages.success(
            request, _("The link does not work any more. %(name)s stays.") % {"name": profile.name}
        )
        return redirect("profile_transfer", profile.id)
    form, address = TransferForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            transfer, secret = services.offer_profile(
                profile_id=profile.id, email=form.cleaned_data["email"], actor=user_id_of(request)
            )
        except services.InvalidField as error:
            form.add_error("email" if error.field == "email" else None, error.message)
        else:
            address = request.build_absolute_uri(reverse("take_profile", args=[secret]))
            services.write_to(transfer=transfer, address=address)
    context = {
        "form": form,
        "profile": profile,
        "transfer": services.offered(profile.id),
        "address": address,
    }
    return render(request, "accounts/profile_transfer.html", context, status=422 if form.errors else 200)


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def take_profile(request: HttpRequest, secret: str) -> HttpResponse:
    """Where the link leads: sign in or up, and take the profile into that account."""
    transfer = services.transfer_of(secret)
    if transfer is None:
        return render(request, "accounts/take_profile.html", {"transfer": None}, status=404)
    if not request.user.is_authenticated:
        request.session[JOINING_KEY] = secret
    error = ""
    if request.method == "POST" and request.user.is_authenticated and doors.is_grown_up(request):
        if not recency.is_recent(request):
            return doors.lead_to_proof(request)
        try:
            return _took(request, services.take_profile(secret=secret, user_id=user_id_of(request)))
        except services.NotFound:
            return render(request, "accounts/take_profile.html", {"transfer": None}, status=404)
        except services.InvalidField as refused:
            error = refused.message
    context = {
        "transfer": transfer,
        "error": error,
        "here": request.path,
        "own": request.user.is_authenticated and transfer.from_user_id == request.user.pk,
    }
    return render(request, "accounts/take_profile.html", context, status=422 if error else 200)


def _took(request: HttpRequest, profile: Profile) -> HttpResponse:
    request.session.pop(JOINING_KEY, None)
    words = _("%(name)s is yours now, with everything that was watched and saved.")
    messages.success(request, words % {"name": profile.name})
    return redirect("profiles")

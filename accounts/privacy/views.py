"""Pages about what is known of somebody.

| template | context |
|---|---|
| `accounts/privacy/data.html` | `exports` (types.DataExport), `erasure` (types.Erasure or None), `waiting` (bool), `days` (of cooling off) |
| `accounts/privacy/erase.html` | `form`, `days`, `profiles`, `account` |
| `accounts/privacy/asked.html` | `erasure`, `receipt` (the secret, shown this once) |
| `accounts/privacy/proof.html` | `proof` (types.ErasureProof or None), `form`, `mine` (True, False or None: not asked) |
"""  # noqa: E501 (a table)

import math
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import doors, services
from accounts.views.asking import user_id_of
from netflixlite import addresses

#: How often a receipt may be tried from one address in ten minutes: 100 bits need no more, but the page is open to all.
_TRIES, _TRIES_FOR = 20, 600


class EraseForm(forms.Form):
    """The last question before an account's end."""

    sure = forms.BooleanField(label=gettext_lazy("Yes, erase my account and everything in it."))


class ReceiptForm(forms.Form):
    """What somebody shows to prove that an erasure was theirs."""

    email = forms.EmailField(label=gettext_lazy("E-mail address of the account"), required=False)
    secret = forms.CharField(label=gettext_lazy("Receipt"), max_length=60)


@require_GET
@never_cache
def data(request: HttpRequest) -> HttpResponse:
    """Copies, and the way out."""
    user_id = user_id_of(request)
    mine = services.exports(user_id)
    context = {
        "exports": mine,
        "waiting": any(one.ready_at is None and not one.problem for one in mine),
        "erasure": services.erasure(user_id),
        "days": math.ceil(settings.ERASURE_DAYS),
    }
    return render(request, "accounts/privacy/data.html", context)


@require_POST
@doors.recent_sign_in_required
def ask_export(request: HttpRequest) -> HttpResponse:
    """Have a copy made."""
    try:
        services.ask_export(user_id_of(request))
    except services.TooManyExports as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Your copy is being made. You will be told by mail when it is ready."))
    return redirect("account_data")


@require_GET
@never_cache
@doors.recent_sign_in_required
def fetch_export(request: HttpRequest, export_id: UUID) -> FileResponse:
    """Download a copy."""
    return send_export(user_id_of(request), export_id)


@require_http_methods(["GET", "POST"])
@never_cache
@doors.recent_sign_in_required
def erase(request: HttpRequest) -> HttpResponse:
    """Ask for the end of the account. Whoever did is signed out, here too."""
    user_id = user_id_of(request)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            erasure, receipt = services.ask_erasure(user_id)
        except services.LastOperator as error:
            form.add_error(None, error.message)
        else:
            logout(request)
            return render(request, "accounts/privacy/asked.html", {"erasure": erasure, "receipt": receipt})
    context: dict[str, Any] = {
        "form": form,
        "days": math.ceil(settings.ERASURE_DAYS),
        "account": services.user(user_id),
        "profiles": services.profiles(user_id),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "accounts/privacy/erase.html", context, status=status)


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the account after all."""
    if services.cancel_erasure(user_id_of(request)):
        messages.success(request, _("Your account stays. Welcome back."))
    else:
        messages.error(request, _("It is too late for that: the account is being erased."))
    return redirect("account_data")


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def proof(request: HttpRequest, proof_id: UUID) -> HttpResponse:
    """What stays of an erased account: for whoever has its number. With the receipt, whose it was as well."""
    found = services.erasure_proof(proof_id)
    form, mine = ReceiptForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        if _too_often(request):
            form.add_error(None, _("Too many tries from here. Wait ten minutes."))
        else:
            mine = services.is_receipt_of(
                proof_id, secret=form.cleaned_data["secret"], email=form.cleaned_data["email"]
            )
    context = {"proof": found, "form": form, "mine": mine, "number": proof_id}
    return render(request, "accounts/privacy/proof.html", context, status=200 if found else 404)


def send_export(user_id: UUID, export_id: UUID) -> FileResponse:
    """A copy's file, to be saved and not to be kept by anything in between. Raises Http404."""
    try:
        path = services.fetch_export(user_id=user_id, export_id=export_id)
    except services.NotFound as error:
        raise Http404(_("There is no such copy.")) from error
    name = f"{settings.SITE_NAME}-{export_id}.zip"
    response = FileResponse(open(path, "rb"), as_attachment=True, filename=name)  # noqa: SIM115 (the response closes it)
    response["Cache-Control"] = "no-store"
    return response


def _too_often(request: HttpRequest) -> bool:
    key = f"receipt:{addresses.of(request.META)}"
    cache.add(key, 0, timeout=_TRIES_FOR)
    try:
        return int(cache.incr(key)) > _TRIES
    except ValueError:  # it ran out between the two
        return False

"""Pages of plans and payments. They exist only where somebody pays; else they answer 404.

| template | context |
|---|---|
| `accounts/plans.html` | `offers` (Offer), `subscription` (types.Subscription or None), `plan`, `price`, `invoices`, |
| | `can_portal` |
| `accounts/plan_change.html` | `plan`, `price`, `quote`, `lines`, `total`, `subscription`, `provider` |
| `accounts/plan_cancel.html` | `subscription` |
| `accounts/invoice.html` | `invoice`, `lines`, `total`, `bill_from`, `bill_pay` |
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import doors, services
from accounts.billing import events, looking, subscribing
from accounts.billing.money import Money
from accounts.billing.providers import ProviderFailed, provider, provider_in_use
from accounts.billing.providers import stripe as by_stripe
from accounts.types import Plan, Subscription
from accounts.views.asking import user_id_of

#: A provider's news is shorter than this, in bytes.
EVENT_MAX = 512 * 1024
#: How often one account may have the provider asked how a payment stands: allauth's notation.
ASKED_MOST = "10/10m/user"


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan on the page: `is_mine` now, `is_next` from the next period on."""

    plan: Plan
    price: Money
    is_mine: bool
    is_next: bool


def where_somebody_pays(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """404 where nobody pays: there are no such pages then."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if provider_in_use() is None:
            raise Http404("Nobody pays here.")
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@where_somebody_pays
def plans(request: HttpRequest) -> HttpResponse:
    """What there is to choose, what one has, and the invoices so far."""
    user_id = user_id_of(request)
    mine = services.subscription(user_id)
    held_by = provider(mine.provider) if mine else None
    offers = [
        Offer(
            plan,
            Money(plan.price, plan.currency),
            is_mine=bool(mine and mine.plan_id == plan.id),
            is_next=bool(mine and mine.next_plan_id == plan.id),
        )
        for plan in services.plans_on_offer()
    ]
    context = {
        "offers": offers,
        "subscription": mine,
        "plan": services.plan(user_id),
        "price": Money(mine.price, mine.currency) if mine else None,
        "invoices": looking.invoices_of(user_id),
        "can_portal": bool(held_by and held_by.has_portal and mine and mine.state != "pending"),
    }
    return render(request, "accounts/plans.html", context)


@require_http_methods(["GET", "POST"])
@where_somebody_pays
def change_plan(request: HttpRequest, plan_id: UUID) -> HttpResponseBase:
    """What it would cost and from when; by POST it is done."""
    if request.method == "POST":
        return _choose(request, plan_id=plan_id)
    user_id = user_id_of(request)
    try:
        plan, quote = looking.offer(plan_id), subscribing.quote(user_id, plan_id)
    except subscribing.NotFound as error:
        raise Http404(error.message) from error
    except subscribing.Refused as error:
        messages.error(request, error.message)
        return redirect("plans")
    in_use = provider_in_use()
    context = {
        "plan": plan,
        "price": Money(plan.price, plan.currency),
        "quote": quote,
        "lines": [(looking.line_words(line), Money(line.amount, quote.currency)) for line in quote.lines],
        "total": Money(quote.total, quote.currency),
        "subscription": services.subscription(user_id),
        "provider": in_use.name if in_use else "",
    }
    return render(request, "accounts/plan_change.html", context)


@doors.recent_sign_in_required
def _choose(request: HttpRequest, *, plan_id: UUID) -> HttpResponse:
    back = settings.SITE_URL + reverse("plan_done")
    try:
        address = subscribing.choose(user_id_of(request), plan_id, back=back)
    except subscribing.NotFound as error:
        raise Http404(error.message) from error
    except subscribing.Refused as error:
        messages.error(request, error.message)
        return redirect("plans")
    if address:
        return HttpResponseRedirect(address)
    messages.success(request, _done(services.subscription(user_id_of(request))))
    return redirect("plans")


def _done(mine: Subscription | None) -> str:
    """What was chosen, in words."""
    if mine is None or mine.state == "pending":
        return _("Thank you. Your plan begins when the invoice is paid.")
    if mine.next_plan:
        return _("“%(plan)s” begins when the paid period ends.") % {"plan": mine.next_plan}
    return _("Your plan is “%(plan)s” now.") % {"plan": mine.plan}


@require_GET
@where_somebody_pays
def plan_done(request: HttpRequest) -> HttpResponse:
    """Back from the provider's page. Its news may not be here yet, so it is asked."""
    checkout = request.GET.get("checkout", "")
    if checkout.startswith("cs_") and len(checkout) <= 255:
        try:
            row = by_stripe.sync_checkout(checkout) if _may_ask(request) else None
        except ProviderFailed:
            row = None  # its news comes by the webhook
        if row is not None and row.user_id == user_id_of(request) and row.state == "active":
            messages.success(request, _("Welcome: your plan has begun."))
        else:
            messages.info(request, _("Thank you. The plan begins as soon as the payment is confirmed."))
    return redirect("plans")


def _may_ask(request: HttpRequest) -> bool:
    """Whether this account has not had the provider asked too often: it answers a site only so many questions."""
    rates = {"checkout": ASKED_MOST}
    used = ratelimit.consume(request, app="accounts.billing", action="checkout", config=rates, limit_get=True)
    return used is not None


@require_http_methods(["GET", "POST"])
@where_somebody_pays
def cancel_plan(request: HttpRequest) -> HttpResponseBase:
    """Say what cancelling means; by POST it is done."""
    if request.method == "POST":
        return _cancel(request)
    mine = services.subscription(user_id_of(request))
    if mine is None:
        return redirect("plans")
    return render(request, "accounts/plan_cancel.html", {"subscription": mine})


@doors.recent_sign_in_required
def _cancel(request: HttpRequest) -> HttpResponse:
    try:
        row = subscribing.cancel(user_id_of(request))
    except subscribing.Refused as error:
        messages.error(request, error.message)
        return redirect("plans")
    if row.state == "cancelled":
        messages.success(request, _("Cancelled. You can watch until the period ends."))
    else:
        messages.success(request, _("The subscription has ended."))
    return redirect("plans")


@require_POST
@where_somebody_pays
@doors.recent_sign_in_required
def resume_plan(request: HttpRequest) -> HttpResponse:
    """Go on after all."""
    try:
        subscribing.resume(user_id_of(request))
    except subscribing.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Your plan goes on."))
    return redirect("plans")


@require_POST
@where_somebody_pays
@doors.recent_sign_in_required
def plan_portal(request: HttpRequest) -> HttpResponse:
    """To the provider's page for cards."""
    try:
        address = subscribing.portal(user_id_of(request), back=settings.SITE_URL + reverse("plans"))
    except subscribing.Refused as error:
        messages.error(request, error.message)
        return redirect("plans")
    return HttpResponseRedirect(address)


@require_GET
def invoice(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """An invoice to print, for who pays it and for operators who may see invoices."""
    runs_it = request.user.is_staff and not doors.lacks_factor(request)
    may_all = bool(runs_it and request.user.has_perm("accounts.view_invoice"))
    found = looking.invoice(invoice_id, user_id=None if may_all else user_id_of(request))
    if found is None:
        raise Http404("There is no such invoice.")
    context = {"invoice": found, "bill_from": settings.BILL_FROM, "bill_pay": settings.BILL_PAY}
    return render(request, "accounts/invoice.html", context)


@csrf_exempt
@login_not_required
@require_POST
def stripe_news(request: HttpRequest) -> HttpResponse:
    """Stripe's webhook. An event that was kept is answered with 200, whatever became of it: we try again ourselves."""
    if settings.PAYMENTS != "stripe":
        return JsonResponse({"error": {"code": "not_found", "message": "Nobody pays here."}}, status=404)
    payload = request.read(EVENT_MAX + 1)
    try:
        if len(payload) > EVENT_MAX:
            raise events.BadEvent("An event is shorter than that.")
        events.receive_stripe(payload, request.headers.get("Stripe-Signature", ""))
    except events.BadEvent as error:
        return JsonResponse({"error": {"code": "bad_event", "message": str(error)}}, status=400)
    return JsonResponse({"received": True})

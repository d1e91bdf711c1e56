"""Payments by Stripe: Checkout, signed news in any order and any number, cards that are declined, a service away."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import models, services
from accounts.billing import events, keeping, subscribing
from accounts.billing.forgetting import erase
from accounts.tests import stripe_service
from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from accounts.tests.stripe_service import StripeService, signature
from accounts.types import Profile

pytestmark = pytest.mark.django_db

NEWS = "/api/v1/payments/stripe"


@pytest.fixture(scope="module")
def service() -> Iterator[StripeService]:
    with stripe_service.running() as service:
        yield service


@pytest.fixture
def stripe(service: StripeService, settings: Any) -> StripeService:
    for shelf in (
        service.checkouts,
        service.subscriptions,
        service.invoices,
        service.customers,
        service.asked,
    ):
        shelf.clear()  # type: ignore[attr-defined]
    service.declines = service.away = False
    settings.PAYMENTS = "stripe"
    settings.STRIPE_KEY = "sk_test_of_the_tests"
    settings.STRIPE_WEBHOOK_SECRET = stripe_service.SECRET
    settings.STRIPE_API = service.url
    settings.STRIPE_RETRIES = 0
    make_operator("operator")
    return service


@pytest.fixture
def ada() -> Profile:
    return make_profile("Ada", user=make_user("ada", email="ada@example.org"))


@pytest.fixture
def basic() -> models.Plan:
    return models.Plan.objects.create(name="Basic", price=799, streams=1, is_public=True)


@pytest.fixture
def family() -> models.Plan:
    return models.Plan.objects.create(name="Family", price=1599, streams=4, is_public=True)


def tell(payload: bytes, **how: Any) -> int:
    header = how.get("header", signature(payload, **how) if "header" not in how else "")
    answer = Client(enforce_csrf_checks=True).post(
        NEWS, payload, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return answer.status_code


def chosen(who: Profile, plan: models.Plan, stripe: StripeService) -> str:
    """Go to Checkout; → the session's id."""
    address = subscribing.choose(who.user_id, plan.id, back="http://127.0.0.1:8000/account/plan/done/")
    return address.rpartition("/")[2]


def subscribed(who: Profile, plan: models.Plan, stripe: StripeService) -> str:
    reference = stripe.pay(chosen(who, plan, stripe))
    tell(stripe.event("customer.subscription.created", stripe.subscriptions[reference]))
    assert state(who) == "active"
    return reference


def state(who: Profile) -> str:
    return models.Subscription.objects.filter(user_id=who.user_id).latest("created_at").state


def test_from_checkout_to_watching_and_the_receipt_comes_once(
    ada: Profile, family: models.Plan, stripe: StripeService, django_capture_on_commit_callbacks: Any
) -> None:
    browser = client_of(ada)
    away = browser.post(f"/account/plan/{family.id}/")["Location"]
    assert away.startswith(stripe.url)
    asked = stripe.asked[-1][2]
    assert asked["line_items[0][price_data][unit_amount]"] == "1599"
    assert asked["line_items[0][price_data][currency]"] == "eur"
    assert asked["line_items[0][price_data][recurring][interval]"] == "month"
    assert asked["customer_email"] == "ada@example.org"
    assert state(ada) == "pending"
    checkout = away.rpartition("/")[2]
    reference = stripe.pay(checkout)
    back = browser.get(f"/account/plan/done/?checkout={checkout}", follow=True).content.decode()
    assert "your plan has begun" in back
    assert services.plan(ada.user_id).streams == 4
    invoice = next(iter(stripe.invoices.values()))
    news = [
        stripe.event("checkout.session.completed", stripe.checkouts[checkout]),
        stripe.event("customer.subscription.created", stripe.subscriptions[reference]),
        stripe.event("invoice.paid", invoice),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        assert [tell(one) for one in [*news, *news]] == [200] * 6
    assert models.PaymentEvent.objects.count() == 3
    assert set(models.PaymentEvent.objects.values_list("state", flat=True)) == {"done"}
    kept = models.Invoice.objects.get()
    assert (kept.total, kept.currency, kept.state) == (1599, "EUR", "paid")
    assert len(mail.outbox) == 1
    assert kept.number in mail.outbox[0].subject


def test_news_in_the_wrong_order_ends_where_stripe_stands(
    ada: Profile, family: models.Plan, stripe: StripeService
) -> None:
    reference = stripe.pay(chosen(ada, family, stripe))
    held = stripe.subscriptions[reference]
    young = stripe.event("customer.subscription.created", {**held, "status": "incomplete"})
    paid = stripe.event("invoice.paid", next(iter(stripe.invoices.values())))
    held["cancel_at_period_end"] = True
    newest = stripe.event("customer.subscription.updated", held)
    for one in (paid, newest, young):
        assert tell(one) == 200
    assert state(ada) == "cancelled"
    held["status"] = "canceled"
    tell(stripe.event("customer.subscription.deleted", held))
    tell(stripe.event("customer.subscription.updated", held))
    assert state(ada) == "ended"
    assert models.Subscription.objects.count() == 1


@pytest.mark.parametrize(
    "how",
    [{"secret": "whsec_of_somebody_else"}, {"at": 1_700_000_000}, {"header": ""}, {"header": "t=1,v1=zz"}],
)
def test_unsigned_or_old_news_is_refused(stripe: StripeService, how: dict[str, Any]) -> None:
    assert tell(stripe.event("invoice.paid", {"id": "in_1", "object": "invoice"}), **how) == 400
    assert not models.PaymentEvent.objects.exists()


def test_news_that_is_no_event_is_refused(stripe: StripeService, settings: Any) -> None:
    for payload in (b"", b"[]", b"{}", b'{"id":1}', b"\xff\xfe", b'"x"', b"{" * 10):
        assert tell(payload) == 400
    assert tell(b"x" * (600 * 1024)) == 400
    settings.PAYMENTS = "manual"
    assert tell(stripe.event("invoice.paid", {"id": "in_1", "object": "invoice"})) == 404


def test_news_of_others_is_kept_and_left(stripe: StripeService) -> None:
    stripe.subscriptions["sub_other"] = {"id": "sub_other", "object": "subscription", "status": "active"}
    assert tell(stripe.event("customer.subscription.updated", stripe.subscriptions["sub_other"])) == 200
    assert tell(stripe.event("charge.refunded", {"id": "ch_1", "object": "charge"})) == 200
    assert set(models.PaymentEvent.objects.values_list("state", flat=True)) == {"ignored"}


def test_what_failed_is_taken_again_by_itself_and_by_hand(
    ada: Profile, family: models.Plan, stripe: StripeService
) -> None:
    reference = stripe.pay(chosen(ada, family, stripe))
    stripe.away = True
    assert tell(stripe.event("customer.subscription.created", stripe.subscriptions[reference])) == 200
    event = models.PaymentEvent.objects.get()
    assert (event.state, event.tries, state(ada)) == ("failed", 1, "pending")
    assert events.retry_failed() == 0  # not at once
    stripe.away = False
    assert events.retry_failed(now=timezone.now() + timedelta(minutes=5)) == 1
    assert state(ada) == "active"
    models.Subscription.objects.update(period_end=timezone.now())
    admin = client_of(services.user(models.User.objects.get(username="operator").id))
    admin.post("/admin/accounts/paymentevent/", {"action": "take_again", "_selected_action": [str(event.pk)]})
    assert models.Subscription.objects.get().period_end > timezone.now() + timedelta(days=20)  # type: ignore[operator]


def test_more_is_charged_at_once_and_a_declined_card_changes_nothing(
    ada: Profile, basic: models.Plan, family: models.Plan, stripe: StripeService
) -> None:
    reference = subscribed(ada, basic, stripe)
    quote = subscribing.quote(ada.user_id, family.id)
    assert (quote.at_once, quote.total) == (True, 800)
    stripe.declines = True
    with pytest.raises(subscribing.Refused, match="declined"):
        subscribing.choose(ada.user_id, family.id, back="")
    assert services.plan(ada.user_id).name == "Basic"
    stripe.declines = False
    subscribing.choose(ada.user_id, family.id, back="")
    assert services.plan(ada.user_id).name == "Family"
    assert stripe.subscriptions[reference]["items"]["data"][0]["price"]["unit_amount"] == 1599
    tell(stripe.event("customer.subscription.updated", stripe.subscriptions[reference]))
    assert services.plan(ada.user_id).name == "Family"


def test_less_is_charged_from_the_next_period_on(
    ada: Profile, basic: models.Plan, family: models.Plan, stripe: StripeService
) -> None:
    reference = subscribed(ada, family, stripe)
    subscribing.choose(ada.user_id, basic.id, back="")
    tell(stripe.event("customer.subscription.updated", stripe.subscriptions[reference]))
    assert services.plan(ada.user_id).name == "Family"
    stripe.roll(reference)
    tell(stripe.event("customer.subscription.updated", stripe.subscriptions[reference]))
    assert services.plan(ada.user_id).name == "Basic"
    assert models.Subscription.objects.get().price == 799


def test_cancelling_and_going_on_after_all_are_told_to_stripe(
    ada: Profile, family: models.Plan, stripe: StripeService
) -> None:
    reference = subscribed(ada, family, stripe)
    subscribing.cancel(ada.user_id)
    assert stripe.subscriptions[reference]["cancel_at_period_end"] is True
    assert (state(ada), services.plan(ada.user_id).name) == ("cancelled", "Family")
    subscribing.resume(ada.user_id)
    assert stripe.subscriptions[reference]["cancel_at_period_end"] is False
    browser = client_of(ada)
    assert browser.post("/account/plan/portal/")["Location"] == f"{stripe.url}/portal/1"
    stripe.away = True
    with pytest.raises(subscribing.Refused, match="did not answer"):
        subscribing.cancel(ada.user_id)
    assert state(ada) == "active"


def test_a_failed_payment_is_told_and_leaves_some_grace(
    ada: Profile, family: models.Plan, stripe: StripeService, django_capture_on_commit_callbacks: Any
) -> None:
    reference = subscribed(ada, family, stripe)
    stripe.roll(reference)
    stripe.subscriptions[reference]["status"] = "past_due"
    invoice = stripe.bill(reference, status="open")
    with django_capture_on_commit_callbacks(execute=True):
        tell(stripe.event("invoice.payment_failed", stripe.invoices[invoice]))
    assert "did not go through" in mail.outbox[-1].subject
    assert (state(ada), services.plan(ada.user_id).name) == ("past_due", "Family")
    models.Subscription.objects.update(grace_until=timezone.now() - timedelta(seconds=1))
    assert services.plan(ada.user_id).name != "Family"
    stripe.subscriptions[reference]["status"] = "active"
    stripe.invoices[invoice]["status"] = "paid"
    tell(stripe.event("invoice.paid", stripe.invoices[invoice]))
    assert services.plan(ada.user_id).name == "Family"


def test_news_that_never_came_is_asked_for(ada: Profile, family: models.Plan, stripe: StripeService) -> None:
    reference = subscribed(ada, family, stripe)
    before = models.Subscription.objects.get().period_end
    assert before is not None
    stripe.roll(reference)
    keeping.keep(now=before + timedelta(hours=7))
    after = models.Subscription.objects.get().period_end
    assert after is not None
    assert after > before
    stripe.subscriptions[reference]["status"] = "canceled"
    keeping.keep(now=after + timedelta(hours=7))
    assert state(ada) == "ended"


def test_an_erased_account_is_forgotten_by_stripe_too(
    ada: Profile, family: models.Plan, stripe: StripeService
) -> None:
    reference = subscribed(ada, family, stripe)
    erase(ada.user_id)
    assert stripe.subscriptions[reference]["status"] == "canceled"
    assert stripe.customers == set()
    assert not models.PaymentEvent.objects.exists()


def test_one_account_has_stripe_asked_so_often_only(ada: Profile, stripe: StripeService) -> None:
    browser = client_of(ada)
    before = len(stripe.asked)
    for number in range(14):
        assert browser.get(f"/account/plan/done/?checkout=cs_guess_{number}").status_code == 302
    assert len(stripe.asked) - before == 10

"""Plans and subscriptions with invoices: choosing, changing, cancelling, paying late, and who may see what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import models, services
from accounts.billing import invoicing, keeping, subscribing
from accounts.billing.forgetting import erase
from accounts.tests.factories import client_of, make_operator, make_plan, make_profile, make_user
from accounts.types import Profile

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BACK = "http://127.0.0.1:8000/account/plan/done/"


@pytest.fixture(autouse=True)
def _invoices(settings: Any) -> None:
    settings.PAYMENTS = "manual"
    settings.BILL_PAY = "IBAN XX00 1234"
    make_operator("operator")


@pytest.fixture
def ada() -> Profile:
    return make_profile("Ada", user=make_user("ada", email="ada@example.org"))


def offer(name: str, price: int, *, streams: int = 2, period: str = "month", **more: Any) -> models.Plan:
    return models.Plan.objects.create(
        name=name, price=price, streams=streams, period=period, is_public=True, **more
    )


@pytest.fixture
def basic() -> models.Plan:
    return offer("Basic", 799, streams=1, max_height=720)


@pytest.fixture
def family() -> models.Plan:
    return offer("Family", 1599, streams=4)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def subscribed(who: Profile, plan: models.Plan, *, now: datetime = NOW) -> models.Subscription:
    """Chosen and paid."""
    subscribing.choose(who.user_id, plan.id, back=BACK, now=now)
    row = models.Subscription.objects.live().get(user_id=who.user_id)
    for invoice in row.invoices.filter(state="open"):
        invoicing.mark_paid(invoice.id, now=now)
    row.refresh_from_db()
    return row


def state(who: Profile) -> str:
    return models.Subscription.objects.filter(user_id=who.user_id).latest("created_at").state


def test_a_chosen_plan_begins_when_its_invoice_is_paid(
    ada: Profile, family: models.Plan, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        subscribing.choose(ada.user_id, family.id, back=BACK, now=NOW)
    assert state(ada) == "pending"
    assert services.plan(ada.user_id).streams == 2
    (letter,) = mail.outbox
    assert "€15.99" in letter.body
    assert "IBAN XX00 1234" in letter.body
    invoice = models.Invoice.objects.get()
    assert (invoice.number, invoice.total, invoice.state) == ("2026-0001", 1599, "open")
    with django_capture_on_commit_callbacks(execute=True):
        invoicing.mark_paid(invoice.id, now=days(2))
    row = models.Subscription.objects.get()
    assert (row.state, row.period_start, row.period_end) == (
        "active",
        days(2),
        datetime(2026, 4, 3, 12, tzinfo=UTC),
    )
    assert services.plan(ada.user_id).streams == 4
    assert "2026-0001" in mail.outbox[1].subject
    with pytest.raises(invoicing.NotOpen):
        invoicing.mark_paid(invoice.id)


def test_more_holds_at_once_and_the_difference_is_invoiced(
    ada: Profile, basic: models.Plan, family: models.Plan
) -> None:
    subscribed(ada, basic)
    quote = subscribing.quote(ada.user_id, family.id, now=days(15.5))
    subscribing.choose(ada.user_id, family.id, back=BACK, now=days(15.5))
    assert services.plan(ada.user_id).name == "Family"
    invoice = models.Invoice.objects.latest("issued_at")
    assert invoice.total == quote.total == 400
    assert [line.amount for line in invoice.lines.all()] == [-400, 800]
    assert models.Subscription.objects.get().period_end == datetime(2026, 4, 1, 12, tzinfo=UTC)


def test_less_holds_from_the_next_period_and_can_be_taken_back(
    ada: Profile, basic: models.Plan, family: models.Plan
) -> None:
    subscribed(ada, family)
    subscribing.choose(ada.user_id, basic.id, back=BACK, now=days(3))
    assert (services.plan(ada.user_id).name, services.subscription(ada.user_id).next_plan) == (
        "Family",
        "Basic",
    )  # type: ignore[union-attr]
    subscribing.resume(ada.user_id)
    assert services.subscription(ada.user_id).next_plan == ""  # type: ignore[union-attr]
    subscribing.choose(ada.user_id, basic.id, back=BACK, now=days(4))
    keeping.keep(now=days(31.5))
    assert services.plan(ada.user_id).name == "Basic"
    assert models.Invoice.objects.latest("number").total == 799


def test_cancelling_leaves_what_is_paid_and_can_be_taken_back(
    ada: Profile, family: models.Plan, django_capture_on_commit_callbacks: Any
) -> None:
    subscribed(ada, family)
    with django_capture_on_commit_callbacks(execute=True):
        subscribing.cancel(ada.user_id, now=days(5))
    assert state(ada) == "cancelled"
    assert "April" in mail.outbox[-1].body
    subscribing.resume(ada.user_id)
    assert state(ada) == "active"
    subscribing.cancel(ada.user_id, now=days(6))
    keeping.keep(now=days(30))
    assert state(ada) == "cancelled"
    keeping.keep(now=days(32))
    assert state(ada) == "ended"
    assert services.plan(ada.user_id).name != "Family"
    assert models.Invoice.objects.count() == 1
    subscribing.choose(ada.user_id, family.id, back=BACK, now=days(40))
    assert state(ada) == "pending"


def test_each_period_is_invoiced_once_whatever_the_pass_does(ada: Profile, family: models.Plan) -> None:
    subscribed(ada, family, now=datetime(2026, 1, 31, 12, tzinfo=UTC))
    for moment in (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC)):
        keeping.keep(now=moment)
    row = models.Subscription.objects.get()
    assert (row.period_start, row.period_end) == (
        datetime(2026, 2, 28, 12, tzinfo=UTC),
        datetime(2026, 3, 31, 12, tzinfo=UTC),
    )
    assert models.Invoice.objects.count() == 2


def test_who_pays_late_is_reminded_has_some_grace_and_then_it_ends(
    ada: Profile, family: models.Plan, django_capture_on_commit_callbacks: Any
) -> None:
    subscribed(ada, family)
    mail.outbox.clear()
    told: list[str] = []
    for day in (31.1, 43, 44, 45.2, 46, 51, 52.5):  # renewed on day 31, due on day 45, grace to day 52
        with django_capture_on_commit_callbacks(execute=True):
            keeping.keep(now=days(day))
        told.append(state(ada))
    assert told == ["active", "active", "active", "past_due", "past_due", "past_due", "ended"]
    subjects = [letter.subject for letter in mail.outbox]
    said = ("Your invoice", "is due", "is late", "has ended")
    assert all(any(words in subject for subject in subjects) for words in said)
    assert len(subjects) == 4


def test_paying_within_the_grace_goes_on(ada: Profile, family: models.Plan, basic: models.Plan) -> None:
    subscribed(ada, family)
    for day in (31.1, 46):
        keeping.keep(now=days(day))
    assert state(ada) == "past_due"
    with pytest.raises(subscribing.Refused, match="open"):
        subscribing.choose(ada.user_id, basic.id, back=BACK, now=days(46))
    invoicing.mark_paid(models.Invoice.objects.get(state="open").id, now=days(47))
    assert state(ada) == "active"


def test_a_plan_that_was_never_paid_is_dropped(ada: Profile, basic: models.Plan, family: models.Plan) -> None:
    subscribing.choose(ada.user_id, basic.id, back=BACK, now=NOW)
    subscribing.choose(ada.user_id, family.id, back=BACK, now=days(1))  # another choice takes its place
    assert sorted(models.Invoice.objects.values_list("state", flat=True)) == ["open", "void"]
    keeping.keep(now=days(40))
    assert state(ada) == "ended"
    assert set(models.Invoice.objects.values_list("state", flat=True)) == {"void"}


def test_a_free_plan_begins_at_once_without_an_invoice(ada: Profile) -> None:
    free = offer("Free", 0, streams=1)
    subscribing.choose(ada.user_id, free.id, back=BACK, now=NOW)
    assert (state(ada), models.Invoice.objects.count()) == ("active", 0)
    keeping.keep(now=days(70))
    assert (state(ada), models.Invoice.objects.count()) == ("active", 0)


def test_only_what_is_on_offer_can_be_chosen(ada: Profile) -> None:
    hidden = make_plan("Hidden")
    dollars = offer("Dollars", 500, currency="USD")
    with pytest.raises(subscribing.NotFound):
        subscribing.choose(ada.user_id, hidden, back=BACK)
    subscribed(ada, offer("Euros", 400))
    with pytest.raises(subscribing.Refused, match="USD"):
        subscribing.choose(ada.user_id, dollars.id, back=BACK)
    with pytest.raises(subscribing.Refused, match="already"):
        subscribing.choose(ada.user_id, models.Plan.objects.get(name="Euros").id, back=BACK)


def test_a_pass_with_nothing_to_do_costs_one_question(
    ada: Profile, family: models.Plan, django_assert_num_queries: Any
) -> None:
    for who in (ada, make_profile("Olu"), make_profile("Ines")):
        subscribed(who, family)
    with django_assert_num_queries(1):
        assert keeping.keep(now=days(5)) == 0


def test_numbers_of_invoices_have_no_gaps(ada: Profile, family: models.Plan) -> None:
    olu = make_profile("Olu")
    for who in (ada, olu):
        subscribing.choose(who.user_id, family.id, back=BACK, now=NOW)
    subscribing.choose(make_profile("Ines").user_id, family.id, back=BACK, now=days(365))
    numbers = list(models.Invoice.objects.order_by("issued_at", "number").values_list("number", flat=True))
    assert numbers == ["2026-0001", "2026-0002", "2027-0001"]


# Pages ------------------------------------------------------------------------------------------------------------


def test_choosing_changing_and_cancelling_by_the_pages(
    ada: Profile, basic: models.Plan, family: models.Plan
) -> None:
    browser = client_of(ada)
    assert "€7.99" in browser.get("/account/plan/").content.decode()
    assert "€15.99" in browser.get(f"/account/plan/{family.id}/").content.decode()
    browser.post(f"/account/plan/{family.id}/")
    page = browser.get("/account/plan/").content.decode()
    assert "waiting for the payment" in page
    invoice = models.Invoice.objects.get()
    sheet = browser.get(f"/account/invoices/{invoice.id}/").content.decode()
    assert invoice.number in sheet
    assert "IBAN XX00 1234" in sheet
    invoicing.mark_paid(invoice.id)
    down = browser.get(f"/account/plan/{basic.id}/").content.decode()
    assert "Nothing to pay now" in down
    browser.post(f"/account/plan/{basic.id}/")
    assert "becomes “Basic”" in browser.get("/account/plan/").content.decode()
    browser.post("/account/plan/resume/")
    assert browser.get("/account/plan/cancel/").status_code == 200
    browser.post("/account/plan/cancel/")
    assert "nothing more is charged" in browser.get("/account/plan/").content.decode()
    assert "You can watch until" in browser.get("/account/").content.decode()
    browser.post("/account/plan/resume/")
    assert state(ada) == "active"


def test_changes_want_a_recent_sign_in(ada: Profile, family: models.Plan) -> None:
    browser = client_of(ada)
    session = browser.session
    session["account_authentication_methods"] = []
    session.save()
    for address in (f"/account/plan/{family.id}/", "/account/plan/cancel/", "/account/plan/resume/"):
        answer = browser.post(address)
        assert answer.status_code == 302
        assert "/plan/" not in answer["Location"].partition("?")[0]
    assert not models.Subscription.objects.exists()


def test_where_nobody_pays_there_are_no_such_pages(ada: Profile, family: models.Plan, settings: Any) -> None:
    subscribed(ada, family)
    settings.PAYMENTS = "none"
    browser = client_of(ada)
    for address in ("/account/plan/", f"/account/plan/{family.id}/", "/account/plan/cancel/"):
        assert browser.get(address).status_code == 404
    account = browser.get("/account/").content.decode()
    assert "/account/plan/" not in account
    assert services.plan(ada.user_id).name != "Family"
    assert browser.get("/api/v1/subscription").json()["page"] is None


def test_nobody_sees_anothers_invoice_and_kids_see_no_payments(ada: Profile, family: models.Plan) -> None:
    subscribed(ada, family)
    address = f"/account/invoices/{models.Invoice.objects.get().id}/"
    assert client_of(ada).get(address).status_code == 200
    assert client_of(make_profile("Olu")).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    kid = client_of(make_profile("Ben", user=services.user(ada.user_id), is_kid=True))
    for page in (address, "/account/plan/", "/account/plan/cancel/", f"/account/plan/{family.id}/"):
        assert kid.get(page).status_code == 302
        assert kid.post(page).status_code == 302
    assert kid.get("/api/v1/subscription").status_code == 403
    assert state(ada) == "active"


def test_the_subscription_over_the_api(ada: Profile, family: models.Plan) -> None:
    subscribed(ada, family)
    told = client_of(ada).get("/api/v1/subscription").json()
    assert (told["plan"]["name"], told["subscription"]["state"]) == ("Family", "active")
    assert told["offers"][0]["price"] == 1599
    assert told["page"] == "/account/plan/"


def test_behind_a_paywall_one_watches_with_a_plan(ada: Profile, family: models.Plan, settings: Any) -> None:
    settings.PAYWALL = True
    assert not services.plan(ada.user_id).may_watch
    operator = models.User.objects.get(username="operator")
    assert services.plan(operator.id).may_watch
    subscribed(ada, family)
    assert services.plan(ada.user_id).may_watch
    given = make_profile("Olu")
    make_plan("Friends", user=services.user(given.user_id))
    assert services.plan(given.user_id).may_watch


# Operators --------------------------------------------------------------------------------------------------------


def operator() -> Client:
    user = models.User.objects.get(username="operator")
    return client_of(services.user(user.id))


def test_operators_write_prices_as_people_do(family: models.Plan) -> None:
    admin = operator()
    fields = {
        "name": "Solo", "about": "", "streams": "1", "max_height": "", "downloads": "0",
        "offline_days": "30",
        "amount": "4,99", "currency": "eur", "period": "month", "position": "0", "is_public": "on",
    }  # fmt: skip
    assert admin.post("/admin/accounts/plan/add/", fields).status_code == 302
    assert models.Plan.objects.get(name="Solo").price == 499
    wrong = admin.post("/admin/accounts/plan/add/", fields | {"name": "Odd", "amount": "4.999"})
    assert "at most 2 digits" in wrong.content.decode()
    assert 'value="15.99"' in admin.get(f"/admin/accounts/plan/{family.id}/change/").content.decode()
    assert "€15.99" in admin.get("/admin/accounts/plan/").content.decode()


def test_operators_mark_invoices_as_paid_and_end_subscriptions(ada: Profile, family: models.Plan) -> None:
    subscribing.choose(ada.user_id, family.id, back=BACK)
    admin, invoice = operator(), models.Invoice.objects.get()
    assert invoice.number in admin.get("/admin/accounts/invoice/").content.decode()
    assert admin.get(f"/admin/accounts/invoice/{invoice.id}/change/").status_code == 200
    chosen = {"action": "mark_paid", "_selected_action": [str(invoice.id)]}
    assert admin.post("/admin/accounts/invoice/", chosen).status_code == 302
    assert state(ada) == "active"
    row = models.Subscription.objects.get()
    assert admin.get("/admin/accounts/subscription/").status_code == 200
    admin.post("/admin/accounts/subscription/", {"action": "end", "_selected_action": [str(row.id)]})
    assert state(ada) == "ended"
    assert admin.get("/admin/accounts/paymentevent/").status_code == 200
    assert admin.post("/admin/accounts/invoice/add/").status_code == 403


def test_erasing_an_account_leaves_invoices_without_a_name(ada: Profile, family: models.Plan) -> None:
    subscribed(ada, family)
    erase(ada.user_id)
    invoice = models.Invoice.objects.get()
    assert (invoice.user, invoice.bill_to, invoice.number, invoice.total) == (None, "", "2026-0001", 1599)
    assert not models.Subscription.objects.exists()


def test_cancelling_does_not_make_a_period_free_that_was_not_paid(ada: Profile) -> None:
    row = subscribed(ada, offer("Year", 9999, period="year"))
    keeping.keep(now=days(366))
    subscribing.cancel(ada.user_id, now=days(367))
    keeping.keep(now=days(366 + 15))
    assert state(ada) == "cancelled", "there is the same grace as for who does not cancel"
    keeping.keep(now=days(366 + 30))
    row.refresh_from_db()
    assert (row.state, row.period_end is not None and row.period_end > days(700)) == ("ended", True)


def test_operators_see_anothers_invoice_after_their_second_step_only(
    ada: Profile, family: models.Plan, settings: Any
) -> None:
    settings.STAFF_MFA = "required"
    subscribing.choose(ada.user_id, family.id, back=BACK, now=NOW)
    address = f"/account/invoices/{models.Invoice.objects.get().id}/"
    browser = client_of(make_profile("Op", user=make_operator("op")))
    assert browser.get(address).status_code == 404
    settings.STAFF_MFA = "recommended"
    assert browser.get(address).status_code == 200

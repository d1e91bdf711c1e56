"""Operator screens for plans, subscriptions, invoices and the news of providers."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audit.recording import audit
from accounts.billing import events, invoicing, subscribing
from accounts.billing.forms import PlanForm
from accounts.billing.money import Money
from accounts.billing.providers import ProviderFailed
from accounts.models import Invoice, InvoiceLine, PaymentEvent, Plan, Subscription


class Kept(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that the site writes by itself: looked at, and acted upon by the actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds these by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody edits these by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody deletes these by hand."""
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """What the actions need."""
        name = self.model._meta.model_name
        return bool(request.user.has_perm(f"accounts.change_{name}"))


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What there is to subscribe to."""

    form = PlanForm
    list_display = [
        "name",
        "costs",
        "streams",
        "max_height",
        "downloads",
        "is_public",
        "position",
        "is_default",
    ]
    list_editable = ["position"]
    list_filter = ["is_public"]
    fieldsets = [
        (None, {"fields": ["name", "about", "is_default"]}),
        (_("Allows"), {"fields": ["streams", "max_height", "downloads", "offline_days"]}),
        (_("Costs"), {"fields": ["amount", "currency", "period"]}),
        (_("On offer"), {"fields": ["is_public", "position"]}),
    ]

    @admin.display(description=_("costs"), ordering="price")
    def costs(self, row: Plan) -> str:
        """Its price with its currency."""
        if not row.price:
            return str(_("free"))
        return f"{Money(row.price, row.currency)} / {row.get_period_display()}"


@admin.register(Subscription)
class SubscriptionAdmin(Kept):
    """Who has subscribed to what."""

    list_display = ["user", "plan", "state", "costs", "provider", "period_end", "next_plan", "grace_until"]
    list_filter = ["state", "provider", "plan"]
    list_select_related = ["user", "plan", "next_plan"]
    search_fields = ["user__username", "user__email", "reference", "customer"]
    date_hierarchy = "created_at"
    actions = ["end"]

    @admin.display(description=_("costs"), ordering="price")
    def costs(self, row: Subscription) -> str:
        """Its price with its currency."""
        return f"{Money(row.price, row.currency)} / {row.period}"

    @admin.action(description=_("End these subscriptions now"), permissions=["act"])
    def end(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        """End them at once, at their provider too."""
        ended = 0
        for row in queryset:
            try:
                subscribing.end_now(row.pk)
            except (ProviderFailed, subscribing.Refused) as error:
                messages.error(request, f"{row}: {error.message}")
                continue
            audit(request.user.pk, "plan.cancelled", f"user:{row.user_id}", detail={"by": "operator"})
            ended += 1
        text = ngettext("%(n)s subscription has ended.", "%(n)s subscriptions have ended.", ended) % {
            "n": ended
        }
        messages.success(request, text)


class LineInline(admin.TabularInline):  # type: ignore[type-arg]
    """An invoice's lines."""

    model = InvoiceLine
    extra = 0
    can_delete = False
    fields = ["text", "sum", "starts_at", "ends_at"]
    readonly_fields = ["text", "sum", "starts_at", "ends_at"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """An issued invoice stays as it is."""
        return False

    @admin.display(description=_("amount"))
    def sum(self, line: InvoiceLine) -> str:
        """With its currency."""
        return str(Money(line.amount, line.invoice.currency))


@admin.register(Invoice)
class InvoiceAdmin(Kept):
    """What is owed and what was paid. Mark as paid what arrived at the bank."""

    list_display = [
        "number",
        "user",
        "amount",
        "state",
        "issued_at",
        "due_at",
        "paid_at",
        "provider",
        "printed",
    ]
    list_filter = ["state", "provider"]
    list_select_related = ["user"]
    search_fields = ["number", "user__username", "user__email", "bill_to", "reference"]
    date_hierarchy = "issued_at"
    inlines = [LineInline]
    actions = ["mark_paid", "make_void"]

    @admin.display(description=_("amount"), ordering="total")
    def amount(self, row: Invoice) -> str:
        """With its currency."""
        return str(Money(row.total, row.currency))

    @admin.display(description=_("print"))
    def printed(self, row: Invoice) -> SafeString:
        """The page that prints."""
        return format_html('<a href="{}">{}</a>', reverse("invoice", args=[row.pk]), _("Open"))

    @admin.action(description=_("Mark as paid"), permissions=["act"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        """The money is here: what waited for it begins, and a receipt goes out."""
        done = 0
        for row in queryset.filter(provider="manual"):
            try:
                invoicing.mark_paid(row.pk, how=str(_("Marked by %(name)s") % {"name": request.user}))
            except invoicing.NotOpen:
                continue
            audit(request.user.pk, "invoice.paid", f"invoice:{row.number}", account=row.user_id)
            done += 1
        text = ngettext("%(n)s invoice is paid.", "%(n)s invoices are paid.", done) % {"n": done}
        messages.success(request, text)

    @admin.action(description=_("Make void: need not be paid"), permissions=["act"])
    def make_void(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> None:
        """It need not be paid. Its number stays."""
        done = 0
        for row in queryset.filter(provider="manual"):
            try:
                invoicing.make_void(row.pk)
            except invoicing.NotOpen:
                continue
            audit(request.user.pk, "invoice.voided", f"invoice:{row.number}", account=row.user_id)
            done += 1
        text = ngettext("%(n)s invoice is void.", "%(n)s invoices are void.", done) % {"n": done}
        messages.success(request, text)


@admin.register(PaymentEvent)
class PaymentEventAdmin(Kept):
    """The news of providers as it came, and what became of it."""

    list_display = ["received_at", "provider", "kind", "state", "tries", "user", "error"]
    list_filter = ["state", "kind", "provider"]
    list_select_related = ["user"]
    search_fields = ["event_id", "kind", "user__username", "user__email"]
    actions = ["take_again"]

    @admin.action(description=_("Take again"), permissions=["act"])
    def take_again(self, request: HttpRequest, queryset: QuerySet[PaymentEvent]) -> None:
        """Look again at what these are about. Harmless, however often."""
        through = sum(events.process(row.pk) for row in queryset.order_by("made_at"))
        failed = queryset.count() - through
        if failed:
            messages.error(request, _("%(n)s failed again; see their errors.") % {"n": failed})
        messages.success(request, _("%(n)s were taken.") % {"n": through})

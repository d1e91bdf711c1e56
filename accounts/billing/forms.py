"""The operator's form of a plan: a price is written as people write it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.billing.money import BadAmount, decimal_text, parse
from accounts.models import Plan


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]
    """All of a plan; the price in its currency, like 9.99, not in cents."""

    amount = forms.CharField(
        label=_("Price"),
        max_length=14,
        initial="0",
        help_text=_("For each period, like 9.99. 0: free. Who has subscribed keeps the price of before."),
    )

    class Meta:
        model = Plan
        fields = [
            "name",
            "about",
            "streams",
            "max_height",
            "downloads",
            "offline_days",
            "currency",
            "period",
            "is_public",
            "position",
            "is_default",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.price:
            self.fields["amount"].initial = decimal_text(self.instance.price, self.instance.currency)

    def clean_currency(self) -> str:
        """In capital letters."""
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        """The price in minor units of the currency beside it."""
        data = super().clean() or self.cleaned_data
        if "amount" in data and "currency" in data:
            try:
                self.instance.price = parse(data["amount"], data["currency"])
            except BadAmount as error:
                self.add_error("amount", str(error))
        return data

"""What a payment provider can do for a subscription. A further one is a module beside these, named in `__init__`."""

from abc import ABC, abstractmethod
from datetime import datetime

from django.utils.functional import Promise

from accounts.billing.quotes import Quote
from accounts.models import Plan, Subscription


class ProviderFailed(Exception):
    """The provider could not do it. `message` is for people; what it said itself is in the log."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Provider(ABC):
    """Rows are held and saved by the caller, in its transaction. Each method may raise ProviderFailed."""

    #: As it stands in rows and in NETFLIXLITE_PAYMENTS.
    name: str
    #: For people.
    label: str | Promise
    #: Whether it has a page of its own where people change how they pay.
    has_portal = False

    @abstractmethod
    def start(self, row: Subscription, *, back: str, now: datetime) -> str:
        """Begin a pending subscription. → the address where it is paid, '' when there is nothing to do elsewhere.

        `back` is the absolute address of our page to come back to.
        """

    @abstractmethod
    def quote(self, row: Subscription, plan: Plan, *, now: datetime) -> Quote:
        """What changing to `plan` would cost now."""

    @abstractmethod
    def change(self, row: Subscription, plan: Plan, quote: Quote, *, now: datetime) -> None:
        """Change to `plan`: charge what is due when it holds at once, or note it for the next period."""

    @abstractmethod
    def keep_plan(self, row: Subscription) -> None:
        """Forget a change that was noted for the next period."""

    @abstractmethod
    def cancel(self, row: Subscription) -> None:
        """Let it run out at its period's end."""

    @abstractmethod
    def resume(self, row: Subscription) -> None:
        """Let it go on after all."""

    @abstractmethod
    def end(self, row: Subscription) -> None:
        """End it now."""

    @abstractmethod
    def refresh(self, row: Subscription, *, now: datetime) -> None:
        """Ask how it stands, when news may have been missed."""

    def portal(self, row: Subscription, *, back: str) -> str:
        """The address of the provider's own page, for providers that have one."""
        raise NotImplementedError

    @abstractmethod
    def forget(self, row: Subscription) -> None:
        """Delete what the provider keeps of the person, as far as it lets us. An erased account asks for it."""

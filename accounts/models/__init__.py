"""Users, their profiles and their plans."""

from accounts.models.audit import AppendOnly, AuditEntry
from accounts.models.billing import (
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    InvoiceState,
    PaymentEvent,
    PaymentEventState,
    Subscription,
    SubscriptionQuerySet,
)
from accounts.models.device import Device, DeviceQuerySet, DeviceSession
from accounts.models.plan import Plan
from accounts.models.profile import AVATARS, Profile, ProfileQuerySet
from accounts.models.tv import TvCode
from accounts.models.user import User

__all__ = [
    "AVATARS",
    "AppendOnly",
    "AuditEntry",
    "Device",
    "DeviceQuerySet",
    "DeviceSession",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "InvoiceState",
    "PaymentEvent",
    "PaymentEventState",
    "Plan",
    "Profile",
    "ProfileQuerySet",
    "TvCode",
    "Subscription",
    "SubscriptionQuerySet",
    "User",
]

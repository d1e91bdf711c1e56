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
from accounts.models.privacy import DataExport, Erasure, ErasureProof
from accounts.models.profile import (
    AVATARS,
    BLOCKED_MAX,
    SAVER,
    SKIPS,
    Profile,
    ProfileLock,
    ProfileQuerySet,
    ProfileTransfer,
)
from accounts.models.signal import FraudSignal, PasswordDemand
from accounts.models.tv import TvCode
from accounts.models.user import User

__all__ = [
    "AVATARS",
    "BLOCKED_MAX",
    "SAVER",
    "SKIPS",
    "AppendOnly",
    "AuditEntry",
    "DataExport",
    "Device",
    "DeviceQuerySet",
    "DeviceSession",
    "Erasure",
    "ErasureProof",
    "FraudSignal",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "InvoiceState",
    "PasswordDemand",
    "PaymentEvent",
    "PaymentEventState",
    "Plan",
    "Profile",
    "ProfileLock",
    "ProfileQuerySet",
    "ProfileTransfer",
    "Subscription",
    "SubscriptionQuerySet",
    "TvCode",
    "User",
]

"""Which rows of accounts, Django and allauth are about a person, and how they hang on the account."""

from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet

from netflixlite.personal import Kind

CLASSES: dict[str, Kind] = {
    "accounts.User": Kind.PERSONAL,
    "accounts.User_groups": Kind.PERSONAL,
    "accounts.User_user_permissions": Kind.PERSONAL,
    "accounts.Profile": Kind.PERSONAL,
    "accounts.ProfileLock": Kind.PERSONAL,
    "accounts.ProfileTransfer": Kind.PERSONAL,
    "accounts.Plan": Kind.NONE,
    "accounts.Device": Kind.PERSONAL,
    "accounts.DeviceSession": Kind.PERSONAL,
    "accounts.TvCode": Kind.PERSONAL,
    "accounts.Subscription": Kind.PERSONAL,
    # What was charged stays in the books; for whom is cut out.
    "accounts.Invoice": Kind.OPERATIONAL,
    "accounts.InvoiceLine": Kind.OPERATIONAL,
    "accounts.InvoiceSeries": Kind.NONE,
    "accounts.PaymentEvent": Kind.PERSONAL,
    "accounts.FraudSignal": Kind.PERSONAL,
    "accounts.PasswordDemand": Kind.PERSONAL,
    # Its entries stay and hang together; who, what and from where are forgotten in them.
    "accounts.AuditEntry": Kind.OPERATIONAL,
    "accounts.DataExport": Kind.PERSONAL,
    "accounts.Erasure": Kind.PERSONAL,
    "accounts.ErasureProof": Kind.NONE,
    "admin.LogEntry": Kind.PERSONAL,
    "sessions.Session": Kind.PERSONAL,
    "account.EmailAddress": Kind.PERSONAL,
    "account.EmailConfirmation": Kind.PERSONAL,
    "mfa.Authenticator": Kind.PERSONAL,
    "usersessions.UserSession": Kind.PERSONAL,
}

#: How the rows of a personal model are found by a user's id. What stands first is erased first; the user comes last.
#: Sessions are not here: their rows say nothing of whose they are (accounts/privacy/erasing.py opens them).
LINKS: dict[str, str] = {
    "accounts.DataExport": "user_id",
    "accounts.FraudSignal": "user_id",
    "accounts.PasswordDemand": "user_id",
    "accounts.DeviceSession": "device__user_id",
    "accounts.Device": "user_id",
    "accounts.TvCode": "user_id",
    "accounts.PaymentEvent": "user_id",
    "accounts.Subscription": "user_id",
    "accounts.ProfileLock": "profile__user_id",
    "accounts.ProfileTransfer": "profile__user_id",
    "accounts.Profile": "user_id",
    "admin.LogEntry": "user_id",
    "account.EmailConfirmation": "email_address__user_id",
    "account.EmailAddress": "user_id",
    "mfa.Authenticator": "user_id",
    "usersessions.UserSession": "user_id",
    "accounts.User_groups": "user_id",
    "accounts.User_user_permissions": "user_id",
    "accounts.Erasure": "user_id",
    "accounts.User": "id",
}

#: What an archive calls the rows of each: a name for people, and so for the file.
FILES: dict[str, str] = {
    "accounts.User": "account/account",
    "accounts.DataExport": "account/copies of your data",
    "accounts.FraudSignal": "account/warnings to the operator",
    "accounts.PasswordDemand": "account/new password wanted",
    "accounts.Erasure": "account/erasure",
    "accounts.User_groups": "account/groups",
    "accounts.User_user_permissions": "account/permissions",
    "account.EmailAddress": "account/e-mail addresses",
    "account.EmailConfirmation": "account/confirmations of addresses",
    "accounts.Device": "devices/devices",
    "accounts.DeviceSession": "devices/open sessions",
    "accounts.TvCode": "devices/codes of TVs",
    "mfa.Authenticator": "signing in/passkeys and second steps",
    "usersessions.UserSession": "signing in/sessions",
    "accounts.Profile": "profiles/profiles",
    "accounts.ProfileLock": "profiles/locks",
    "accounts.ProfileTransfer": "profiles/on their way out",
    "accounts.Subscription": "payments/subscriptions with the provider",
    "accounts.PaymentEvent": "payments/news of the provider",
    "admin.LogEntry": "studio/what you changed",
}

#: What an archive leaves out: secrets, and what only recognises a browser.
HIDDEN: dict[str, frozenset[str]] = {
    "accounts.User": frozenset({"password"}),
    "accounts.Device": frozenset({"browser"}),
    "accounts.DeviceSession": frozenset({"session_key"}),
    "accounts.ProfileLock": frozenset({"secret", "stamp"}),
    "accounts.ProfileTransfer": frozenset({"digest"}),
    "accounts.TvCode": frozenset({"device_digest", "user_digest"}),
    "accounts.Erasure": frozenset({"commitment"}),
    "accounts.FraudSignal": frozenset({"session", "closed_by"}),
    "account.EmailConfirmation": frozenset({"key"}),
    "mfa.Authenticator": frozenset({"data"}),
    "usersessions.UserSession": frozenset({"session_key", "data"}),
}


def rows_of(label: str, user_id: object) -> "QuerySet[Any]":
    """The rows of a model in LINKS that hang on this user."""
    model: type[Model] = apps.get_model(label)
    return QuerySet(model=model).filter(**{LINKS[label]: user_id}).order_by("pk")


def present() -> list[str]:
    """The labels in LINKS whose app is installed, in the order in which they are erased."""
    return [label for label in LINKS if apps.is_installed(_app_of(label))]


def _app_of(label: str) -> str:
    owner = label.partition(".")[0]
    return next((config.name for config in apps.get_app_configs() if config.label == owner), owner)

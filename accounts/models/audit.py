"""The audit log's rows. They are added and read; nothing changes them, and nothing takes one away.

What is personal in a row (who, what, from where) stands beside a digest of it, made with a salt of its own. The chain
covers the digests. So personal parts can be forgotten, each with its salt, and the chain still holds
(accounts/audit/sealing.py); database triggers allow that and no other change (accounts/audit/triggers.py).
"""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _


class AppendOnly(Exception):
    """Somebody tried to change or remove a row of the audit log."""

    def __init__(self) -> None:
        super().__init__("The audit log is only added to: write a further entry instead.")


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Reads only."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused: raises AppendOnly."""
        raise AppendOnly

    def delete(self) -> NoReturn:
        """Refused: raises AppendOnly."""
        raise AppendOnly

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: raises AppendOnly."""
        raise AppendOnly


class AuditEntry(models.Model):
    """One thing that somebody did to an account or to the site."""

    #: 1, 2, 3 … without a gap.
    number = models.BigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("when"), db_index=True)
    verb = models.CharField(_("what"), max_length=60)
    #: Who did it: a user's id; none: somebody not signed in, or the site by itself.
    actor = models.UUIDField(_("by"), null=True, blank=True)
    actor_salt = models.CharField(max_length=32, blank=True)
    actor_digest = models.CharField(max_length=64, blank=True)
    #: The account that it concerns, what of it ("profile:<id>"), and more words as JSON.
    subject = models.UUIDField(_("account"), null=True, blank=True)
    target = models.CharField(_("of"), max_length=200, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    matter_salt = models.CharField(max_length=32, blank=True)
    matter_digest = models.CharField(max_length=64, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    address_salt = models.CharField(max_length=32, blank=True)
    address_digest = models.CharField(max_length=64, blank=True)
    #: HMAC-SHA256 over the link before and this row's number, time, verb and digests.
    chain = models.CharField(max_length=64)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["actor", "verb", "-at"], name="audit_of_actor"),
            models.Index(fields=["subject", "-at"], name="audit_of_account"),
            models.Index(fields=["verb", "-at"], name="audit_by_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.verb}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row. One that exists is refused: raises AppendOnly."""
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: raises AppendOnly."""
        raise AppendOnly

"""Copies that people asked for, accounts that are to be erased, and the proof that it was done."""

from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class DataExportQuerySet(models.QuerySet["DataExport"]):
    """Chainable questions about copies."""

    def waiting(self) -> Self:
        """Those that are being made."""
        return self.filter(ready_at=None, failed="")

    def ready(self, now: datetime) -> Self:
        """Those that can be downloaded."""
        return self.filter(ready_at__isnull=False, expires_at__gt=now)


class DataExport(models.Model):
    """A copy of everything about an account, as a zip under HOME/exports."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exports")
    asked_at = models.DateTimeField(_("asked"))
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"))
    bytes = models.PositiveBigIntegerField(_("size"), default=0)
    fetched_at = models.DateTimeField(_("downloaded"), null=True, blank=True)
    failed = models.CharField(_("problem"), max_length=300, blank=True)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = _("copy of an account's data")
        verbose_name_plural = _("copies of accounts' data")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(ready_at=None, failed=""), name="export_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def path(self) -> Path:
        """Where its file is, or will be."""
        return Path(settings.EXPORTS_DIR) / f"{self.id}.zip"


class Erasure(models.Model):
    """An account that is to be erased. Goes with the account, or when its owner comes back and keeps it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="erasure")
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("due"), db_index=True)
    #: SHA-256 over the receipt's secret and the account's e-mail address: `ErasureProof` keeps it.
    commitment = models.CharField(max_length=64)

    class Meta:
        ordering = ["due_at"]
        verbose_name = _("account to be erased")
        verbose_name_plural = _("accounts to be erased")

    def __str__(self) -> str:
        return str(self.id)


class ErasureProof(models.Model):
    """That an account was erased. Says nothing of whose it was; with the receipt one proves that it was theirs."""

    id = models.UUIDField(primary_key=True, editable=False)
    erased_at = models.DateTimeField(_("erased"))
    #: How many rows of which model: {"playback.Viewing": 120, …}.
    counts = models.JSONField(_("rows"), default=dict)
    commitment = models.CharField(max_length=64)
    #: HMAC-SHA256 over all of it, with the key of the audit log.
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-erased_at"]
        verbose_name = _("proof of an erasure")
        verbose_name_plural = _("proofs of erasures")

    def __str__(self) -> str:
        return str(self.id)

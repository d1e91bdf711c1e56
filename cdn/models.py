"""What the control plane remembers of its edge nodes. Live figures (load, leases) are in memory: see `live.py`."""

import uuid

from django.db import models
from django.utils import timezone

from cdn.types import NodeState

STATES = [(state.value, state.value) for state in NodeState]


class Wanted(models.TextChoices):
    """What the operator wants of a node; its state follows."""

    SERVE = "serve", "serve"
    DRAIN = "drain", "drain"
    RETIRE = "retire", "retire"
    QUARANTINE = "quarantine", "quarantine"


class EdgeNode(models.Model):
    """A registered edge node. Written on changes of state only, never per heartbeat; rows are never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slot = models.PositiveIntegerField(unique=True, editable=False)
    name = models.CharField(max_length=64, unique=True)
    site = models.CharField(max_length=64, default="default")
    base_url = models.CharField(max_length=255)
    public_key = models.CharField(max_length=64, editable=False)
    capacity_bps = models.BigIntegerField(default=1_000_000_000)
    version = models.CharField(max_length=32, blank=True)
    state = models.CharField(max_length=16, choices=STATES, default=NodeState.PENDING.value)
    reason = models.CharField(max_length=255, blank=True)
    wanted = models.CharField(max_length=16, choices=Wanted.choices, default=Wanted.SERVE)
    state_at = models.DateTimeField(default=timezone.now)
    enrolled_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["slot"]
        verbose_name = "edge node"
        constraints = [
            models.CheckConstraint(condition=models.Q(slot__gte=1), name="edge_node_slot_from_1"),
            models.CheckConstraint(condition=models.Q(capacity_bps__gt=0), name="edge_node_has_capacity"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (n{self.slot})"


class NodeEvent(models.Model):
    """One change of a node's state: who, why, when."""

    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    from_state = models.CharField(max_length=16)
    to_state = models.CharField(max_length=16)
    actor = models.CharField(max_length=64)
    reason = models.CharField(max_length=255)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = "change of state"
        verbose_name_plural = "changes of state"

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state} by {self.actor}: {self.reason}"


class EnrolmentCode(models.Model):
    """A one-time permission to enrol one node of this name. Only the code's hash is kept (it has 256 bits)."""

    name = models.CharField(max_length=64)
    code_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"code for {self.name}, until {self.expires_at:%H:%M}"


class SigningKey(models.Model):
    """A key that signs playback tokens. The private half is a file in KEYS_DIR, never here."""

    kid = models.PositiveIntegerField(unique=True)
    public_key = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    signs_from = models.DateTimeField(default=timezone.now)
    verify_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["kid"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kid__gte=1, kid__lte=65535), name="signing_key_kid_16_bit"
            )
        ]

    def __str__(self) -> str:
        return f"token key {self.kid}"


class DeniedSession(models.Model):
    """A playback session whose tokens nodes refuse until they would have run out anyway. The id orders the list."""

    session_id = models.UUIDField(unique=True)
    until = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.session_id)

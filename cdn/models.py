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
    region = models.CharField(max_length=64, default="default")
    #: What it fails together with besides its site: a rack, a power supply, an uplink. Empty: nothing is known of that.
    domain = models.CharField("failure domain", max_length=64, blank=True)
    #: Where it stands, in degrees north and east: with a database of addresses viewers are sent to what is near.
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    base_url = models.CharField(max_length=255)
    public_key = models.CharField(max_length=64, editable=False)
    capacity_bps = models.BigIntegerField(default=1_000_000_000)
    version = models.CharField(max_length=32, blank=True)
    state = models.CharField(max_length=16, choices=STATES, default=NodeState.PENDING.value)
    reason = models.CharField(max_length=255, blank=True)
    wanted = models.CharField(max_length=16, choices=Wanted.choices, default=Wanted.SERVE)
    state_at = models.DateTimeField(default=timezone.now)
    enrolled_at = models.DateTimeField(default=timezone.now)
    #: What it may keep on disk, in bytes, as it last reported; 0 until it did. Plans are made by it.
    disk_bytes = models.BigIntegerField(default=0, editable=False)
    #: When it may be filled off-peak, by its own clock ("02:00-14:00"); empty: the setting's window. Bits per second
    #: that a fill may take; 0: the setting's.
    fill_window = models.CharField(max_length=11, blank=True)
    fill_bps = models.BigIntegerField(default=0)
    #: Since when it serves viewers without interruption; steering gives a node its full share only some minutes later.
    serving_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["slot"]
        verbose_name = "edge node"
        constraints = [
            models.CheckConstraint(condition=models.Q(slot__gte=1), name="edge_node_slot_from_1"),
            models.CheckConstraint(condition=models.Q(capacity_bps__gt=0), name="edge_node_has_capacity"),
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="edge_node_stands_on_the_globe",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (n{self.slot})"


class Network(models.Model):
    """An entry of the operator's map: viewers of these addresses belong to a site, or at least to a region.

    Of several entries the one with the longest prefix counts.
    """

    cidr = models.CharField("network", max_length=43, unique=True)
    site = models.CharField(max_length=64, blank=True)
    region = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["cidr"]
        verbose_name = "network of viewers"
        verbose_name_plural = "networks of viewers"

    def __str__(self) -> str:
        return f"{self.cidr} → {self.site or self.region}"


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


class Bundle(models.Model):
    """The unit of placement: one rendition of one package. The id is its place in every node's bitmap; never reused."""

    package = models.CharField(max_length=32)
    rendition = models.CharField(max_length=32)
    kind = models.CharField(max_length=8)
    video_id = models.UUIDField(null=True, blank=True)
    #: Sizes in bytes; `head_*` is the prefix that every node pins. Seconds; bits per second.
    bytes = models.BigIntegerField()
    segments = models.PositiveIntegerField()
    head_bytes = models.BigIntegerField()
    head_segments = models.PositiveIntegerField()
    duration = models.FloatField()
    bandwidth = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    #: When its package was replaced or taken down: nothing plans for it any more.
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["package", "rendition"], name="bundle_once"),
        ]

    def __str__(self) -> str:
        return f"{self.package}/{self.rendition}"


class BundleDemand(models.Model):
    """How much a region asks for a bundle: bytes served over its size, fading with two half-lives (6 hours, 7 days)."""

    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="demand")
    region = models.CharField(max_length=64, default="default")
    short = models.FloatField(default=0.0)
    long = models.FloatField(default=0.0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "region"], name="bundle_demand_once_a_region"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id} in {self.region}: {self.short:.2f} / {self.long:.2f}"


class DemandCursor(models.Model):
    """How far the delivery log has been counted into the demand. One row, written with what it counted."""

    delivery_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"counted up to delivery {self.delivery_id}"


class NodePlan(models.Model):
    """What one node should hold, in the order in which it should fetch it. `orders` is JSON, compressed."""

    node = models.OneToOneField(EdgeNode, on_delete=models.CASCADE, related_name="plan")
    version = models.BigIntegerField()
    made_at = models.DateTimeField(default=timezone.now)
    orders = models.BinaryField()

    def __str__(self) -> str:
        return f"plan {self.version} of {self.node_id}"


class Takedown(models.Model):
    """A package that nodes drop: for ever when `forbidden`, else only what they hold now (a purge). The id orders."""

    package = models.CharField(max_length=32, db_index=True)
    forbidden = models.BooleanField(default=True)
    actor = models.CharField(max_length=64)
    reason = models.CharField(max_length=255)
    at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.package}: {self.reason}"


class NodeFault(models.Model):
    """Wrong bytes or a failing disk, as a node reported it. Three in a day put the node in quarantine."""

    node = models.ForeignKey(EdgeNode, on_delete=models.CASCADE, related_name="faults")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=24)
    package = models.CharField(max_length=32, blank=True)
    rendition = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=32, blank=True)
    detail = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.package}/{self.rendition}/{self.name}"


class Delivery(models.Model):
    """One answer that a node gave to a viewer (telemetry database): the flow log."""

    node_id = models.UUIDField()
    at = models.DateTimeField(db_index=True)
    session_id = models.UUIDField(null=True, blank=True)
    package = models.CharField(max_length=32)
    rendition = models.CharField(max_length=32)
    name = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField()
    bytes = models.BigIntegerField()
    #: From the request to the last byte handed to the kernel.
    milliseconds = models.PositiveIntegerField()
    cache = models.CharField(max_length=8)
    cmcd = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["session_id", "at"], name="delivery_of_session")]

    def __str__(self) -> str:
        return f"{self.status} {self.package}/{self.rendition}/{self.name}"


class DeliveryCursor(models.Model):
    """How far a node's journal has been taken in (telemetry database): what comes twice counts once."""

    node_id = models.UUIDField()
    journal = models.UUIDField()
    sequence = models.BigIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node_id", "journal"], name="delivery_cursor_once"),
        ]

    def __str__(self) -> str:
        return f"{self.node_id} {self.journal}: {self.sequence}"

"""Playback's rows: who is playing what, where people stopped, what was watched, and what players reported."""

from datetime import datetime, timedelta
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q

from playback.types import Ended, LicenceEnd


class Household(models.Model):
    """One row for each user who ever played: the lock under which streams are counted.

    Counting and inserting are two statements; without a row to hold, two devices that press play at the same
    moment would both see one free slot.
    """

    user_id = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return str(self.user_id)


class PlaybackSessionQuerySet(models.QuerySet["PlaybackSession"]):
    """Questions about sessions."""

    def open(self) -> Self:
        """Not ended yet; some may have fallen silent since."""
        return self.filter(ended_at=None)

    def lasting(self, now: datetime) -> Self:
        """Not over for good, with a token that nodes take for longer than a renewed one: those of stock players."""
        return self.filter(Q(ended_at=None) | Q(ended=Ended.SILENT), open_until__gt=now)

    def live(self, *, heard_since: datetime) -> Self:
        """Open, and heard from lately: the ones that hold a stream slot."""
        return self.open().filter(last_seen_at__gte=heard_since, trailer=False)


class PlaybackSession(models.Model):
    """One viewer playing one video on one device.

    Names of people and titles are copied at the start: they are what this screen said then, and telling who
    watches what needs no other app.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user_id = models.UUIDField()
    profile_id = models.UUIDField()
    profile_name = models.CharField(max_length=100)
    video_id = models.UUIDField()
    title_id = models.UUIDField()
    title_name = models.CharField(max_length=300)
    maturity = models.PositiveSmallIntegerField(default=0)
    package_id = models.CharField(max_length=32)
    renditions = models.BigIntegerField(help_text="Bit mask of the renditions that the plan allows.")
    av1 = models.BooleanField(default=False, help_text="The player said that it decodes AV1 well.")
    surround = models.BooleanField(null=True, help_text="Whether it has surround sound, when it said so.")
    device = models.CharField(max_length=64, help_text="Hash that stays the same on one browser.")
    device_name = models.CharField(max_length=100, blank=True)
    device_id = models.UUIDField(null=True, blank=True, help_text="The account's device, when that is known.")
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until when a stock player's token opens the film, if it was given one.",
    )
    ended = models.CharField(max_length=12, blank=True, choices=[(reason, reason) for reason in Ended])
    duration = models.DurationField(default=timedelta)
    finish_at = models.DurationField(help_text="From here on the video counts as finished.")
    position = models.DurationField(default=timedelta)
    watched = models.DurationField(default=timedelta, help_text="Time that the picture really moved.")
    replayed = models.DurationField(default=timedelta, help_text="Watched since the video was last finished.")
    viewing_id = models.UUIDField(
        null=True, help_text="Of the session that it goes on from; empty: its own id."
    )
    viewing_since = models.DateTimeField(null=True, help_text="When the first of these sessions began.")
    watched_before = models.DurationField(
        default=timedelta, help_text="In the sessions that it goes on from."
    )
    trailer = models.BooleanField(
        default=False, help_text="Of a trailer: it holds no stream, and is neither remembered nor counted."
    )
    alone = models.BooleanField(
        default=False, help_text="It began by itself after another, and nobody touched anything since."
    )
    beats = models.PositiveIntegerField(default=0)
    paused = models.BooleanField(default=False)
    node = models.CharField(max_length=32, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    stalls = models.PositiveIntegerField(default=0)
    stall_time = models.DurationField(default=timedelta)
    dropped = models.PositiveIntegerField(default=0)
    decisions = models.JSONField(default=list, blank=True)

    objects = PlaybackSessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["user_id", "last_seen_at"], condition=Q(ended_at=None), name="session_live_of_user"
            ),
            models.Index(fields=["last_seen_at"], condition=Q(ended_at=None), name="session_open_by_silence"),
            models.Index(fields=["profile_id"], name="session_by_profile"),
            models.Index(fields=["device_id"], condition=Q(ended_at=None), name="session_open_by_device"),
            models.Index(
                fields=["open_until"], condition=Q(open_until__isnull=False), name="session_lasting"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ended="") | (Q(ended_at__isnull=False) & ~Q(ended="")),
                name="session_end_has_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile_name}: {self.title_name}"


class Prepared(models.Model):
    """What one browser had prepared last: a session that nobody watches yet. Neither history nor a slot comes of it.

    It has the id that the session will have. One row for each browser: what is prepared next takes its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user_id = models.UUIDField()
    profile_id = models.UUIDField()
    video_id = models.UUIDField()
    av1 = models.BooleanField(default=False)
    surround = models.BooleanField(null=True)
    device = models.CharField(max_length=64, help_text="Hash that stays the same on one browser.")
    device_name = models.CharField(max_length=100, blank=True)
    device_id = models.UUIDField(null=True, blank=True)
    made_at = models.DateTimeField()
    left = models.FloatField(help_text="How many more this browser could have had prepared then.")

    class Meta:
        verbose_name_plural = "prepared"
        indexes = [models.Index(fields=["made_at"], name="prepared_by_time")]
        constraints = [
            models.UniqueConstraint(fields=["user_id", "device"], name="prepared_one_of_browser"),
        ]

    def __str__(self) -> str:
        return f"{self.video_id} on {self.device_name or 'a device'}"


class LicenceQuerySet(models.QuerySet["Licence"]):
    """Questions about licences."""

    def going(self) -> Self:
        """Not ended; some may have expired, and come back when their device is online."""
        return self.filter(ended="")

    def holding(self, now: datetime) -> Self:
        """Those that take one of the plan's places: going, and not expired."""
        return self.going().filter(expires_at__gt=now)


class Licence(models.Model):
    """Leave to keep one video on one device, for one profile, and to play it without the site until it expires.

    Nodes are told its id as the session of its tokens. The secret that opens what is kept is not here: it follows from
    the id and the site's own secret.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user_id = models.UUIDField()
    profile_id = models.UUIDField()
    profile_name = models.CharField(max_length=100)
    video_id = models.UUIDField()
    title_id = models.UUIDField()
    title_name = models.CharField(max_length=300)
    package_id = models.CharField(max_length=32)
    renditions = models.BigIntegerField(help_text="Bit mask of the renditions that are kept.")
    bytes = models.BigIntegerField()
    device_id = models.UUIDField()
    device_name = models.CharField(max_length=100, blank=True)
    made_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    complete_at = models.DateTimeField(null=True, blank=True, help_text="When all of it had come.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended = models.CharField(max_length=12, blank=True, choices=[(reason, reason) for reason in LicenceEnd])

    objects = LicenceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user_id"], condition=Q(ended=""), name="licence_of_user"),
            models.Index(fields=["profile_id"], name="licence_of_profile"),
            models.Index(fields=["title_id"], condition=Q(ended=""), name="licence_of_title"),
            models.Index(fields=["device_id"], condition=Q(ended=""), name="licence_of_device"),
            models.Index(fields=["package_id"], condition=Q(ended=""), name="licence_of_package"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["device_id", "profile_id", "video_id"],
                condition=Q(ended=""),
                name="licence_one_of_device_and_video",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended="") | (Q(ended_at__isnull=False) & ~Q(ended="")),
                name="licence_end_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile_name}: {self.title_name} on {self.device_name or 'a device'}"


class Bookmark(models.Model):
    """Where a profile stopped in a video. `removed` hides it from continue watching until it is watched again."""

    profile_id = models.UUIDField()
    video_id = models.UUIDField()
    title_id = models.UUIDField()
    position = models.DurationField()
    duration = models.DurationField()
    finished = models.BooleanField(default=False)
    removed = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["profile_id", "-updated_at"], name="bookmark_latest")]
        constraints = [
            models.UniqueConstraint(
                fields=["profile_id", "video_id"], name="bookmark_one_of_profile_and_video"
            ),
            models.CheckConstraint(
                condition=Q(position__gte=timedelta(0)), name="bookmark_position_not_negative"
            ),
            models.CheckConstraint(condition=Q(position__lte=F("duration")), name="bookmark_position_within"),
        ]

    def __str__(self) -> str:
        return f"{self.video_id} at {self.position}"


class TrackChoice(models.Model):
    """The sound and subtitles that a profile last chose in a title, which a series shares: keys of
    static/js/player/tracks.js, '' where nothing was chosen."""

    profile_id = models.UUIDField()
    title_id = models.UUIDField()
    audio = models.CharField(max_length=48, blank=True)
    text = models.CharField(max_length=48, blank=True)
    second = models.CharField(max_length=48, blank=True, help_text="A second subtitle track beside it.")
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["profile_id", "-updated_at"], name="choice_latest_of_profile")]
        constraints = [
            models.UniqueConstraint(
                fields=["profile_id", "title_id"], name="choice_one_of_profile_and_title"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audio or 'any sound'}, {self.text or 'any subtitles'}"


class Viewing(models.Model):
    """What came of one watching, kept as history. It has its session's id: the first one's, if that was handed over."""

    id = models.UUIDField(primary_key=True, editable=False)
    user_id = models.UUIDField()
    profile_id = models.UUIDField()
    video_id = models.UUIDField()
    title_id = models.UUIDField()
    title_name = models.CharField(max_length=300, blank=True)
    watched = models.DurationField()
    fraction = models.FloatField(help_text="How far into the video the viewer stopped, 0 to 1.")
    alone = models.BooleanField(
        default=False, help_text="It began by itself, and nobody was seen to watch it."
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["profile_id", "-ended_at"], name="viewing_latest_of_profile"),
            models.Index(fields=["ended_at", "title_id"], name="viewing_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.title_name or self.title_id}, {self.watched} watched"


class Beacon(models.Model):
    """A player's report, as it came. Lives in the telemetry database and is pruned after a while."""

    session_id = models.UUIDField()
    at = models.DateTimeField()
    position = models.FloatField(help_text="Seconds.")
    paused = models.BooleanField()
    buffer = models.FloatField(null=True, blank=True, help_text="Seconds ahead of the playhead.")
    rendition = models.CharField(max_length=32, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    stalls = models.PositiveIntegerField(default=0)
    stall_ms = models.PositiveIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0)
    node = models.CharField(max_length=32, blank=True)
    event = models.CharField(max_length=32, blank=True)
    samples = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["session_id", "at"], name="beacon_of_session"),
            models.Index(fields=["at"], name="beacon_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} at {self.at:%H:%M:%S}"

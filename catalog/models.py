"""Rows of the catalogue: nouns, constraints and chainable questions. Nothing outside this app sees them."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.finding.rows import SearchChange as SearchChange
from catalog.spoken.rows import SpokenLine as SpokenLine
from catalog.spoken.rows import SpokenTrack as SpokenTrack
from catalog.spoken.rows import SpokenVideo as SpokenVideo
from catalog.texts import EpisodeText as EpisodeText
from catalog.texts import GenreText as GenreText
from catalog.texts import SeasonText as SeasonText
from catalog.texts import TitleText as TitleText

#: The highest age that a title can ask for, in years (the strictest national rating is 21).
MATURITY_MAX = 21
#: The first films are of 1888; a year beyond 2200 is a slip of the finger.
YEAR_MIN, YEAR_MAX = 1870, 2200


def seen_at(moment: datetime, *, of: str = "") -> Q:
    """What viewers may see at a moment: published, and inside its window. `of` leads to the title ("title__")."""
    begun = Q(**{f"{of}available_from__isnull": True}) | Q(**{f"{of}available_from__lte": moment})
    open_still = Q(**{f"{of}available_until__isnull": True}) | Q(**{f"{of}available_until__gt": moment})
    return begun & open_still & Q(**{f"{of}published_at__isnull": False})


class TitleQuerySet(models.QuerySet["Title"]):
    """Questions that lists of titles ask."""

    def published(self, now: datetime | None = None) -> Self:
        """Those that viewers may see now: published, and inside their window."""
        return self.filter(seen_at(now or timezone.now()))

    def suitable_for(self, age: int) -> Self:
        """Those that a profile of this maturity may see."""
        return self.filter(maturity__lte=age)

    def without(self, ids: Collection[uuid.UUID]) -> Self:
        """All but these, which a profile does not see whatever its age."""
        return self.exclude(id__in=ids) if ids else self


class Genre(models.Model):
    """A shelf of the shop."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("genre")
        verbose_name_plural = _("genres")

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """Somebody who made a title or appears in it. Two people may have one name; their addresses differ."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120, db_index=True)
    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        blank=True,
        help_text=_("Part of the address of this person's page. Left empty, it is made from the name."),
    )
    note = models.CharField(
        _("which one"),
        max_length=80,
        blank=True,
        help_text=_("Tells people of the same name apart, for example “the composer” or “born 1970”."),
    )
    tmdb_id = models.PositiveIntegerField(_("TMDB number"), null=True, blank=True, unique=True)

    class Meta:
        ordering = ["name", "note", "slug"]
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return f"{self.name} ({self.note})" if self.note else self.name


class Title(models.Model):
    """A film or a series."""

    class Kind(models.TextChoices):
        """What a title is."""

        FILM = "film", _("film")
        SERIES = "series", _("series")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("address"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.FILM)
    name = models.CharField(_("name"), max_length=200)
    tagline = models.CharField(_("tagline"), max_length=200, blank=True)
    synopsis = models.TextField(_("synopsis"), blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    maturity = models.PositiveSmallIntegerField(
        _("maturity"),
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(MATURITY_MAX)],
        help_text=_("The age this title needs, in years."),
    )
    genres = models.ManyToManyField(Genre, related_name="titles", blank=True, verbose_name=_("genres"))
    credit = models.CharField(
        _("credit line"),
        max_length=300,
        blank=True,
        help_text=_("Owner and licence of footage that is not yours; shown where it plays."),
    )
    accent = models.CharField(_("accent colour"), max_length=7, blank=True)
    encrypted = models.BooleanField(
        _("encrypt"),
        default=False,
        help_text=_(
            "Packages made from now on are encrypted; players get the key from their playback session."
        ),
    )
    tmdb_id = models.PositiveIntegerField(_("TMDB number"), null=True, blank=True)
    imdb_id = models.CharField(_("IMDb number"), max_length=12, blank=True)
    #: What machines (file names, NFO, TMDB) wrote last, by field: a value that differs from it is a person's.
    written = models.JSONField(default=dict, blank=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    available_from = models.DateTimeField(_("available from"), null=True, blank=True)
    available_until = models.DateTimeField(_("available until"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    #: What search knows it by: words without accents and capitals, and their other forms (catalog/search/text.py).
    search_index = models.TextField(blank=True, editable=False)

    objects = TitleQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        indexes = [models.Index(fields=["-published_at", "maturity"], name="title_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(maturity__gte=0, maturity__lte=MATURITY_MAX),
                name="title_maturity_is_an_age",
                violation_error_message=_("Maturity is an age from 0 to 21."),
            ),
            models.CheckConstraint(
                condition=Q(year__isnull=True) | Q(year__gte=YEAR_MIN, year__lte=YEAR_MAX),
                name="title_year_is_plausible",
                violation_error_message=_("The year is not plausible."),
            ),
            models.CheckConstraint(
                condition=Q(available_from__isnull=True)
                | Q(available_until__isnull=True)
                | Q(available_from__lt=F("available_until")),
                name="title_window_in_order",
                violation_error_message=_("A title must become available before it stops being so."),
            ),
            models.CheckConstraint(condition=Q(kind__in=["film", "series"]), name="title_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Credit(models.Model):
    """A person's part in a title."""

    class Role(models.TextChoices):
        """What people do."""

        DIRECTOR = "director", _("director")
        WRITER = "writer", _("writer")
        CREATOR = "creator", _("creator")
        CAST = "cast", _("cast")
        COMPOSER = "composer", _("composer")
        PRODUCER = "producer", _("producer")

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="credits")
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="credits", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.CAST)
    character = models.CharField(_("character"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            models.UniqueConstraint(
                fields=["title", "person", "role", "character"],
                name="credit_once",
                violation_error_message=_("This person has this part already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_role_display()})"


class Season(models.Model):
    """A season of a series; number 0 holds the specials."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="seasons")
    number = models.PositiveSmallIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        ordering = ["number"]
        verbose_name = _("season")
        verbose_name_plural = _("seasons")
        constraints = [
            models.UniqueConstraint(
                fields=["title", "number"],
                name="season_number_once",
                violation_error_message=_("This series has a season of that number already."),
            )
        ]

    def __str__(self) -> str:
        return self.name or _("Season %(number)s") % {"number": self.number}


class Episode(models.Model):
    """One part of a season."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="episodes")
    number = models.PositiveSmallIntegerField(_("number"), validators=[MinValueValidator(1)])
    name = models.CharField(_("name"), max_length=200)
    synopsis = models.TextField(_("synopsis"), blank=True)
    #: As Title.written.
    written = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        ordering = ["number"]
        verbose_name = _("episode")
        verbose_name_plural = _("episodes")
        constraints = [
            models.UniqueConstraint(
                fields=["season", "number"],
                name="episode_number_once",
                violation_error_message=_("This season has an episode of that number already."),
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="episode_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.name}"


class Artwork(models.Model):
    """A picture of a title, an episode or a person, kept in several widths in the default storage."""

    class Kind(models.TextChoices):
        """What a picture is for."""

        POSTER = "poster", _("poster")
        BACKDROP = "backdrop", _("backdrop")
        STILL = "still", _("still")
        PORTRAIT = "portrait", _("portrait")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="artwork", null=True, blank=True)
    episode = models.ForeignKey(
        Episode, on_delete=models.CASCADE, related_name="artwork", null=True, blank=True
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="artwork", null=True, blank=True
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    #: Widths that exist in storage, in pixels, small first; `height` belongs to the last of them.
    widths = models.JSONField(default=list)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    accent = models.CharField(max_length=7)
    #: Taken from the film by itself; a picture that a person chose is never replaced by one that was not.
    automatic = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        constraints = [
            models.CheckConstraint(
                condition=Q(title__isnull=False, episode__isnull=True, person__isnull=True)
                | Q(title__isnull=True, episode__isnull=False, person__isnull=True)
                | Q(title__isnull=True, episode__isnull=True, person__isnull=False),
                name="artwork_has_one_subject",
            ),
            models.UniqueConstraint(fields=["title", "kind"], name="artwork_once_per_title"),
            models.UniqueConstraint(fields=["episode", "kind"], name="artwork_once_per_episode"),
            models.UniqueConstraint(fields=["person", "kind"], name="artwork_once_per_person"),
            models.CheckConstraint(condition=Q(width__gte=1, height__gte=1), name="artwork_has_pixels"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"


class OtherPicture(models.Model):
    """A picture that may stand in for a title's backdrop on cards: which of them people follow is found out.

    Taken from the film by itself; at most a few a title (catalog/others.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="other_pictures")
    #: The frame it was made of (catalog/media/candidates.py).
    name = models.CharField(max_length=80)
    widths = models.JSONField(default=list)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    accent = models.CharField(max_length=7)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("other picture")
        verbose_name_plural = _("other pictures")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["title", "name"], name="other_picture_once"),
            models.CheckConstraint(condition=Q(width__gte=1, height__gte=1), name="other_picture_has_pixels"),
        ]

    def __str__(self) -> str:
        return f"{self.title_id} {self.name}"


class Video(models.Model):
    """The playable media of a film or of an episode, or a title's trailer, and how far its newest source has come."""

    class State(models.TextChoices):
        """Where the newest source stands. What plays is `current_package`, whatever this says."""

        RECEIVING = "receiving", _("receiving")
        CHECKING = "checking", _("checking")
        QUEUED = "queued", _("queued")
        ENCODING = "encoding", _("encoding")
        READY = "ready", _("ready")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.OneToOneField(Title, on_delete=models.CASCADE, related_name="video", null=True, blank=True)
    episode = models.OneToOneField(
        Episode, on_delete=models.CASCADE, related_name="video", null=True, blank=True
    )
    #: A film or a series that this is to make people want to see.
    trailer_of = models.OneToOneField(
        Title, on_delete=models.CASCADE, related_name="trailer", null=True, blank=True
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVING)
    #: Why it was refused or failed, and what to do, in words for whoever uploaded it.
    reason = models.TextField(_("reason"), blank=True)
    duration = models.DurationField(_("duration"), null=True, blank=True)
    current_package = models.ForeignKey(
        "Package",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("package"),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("video")
        verbose_name_plural = _("videos")
        indexes = [models.Index(fields=["state", "-updated_at"], name="video_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(title__isnull=False, episode__isnull=True, trailer_of__isnull=True)
                | Q(title__isnull=True, episode__isnull=False, trailer_of__isnull=True)
                | Q(title__isnull=True, episode__isnull=True, trailer_of__isnull=False),
                name="video_has_one_owner",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "failed"]) | ~Q(reason=""),
                name="video_trouble_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["receiving", "checking", "queued", "encoding", "ready", "refused", "failed"],
                ),
                name="video_state_known",
            ),
        ]

    def __str__(self) -> str:
        if self.trailer_of is not None:
            return _("%(title)s: trailer") % {"title": self.trailer_of}
        return str(self.title or self.episode)

    @property
    def owner(self) -> Title | None:
        """The title that it belongs to, as a film, by an episode, or as its trailer."""
        return self.episode.season.title if self.episode else self.title or self.trailer_of

    @property
    def owner_id(self) -> uuid.UUID | None:
        """The id of `owner`."""
        return self.episode.season.title_id if self.episode else self.title_id or self.trailer_of_id


class Source(models.Model):
    """A file that was given to us. Stored at `sources/<id>/source.bin` under MEDIA_ROOT, whatever it was called."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="sources")
    #: What its owner called it: shown, never used as a path.
    name = models.CharField(_("name"), max_length=255)
    bytes = models.PositiveBigIntegerField(_("size"), default=0)
    #: Kept after packaging, so that it can be encoded again.
    keep = models.BooleanField(default=True)
    #: Where the file stands when it is not ours: in a library folder of the operator's, which is only ever read.
    path = models.CharField(max_length=4096, blank=True)
    #: Of the whole file, in hex; empty until it was computed.
    sha256 = models.CharField(max_length=64, blank=True)
    #: The options it was handed in with (types.IngestOptions), so that another try makes the same.
    options = models.JSONField(default=dict, blank=True)
    #: Since when it is set aside because it killed or froze its encoder; the video's reason says more.
    quarantined_at = models.DateTimeField(null=True, blank=True)
    #: When its bytes were moved to the archive.
    archived_at = models.DateTimeField(null=True, blank=True)
    #: What the probe found (catalog/media/probe.py), as plain JSON.
    facts = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class Package(models.Model):
    """The immutable output of one video: a manifest, and the files it lists in storage."""

    id = models.CharField(primary_key=True, max_length=32, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="packages")
    #: 'early' packages let people watch while the ladder is being made; they are replaced by it.
    stage = models.CharField(max_length=8, default="ladder")
    #: False: an early package that ends before the film does, because more of it is still being made.
    complete = models.BooleanField(default=True)
    #: The very text whose SHA-256 the id is.
    manifest = models.TextField()
    duration = models.DurationField()
    bytes = models.PositiveBigIntegerField()
    published_at = models.DateTimeField(auto_now_add=True)
    #: Since when another package has taken its place; None while it is the current one.
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-published_at"]
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        constraints = [
            models.UniqueConstraint(
                fields=["video"], condition=Q(replaced_at__isnull=True), name="package_one_current_per_video"
            )
        ]

    def __str__(self) -> str:
        return self.id


class Marker(models.Model):
    """A named stretch of a video that a viewer may skip."""

    class Kind(models.TextChoices):
        """What the stretch is."""

        INTRO = "intro", _("intro")
        RECAP = "recap", _("recap")
        CREDITS = "credits", _("credits")
        CHAPTER = "chapter", _("chapter")

    class Origin(models.TextChoices):
        """Who says so. What a person said is never changed by a machine."""

        PERSON = "person", _("entered")
        CHAPTER = "chapter", _("from the file's chapters")
        SOUND = "sound", _("found by comparing episodes")

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="markers")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    start = models.DurationField(_("start"))
    end = models.DurationField(_("end"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin.choices, default=Origin.PERSON)
    #: A person took it away; the row stays so that no machine suggests the same stretch again.
    dropped = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["start"]
        verbose_name = _("marker")
        verbose_name_plural = _("markers")
        constraints = [
            models.CheckConstraint(
                condition=Q(start__lt=F("end")),
                name="marker_in_order",
                violation_error_message=_("A marker ends after it starts."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.start}–{self.end}"  # noqa: RUF001 (a range is written with an en dash)


class ContentKey(models.Model):
    """The AES-128 key of an encrypted package. Given out by playback sessions alone."""

    package_id = models.CharField(primary_key=True, max_length=32, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="content_keys")
    key = models.BinaryField(max_length=16)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("content key")
        verbose_name_plural = _("content keys")

    def __str__(self) -> str:
        return self.package_id


class TextTrack(models.Model):
    """Subtitles that an operator uploaded for a video: cleaned, written anew as WebVTT, packaged with it."""

    class Purpose(models.TextChoices):
        """Whom they are for."""

        SUBTITLES = "subtitles", _("subtitles")
        SDH = "sdh", _("for the deaf and hard of hearing")
        FORCED = "forced", _("forced (foreign passages only)")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="text_tracks")
    language = models.CharField(_("language"), max_length=35)
    label = models.CharField(_("label"), max_length=120, blank=True)
    purpose = models.CharField(_("purpose"), max_length=9, choices=Purpose.choices, default=Purpose.SUBTITLES)
    webvtt = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["language", "created_at"]
        verbose_name = _("text track")
        verbose_name_plural = _("text tracks")

    def __str__(self) -> str:
        return f"{self.language} {self.label}".strip()


class UploadQuerySet(models.QuerySet["Upload"]):
    """Ways to ask for uploads."""

    def open(self) -> "UploadQuerySet":
        """Those whose bytes are still with them: being received, or about to become a source."""
        return self.filter(state__in=[Upload.State.RECEIVING, Upload.State.FINISHING])


class Upload(models.Model):
    """A source that is being received in pieces (tus 1.0). Its bytes grow in a file of its own (catalog/tus/parts.py).

    Its id becomes the source's.
    """

    class State(models.TextChoices):
        """How far it is."""

        RECEIVING = "receiving", _("receiving")
        FINISHING = "finishing", _("being checked")
        DONE = "done", _("received")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(db_index=True)
    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="uploads", null=True, blank=True)
    episode = models.ForeignKey(
        Episode, on_delete=models.CASCADE, related_name="uploads", null=True, blank=True
    )
    name = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField()
    #: Bytes known to be on the disk. The file itself may be longer by what was not yet written down.
    offset = models.PositiveBigIntegerField(default=0)
    #: What the sender says the whole file hashes to, in hex; checked when it has all arrived.
    sha256 = models.CharField(max_length=64, blank=True)
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.RECEIVING)
    reason = models.TextField(blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__lte=F("length")), name="upload_no_more_than_announced"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LibraryFile(models.Model):
    """A file of a library folder: what it was when last looked at, and what became of it.

    A series has a row too, whose path is its folder's and ends in a slash: its NFO and pictures stand there.
    """

    class Kind(models.TextChoices):
        """What its name says it is."""

        FILM = "film", _("film")
        EPISODE = "episode", _("episode")
        SERIES = "series", _("folder of a series")
        TRAILER = "trailer", _("trailer")
        SKIPPED = "skipped", _("left out")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    path = models.CharField(max_length=4096, unique=True)
    bytes = models.PositiveBigIntegerField(default=0)
    modified_ns = models.BigIntegerField(default=0)
    #: Of the files beside it that matter (NFO, pictures, subtitles): names, sizes and times, hashed.
    company = models.CharField(max_length=64, blank=True)
    #: The company whose pictures and subtitles were taken in; another one than `company`: there is news.
    attended = models.CharField(max_length=64, blank=True)
    #: Of size, beginning and end: tells a file that was merely touched from one that is another.
    fingerprint = models.CharField(max_length=64, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.SKIPPED)
    #: What its name says, in the form that is compared: the same key is the same film or the same series.
    key = models.CharField(max_length=300, blank=True, db_index=True)
    title = models.ForeignKey(Title, on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    episode = models.ForeignKey(Episode, on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    #: The source that was made of it, None while it waits its turn. No reference: it outlives a source that a
    #: person's upload has replaced, or the file would be taken in again over it.
    source_id = models.UUIDField(null=True, blank=True)
    #: How it is to be taken in (catalog/library/orders.py).
    orders = models.JSONField(default=dict, blank=True)
    #: Subtitle files beside it that were taken in: name → size, time and text track.
    texts = models.JSONField(default=dict, blank=True)
    #: Why it was left out, or what went wrong, in words for the operator.
    problem = models.TextField(_("problem"), blank=True)
    #: When it was last found new or changed.
    seen_at = models.DateTimeField(_("found"))
    #: Since when it is not where it was. Its film stays: the folder may only be away for a while.
    missing_at = models.DateTimeField(_("missing since"), null=True, blank=True)

    class Meta:
        ordering = ["path"]
        verbose_name = _("library file")
        verbose_name_plural = _("library files")
        indexes = [
            models.Index(fields=["bytes", "modified_ns"], name="library_file_moved"),
            models.Index(fields=["kind", "source_id", "-modified_ns"], name="library_file_waiting"),
        ]

    def __str__(self) -> str:
        return self.path

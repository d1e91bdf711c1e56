"""Rows of spoken words. The index over them is the database's own (catalog/spoken/engine.py)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SpokenVideo(models.Model):
    """A video whose subtitles are searchable, and the package they are of."""

    video = models.OneToOneField(
        "Video", on_delete=models.CASCADE, primary_key=True, related_name="spoken", editable=False
    )
    #: The film, or the series of the episode: whom it may be shown to is asked there.
    title = models.ForeignKey("Title", on_delete=models.CASCADE, related_name="+")
    package_id = models.CharField(max_length=32)

    class Meta:
        verbose_name = _("spoken words of a video")
        verbose_name_plural = _("spoken words of videos")

    def __str__(self) -> str:
        return str(self.video_id)


class SpokenTrack(models.Model):
    """The subtitles of one language of a video."""

    spoken = models.ForeignKey(SpokenVideo, on_delete=models.CASCADE, related_name="tracks")
    language = models.CharField(_("language"), max_length=35)
    #: Of the track's bytes: the same in another package need not be read again.
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("spoken words of a language")
        verbose_name_plural = _("spoken words of languages")
        constraints = [models.UniqueConstraint(fields=["spoken", "language"], name="spoken_track_once")]

    def __str__(self) -> str:
        return self.language


class SpokenLine(models.Model):
    """One subtitle. `words` are what it is found by: plain, and the first of the next line, as sentences run on."""

    id = models.BigAutoField(primary_key=True)
    track = models.ForeignKey(SpokenTrack, on_delete=models.CASCADE, related_name="lines")
    start_ms = models.PositiveIntegerField()
    text = models.TextField()
    words = models.TextField()

    class Meta:
        verbose_name = _("spoken line")
        verbose_name_plural = _("spoken lines")

    def __str__(self) -> str:
        return self.text

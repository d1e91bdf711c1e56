"""Rows of search: what changed, in order, so that every process can keep its index right."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SearchChange(models.Model):
    """A title or a person changed in a way that search has to know of. Written by triggers (triggers.py).

    `mark` is chance: a row that has another one than before is another row under the same number, as after a restored
    backup or a transaction that was taken back.
    """

    id = models.BigAutoField(primary_key=True)
    #: 'title' or 'person'.
    kind = models.CharField(max_length=6)
    subject = models.UUIDField()
    mark = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("change for search")
        verbose_name_plural = _("changes for search")

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

"""How the rest of recommend asks for learning: said in a row, done by a job. Cheap, and safe in a transaction."""

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from recommend.learning.models import Serving


def owe(reason: str) -> None:
    """Somebody's influence has to leave what is served: within 24 hours everything is learnt anew without it.

    Call it in the transaction that removes the signals. `reason` is a word for the page ('erased', 'not for others').
    """
    Serving.objects.get_or_create(pk=1)
    now = timezone.now()
    Serving.objects.filter(pk=1).update(
        owed_at=Coalesce(F("owed_at"), Value(now)), owed_newest_at=now, owed_reason=reason[:64]
    )

"""The pace of forms: what a program sends faster than anybody does is not taken in, and the page says so."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from recommend import services as recommend


def too_fast(request: HttpRequest, profile_id: UUID, *, withdrawing: bool = False) -> bool:
    """Whether this form comes too fast; asking counts. `withdrawing`: it may have models trained again."""
    if not recommend.too_fast(profile_id, withdrawing=withdrawing):
        return False
    messages.error(request, _("Too many requests. Wait a moment, then try again."))
    return True

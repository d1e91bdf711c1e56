"""Pages and files of the catalogue itself. Pages that mix apps belong to the shell."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}


@login_not_required
@require_safe
def picture(request: HttpRequest, artwork_id: UUID, width: int, form: str) -> HttpResponse:
    """A stored picture in one width. Open to all, as the sign-in page shows some; its address never changes meaning.

    The storage key is made of a UUID, a number and a known ending, all parsed: nothing of the request gets into it.
    """
    if form not in _TYPES:
        raise Http404
    try:
        with default_storage.open(f"artwork/{artwork_id}/{width}.{form}", "rb") as file:
            content = file.read()
    except OSError as error:  # not there; or a width of so many digits that no file can be named so
        raise Http404 from error
    response = HttpResponse(content, content_type=_TYPES[form])
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response

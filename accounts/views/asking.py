"""Who is asking."""

from uuid import UUID

from django.http import Http404, HttpRequest


def user_id_of(request: HttpRequest) -> UUID:
    """The id of who is signed in."""
    user_id = request.user.pk
    if not isinstance(user_id, UUID):
        raise Http404
    return user_id

"""Who is asking, and the answer to what cannot be taken."""

from uuid import UUID

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts import services


def user_id_of(request: Request) -> UUID:
    """The id of who is signed in; 404 for others."""
    user_id = request.user.pk
    if not isinstance(user_id, UUID):
        raise Http404
    return user_id


def refusal(error: services.InvalidField) -> ValidationError:
    """The answer to a value that the service does not take."""
    return ValidationError({error.field or "non_field_errors": [error.message]})

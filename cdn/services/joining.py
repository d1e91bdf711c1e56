"""How a node is invited."""

from django.conf import settings

from cdn import enrolment, installing


def enrolment_code(*, name: str) -> str:
    """A one-time code for a node of this name, valid for an hour. Raises Refused for a name that cannot be."""
    return enrolment.new_code(name=name)


def node_command(*, name: str, code: str) -> str:
    """The one line to type on the new node's machine: python3 is all that it needs there."""
    return installing.command(origin=settings.SITE_URL, name=name, code=code)

"""How a node is invited."""

from django.conf import settings

from cdn import enrolment


def enrolment_code(*, name: str) -> str:
    """A one-time code for a node of this name, valid for an hour. Raises Refused for a name that cannot be."""
    return enrolment.new_code(name=name)


def node_command(*, name: str, code: str) -> str:
    """What to type on the new node's machine."""
    return (
        f"python -m cdn.edge --origin {settings.SITE_URL} --code {code} --name {name} "
        "--listen 0.0.0.0:8101 --base-url http://THIS-MACHINE:8101 --cache ./edge-cache"
    )

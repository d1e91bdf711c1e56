"""How a node joins: a one-time code, a proof that its address leads to it, a slot that stays its own."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cdn import models, proving, transitions
from cdn.types import NodeState

CODE_LIFE = timedelta(minutes=60)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
#: An address stands in playlists, headers and commands as it is, so nothing else may be in it. `urlsplit` alone would
#: pass over line ends and tabs.
_ADDRESS = re.compile(r"(?i:https?)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")


class Refused(Exception):
    """The node may not join; `code` is for programs, `message` for whoever installs the node."""

    def __init__(self, code: str, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class Application:
    """What a node says of itself when it asks to join: `public_key` as 64 hex digits, `capacity_bps` in bit/s.

    `place` is in degrees north and east.
    """

    name: str
    public_key: str
    base_url: str
    site: str
    region: str
    capacity_bps: int
    version: str
    domain: str = ""
    place: tuple[float, float] | None = None


def new_code(*, name: str) -> str:
    """A one-time code for a node of this name: 256 random bits, valid for an hour. Only its hash is kept."""
    if not _NAME.match(name):
        raise Refused("name", f"'{name}' is no name for a node: use letters, digits, dot, dash, underscore.")
    code = secrets.token_hex(
        32
    )  # hex: it is typed behind --code, where a leading dash would be another option
    models.EnrolmentCode.objects.create(
        name=name, code_hash=_hash(code), expires_at=timezone.now() + CODE_LIFE
    )
    return code


def enrol(*, code: str, application: Application) -> models.EdgeNode:
    """Admit a node. The code is spent only when the address was proven, so a typing error costs nothing.

    A node whose answer was lost, or late, asks again with the same code and key: it is told the same.
    """
    if before := _enrolled(code=code, application=application):
        return before
    # First of all: what a stranger writes must not come before the operator's eyes as a node's refusal.
    permit = _permit(code=code, name=application.name)
    base_url = checked_base_url(application.base_url)
    _public_key(application.public_key)
    if not 0 < application.capacity_bps < 1 << 50:
        raise Refused("capacity", "The capacity must be a positive number of bits per second.", status=400)
    prove(base_url=base_url, public_key=application.public_key)
    with transaction.atomic():
        spent = models.EnrolmentCode.objects.filter(id=permit.id, used_at=None).update(used_at=timezone.now())
        if not spent:
            if before := _enrolled(code=code, application=application):
                return before  # its first request took so long that it asked again, and was done meanwhile
            raise Refused(
                "code_used", "This enrolment code was used already. Make a new one: manage.py addnode."
            )
        node = models.EdgeNode.objects.filter(name=application.name).first()
        if node is None:
            last = models.EdgeNode.objects.aggregate(last=Max("slot"))["last"] or 0
            node = models.EdgeNode(name=application.name, slot=last + 1)
        node.base_url, node.public_key = base_url, application.public_key
        node.site, node.region = application.site, application.region
        # What it does not say stays as an operator may have written it.
        node.domain = application.domain or node.domain
        if application.place:
            node.latitude, node.longitude = application.place
        node.capacity_bps = application.capacity_bps
        node.version, node.wanted = application.version, models.Wanted.SERVE
        node.enrolled_at = timezone.now()
        node.save()
        actor = "enrolment"
        transitions.move(node, NodeState.VERIFYING, actor=actor, reason="enrolled with a one-time code")
        transitions.move(node, NodeState.WARMING, actor=actor, reason=f"reached at {base_url}")
    return node


def _enrolled(*, code: str, application: Application) -> models.EdgeNode | None:
    """The node that this code has admitted, if it is the very one that asks again: same name, key and address."""
    permit = models.EnrolmentCode.objects.filter(code_hash=_hash(code), name=application.name).first()
    if permit is None or permit.used_at is None or permit.expires_at <= timezone.now():
        return None
    return (
        models.EdgeNode.objects.filter(
            name=application.name,
            public_key=application.public_key,
            base_url=application.base_url.rstrip("/"),
            enrolled_at__gte=permit.used_at,
        )
        .exclude(state__in=(NodeState.RETIRED, NodeState.QUARANTINED))
        .first()
    )


def _permit(*, code: str, name: str) -> models.EnrolmentCode:
    permit = models.EnrolmentCode.objects.filter(code_hash=_hash(code)).first()
    if permit is None:
        raise Refused("code_unknown", "This enrolment code is not known here. Make one: manage.py addnode.")
    if permit.name != name:
        raise Refused("code_name", f"This enrolment code is for the node '{permit.name}', not for '{name}'.")
    if permit.used_at is not None:
        raise Refused("code_used", "This enrolment code was used already. Make a new one: manage.py addnode.")
    if permit.expires_at <= timezone.now():
        raise Refused("code_expired", "This enrolment code has expired (they last an hour). Make a new one.")
    return permit


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _public_key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError:
        raise Refused("public_key", "The public key must be 64 hex digits of Ed25519.", status=400) from None


def checked_base_url(text: str) -> str:
    """An address that players can use: http(s), a host, perhaps a port, nothing else. Raises Refused."""
    address = text.rstrip("/")
    try:
        parts = urlsplit(address)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:  # no port, or no address in brackets
        port_ok = False
    if not port_ok or not _ADDRESS.match(address) or len(address) > 255:
        raise Refused(
            "base_url",
            f"'{text}' is no address for a node: use http(s)://host[:port] and no path.",
            status=400,
        )
    return address


def prove(*, base_url: str, public_key: str) -> None:
    """See that players could fetch from this address, and that it is this node's. Raises Refused in words."""
    try:
        proving.prove(base_url=base_url, public_key=_public_key(public_key))
    except proving.Unproven as error:
        raise Refused(error.code, error.message, status=422) from error

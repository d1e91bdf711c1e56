"""The edge fleet for the apps above: which nodes there are, tokens for viewers, denials, and the operator's levers."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cdn import enrolment, keys, models, signing, silence, states, transitions
from cdn.denials import deny_list
from cdn.enrolment import Refused
from cdn.live import fleet
from cdn.types import Node, NodeHealth, NodeState, PublicKey, SignedToken

__all__ = [
    "Refused",
    "UnknownNode",
    "activate",
    "deny",
    "drain",
    "enrolment_code",
    "health",
    "holds",
    "node_command",
    "nodes",
    "public_keys",
    "quarantine",
    "retire",
    "rotate_keys",
    "shield_base_url",
    "sign",
]


class UnknownNode(LookupError):
    """No node has this id."""


def nodes() -> tuple[Node, ...]:
    """Every node that viewers could be sent to, by slot, in its state of this moment.

    That is: warming, active, degraded, suspect and draining ones; steering decides by `state`, `lease_until` and
    load. Nodes whose lease has run out are suspect. A web process that has just started reports what the
    rows say until its nodes had time to be heard.
    """
    now = timezone.now()
    silence.conclude(now)
    return tuple(fleet.node(row, now) for row in fleet.rows() if row.state in states.SERVING)


def health() -> tuple[NodeHealth, ...]:
    """Every registered node with what an operator wants to see of it."""
    now = timezone.now()
    silence.conclude(now)
    found = []
    for row in fleet.rows():
        beat = fleet.beats.get(row.id)
        found.append(
            NodeHealth(
                node=fleet.node(row, now),
                reason=row.reason,
                heard_at=beat.heard_at if beat else None,
                cache_bytes=beat.cache_bytes if beat else 0,
                cache_limit=beat.cache_limit if beat else 0,
                disk_free=beat.disk_free if beat else 0,
                hits=beat.hits if beat else 0,
                misses=beat.misses if beat else 0,
                version=row.version,
            )
        )
    return tuple(found)


def sign(
    *, session_id: UUID, account_id: UUID, package_id: str, renditions: int, now: datetime
) -> SignedToken:
    """A token that opens the renditions of this mask of one package, on every node, for TOKEN_SECONDS."""
    key = keys.ring.signing(now)
    expires_at = now + timedelta(seconds=settings.TOKEN_SECONDS)
    token = signing.Token(
        kid=key.kid,
        session=session_id.bytes,
        account=hashlib.sha256(account_id.bytes).digest()[:4],
        package=bytes.fromhex(package_id),
        renditions=renditions & signing.ALL_RENDITIONS,
        not_before=int(now.timestamp()),
        expires=int(expires_at.timestamp()),
    )
    return SignedToken(text=signing.encode(token, key.private), expires_at=expires_at)


def public_keys() -> tuple[PublicKey, ...]:
    """The public halves of every token key that nodes must know now."""
    return keys.ring.published(timezone.now())


def rotate_keys(*, notice: timedelta = keys.NOTICE) -> int:
    """Make a new token key that signs after `notice`; → its id. Old ones verify until their tokens are over."""
    return keys.rotate(now=timezone.now(), notice=notice)


@transaction.atomic
def deny(session_id: UUID, until: datetime) -> None:
    """Make every node refuse this session's tokens, within about 3 s. `until` is when they would be over anyway."""
    models.DeniedSession.objects.filter(until__lt=timezone.now()).delete()
    models.DeniedSession.objects.filter(
        session_id=session_id
    ).delete()  # a new id, so that nodes hear of it again
    models.DeniedSession.objects.create(session_id=session_id, until=until)
    transaction.on_commit(deny_list.forget)


def shield_base_url() -> str:
    """The pathway of last resort: the site itself serves what no node can."""
    return str(settings.SITE_URL)


def enrolment_code(*, name: str) -> str:
    """A one-time code for a node of this name, valid for an hour. Raises Refused for a name that cannot be."""
    return enrolment.new_code(name=name)


def node_command(*, name: str, code: str) -> str:
    """What to type on the new node's machine."""
    return (
        f"python -m cdn.edge --origin {settings.SITE_URL} --code {code} --name {name} "
        "--listen 0.0.0.0:8101 --base-url http://THIS-MACHINE:8101 --cache ./edge-cache"
    )


def holds(package_id: str) -> set[UUID]:
    """The nodes known to hold this package whole: none yet, since nodes do not report what they hold.

    Nodes pull what they lack, so not being here excludes nobody.
    """
    return set()


def drain(node_id: UUID, *, actor: str = "operator", reason: str = "drained by the operator") -> None:
    """Take a node out of use kindly: no new sessions, running ones move on. Raises UnknownNode."""
    node = _want(node_id, models.Wanted.DRAIN)
    if NodeState(node.state) in (NodeState.ACTIVE, NodeState.DEGRADED, NodeState.WARMING, NodeState.SUSPECT):
        transitions.move(node, NodeState.DRAINING, actor=actor, reason=reason)


def activate(node_id: UUID, *, actor: str = "operator", reason: str = "put to use by the operator") -> None:
    """Let a drained or quarantined node serve again; it becomes active at its next heartbeat. Raises UnknownNode."""
    node = _want(node_id, models.Wanted.SERVE)
    beat = fleet.beats.get(node_id)
    heard = beat is not None and beat.lease_until > timezone.now()
    here = NodeState(node.state)
    if heard and here in (NodeState.DRAINING, NodeState.EVACUATED, NodeState.QUARANTINED):
        transitions.move(node, NodeState.ACTIVE, actor=actor, reason=reason)


def quarantine(node_id: UUID, *, actor: str = "operator", reason: str) -> None:
    """Trust a node with nothing until the operator lifts it: no viewers, no fills. Raises UnknownNode."""
    transitions.move(
        _want(node_id, models.Wanted.QUARANTINE), NodeState.QUARANTINED, actor=actor, reason=reason
    )


def retire(node_id: UUID, *, actor: str = "operator", reason: str = "retired by the operator") -> None:
    """Take a node out for good; only a new enrolment brings it back. Raises UnknownNode."""
    transitions.move(_want(node_id, models.Wanted.RETIRE), NodeState.RETIRED, actor=actor, reason=reason)


def _want(node_id: UUID, wanted: models.Wanted) -> models.EdgeNode:
    node = models.EdgeNode.objects.filter(id=node_id).first()
    if node is None:
        raise UnknownNode(node_id)
    node.wanted = wanted
    node.save(update_fields=["wanted"])
    transaction.on_commit(fleet.changed)
    return node

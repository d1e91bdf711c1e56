"""The edge fleet for the apps above: which nodes there are, tokens for viewers, denials, and the operator's levers."""

from cdn.enrolment import Refused
from cdn.services.holding import holders, holds
from cdn.services.joining import enrolment_code, node_command
from cdn.services.levers import UnknownNode, activate, drain, quarantine, retire
from cdn.services.looking import health, nodes
from cdn.services.tokens import deny, public_keys, rotate_keys, shield_base_url, sign

__all__ = [
    "Refused",
    "UnknownNode",
    "activate",
    "deny",
    "drain",
    "enrolment_code",
    "health",
    "holders",
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

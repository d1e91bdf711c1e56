"""The edge fleet for the apps above: which nodes there are, tokens for viewers, denials, and the operator's levers."""

from cdn.enrolment import Refused
from cdn.services.forgetting import forget_sessions
from cdn.services.holding import explain, fill_progress, holders, holds, inventory_map
from cdn.services.joining import enrolment_code, node_command
from cdn.services.levers import Infeasible, UnknownNode, activate, drain, evacuate, quarantine, retire
from cdn.services.looking import (
    deliveries_of,
    evacuations,
    fleet_events,
    health,
    known_as,
    learn,
    network_of,
    nodes,
    report_corrupt,
    report_failure,
)
from cdn.services.placing import locate
from cdn.services.removing import (
    NotAPackage,
    lift,
    purge,
    takedown,
    takedowns_of,
    takedowns_version,
    taken_down,
)
from cdn.services.tokens import deny, public_keys, rotate_keys, shield_base_url, sign

__all__ = [
    "Infeasible",
    "NotAPackage",
    "Refused",
    "UnknownNode",
    "activate",
    "deliveries_of",
    "deny",
    "drain",
    "enrolment_code",
    "evacuate",
    "evacuations",
    "explain",
    "fill_progress",
    "fleet_events",
    "forget_sessions",
    "health",
    "holders",
    "holds",
    "inventory_map",
    "known_as",
    "learn",
    "lift",
    "locate",
    "network_of",
    "node_command",
    "nodes",
    "public_keys",
    "purge",
    "quarantine",
    "report_corrupt",
    "report_failure",
    "retire",
    "rotate_keys",
    "shield_base_url",
    "sign",
    "takedown",
    "takedowns_of",
    "takedowns_version",
    "taken_down",
]

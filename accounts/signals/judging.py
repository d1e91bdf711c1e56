"""From what the audit log says to what an operator should see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from accounts import places
from accounts.models import AuditEntry, FraudSignal
from accounts.places import Place
from accounts.signals import travel
from accounts.signals.raising import raise_signal

Kind, Severity = FraudSignal.Kind, FraudSignal.Severity

#: So many of one thing within that time is worth a look: as many as the doors let pass before they ask to wait.
NETWORKS, NETWORKS_WITHIN = 5, timedelta(hours=24)
STREAMS = 3
PINS, PINS_WITHIN = 5, timedelta(hours=1)
CODES, CODES_WITHIN = 5, timedelta(minutes=30)
PASSWORDS, PASSWORDS_WITHIN = 6, timedelta(hours=1)
SPRAYED, SPRAYED_WITHIN = 6, timedelta(minutes=30)
#: How long a journey is looked back upon.
_JOURNEY = timedelta(days=2)
#: Rows of the log that one look reads at most.
_ROWS = 400
_STREAMS_FOR = 24 * 3600


@dataclass(frozen=True, slots=True)
class Entry:
    """What was just written into the audit log."""

    verb: str
    actor: UUID | None
    account: UUID | None
    target: str
    address: str
    at: datetime


def judge(entry: Entry) -> None:
    """Look whether this entry, with those before, should be seen by an operator."""
    looks = {
        "sign_in.done": (_travel, _networks),
        "sign_in.failed": (_password, _spraying),
        "pin.wrong": (_pin,),
        "tv.code_wrong": (_tv_code,),
    }
    for look in looks.get(entry.verb, ()):
        look(entry)


def _travel(entry: Entry) -> None:
    here = places.find(entry.address)
    if entry.account is None or here.position is None:
        return
    rows = (
        _lately("sign_in.done", _JOURNEY, entry)
        .filter(actor=entry.account, at__lt=entry.at)
        .exclude(address="")
    )
    before = rows.values_list("at", "address").first()
    there = places.find(before[1]) if before else Place()
    if before is None or there.position is None:
        return
    km, within = travel.distance(there.position, here.position), entry.at - before[0]
    if not travel.impossible(km, within):
        return
    raise_signal(
        Kind.TRAVEL,
        str(entry.account),
        severity=Severity.MEDIUM,
        user_id=entry.account,
        evidence={
            "from": there.name or there.network,
            "to": here.name or here.network,
            "km": round(km),
            "minutes": round(within.total_seconds() / 60),
            "km/h": round(travel.speed(km, within)),
            "networks": [there.network, here.network],
        },
    )


def _networks(entry: Entry) -> None:
    if entry.account is None:
        return
    rows = _lately("sign_in.done", NETWORKS_WITHIN, entry).filter(actor=entry.account)
    found = _public(rows.values_list("address", flat=True)[:_ROWS])
    if len(found) < NETWORKS or _network(entry.address) not in found:
        return
    raise_signal(
        Kind.NETWORKS,
        str(entry.account),
        severity=Severity.MEDIUM if len(found) >= 2 * NETWORKS else Severity.LOW,
        user_id=entry.account,
        evidence={"networks": sorted(found)[:20], "hours": 24},
    )


def _pin(entry: Entry) -> None:
    tries = _lately("pin.wrong", PINS_WITHIN, entry).filter(target=entry.target).count()
    if tries >= PINS:
        evidence = {
            "profile": entry.target.partition(":")[2],
            "tries": tries,
            "network": _network(entry.address),
        }
        severity = Severity.MEDIUM if tries >= 3 * PINS else Severity.LOW
        raise_signal(Kind.PIN, entry.target, severity=severity, user_id=entry.account, evidence=evidence)


def _tv_code(entry: Entry) -> None:
    rows = _lately("tv.code_wrong", CODES_WITHIN, entry)
    mine = rows.filter(subject=entry.account).count() if entry.account else 0
    if mine >= CODES:
        evidence = {"tries": mine, "network": _network(entry.address)}
        raise_signal(
            Kind.TV_CODE,
            str(entry.account),
            severity=Severity.MEDIUM,
            user_id=entry.account,
            evidence=evidence,
        )
        return
    network = _network(entry.address)
    there = sum(_network(address) == network for address in rows.values_list("address", flat=True)[:_ROWS])
    if network and there >= CODES:
        raise_signal(
            Kind.TV_CODE, network, severity=Severity.HIGH, evidence={"tries": there, "network": network}
        )


def _password(entry: Entry) -> None:
    if entry.account is None:
        return
    rows = _lately("sign_in.failed", PASSWORDS_WITHIN, entry).filter(subject=entry.account)
    addresses = list(rows.values_list("address", flat=True)[:_ROWS])
    if len(addresses) >= PASSWORDS:
        found = sorted({_network(address) for address in addresses} - {""})
        raise_signal(
            Kind.PASSWORD,
            str(entry.account),
            severity=Severity.MEDIUM if len(found) > 1 else Severity.LOW,
            user_id=entry.account,
            evidence={"tries": len(addresses), "networks": [*found[:20]]},
        )


def _spraying(entry: Entry) -> None:
    network = _network(entry.address)
    if not network:
        return
    rows = _lately("sign_in.failed", SPRAYED_WITHIN, entry).values_list("address", "target")[:_ROWS]
    tried = {target for address, target in rows if _network(address) == network}
    if len(tried) >= SPRAYED:
        known = sum(target.startswith("user:") for target in tried)
        raise_signal(
            Kind.SPRAYING,
            network,
            severity=Severity.HIGH if known else Severity.MEDIUM,
            evidence={"network": network, "names tried": len(tried), "of them accounts": known},
        )


def saw_stream(*, user_id: UUID, session_id: UUID, address: str) -> bool:
    """Note from which network an account plays. True: there were so many lately that those at once should be counted
    (`judge_streams`). One look into the cache for each film that is begun.
    """
    network = _network(address)
    if not network or places.is_local(network):
        return False
    key = f"streams:{user_id}"
    known: dict[str, str] = cache.get(key) or {}
    known.pop(str(session_id), None)
    known = dict([*known.items(), (str(session_id), network)][-20:])
    cache.set(key, known, timeout=_STREAMS_FOR)
    return len(set(known.values())) >= STREAMS


def judge_streams(*, user_id: UUID, playing: Iterable[UUID]) -> None:
    """Count the networks from which an account plays at once: `playing` are the playback sessions that go on."""
    known: dict[str, str] = cache.get(f"streams:{user_id}") or {}
    found = {network for one in playing if (network := known.get(str(one)))}
    if len(found) >= STREAMS:
        raise_signal(
            Kind.STREAMS,
            str(user_id),
            severity=Severity.MEDIUM,
            user_id=user_id,
            evidence={"networks": sorted(found), "places": [*_names(user_id, found)]},
        )


def _names(user_id: UUID, networks: Iterable[str]) -> list[str]:
    """Where those networks are, when a database of addresses says so."""
    names = {places.find(network.partition("/")[0]).name for network in networks}
    return sorted(names - {""})


def _lately(verb: str, within: timedelta, entry: Entry) -> "QuerySet[AuditEntry]":
    """Entries of this verb in the time before this one, newest first."""
    since = (entry.at or timezone.now()) - within
    return AuditEntry.objects.filter(verb=verb, at__gte=since).order_by("-at")


def _network(address: str) -> str:
    return places.find(address).network if address else ""


def _public(addresses: Iterable[str]) -> set[str]:
    """The networks of these addresses, but for those of homes and of this machine."""
    found = {_network(address) for address in addresses} - {""}
    return {network for network in found if not places.is_local(network)}

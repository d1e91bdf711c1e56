"""Whether the audit log is what was written, and anchors: links that stand somewhere else as well."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import connections, router

from accounts.audit import chain, keys, triggers
from accounts.models import AuditEntry

#: Where the links of some days stand besides the database: who cuts the log's end off would have to come here too.
_ANCHORS = "audit-anchors"
_WORST = 20


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link that was the last one once."""

    number: int
    chain: str


@dataclass(slots=True)
class Verdict:
    """What a look at the whole log found. `problems` is empty when all is well."""

    entries: int = 0
    without_address: int = 0
    forgotten: int = 0
    anchors: int = 0
    last: Anchor | None = None
    problems: list[str] = field(default_factory=list)

    def say(self, problem: str) -> None:
        """Note a problem; a hundred more of the same say nothing new."""
        if len(self.problems) < _WORST:
            self.problems.append(problem)


def verify(anchors: Iterable[Anchor] = ()) -> Verdict:
    """Look at every entry, and at anchors given and kept. Takes about two seconds for 50,000 entries."""
    verdict = Verdict()
    expected = {anchor.number: anchor.chain for anchor in (*kept_anchors(), *anchors)}
    verdict.anchors = len(expected)
    missing = triggers.missing(connections[router.db_for_read(AuditEntry)])
    if missing:
        verdict.say(f"triggers are missing: {', '.join(sorted(missing))}; `manage.py migrate` makes them")
    key, number = keys.key(), 0
    before: str | None = chain.GENESIS
    for row in AuditEntry.objects.order_by("number").iterator(chunk_size=1000):
        if row.number != number + 1:
            verdict.say(f"entries {number + 1} to {row.number - 1} are missing")
            before = None  # nothing to follow from
        number = row.number
        _look(row, key, before, verdict)
        if expected.pop(number, row.chain) != row.chain:
            verdict.say(f"entry {number} is not the one that was anchored")
        before = row.chain
    for gone in sorted(expected):
        verdict.say(f"entry {gone} was anchored and is missing: the log's end was cut off")
    if before:
        verdict.last = Anchor(number=number, chain=before)
    return verdict


def _look(row: AuditEntry, key: bytes, before: str | None, verdict: Verdict) -> None:
    verdict.entries += 1
    parts = {
        "actor": (chain.Part(row.actor_salt, row.actor_digest), (str(row.actor or ""),)),
        "matter": (
            chain.Part(row.matter_salt, row.matter_digest),
            (str(row.subject or ""), row.target, row.detail),
        ),
        "address": (chain.Part(row.address_salt, row.address_digest), (row.address,)),
    }
    for name, (part, values) in parts.items():
        if not chain.holds(part, *values):
            verdict.say(f"entry {row.number}: its {name} was changed")
    verdict.without_address += chain.forgotten(parts["address"][0])
    verdict.forgotten += chain.forgotten(parts["matter"][0]) or chain.forgotten(parts["actor"][0])
    links = chain.Links(
        number=row.number,
        at=row.at,
        verb=row.verb,
        actor_digest=row.actor_digest,
        matter_digest=row.matter_digest,
        address_digest=row.address_digest,
    )
    if before is not None and row.chain != chain.link(key, before, links):
        verdict.say(f"entry {row.number} does not follow from the one before")


def drop_anchor() -> Anchor | None:
    """Write the newest link beside the database, unless it stands there; returns it. Periodic."""
    last = AuditEntry.objects.order_by("-number").values_list("number", "chain").first()
    if last is None:
        return None
    anchor = Anchor(*last)
    if anchor not in kept_anchors():
        with _file().open("a", encoding="ascii") as file:
            file.write(json.dumps([anchor.number, anchor.chain]) + "\n")
    return anchor


def kept_anchors() -> list[Anchor]:
    """The anchors of this machine, oldest first; a line that was cut by a power loss is left out."""
    found = []
    try:
        lines = _file().read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            number, link = json.loads(line)
        except ValueError:
            continue
        found.append(Anchor(number=int(number), chain=str(link)))
    return found


def _file() -> Path:
    return Path(settings.KEYS_DIR) / _ANCHORS

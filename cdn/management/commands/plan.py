"""manage.py plan: what nodes should hold, and what planning now would change."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from cdn import bundles, models, planning, plans, popularity
from cdn.planning import Change


class Command(BaseCommand):
    """Make the nodes' plans at once, or show what would change."""

    help = "Plan what the edge nodes hold. Workers do this every half minute; this does it now, and shows it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("--node", default="", help="list the orders of the node of this name")
        parser.add_argument(
            "--window", help="fill that node at these hours of its own clock, e.g. 01:00-06:00; '' as all"
        )
        parser.add_argument("--mbps", type=float, help="let that node's fills take so many Mb/s; 0 as all")
        parser.add_argument("--dry-run", action="store_true", help="say what would change and change nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object for each node")

    def handle(self, *args: object, **options: object) -> None:
        """Follow the catalogue, count what was watched, plan."""
        name, dry_run = str(options["node"]), bool(options["dry_run"])
        node = models.EdgeNode.objects.filter(name=name).first() if name else None
        if name and node is None:
            known = ", ".join(models.EdgeNode.objects.values_list("name", flat=True)) or "none yet"
            raise CommandError(f"There is no node named {name!r}. Nodes: {known}.")
        self._set(node, options["window"], options["mbps"], dry_run=dry_run)
        if not dry_run:
            bundles.reconcile()
            popularity.count()
        changes = planning.plan(dry_run=dry_run)
        if node is not None:
            changes = [change for change in changes if change.node_id == node.id]
        if not changes:
            self.stdout.write(
                "There is nothing to plan for: no node serves that has said how large its disk is."
            )
        for change in changes:
            self.stdout.write(_as_json(change) if options["json"] else _in_words(change, dry_run=dry_run))
            standing = change.plan or plans.newest(change.node_id)
            if node is not None and standing is not None and not options["json"]:
                self._orders(standing)

    def _set(self, node: models.EdgeNode | None, window: object, mbps: object, *, dry_run: bool) -> None:
        """Give a node hours and a rate of its own."""
        if window is None and mbps is None:
            return
        if node is None or dry_run:
            raise CommandError("--window and --mbps change one node: give --node, and leave --dry-run out.")
        if window is not None:
            if window and not planning.is_window(str(window)):
                raise CommandError(f"--window is {window!r}; write two times of day like 02:00-14:00.")
            node.fill_window = str(window)
        if isinstance(mbps, float):
            if not 0 <= mbps < 1_000_000:
                raise CommandError(f"--mbps is {mbps:g}; it goes from 0 (as all) up.")
            node.fill_bps = int(mbps * 1_000_000)
        node.save(update_fields=["fill_window", "fill_bps"])

    def _orders(self, plan: plans.Plan) -> None:
        for order in plan.orders:
            self.stdout.write(
                f"  {order.kind:<8} {order.part:<5} {order.package}/{order.rendition:<12} {order.why}"
            )
        for bundle, why in plan.head.deferred.items():
            self.stdout.write(f"  waits          {bundle}  {why}")


def _in_words(change: Change, *, dry_run: bool) -> str:
    held = "everything that is published" if change.everything else f"{change.bundles} bundles"
    news = f"{change.new} new, {change.gone} fewer" if change.changed else "nothing new"
    verb = "would be" if dry_run and change.changed else "is"
    room = f"{change.bytes / 1e9:.2f} of {change.budget / 1e9:.2f} GB"
    return f"{change.name}: {held}, {room}; plan {verb} version {change.version}, {news}"


def _as_json(change: Change) -> str:
    return json.dumps(
        {
            "node": change.name,
            "version": change.version,
            "changed": change.changed,
            "everything": change.everything,
            "bundles": change.bundles,
            "new": change.new,
            "gone": change.gone,
            "bytes": change.bytes,
            "budget": change.budget,
        }
    )

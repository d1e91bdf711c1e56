"""manage.py evaluate_recommender: does personalisation help here? Answered by this deployment's own history."""

import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommend.learning import gathering, running, training, words
from recommend.learning.task import Report, Task

_NAMES = {
    "candidate": "personal",
    "served": "what is served now",
    "popular": "most popular",
    "trending": "trending now",
}


class _Telling:
    """Says on standard error how far it is."""

    def __init__(self, command: BaseCommand) -> None:
        self._command, self._said = command, ""

    def check(self) -> None:
        """Nobody takes it away; Ctrl+C ends it."""

    def progress(self, fraction: float, note: str = "") -> None:
        """Each step once."""
        if note != self._said:
            self._said = note
            self._command.stderr.write(f"{round(100 * fraction):3d} % {note}")


class Command(BaseCommand):
    """Learn from the older part of the history, and see what it would have suggested before each newer play."""

    help = (
        "Replay the newest plays here: how often would personal suggestions have named what was watched next, and "
        "how often would what is popular? Nothing is changed, and no training is served."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")

    def handle(self, *args: object, **options: object) -> None:
        """Gather, run, tell."""
        telling = _Telling(self)
        with tempfile.TemporaryDirectory(prefix="evaluate-") as name:
            folder = Path(name)
            gathered = gathering.gather(folder, check=telling.check)
            task = Task(mode="judge", settings=training.settings_for(gathered))
            gathering.give_task(folder, task)
            try:
                report = running.run(folder, telling)
            except running.CannotLearn as error:
                raise CommandError(str(error)) from error
        sentence = words.helping(training.trial_of(report), report["figures"])
        if options["json"]:
            told = {**training.figures_of(report), "says": sentence, "events": gathered.events}
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(
            f"{gathered.events:,} plays of {gathered.viewers:,} viewers and {gathered.titles:,} titles; "
            f"{report['plays']:,} of the newest were replayed.\n"
        )
        self._table(report)
        self.stdout.write(f"\n{sentence}")

    def _table(self, report: Report) -> None:
        if not report["figures"]:
            return
        self.stdout.write(f"{'':22}{'HR@20':>8}{'HR@10':>8}{'NDCG@10':>9}{'off-trend HR@20':>17}")
        for name, told in report["figures"].items():
            self.stdout.write(_line(_NAMES.get(name, name), told))
        cohorts = report.get("cohorts", {})
        for key, label in (("new", "personal, under 10 plays known"), ("known", "personal, 10 and more")):
            found: dict[str, Any] = cohorts.get(key, {})
            if found.get("plays"):
                self.stdout.write(_line(f"{label} ({found['plays']})", found["figures"]["candidate"]))


def _line(label: str, told: dict[str, float]) -> str:
    figures = f"{told['hr20']:8.3f}{told['hr10']:8.3f}{told['ndcg10']:9.3f}{told['offtrend_hr20']:17.3f}"
    return f"{label:22}{figures}" if len(label) <= 22 else f"{label}\n{'':22}{figures}"

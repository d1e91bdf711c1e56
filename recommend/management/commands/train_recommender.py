"""manage.py train_recommender: learn now, or say how it stands."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from recommend.learning import deciding, publishing, serving, tending, training, words
from recommend.learning.deciding import Occasion
from recommend.learning.models import ModelVersion


class Command(BaseCommand):
    """Train a model as the nightly job would, and wait for it."""

    help = "Learn from what was watched, now; the result is served if it passes the gate."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("--if-due", action="store_true", help="only if there is enough that is new")
        parser.add_argument("--background", action="store_true", help="leave it to a worker, and do not wait")
        parser.add_argument("--back", action="store_true", help="serve the version before this one instead")
        parser.add_argument("--status", action="store_true", help="only say what is served")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")

    def handle(self, *args: object, **options: object) -> None:
        """Do it, and say what came of it."""
        if options["back"]:
            try:
                publishing.go_back("an operator wished so")
            except publishing.CannotMove as error:
                raise CommandError(str(error)) from error
        elif not options["status"]:
            self._train(if_due=bool(options["if_due"]), background=bool(options["background"]))
        self._tell(as_json=bool(options["json"]))

    def _train(self, *, if_due: bool, background: bool) -> None:
        occasion = deciding.due(tending.standing(timezone.now())) if if_due else Occasion.ASKED
        if occasion is None:
            self.stderr.write("There is not enough that is new.")
            return
        job = training.ask(occasion)
        if background:
            self.stderr.write(f"Job {job.id} will do it.")
            return
        done = jobs.run_here(job.id)
        if done.state is JobState.RUNNING:
            raise CommandError("A worker is training already; look at the page, or wait for it.")
        if done.state is not JobState.DONE:
            raise CommandError(done.error or f"The training ended as {done.state}.")

    def _tell(self, *, as_json: bool) -> None:
        state = serving.refresh()
        last = ModelVersion.objects.order_by("-pk").first()
        if as_json:
            told = {
                "version": state.version,
                "source": state.source,
                "made_at": state.made_at.isoformat() if state.made_at else None,
                "newest": last.name if last else None,
                "state": last.state if last else None,
                "verdict": last.verdict if last else None,
                "figures": last.figures if last else {},
            }
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(words.answering(state, publishing.pointer().version))
        if last is not None:
            self.stdout.write(
                f"Newest: {last.name}, {last.get_state_display()} ({words.verdict(last)}); {last.titles:,} titles, "
                f"{last.head:,} of them trained; {last.cpu_seconds:.1f} s of processor time, "
                f"{last.peak_bytes / 2**20:.0f} MB."
            )
            trial = training.trial_of(last.figures)
            self.stdout.write(words.helping(trial, last.figures.get("figures", {})))

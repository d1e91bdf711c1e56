"""Figures in plain sentences, for operators: what the evaluation says, what became of a version, why it was trained."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recommend.learning import deciding
from recommend.learning.deciding import Help, Occasion, Trial, Verdict
from recommend.learning.models import ModelVersion
from recommend.learning.serving import ModelState

OCCASIONS = {
    Occasion.FIRST: gettext_lazy("there was none"),
    Occasion.WITHDRAWN: gettext_lazy("somebody withdrew what they watched"),
    Occasion.NEW_SIGNALS: gettext_lazy("much was watched"),
    Occasion.NEW_TITLES: gettext_lazy("many titles are new"),
    Occasion.DAILY: gettext_lazy("once a day"),
    Occasion.ASKED: gettext_lazy("somebody asked for it"),
}
VERDICTS = {
    Verdict.PASSED: gettext_lazy("better than what is popular"),
    Verdict.UNDECIDED: gettext_lazy("too few plays to judge"),
    Verdict.BROKEN: gettext_lazy("its arrays are not in order"),
    Verdict.WORSE_THAN_SERVED: gettext_lazy("worse than what was served"),
    Verdict.WORSE_THAN_POPULAR: gettext_lazy("worse than what is popular"),
}


def occasion(version: ModelVersion) -> str:
    """Why it was trained."""
    known = version.occasion in Occasion.__members__.values()
    return str(OCCASIONS[Occasion(version.occasion)]) if known else version.occasion


def verdict(version: ModelVersion) -> str:
    """What was said of it."""
    known = version.verdict in Verdict.__members__.values()
    return str(VERDICTS[Verdict(version.verdict)]) if known else version.verdict


def answering(state: ModelState, version: ModelVersion | None) -> str:
    """What answers now, in one sentence."""
    if state.source == "none":
        return _("No model answers: rows are made of what is popular, new and on lists.")
    if state.source == "earlier":
        return _("%(version)s answers, the version before the newest, which cannot be read here.") % {
            "version": state.version
        }
    plays = version.events if version else 0
    return ngettext(
        "%(version)s answers, learnt from one play.",
        "%(version)s answers, learnt from %(plays)s plays.",
        plays,
    ) % {"version": state.version, "plays": f"{plays:,}"}


def helping(trial: Trial, figures: Mapping[str, Mapping[str, float]], name: str = "candidate") -> str:
    """Whether personalisation helps here, in a plain sentence with the figures that it rests on.

    Compared is with the better of what is the same for all: what was watched most at all times, or lately.
    """
    if trial.plays < deciding.FEWEST_PLAYS:
        return _("Not enough to decide: there are %(plays)s plays to look at, %(fewest)s are the least.") % {
            "plays": trial.plays,
            "fewest": deciding.FEWEST_PLAYS,
        }
    beside = deciding.strongest_plain(trial)
    said = _facts(trial, figures, name, beside)
    answer = deciding.helps(trial, beside=beside)
    return f"{_ANSWERS[answer] % said} {_SURE % said}"


_ANSWERS = {
    Help.YES: gettext_lazy(
        "Personalisation helps here: of 100 next plays, %(mine)s are among 20 personal suggestions, and %(plain)s "
        "among the 20 most watched titles."
    ),
    Help.NO: gettext_lazy(
        "Personalisation does not help here: of 100 next plays, %(mine)s are among 20 personal suggestions, and "
        "%(plain)s among the 20 most watched titles."
    ),
    Help.UNDECIDED: gettext_lazy(
        "Not enough to decide: of 100 next plays, %(mine)s are among 20 personal suggestions, and %(plain)s among the "
        "20 most watched titles, but that may be chance."
    ),
}
_SURE = gettext_lazy(
    "The difference in NDCG@10 is %(difference)s, with 95 %% certainty between %(low)s and %(high)s (%(plays)s plays "
    "of %(viewers)s viewers)."
)


def _facts(
    trial: Trial, figures: Mapping[str, Mapping[str, float]], name: str, beside: str
) -> dict[str, Any]:
    against = trial.against[beside]
    return {
        "plays": trial.plays,
        "viewers": trial.viewers,
        "mine": round(100 * figures[name]["hr20"]),
        "plain": round(100 * figures[beside]["hr20"]),
        "difference": f"{against.difference:+.3f}",
        "low": f"{against.low:+.3f}",
        "high": f"{against.high:+.3f}",
    }

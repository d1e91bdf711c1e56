"""What an experiment has found so far: figures of each arm, differences with intervals, and one plain sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommend.trials import intervals, models
from recommend.trials.intervals import Difference, Estimate
from recommend.trials.taking_part import RETURNS_WITHIN

#: Sizes of arms that are less likely than this by chance mean that something is counted wrongly.
_IMPLAUSIBLE = 0.001


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what is counted, per what, and whether more of it is better. `shape`: how it is written."""

    key: str
    words: str | Promise
    over: Callable[[models.Participation], float]
    under: Callable[[models.Participation], float]
    better: int
    shape: str = "number"


#: The first one decides (the study, §5.8); the others warn.
MEASURES: tuple[Measure, ...] = (
    Measure(
        "plays",
        gettext_lazy("Films and episodes really watched, per visit"),
        lambda row: row.qualified,
        lambda row: row.visits,
        1,
    ),
    Measure(
        "wait",
        gettext_lazy("Time until the first one was begun"),
        lambda row: row.waited,
        lambda row: row.answered,
        -1,
        "seconds",
    ),
    Measure(
        "abandoned",
        gettext_lazy("Plays that were soon left"),
        lambda row: row.abandoned,
        lambda row: row.plays,
        -1,
        "share",
    ),
    Measure(
        "thumbs",
        gettext_lazy("Thumbs that were up"),
        lambda row: row.thumbs_up,
        lambda row: row.thumbs_up + row.thumbs_down,
        1,
        "share",
    ),
    Measure(
        "titles",
        gettext_lazy("Different titles watched, per profile"),
        lambda row: len(row.titles),
        lambda row: 1,
        1,
    ),
    Measure(
        "returned",
        gettext_lazy("Profiles that came back within 28 days"),
        lambda row: row.returned,
        lambda row: 1,
        1,
        "share",
    ),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one arm, and how it differs from the first arm's. None where nothing was counted."""

    estimate: Estimate | None
    difference: Difference | None
    #: 1: better than the first arm, -1: worse, 0: not decided.
    verdict: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A measure, with a cell for each arm."""

    measure: Measure
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """All of it. `sentence` is for people; `warning` is '' or says why it should not be trusted."""

    arms: tuple[tuple[str, int], ...]
    lines: tuple[Line, ...]
    sentence: str
    warning: str
    preference: Difference | None = None
    judges: int = 0


def of(experiment: models.Experiment, now: datetime) -> Result:
    """Work out the result as of now. One query for the arms, one for the participations."""
    arms = list(experiment.arms.all())
    rows: dict[str, list[models.Participation]] = {arm.key: [] for arm in arms}
    for row in models.Participation.objects.filter(experiment=experiment).iterator(chunk_size=2000):
        rows.setdefault(row.arm, []).append(row)
    keys = [arm.key for arm in arms]
    sizes = tuple((key, len(rows[key])) for key in keys)
    if experiment.method == models.Experiment.Method.INTERLEAVE and len(keys) == 2:
        return _mixed(keys, rows, sizes)
    lines = tuple(_line(measure, [rows[key] for key in keys], now) for measure in MEASURES)
    chance = intervals.mismatch([size for _key, size in sizes], [float(arm.weight) for arm in arms])
    warning = ""
    if chance < _IMPLAUSIBLE:
        warning = _(
            "The arms have not the sizes they should have: something is counted wrongly. Do not decide by this."
        )
    return Result(sizes, lines, _sentence(keys, lines[0], sizes) if lines else "", warning)


def _line(measure: Measure, arms: Sequence[Sequence[models.Participation]], now: datetime) -> Line:
    cells: list[Cell] = []
    first: Estimate | None = None
    for place, rows in enumerate(arms):
        # Who has been in it for less than 28 days has not had the time to come back.
        ripe = [row for row in rows if measure.key != "returned" or row.first_at <= now - RETURNS_WITHIN]
        estimate = intervals.ratio(
            [float(measure.over(row)) for row in ripe], [float(measure.under(row)) for row in ripe]
        )
        if place == 0:
            first = estimate
            cells.append(Cell(estimate, None))
            continue
        gap = intervals.difference(first, estimate) if first and estimate else None
        verdict = 0
        if gap is not None and gap.decided:
            verdict = measure.better if gap.value > 0 else -measure.better
        cells.append(Cell(estimate, gap, verdict))
    return Line(measure, tuple(cells))


def _sentence(keys: Sequence[str], line: Line, sizes: Sequence[tuple[str, int]]) -> str:
    if min(size for _key, size in sizes) < intervals.FEWEST:
        return _("Not decided: an arm needs %(n)d profiles at least.") % {"n": intervals.FEWEST}
    won = [
        (key, cell)
        for key, cell in zip(keys[1:], line.cells[1:], strict=True)
        if cell.verdict and cell.difference is not None
    ]
    if not won:
        return _(
            "Not decided: what was found may as well be chance. Let it run on, or stop and keep to what is."
        )
    said = []
    for key, cell in won:
        gap = cell.difference
        share = abs(gap.share) if gap is not None and gap.share is not None else 0.0
        values: dict[str, Any] = {"arm": key, "first": keys[0], "percent": f"{100 * share:.0f}"}
        if cell.verdict > 0:
            said.append(
                _("With “%(arm)s” %(percent)s %% more is really watched than with “%(first)s”: decided.")
                % values
            )
        else:
            said.append(
                _("With “%(arm)s” %(percent)s %% less is really watched than with “%(first)s”: decided.")
                % values
            )
    return " ".join(said)


def _mixed(
    keys: Sequence[str], rows: dict[str, list[models.Participation]], sizes: tuple[tuple[str, int], ...]
) -> Result:
    """Team-draft interleaving: every viewer is a judge, whichever arm its hash says."""
    points = [
        (int(row.points.get(keys[0], 0)), int(row.points.get(keys[1], 0)))
        for arm in rows.values()
        for row in arm
    ]
    judges = sum(1 for first, second in points if first != second)
    gap = intervals.preference(points)
    values = {"first": keys[0], "second": keys[1], "n": judges}
    if judges < intervals.FEWEST:
        sentence = (
            _("Not decided. Viewers with a preference so far: %(n)d; it needs twenty at least.") % values
        )
    elif not gap.decided:
        sentence = _("Not decided: of %(n)d viewers about as many prefer either.") % values
    elif gap.value > 0:
        sentence = _("Decided: most of %(n)d viewers prefer “%(second)s” to “%(first)s”.") % values
    else:
        sentence = _("Decided: most of %(n)d viewers prefer “%(first)s” to “%(second)s”.") % values
    return Result(sizes, (), sentence, "", gap, judges)

"""How figures of experiments are written."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from recommend.trials.intervals import Difference
from recommend.trials.results import Cell, Measure, Result

register = template.Library()


def _written(value: float, measure: Measure, *, signed: bool = False) -> str:
    sign = "+" if signed and value > 0 else ""
    if measure.shape == "share":
        return f"{sign}{number_format(100 * value, 1)} %"
    if measure.shape == "seconds":
        return _("%(n)s s") % {"n": f"{sign}{number_format(value, 0)}"}
    return f"{sign}{number_format(value, 3)}"


@register.filter
def figure(cell: Cell, measure: Measure) -> str:
    """An arm's value."""
    return "—" if cell.estimate is None else _written(cell.estimate.value, measure)


@register.filter
def gap(cell: Cell, measure: Measure) -> str:
    """How it differs from the first arm's, with the interval."""
    found: Difference | None = cell.difference
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return _("too few profiles for an interval")
    values = {
        "value": _written(found.value, measure, signed=True),
        "low": _written(found.low, measure, signed=True),
        "high": _written(found.high, measure, signed=True),
    }
    return _("%(value)s (%(low)s to %(high)s)") % values


@register.filter
def preferred(result: Result) -> str:
    """Interleaving: the share that prefers the second arm, with the interval."""
    found = result.preference
    if found is None or found.low is None or found.high is None:
        return ""
    values = {
        "arm": result.arms[1][0],
        "share": number_format(100 * (0.5 + found.value), 0),
        "low": number_format(100 * max(0.0, 0.5 + found.low), 0),
        "high": number_format(100 * min(1.0, 0.5 + found.high), 0),
    }
    return (
        _("%(share)s %% of them prefer “%(arm)s” (%(low)s to %(high)s %%, however often you look).") % values
    )

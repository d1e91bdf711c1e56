"""What a change of plan costs now, and when it holds. Pure: terms in, lines out; whole minor units only.

What allows more (costs more in a year) holds at once, and what is left of the old plan is taken off. What costs less,
or as much, holds from the next period on: what was paid for is not taken away.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from accounts.billing.money import Period, later, share, yearly


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan's price: minor units of `currency` for each `period`."""

    name: str
    price: int
    currency: str
    period: Period


class LineKind(StrEnum):
    """What a line of a quote is for."""

    UNUSED = "unused"
    PLAN = "plan"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `amount` is negative for what is given back. `name` is the plan's."""

    kind: LineKind
    name: str
    amount: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """`total` is due now and never negative; what is left over becomes `credit`. It holds from `starts_at` on."""

    at_once: bool
    currency: str
    lines: tuple[Line, ...]
    total: int
    credit: int
    starts_at: datetime
    period_start: datetime
    period_end: datetime


def first(new: Terms, *, now: datetime, credit: int = 0) -> Quote:
    """A plan from now on, for one period."""
    end = later(now, new.period)
    return _summed((Line(LineKind.PLAN, new.name, new.price, now, end),), new.currency, credit, now, now, end)


def change(
    new: Terms, old: Terms, *, period_start: datetime, period_end: datetime, now: datetime, credit: int = 0
) -> Quote:
    """From `old`, which is paid from `period_start` to `period_end`, to `new`. Both have the same currency."""
    if yearly(new.price, new.period) <= yearly(old.price, old.period):
        return Quote(
            at_once=False,
            currency=new.currency,
            lines=(),
            total=0,
            credit=credit,
            starts_at=period_end,
            period_start=period_start,
            period_end=period_end,
        )
    unused = share(old.price, start=period_start, end=period_end, now=now)
    back = Line(LineKind.UNUSED, old.name, -unused, now, period_end)
    lines = (back,) if unused else ()
    if new.period is old.period and old.price:
        rest = share(new.price, start=period_start, end=period_end, now=now)
        taken = (*lines, Line(LineKind.PLAN, new.name, rest, now, period_end))
        return _summed(taken, new.currency, credit, now, period_start, period_end)
    whole = first(new, now=now)
    return _summed((*lines, *whole.lines), new.currency, credit, now, now, whole.period_end)


def renewal(terms: Terms, *, period_end: datetime, anchor: int, credit: int = 0) -> Quote:
    """The next period, which begins when the last one ends."""
    end = later(period_end, terms.period, anchor=anchor)
    lines = (Line(LineKind.PLAN, terms.name, terms.price, period_end, end),)
    return _summed(lines, terms.currency, credit, period_end, period_end, end)


def _summed(
    lines: tuple[Line, ...],
    currency: str,
    credit: int,
    now: datetime,
    period_start: datetime,
    period_end: datetime,
) -> Quote:
    owed = sum(line.amount for line in lines)
    used = min(credit, max(owed, 0))
    if used:
        lines = (*lines, Line(LineKind.CREDIT, "", -used))
    quote = Quote(
        at_once=True,
        currency=currency,
        lines=lines,
        total=max(owed - used, 0),
        credit=credit - used + max(-owed, 0),
        starts_at=now,
        period_start=period_start,
        period_end=period_end,
    )
    return replace(quote, lines=tuple(line for line in lines if line.amount or line.kind is LineKind.PLAN))

"""Amounts and periods. Whole numbers only: an amount is minor units (cents) of a currency, never a float."""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import get_language


class Period(StrEnum):
    """How often a price is paid."""

    MONTH = "month"
    YEAR = "year"


#: Months in each.
MONTHS = {Period.MONTH: 1, Period.YEAR: 12}
#: Currencies whose smallest unit is not a hundredth (ISO 4217): how many digits follow the point.
_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "INR": "₹", "JPY": "¥", "CHF": "CHF ", "BRL": "R$", "AUD": "A$"}
#: By language: what parts thousands, and what stands before the cents; English's otherwise.
_MARKS = {"de": (".", ","), "es": (".", ","), "fr": ("\u202f", ",")}
#: Languages that write the currency behind the amount.
_BEHIND = frozenset({"ar", "de", "es", "fr"})
#: No plan costs more than this, in minor units: what fits a 32-bit column.
MOST = 2_000_000_000


class BadAmount(ValueError):
    """A text that is no amount of that currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `minor` units of `currency` (ISO 4217). Negative for what is given back."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return written(self.minor, self.currency, get_language() or "en")


def digits(currency: str) -> int:
    """How many digits follow the point in amounts of a currency."""
    return _DIGITS.get(currency, 2)


def written(minor: int, currency: str, language: str) -> str:
    """An amount as a language writes it: €1,234.50 in English, 1.234,50 € in German (CLDR 46, Latin digits)."""
    sign = "-" if minor < 0 else ""
    whole, point, part = decimal_text(abs(minor), currency).partition(".")
    base = language.partition("-")[0]
    between, comma = _MARKS.get(base, (",", "."))
    number = _grouped(whole, between, base) + (comma if point else "") + part
    mark = _SIGNS.get(currency)
    if base in _BEHIND or mark is None:
        return f"{sign}{number}\u00a0{(mark or currency).strip()}"
    return f"{sign}{mark}{number}"


def _grouped(whole: str, between: str, base: str) -> str:
    """Thousands apart: in Spanish from five digits on, in Hindi by lakh and crore."""
    if len(whole) < (5 if base == "es" else 4):
        return whole
    head, tail = whole[:-3], whole[-3:]
    size = 2 if base == "hi" else 3
    first = len(head) % size or size
    return between.join([head[:first], *(head[at : at + size] for at in range(first, len(head), size)), tail])


def decimal_text(minor: int, currency: str) -> str:
    """'9.99' for 999 cents: how people write an amount, without the currency. `minor` is not negative."""
    places = digits(currency)
    if not places:
        return str(minor)
    whole, part = divmod(minor, 10**places)
    return f"{whole}.{part:0{places}d}"


def parse(text: str, currency: str) -> int:
    """Minor units of what somebody wrote, like '9.99' or '9,99'. Raises BadAmount."""
    places = digits(currency)
    found = re.fullmatch(r"(\d{1,9})(?:[.,](\d+))?", text.strip())
    if found is None or len(found[2] or "") > places:
        raise BadAmount(
            f"{text!r} is no amount of {currency}: write a number with at most {places} digits after the point."
        )
    minor: int = int(found[1]) * 10**places + int((found[2] or "").ljust(places, "0") or "0")
    if minor > MOST:
        raise BadAmount(f"{text!r} is more than a plan may cost.")
    return minor


def later(start: datetime, period: Period, times: int = 1, *, anchor: int | None = None) -> datetime:
    """So many periods after `start`. The day of the month is `anchor` (or the start's), or the month's last day.

    From 31 January a month leads to 28 February, and with the anchor 31 the next one to 31 March.
    """
    months = start.month - 1 + MONTHS[period] * times
    year, month = start.year + months // 12, months % 12 + 1
    day = min(anchor or start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day)


def share(minor: int, *, start: datetime, end: datetime, now: datetime) -> int:
    """The part of an amount for `start` to `end` that belongs to what is left of it, rounded half up, to the second.

    0 once it is over, all of it before it begins.
    """
    whole = int((end - start).total_seconds())
    left = min(max(int((end - now).total_seconds()), 0), whole)
    return (2 * minor * left + whole) // (2 * whole) if whole > 0 else 0


def yearly(minor: int, period: Period) -> int:
    """What a price comes to in a year: by this plans of different periods are compared."""
    return minor * (12 // MONTHS[period])

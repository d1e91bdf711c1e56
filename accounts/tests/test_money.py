"""Amounts, periods, quotes and states: tables of cases."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation

from accounts.billing import quotes
from accounts.billing.money import BadAmount, Money, Period, decimal_text, later, parse, share, written
from accounts.billing.quotes import LineKind, Terms
from accounts.billing.states import FOLLOWS, State, WrongState, allows, step

START = datetime(2026, 1, 31, 20, 0, tzinfo=UTC)
APRIL, MAY = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
BASIC = Terms("Basic", 799, "EUR", Period.MONTH)
FAMILY = Terms("Family", 1599, "EUR", Period.MONTH)
YEARLY = Terms("Yearly", 7990, "EUR", Period.YEAR)
FREE = Terms("Free", 0, "EUR", Period.MONTH)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("9.99", "EUR", 999),
        ("9,9", "EUR", 990),
        (" 10 ", "EUR", 1000),
        ("980", "JPY", 980),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, minor: int) -> None:
    assert parse(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("9.999", "EUR"), ("-1", "EUR"), ("", "EUR"), ("1e3", "EUR"), ("9.5", "JPY"), ("nan", "EUR"), ("99999999", "KWD")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(BadAmount):
        parse(text, currency)


def test_amounts_are_written_with_their_currency() -> None:
    assert str(Money(999, "EUR")) == "€9.99"
    assert str(Money(-5, "USD")) == "-$0.05"
    assert str(Money(980, "JPY")) == "¥980"
    assert str(Money(1234, "KWD")) == "1.234\u00a0KWD"
    assert decimal_text(100, "SEK") == "1.00"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "₹1,234,567.50"),
        ("de", "1.234.567,50\u00a0₹"),
        ("fr", "1\u202f234\u202f567,50\u00a0₹"),
        ("es", "1.234.567,50\u00a0₹"),
        ("hi", "₹12,34,567.50"),
        ("ar", "1,234,567.50\u00a0₹"),
    ],
)
def test_amounts_are_written_as_the_language_does(language: str, said: str) -> None:
    assert written(123456750, "INR", language) == said
    with translation.override(language):
        assert str(Money(123456750, "INR")) == said


def test_spanish_parts_thousands_from_five_digits_on() -> None:
    assert written(123450, "EUR", "es") == "1234,50\u00a0€"


def test_no_float_comes_near_money() -> None:
    folder = Path(quotes.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            divided = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            floats = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named = isinstance(node, ast.Name) and node.id == "float"
            wrong = divided or floats or named
            assert not wrong, f"{file.name}:{getattr(node, 'lineno', 0)}"


def test_a_month_later_is_the_same_day_or_the_months_last() -> None:
    assert later(START, Period.MONTH).day == 28
    assert later(later(START, Period.MONTH), Period.MONTH, anchor=31).day == 31
    assert later(START, Period.YEAR) == START.replace(year=2027)
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    assert later(leap, Period.YEAR) == datetime(2029, 2, 28, tzinfo=UTC)
    assert later(datetime(2026, 12, 15, tzinfo=UTC), Period.MONTH).month == 1


def test_shares_are_whole_and_never_more_than_all() -> None:
    for minor in (0, 1, 799, 123_457):
        for days in range(-2, 35):
            part = share(minor, start=APRIL, end=MAY, now=APRIL + timedelta(days=days))
            assert isinstance(part, int)
            assert 0 <= part <= minor
    assert share(1000, start=APRIL, end=MAY, now=APRIL + timedelta(days=15)) == 500
    assert share(1000, start=APRIL, end=APRIL, now=APRIL) == 0


def test_more_holds_at_once_for_what_is_left_of_the_period() -> None:
    half = APRIL + timedelta(days=15)
    quote = quotes.change(FAMILY, BASIC, period_start=APRIL, period_end=MAY, now=half)
    assert quote.at_once
    assert [line.amount for line in quote.lines] == [-400, 800]
    assert (quote.total, quote.credit) == (400, 0)
    assert (quote.period_start, quote.period_end) == (APRIL, MAY)


def test_less_holds_when_the_paid_period_ends() -> None:
    for new in (BASIC, FREE, Terms("Same", 1599, "EUR", Period.MONTH)):
        quote = quotes.change(new, FAMILY, period_start=APRIL, period_end=MAY, now=APRIL)
        assert (quote.at_once, quote.total, quote.lines, quote.starts_at) == (False, 0, (), MAY)


def test_from_free_or_from_a_year_a_new_period_begins_and_nothing_paid_is_lost() -> None:
    now = APRIL + timedelta(days=3)
    quote = quotes.change(BASIC, FREE, period_start=APRIL, period_end=MAY, now=now)
    assert (quote.total, quote.period_start, quote.period_end) == (799, now, later(now, Period.MONTH))
    year = later(APRIL, Period.YEAR)
    quote = quotes.change(FAMILY, YEARLY, period_start=APRIL, period_end=year, now=APRIL)
    assert (quote.total, quote.credit) == (0, 7990 - 1599)
    renewed = quotes.renewal(FAMILY, period_end=MAY, anchor=1, credit=2000)
    assert (renewed.total, renewed.credit) == (0, 401)
    last = quotes.renewal(FAMILY, period_end=MAY, anchor=1, credit=401)
    assert (last.total, last.credit) == (1198, 0)
    assert [line.kind for line in last.lines] == [LineKind.PLAN, LineKind.CREDIT]


def test_money_is_neither_made_nor_lost_by_changing() -> None:
    for hour in range(0, 30 * 24, 37):
        now = APRIL + timedelta(hours=hour)
        for credit in (0, 100, 5000):
            for new in (FAMILY, YEARLY):
                quote = quotes.change(new, BASIC, period_start=APRIL, period_end=MAY, now=now, credit=credit)
                if quote.at_once:
                    assert (
                        quote.total - quote.credit
                        == sum(line.amount for line in quote.lines if line.kind is not LineKind.CREDIT)
                        - credit
                    )
                assert quote.total >= 0
                assert quote.credit >= 0


def test_states_follow_each_other_as_drawn() -> None:
    for before in State:
        for after in State:
            if after is before or after in FOLLOWS[before]:
                assert step(before, after) is after
            else:
                with pytest.raises(WrongState):
                    step(before, after)
    assert FOLLOWS[State.ENDED] == frozenset()


@pytest.mark.parametrize(
    ("state", "end", "grace", "opens"),
    [
        (State.PENDING, None, None, False),
        (State.ACTIVE, APRIL, None, True),
        (State.CANCELLED, MAY, None, True),
        (State.CANCELLED, APRIL, None, False),
        (State.PAST_DUE, APRIL, MAY, True),
        (State.PAST_DUE, APRIL, APRIL, False),
        (State.ENDED, MAY, MAY, False),
    ],
)
def test_what_a_subscription_opens(
    state: State, end: datetime | None, grace: datetime | None, opens: bool
) -> None:
    now = APRIL + timedelta(days=10)
    assert allows(state, period_end=end, grace_until=grace, now=now) is opens

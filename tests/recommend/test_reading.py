"""What the bench of households says of a season: who is followed, and how soon."""

from bench._town import reading
from bench._town.people import Person
from bench._town.season import Log


def somebody(turns=10.0):
    return Person(0, kid=False, maturity=18, evenings=0.5, turns=turns, before=(0,), after=(1,))


def log(*, slow, people):
    """Half of every page is of the old mood; when it was left the new one grows by a play in `slow` a tenth."""
    offers = []
    for who in range(people):
        offers += [(who, float(day), 0.5, 0.0, 0) for day in range(10)]
        offers += [(who, 10.0 + plays, 0.1, min(0.5, 0.1 * (plays // slow)), plays) for plays in range(30)]
    return Log(titles=3, offers=offers)


def test_a_taste_is_followed_when_the_page_has_of_it_what_it_had_of_the_old_one():
    quick, slow = (
        reading.told(log(slow=pace, people=5), [somebody() for _each in range(5)]) for pace in (1, 5)
    )
    # Four fifths of .5 are there after four plays; pages after three plays are taken together, the last of them told.
    assert quick.each == [4] * 5
    assert quick.recovery == 5
    assert quick.recovered == 1
    assert slow.each == [20] * 5
    assert slow.recovery == 11  # not within what is looked at


def test_one_lucky_page_is_not_following():
    held = log(slow=100, people=5)
    held.offers = [
        (who, day, before, 0.9 if plays == 7 else after, plays)
        for who, day, before, after, plays in held.offers
    ]
    told = reading.told(held, [somebody() for _each in range(5)])
    assert told.each == [None] * 5
    assert told.recovered == 0
    assert told.recovery == 11


def test_who_never_turned_or_hardly_came_says_nothing():
    held = log(slow=1, people=2)
    held.offers = [each for each in held.offers if each[0] == 0 or each[1] < 12]
    told = reading.told(held, [somebody(turns=None), somebody()])
    assert told.each == []
    assert told.turned == {}
    assert told.recovery is None


def test_who_is_never_followed_does_not_drop_out_of_what_is_said():
    held = log(slow=1, people=3)
    never = log(slow=100, people=3)
    held.offers += [(who + 3, *rest) for who, *rest in never.offers]
    told = reading.told(held, [somebody() for _each in range(6)])
    assert told.recovered == 0.5
    assert {people for _share, people in told.turned.values()} == {6}
    assert max(share for share, _people in told.turned.values()) == 0.5
    assert told.recovery == 11


def test_two_ways_are_compared_on_the_same_visits():
    held = log(slow=1, people=5)
    held.beside = [
        (who, plays, 0.1 * plays + 0.01 * who, 0.1 * plays) for who in range(5) for plays in range(12)
    ]
    found = reading.compared(held)
    assert set(found) == {"1 to 2", "3 to 5", "6 to 9"}
    mine, other, more = found["3 to 5"]
    assert (mine, other, more.count) == (0.42, 0.4, 5)
    assert abs(more.mean - 0.02) < 1e-9
    assert more.low < 0.02 < more.high
    held.beside = [each for each in held.beside if each[0] < 3]
    assert reading.compared(held) == {}

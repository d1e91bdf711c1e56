"""From a page's draws over what was in view to what came of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest import mock
from uuid import uuid4

import numpy as np
import pytest
import time_machine

from accounts.tests.factories import client_of
from catalog.tests.factories import make_title
from playback.types import Viewing
from recommend import services
from recommend.learning import serving
from recommend.signals import writing
from recommend.tests.page.worlds import model_of
from recommend.trials import choosing, impressions, models, outcomes, tallies, tickets, upkeep
from recommend.trials.choosing import Chooser
from recommend.trials.types import Seen
from recommend.types import Switches

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
KEYS = ("continue", "picks", "trending", "because-night-mail", "genre-drama", "new", "genre-comedy")


def viewing_of(profile, title, *, fraction=0.9, at=NOW, watched=timedelta(minutes=30), **more) -> Viewing:
    return Viewing(
        **{
            "id": uuid4(),
            "profile_id": profile.id,
            "video_id": uuid4(),
            "title_id": title.id,
            "watched": watched,
            "fraction": fraction,
            "started_at": at + timedelta(minutes=1),
            "ended_at": at + timedelta(minutes=40),
            **more,
        }
    )


def page_of(profile, now=NOW, **more) -> tuple[Chooser, "choosing.Arranged"]:
    chooser = Chooser(profile.id, now, **more)
    return chooser, chooser.arrange_rows(KEYS, fixed=1)


def told(profile, chooser, seen, now=NOW) -> int:
    return impressions.shown(tickets.read(chooser.ticket("v1"), profile_id=profile.id), seen, now=now)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_page_is_the_same_all_day_and_another_one_on_other_days(ada, ben) -> None:
    first = page_of(ada)[1]
    assert first == page_of(ada, NOW + timedelta(hours=3))[1]
    assert first.order[0] == "continue"
    assert first.propensities[0] == 1.0
    assert set(first.order) == set(KEYS)
    days = {page_of(ada, NOW + timedelta(days=n))[1].order for n in range(12)}
    assert len(days) > 1
    assert page_of(ada, steady=True)[1] == (KEYS, (1.0,) * len(KEYS))


def test_what_was_in_view_is_kept_once_with_how_likely_it_was(ada) -> None:
    titles = [make_title(name=f"Film {n}") for n in range(3)]
    chooser, arranged = page_of(ada)
    row = arranged.order[2]
    seen = [Seen(row, 9, title.id, place) for place, title in enumerate(titles)]
    drawn = tickets.read(chooser.ticket("v1"), profile_id=ada.id)
    assert impressions.shown(drawn, seen, now=NOW) == 3
    assert impressions.shown(drawn, [*seen, Seen(row, 2, uuid4(), 7)], now=NOW) == 0
    rows = list(models.Impression.objects.order_by("position"))
    assert [each.title_id for each in rows] == [title.id for title in titles]
    assert {each.propensity for each in rows} == {round(arranged.propensities[2], 4)}
    assert {each.row_place for each in rows} == {2}, "by our own word, not the browser's"
    assert rows[0].model_version == "v1"
    (decision,) = models.Decision.objects.all()
    assert decision.detail["order"] == list(arranged.order[1:])
    assert models.Showing.objects.get().shown == 3
    kind = tallies.kind_of(row)
    assert tallies.read([f"all:row:{kind}"], (NOW + timedelta(days=1)).date())[f"all:row:{kind}"].shown > 0.9
    assert tallies.read([f"all:row:{kind}"], NOW.date())[f"all:row:{kind}"].shown == 0, "a day's draws stay"


def test_only_what_a_profile_may_see_is_kept_and_children_count_apart(ada, ben) -> None:
    small, grown = make_title(name="Bear"), make_title(name="Knife", maturity=18)
    chooser, _arranged = page_of(ben, kids=True)
    assert told(ben, chooser, [Seen("new", 1, small.id, 0), Seen("new", 1, grown.id, 1)]) == 1
    assert set(models.Tally.objects.values_list("key", flat=True)) == {
        "kids:row:new",
        f"kids:title:{small.id}",
    }


def test_nothing_is_kept_of_who_lets_nothing_be_learnt(ada) -> None:
    title = make_title()
    writing.set_switches(ada.id, Switches(learn=False))
    assert told(ada, page_of(ada)[0], [Seen("new", 1, title.id, 0)]) == 0
    outcomes.watched(viewing_of(ada, title))
    assert not models.Impression.objects.exists()
    assert not models.CountedViewing.objects.exists()


def test_who_does_not_share_counts_for_nobody_else(ada) -> None:
    title = make_title()
    writing.set_switches(ada.id, Switches(shared=False))
    assert told(ada, page_of(ada)[0], [Seen("new", 1, title.id, 0)]) == 1
    outcomes.watched(viewing_of(ada, title))
    assert not models.Tally.objects.exists()
    assert models.ProfileTally.objects.get().played_today == 1


def test_a_film_watched_for_real_counts_for_the_card_that_led_to_it_once(ada) -> None:
    title, other = make_title(), make_title(name="Other")
    chooser, _arranged = page_of(ada)
    told(ada, chooser, [Seen("new", 1, title.id, 0), Seen("new", 1, other.id, 1)], now=NOW)
    peek = viewing_of(ada, title, fraction=0.01, watched=timedelta(seconds=20))
    outcomes.watched(peek)
    assert not models.Impression.objects.filter(played_at__isnull=False).exists()
    some = viewing_of(ada, title, fraction=0.2, watched=timedelta(minutes=9))
    outcomes.watched(some)
    assert models.CountedViewing.objects.get().abandoned
    more = replace(some, fraction=0.8)
    for _time in range(2):
        outcomes.watched(more)
    assert [row.title_id for row in models.Impression.objects.filter(played_at__isnull=False)] == [title.id]
    counted = models.CountedViewing.objects.get()
    assert (counted.qualified, counted.abandoned) == (True, False)
    (decision,) = models.Decision.objects.all()
    assert decision.detail["played"] == {"new": 1}
    assert decision.reward == 1
    assert models.Tally.objects.get(key="all:row:new").played_today == 1


def test_a_card_explains_a_play_for_a_day(ada) -> None:
    title = make_title()
    told(ada, page_of(ada)[0], [Seen("new", 1, title.id, 0)])
    outcomes.watched(viewing_of(ada, title, at=NOW + timedelta(hours=25)))
    outcomes.watched(viewing_of(ada, title, at=NOW - timedelta(hours=1)))
    assert not models.Impression.objects.filter(played_at__isnull=False).exists()


def test_a_tried_title_waits_until_the_day_has_room_for_it(ada) -> None:
    titles = [make_title(name=f"Film {n}", packaged=False) for n in range(45)]
    unknown = {title.id: 1.0 for title in titles[:5]}
    assert page_of(ada)[0].try_title("picks", unknown) is None, "nothing was seen today: 1 of 1 is too many"
    told(ada, page_of(ada)[0], [Seen("new", 1, title.id, n) for n, title in enumerate(titles[5:25])])
    tried_cards = 0
    for _page in range(14):
        chooser = page_of(ada)[0]
        tried = chooser.try_title("picks", unknown)
        assert chooser.try_title("picks", unknown) is None, "one slot a page"
        seen = [Seen("genre-drama", 3, title.id, n) for n, title in enumerate(titles[25:32])]
        if tried:
            assert 4 <= tried.position < 10
            assert 0 < tried.propensity < 1
            seen.append(Seen("picks", 1, tried.title_id, tried.position))
            tried_cards += 1
        told(ada, chooser, seen)
        day = models.Showing.objects.get()
        assert day.tried <= 0.05 * day.shown
    assert tried_cards == models.Impression.objects.filter(tried=True).count() > 2
    (one, *_more) = models.Decision.objects.filter(kind="slot")
    assert len(one.detail["options"]) == 5
    assert page_of(ada, steady=True)[0].try_title("picks", unknown) is None


def test_a_title_that_is_known_is_not_tried(ada) -> None:
    titles = [make_title(name=f"Film {n}", packaged=False) for n in range(22)]
    day = tallies.today(NOW) - timedelta(days=1)
    tallies.add({f"all:title:{titles[0].id}": (80.0, 1.0)}, day)
    told(ada, page_of(ada)[0], [Seen("new", 1, title.id, n) for n, title in enumerate(titles)])
    assert page_of(ada)[0].try_title("picks", [titles[0].id]) is None
    assert page_of(ada)[0].try_title("picks", [titles[0].id, titles[1].id]).title_id == titles[1].id


def test_one_profile_moves_everybodys_numbers_within_bounds(ada) -> None:
    titles = [make_title(name=f"Film {n}", packaged=False) for n in range(4)]
    for _page in range(18):
        told(ada, page_of(ada)[0], [Seen("new", 1, title.id, n) for n, title in enumerate(titles)])
        for title in titles:
            outcomes.watched(viewing_of(ada, title))
    rows = {row.key: row for row in models.Tally.objects.all()}
    assert rows["all:row:new"].shown_today <= impressions.ROWS_A_DAY + 1
    assert all(rows[f"all:title:{title.id}"].shown_today == 1 for title in titles)
    assert all(rows[f"all:title:{title.id}"].played_today <= 1 for title in titles)
    assert rows["all:row:new"].played_today <= rows["all:row:new"].shown_today


def test_impressions_become_sums_after_a_month(ada) -> None:
    titles = [make_title(name=f"Film {n}", packaged=False) for n in range(3)]
    old = NOW - timedelta(days=40)
    told(ada, page_of(ada, old)[0], [Seen("new", 1, title.id, n) for n, title in enumerate(titles)], now=old)
    models.Impression.objects.filter(title_id=titles[0].id).update(played_at=old)
    told(ada, page_of(ada)[0], [Seen("new", 1, titles[0].id, 0)])
    for _time in range(2):
        upkeep.tidy(NOW)
    line = models.SeenDay.objects.get()
    assert (line.day, line.kind, line.shown, line.played) == (old.date(), "new", 3, 1)
    assert models.Impression.objects.count() == 1
    assert models.Decision.objects.count() == 1


def test_the_browser_tells_over_the_api(ada, ben) -> None:
    title = make_title()
    client = client_of(ada)
    ticket = page_of(ada)[0].ticket()
    card = {"row": "new", "row_place": 1, "title_id": str(title.id), "position": 0}
    for _time in range(2):
        answer = client.post("/api/v1/shown", {"ticket": ticket, "seen": [card]}, "application/json")
        assert answer.status_code == 204
    assert models.Impression.objects.count() == 1
    for bad in (page_of(ben)[0].ticket(), "rubbish", ticket[:-2] + "xx"):
        answer = client.post("/api/v1/shown", {"ticket": bad, "seen": [card]}, "application/json")
        assert answer.status_code == 400
    for seen in ([], [card] * 200, [{**card, "position": -1}], "x"):
        answer = client.post("/api/v1/shown", {"ticket": ticket, "seen": seen}, "application/json")
        assert answer.status_code == 400
    with time_machine.travel(NOW + timedelta(hours=13), tick=False):
        answer = client.post("/api/v1/shown", {"ticket": ticket, "seen": [card]}, "application/json")
        assert answer.status_code == 400


def test_the_home_page_carries_what_was_decided(ada) -> None:
    titles = [make_title(name=f"Film {n}") for n in range(16)]
    weights = np.ones((16, 16)) - np.eye(16)
    served = serving.ModelState("v7", NOW, "live")
    model = model_of([title.id for title in titles], weights)
    with mock.patch.object(serving, "current_state", return_value=(model, served)):
        page = services.home(ada.id, now=NOW)
    drawn = tickets.read(page.ticket, profile_id=ada.id)
    keys = [row.key for row in page.rows]
    assert [key for key in drawn.order if key in keys] == [key for key in keys if key in drawn.order] != []
    seen = [Seen(page.rows[0].key, 0, card.title.id, n) for n, card in enumerate(page.rows[0].cards)]
    assert impressions.shown(drawn, seen, now=NOW) == len(seen) > 0
    assert models.Impression.objects.first().model_version == "v7"


def test_what_is_seen_of_a_page_without_a_model_counts_too(ada) -> None:
    films = [make_title(name=f"Film {n}") for n in range(12)]
    home = services.home(ada.id, now=NOW)
    drawn = tickets.read(home.ticket, profile_id=ada.id)
    assert drawn.order == tuple(row.key for row in home.rows)
    assert (set(drawn.propensities), drawn.slots) == ({1.0}, ())
    card = home.rows[0].cards[0].title.id
    assert card in {one.id for one in films}
    assert impressions.shown(drawn, [Seen(home.rows[0].key, 0, card, 0)], now=NOW) == 1
    kept = models.Impression.objects.get()
    assert (kept.model_version, kept.artwork_id, kept.propensity) == (choosing.NO_MODEL, None, 1.0)


def test_what_a_profile_that_is_gone_watched_is_not_kept(db):
    outcomes.watched(viewing_of(SimpleNamespace(id=uuid4()), make_title()))
    assert not models.CountedViewing.objects.exists()


def test_a_title_that_is_gone_takes_along_what_is_known_of_its_pictures(ada) -> None:
    title, other, picture = make_title(name="One"), make_title(name="Two"), uuid4()
    models.Decision.objects.create(
        profile_id=ada.id, request_id=uuid4(), kind="picture", subject=str(title.id), title_id=title.id,
        chosen=str(picture), propensity=0.5, detail={"leaning": "war", "options": [[str(picture), 0.1, 1, 0]]},
    )  # fmt: skip
    kept = [f"all:title:{other.id}", "all:row:new", f"all:art:{uuid4()}"]
    gone = [f"all:title:{title.id}", f"all:art:{picture}", f"kids:art:{picture}:war"]
    for key in (*kept, *gone):
        models.Tally.objects.create(key=key, day=NOW.date())
    outcomes.forget_title(title.id)
    assert set(models.Tally.objects.values_list("key", flat=True)) == set(kept)
    assert not models.Decision.objects.exists()

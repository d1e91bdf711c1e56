"""An experiment from the studio to its sentence."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from catalog import services as catalog
from catalog.tests.factories import make_title
from catalog.tests.pictures import give_choices
from netflixlite import personal
from recommend import services
from recommend.tests.trials.test_shown import NOW, page_of, told, viewing_of
from recommend.trials import choosing, experiments, models, outcomes, results, tallies
from recommend.trials.choosing import Chooser
from recommend.trials.types import Seen
from recommend.types import Thumb

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def make_experiment(method="split", start=True, **knobs) -> models.Experiment:
    row = models.Experiment.objects.create(key="variety", name="More variety", method=method)
    models.Arm.objects.create(experiment=row, key="today")
    models.Arm.objects.create(experiment=row, key="varied", knobs=knobs or {"mmr": 0.4})
    if start:
        experiments.start(row.id)
    return row


def test_who_is_in_which_arm_is_the_same_for_ever_and_evenly_so() -> None:
    row = make_experiment()
    (running,) = experiments.running()
    profiles = [uuid4() for _n in range(2000)]
    arms = [experiments.arm_of(running, each) for each in profiles]
    assert arms == [experiments.arm_of(running, each) for each in profiles]
    assert abs(Counter(arms)["varied"] - 1000) < 120
    models.Experiment.objects.filter(id=row.id).update(share=10)
    (tenth,) = experiments.running()
    some = [experiments.arm_of(tenth, each) for each in profiles]
    assert 130 < sum(1 for arm in some if arm) < 270
    assert all(new in ("", old) for new, old in zip(some, arms, strict=True)), (
        "a smaller share moves nobody over"
    )


def test_an_arm_turns_knobs_for_its_profiles_only(ada) -> None:
    make_experiment()
    varied = choosing.variant(ada.id, "variety") == "varied"
    assert Chooser(ada.id, NOW).knobs == ({"mmr": 0.4} if varied else {})
    assert Chooser(ada.id, NOW, steady=True).knobs == {}
    assert choosing.variant(ada.id, "nothing") == ""
    experiments.stop(models.Experiment.objects.get().id)
    assert choosing.variant(ada.id, "variety") == ""


def test_what_cannot_be_compared_does_not_begin() -> None:
    row = make_experiment()
    again = models.Experiment.objects.create(key="again", name="Again")
    with pytest.raises(experiments.Refused, match="two arms"):
        experiments.start(again.id)
    models.Arm.objects.create(experiment=again, key="today")
    same = models.Arm.objects.create(experiment=again, key="same")
    with pytest.raises(experiments.Refused, match="do the same"):
        experiments.start(again.id)
    same.knobs = {"mmr": 0.1}
    same.save()
    with pytest.raises(experiments.Refused, match="More variety"):
        experiments.start(again.id)
    experiments.stop(row.id)
    experiments.start(again.id)
    with pytest.raises(experiments.Refused, match="draft"):
        experiments.start(row.id)


def test_what_profiles_do_becomes_sums_of_their_arm(ada, django_capture_on_commit_callbacks) -> None:
    make_experiment()
    title, other = make_title(), make_title(name="Other")
    outcomes.watched(viewing_of(ada, title, at=NOW - timedelta(days=1)))
    told(ada, page_of(ada)[0], [Seen("new", 1, title.id, 0)])
    outcomes.watched(viewing_of(ada, title))
    outcomes.watched(viewing_of(ada, other, fraction=0.1, watched=timedelta(minutes=5)))
    with django_capture_on_commit_callbacks(execute=True):
        services.rate(profile_id=ada.id, title_id=title.id, thumb=Thumb.UP)
    told(ada, page_of(ada)[0], [Seen("new", 1, other.id, 0)], now=NOW + timedelta(minutes=20))
    told(ada, page_of(ada)[0], [Seen("new", 1, other.id, 0)], now=NOW + timedelta(days=2))
    row = models.Participation.objects.get()
    assert (row.visits, row.plays, row.qualified, row.abandoned) == (2, 2, 1, 1)
    assert (row.answered, row.waited) == (1, 60)
    assert (row.thumbs_up, row.thumbs_down) == (1, 0)
    assert row.returned
    assert len(row.titles) == 2


def add_profiles(row, arm, count, **sums) -> None:
    models.Participation.objects.bulk_create(
        models.Participation(
            experiment=row,
            profile_id=uuid4(),
            arm=arm,
            visits=4,
            first_at=NOW - timedelta(days=30),
            **{name: value(n) if callable(value) else value for name, value in sums.items()},
        )
        for n in range(count)
    )


def test_the_result_says_what_is_decided_and_what_is_not() -> None:
    row = make_experiment()
    assert "Not decided" in results.of(row, NOW).sentence
    add_profiles(row, "today", 150, qualified=lambda n: n % 3, plays=2)
    add_profiles(row, "varied", 150, qualified=lambda n: n % 3, plays=2)
    assert "Not decided" in results.of(row, NOW).sentence
    add_profiles(row, "today", 150, qualified=lambda n: n % 3, plays=3, abandoned=1)
    add_profiles(row, "varied", 150, qualified=lambda n: 2 + n % 3, plays=4)
    found = results.of(row, NOW)
    assert "100 % more" in found.sentence
    assert found.arms == (("today", 300), ("varied", 300))
    assert found.warning == ""
    add_profiles(row, "varied", 200)
    assert "counted wrongly" in results.of(row, NOW).warning


def test_mixed_lists_are_judged_by_what_is_played_of_them(ada) -> None:
    row = make_experiment(method="interleave")
    titles = [make_title(name=f"Film {n}", packaged=False) for n in range(8)]
    ids = [title.id for title in titles]
    chooser = page_of(ada)[0]
    assert chooser.mixing() == ({}, {"mmr": 0.4})
    mixed = chooser.mix(ids[:6], [*reversed(ids)], length=6)
    assert set(mixed.teams) == {"today", "varied"}
    told(ada, chooser, [Seen("picks", 1, each, n) for n, each in enumerate(mixed.order)])
    of_varied = mixed.order[mixed.teams.index("varied")]
    outcomes.watched(viewing_of(ada, next(title for title in titles if title.id == of_varied)))
    assert models.Participation.objects.get().points == {"varied": 1}
    assert "so far: 1;" in results.of(row, NOW).sentence
    add_profiles(row, "today", 60, points={"varied": 2, "today": 1})
    assert "prefer “varied”" in results.of(row, NOW).sentence
    assert Chooser(ada.id, NOW, steady=True).mixing() is None


def test_an_operator_makes_starts_reads_and_stops_one(db) -> None:
    olu = make_operator("olu")
    client = client_of(olu)
    form = {
        "name": "Less popular", "key": "less-popular", "question": "", "method": "split", "share": "50",
        "arms-TOTAL_FORMS": "2", "arms-INITIAL_FORMS": "0", "arms-MIN_NUM_FORMS": "2", "arms-MAX_NUM_FORMS": "6",
        "arms-0-key": "today", "arms-0-weight": "1", "arms-0-knobs": "{}",
        "arms-1-key": "dim", "arms-1-weight": "1", "arms-1-knobs": '{"dim": 9}',
    }  # fmt: skip
    add = "/admin/recommend/experiment/add/"
    page = client.post(add, form)
    assert "it goes from 0 to 1" in page.content.decode()
    assert client.post(add, {**form, "arms-1-knobs": '{"dim": 0.3}'}).status_code == 302
    row = models.Experiment.objects.get()
    here = f"/admin/recommend/experiment/{row.id}/"
    assert "Start it" in client.get(here + "change/").content.decode()
    assert client.get(here + "do/start/").status_code == 403
    client.post(here + "do/start/")
    add_profiles(row, "today", 30, qualified=lambda n: n % 2)
    add_profiles(row, "dim", 30, qualified=lambda n: n % 3)
    shown = client.get(here + "change/").content.decode()
    assert "Not decided" in shown
    assert "Stop it" in shown
    assert 'name="arms-0-key"' not in shown, "arms stand still"
    client.post(here + "do/stop/")
    row.refresh_from_db()
    assert row.state == "stopped"
    assert client.get("/admin/recommend/experiment/").status_code == 200
    assert client.post(here + "do/explode/").status_code == 404


def test_pictures_are_drawn_and_judged(ada) -> None:
    title, plain = make_title(), make_title(name="Plain")
    give_choices(title.id)
    chooser = page_of(ada, leaning="drama")[0]
    chosen = chooser.choose_artwork([title.id, plain.id])
    assert set(chosen) == {title.id}
    ids = list(catalog.picture_choices([title.id])[title.id])
    assert chosen[title.id] in ids
    drawn = {page_of(ada, NOW + timedelta(days=n))[0].choose_artwork([title.id])[title.id] for n in range(30)}
    assert drawn == set(ids)
    assert page_of(ada, steady=True)[0].choose_artwork([title.id]) == {}
    told(ada, chooser, [Seen("new", 1, title.id, 0)])
    outcomes.watched(viewing_of(ada, title))
    decision = models.Decision.objects.get(kind="picture")
    assert (decision.chosen, decision.reward) == (str(chosen[title.id]), 1)
    keys = set(models.Tally.objects.filter(played_today=1).values_list("key", flat=True))
    assert {f"all:art:{chosen[title.id]}", f"all:art:{chosen[title.id]}:drama"} <= keys
    tallies.add({f"all:art:{ids[2]}": (500.0, 200.0)}, (NOW - timedelta(days=1)).date())
    won = {page_of(ada, NOW + timedelta(days=n))[0].choose_artwork([title.id])[title.id] for n in range(1, 6)}
    assert won == {ids[2]}


def test_a_page_asks_few_questions_however_many_titles(ada, django_assert_max_num_queries) -> None:
    titles = [make_title(name=f"Film {n}", packaged=False) for n in range(30)]
    told(ada, page_of(ada)[0], [Seen("new", 1, title.id, n) for n, title in enumerate(titles)])
    with django_assert_max_num_queries(8):
        chooser = page_of(ada)[0]
        chooser.try_title("picks", [title.id for title in titles])
        chooser.choose_artwork([title.id for title in titles])
        assert chooser.knobs == {}
        chooser.ticket("v1")


def test_another_policy_is_estimated_from_the_logs(ada, capsys) -> None:
    with pytest.raises(CommandError, match="there are"):
        call_command("estimate_policy", "slot", "--policy", "better")
    call_command("estimate_policy", "rows")
    assert "nothing can be said" in capsys.readouterr().out
    title = make_title()
    for day in range(3):
        now = NOW + timedelta(days=day)
        told(ada, page_of(ada, now)[0], [Seen("new", 1, title.id, 0)], now=now)
    call_command("estimate_policy", "rows", "--policy", "because,new")
    said = capsys.readouterr().out
    assert "3 decisions" in said
    assert "Not enough to decide" in said
    call_command("estimate_policy", "rows", "--json")
    assert '"decisions": 3' in capsys.readouterr().out


def test_all_of_it_is_handed_out_and_erased(ada) -> None:
    make_experiment()
    title = make_title(name="Night Mail")
    told(ada, page_of(ada)[0], [Seen("new", 1, title.id, 0)])
    outcomes.watched(viewing_of(ada, title))
    (keeper,) = [one for one in personal.keepers() if one.app == "recommend.trials"]
    files = dict(keeper.export(ada.user_id))
    (shown,) = files[f"profiles/{ada.id}/shown"]
    assert shown["title"] == "Night Mail"
    (joined,) = files[f"profiles/{ada.id}/experiments"]
    assert joined["experiment"] == "More variety"
    other = make_profile("Olu", user=make_user("olu2"))
    told(other, page_of(other)[0], [Seen("new", 1, title.id, 0)])
    counts = keeper.erase(ada.user_id)
    assert {"recommend.Impression", "recommend.Participation", "recommend.CountedViewing"} <= set(counts)
    for model in (
        models.Impression,
        models.Decision,
        models.Participation,
        models.ProfileTally,
        models.Showing,
    ):
        assert set(model.objects.values_list("profile_id", flat=True)) == {other.id}
    assert keeper.erase(ada.user_id) == {}
    outcomes.forget_title(title.id)
    assert not models.Impression.objects.exists()
    assert datetime.now(tz=UTC) == NOW

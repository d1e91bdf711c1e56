"""Running the pipeline by hand: what the queue page shows, and what its buttons do."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import client_of
from catalog import board, models, services, store, types
from catalog.services import ingesting, operating
from catalog.stages import Mark, Second, Step, steps
from catalog.tests.factories import make_package, make_title
from netflixlite.jobs import models as job_models
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

pytestmark = pytest.mark.django_db

NO_SECOND = Second(wanted=False, running=False, there=False)


def hand_in(name: str = "Night Mail") -> types.IngestTicket:
    """A film whose source waits in the queue."""
    title = services.create_title(name=name)
    source = store.source_path(source_id := UUID(int=title.id.int ^ 1))
    source.parent.mkdir(parents=True)
    source.write_bytes(b"film" * 1000)
    return ingesting.register(
        source_id=source_id,
        size=4000,
        source_name=f"{name}.mkv",
        title_id=title.id,
        options=types.IngestOptions(),
    )


def begin(ticket: types.IngestTicket, *, parts: str = "") -> None:
    """As if a worker had it: the coordinator parked, its chunks in the states that the letters say."""
    models.Video.objects.filter(id=ticket.video_id).update(state="encoding")
    lease = timezone.now() + timedelta(minutes=5)
    job_models.Job.objects.filter(id=ticket.job_id).update(
        state=JobState.RUNNING, lease_until=lease, progress=0.4, started_at=timezone.now()
    )
    states = {"d": JobState.DONE, "r": JobState.RUNNING, "w": JobState.QUEUED}
    for number, letter in enumerate(parts):
        job_models.Job.objects.create(
            kind=operating.CHUNK_KIND,
            parent_id=ticket.job_id,
            payload={"chunk": number, "seconds": 24.0},
            state=states[letter],
            lease_until=lease if letter == "r" else None,
        )


def act(client: Client, ticket: types.IngestTicket, action: str, **data: Any) -> dict[str, Any]:
    address = reverse("admin:queue_act", args=[ticket.video_id, action])
    answer = client.post(address, data, headers={"Accept": "application/json"})
    return {"status": answer.status_code, **answer.json()}


def only(queue: operating.Queue, part: str) -> operating.Entry:
    (found,) = getattr(queue, part)
    assert isinstance(found, operating.Entry)
    return found


# Steps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "playable", "checked", "expected"),
    [
        ("receiving", False, False, "now later later later"),
        ("queued", False, False, "done later later later"),
        ("checking", False, False, "done now later later"),
        ("encoding", False, True, "done done now later"),
        ("encoding", True, True, "done done done now"),
        ("ready", True, True, "done done done done"),
        ("refused", False, False, "done bad later later"),
        ("failed", False, True, "done done bad later"),
        ("failed", True, True, "done done done bad"),
    ],
)
def test_the_steps_of_a_film(state: str, playable: bool, checked: bool, expected: str) -> None:
    found = steps(types.IngestState(state), playable=playable, checked=checked, second=NO_SECOND)
    assert " ".join(found[step] for step in Step if step is not Step.AV1) == expected
    assert found[Step.AV1] is Mark.SKIPPED


def test_the_second_ladder_is_a_step_of_its_own() -> None:
    said = [
        steps(types.IngestState.READY, playable=True, checked=True, second=Second(wanted, running, there))[
            Step.AV1
        ]
        for wanted, running, there in [(True, False, False), (True, True, False), (True, False, True)]
    ]
    assert said == [Mark.LATER, Mark.NOW, Mark.DONE]


# What the page shows --------------------------------------------------------------------------------------


def test_films_stand_in_the_order_in_which_workers_take_them() -> None:
    tickets = [hand_in(name) for name in ("One", "Two", "Three")]
    operating.set_urgency(tickets[2].video_id, 1)
    operating.set_urgency(tickets[0].video_id, -1)
    queue = operating.queue()
    assert [one.work.title_name for one in queue.waiting] == ["Three", "Two", "One"]
    assert [one.place for one in queue.waiting] == [1, 2, 3]
    assert [one.urgency for one in queue.waiting] == [1, 0, -1]
    assert "No worker is running" in queue.waiting[0].waits


def test_it_says_what_is_waited_for() -> None:
    hand_in("One")
    hand_in("Two")
    hand_in("Three")
    job_models.Worker.objects.create(name="here:1", slots=2, kinds=[store.INGEST_KIND])
    said = [one.waits for one in operating.queue().waiting]
    assert said[0].startswith("Next")
    assert said[1:] == ["1 film is before it", "2 films are before it"]


def test_a_film_under_way_shows_its_pieces_in_order() -> None:
    ticket = hand_in()
    begin(ticket, parts="ddrw")
    found = only(operating.queue(), "under_way")
    assert found.pieces == "ddrw"
    assert found.steps[Step.PLAYABLE] is Mark.NOW
    assert found.live


def test_changing_priority_moves_parts_too_and_keeps_their_order() -> None:
    ticket = hand_in()
    begin(ticket, parts="rw")
    before = jobs.job(ticket.job_id)
    assert before is not None
    operating.set_urgency(ticket.video_id, 1)
    operating.set_urgency(ticket.video_id, 1)
    after = jobs.job(ticket.job_id)
    assert after is not None
    assert after.priority == before.priority + operating.URGENCY_STEP
    with pytest.raises(ValueError, match="urgency is 7"):
        operating.set_urgency(ticket.video_id, 7)


def test_a_finished_film_has_no_priority() -> None:
    title = make_title()
    assert title.video_id is not None
    with pytest.raises(LookupError):
        operating.set_urgency(title.video_id, 1)


def test_a_long_film_is_drawn_coarser_and_never_looks_more_finished() -> None:
    assert board._coarser("d" * 160) == "d" * 160
    drawn = board._coarser("d" * 299 + "r" + "w" * 100)
    assert len(drawn) <= board.PIECES
    assert drawn.count("r") == 1
    assert drawn.index("r") == 99


def test_figures_may_change_without_a_new_shape() -> None:
    ticket = hand_in()
    begin(ticket, parts="rww")
    before = board.snapshot()
    job_models.Job.objects.filter(id=ticket.job_id).update(progress=0.6, note="Encoding")
    after = board.snapshot()
    assert after["shape"] == before["shape"]
    assert after["under_way"] != before["under_way"]
    models.Video.objects.filter(id=ticket.video_id).update(state="failed", reason="It broke.")
    assert board.snapshot()["shape"] != after["shape"]


# What can be done -----------------------------------------------------------------------------------------


def test_stopping_and_trying_again(studio: Client) -> None:
    ticket = hand_in()
    assert act(studio, ticket, "cancel")["status"] == 200
    assert only(operating.queue(), "trouble").work.status.state is types.IngestState.FAILED
    page = studio.get(reverse("admin:queue")).content.decode()
    assert "stopped</span>" in page  # a person's will is no failure
    assert "nl-work-error" not in page.split('id="queue-trouble"')[1].split("</section>")[0]
    assert act(studio, ticket, "cancel") == {
        "status": 422,
        "error": "Nothing is being done for this film any more.",
    }
    assert act(studio, ticket, "retry")["status"] == 200
    assert only(operating.queue(), "waiting").work.title_name == "Night Mail"
    said = [entry.change_message for entry in LogEntry.objects.order_by("action_time")]
    assert said == ["It is being stopped.", "It is in the queue again."]


def test_a_film_that_was_set_aside_says_so_and_can_be_tried_or_deleted(studio: Client) -> None:
    ticket = hand_in()
    jobs.cancel(ticket.job_id)
    models.Source.objects.filter(id=ticket.source_id).update(quarantined_at=timezone.now())
    store.mark_failed(video_id=ticket.video_id, reason="It froze its encoder three times.")
    page = studio.get(reverse("admin:queue")).content.decode()
    assert "set aside" in page
    assert "It froze its encoder three times." in page
    assert act(studio, ticket, "retry")["status"] == 200
    assert not models.Source.objects.get(id=ticket.source_id).quarantined_at
    jobs.cancel(ticket.job_id)
    store.mark_failed(video_id=ticket.video_id, reason="Again.")
    assert act(studio, ticket, "delete")["said"] == "The file was deleted."
    assert not store.source_path(ticket.source_id).exists()
    assert not only(operating.queue(), "trouble").file_kept


@pytest.mark.parametrize(("complete", "state"), [(True, "ready"), (False, "failed")])
def test_half_a_film_without_its_file_is_not_called_ready(complete: bool, state: str) -> None:
    ticket = hand_in()
    make_package(ticket.video_id)
    models.Package.objects.update(stage=store.EARLY, complete=complete)
    operating.delete_file(ticket.video_id)
    assert models.Video.objects.get(id=ticket.video_id).state == state


def test_a_file_of_the_library_is_never_deleted(studio: Client) -> None:
    ticket = hand_in()
    models.Source.objects.filter(id=ticket.source_id).update(path="/films/one.mkv")
    assert "library" in act(studio, ticket, "delete")["error"]


def test_encoding_again_keeps_what_plays_and_takes_the_options(studio: Client) -> None:
    ticket = hand_in()
    jobs.cancel(ticket.job_id)
    package = make_package(ticket.video_id)
    chosen = {"ladder": "light", "preset": "fast", "av1": "never", "encoder": "software", "encrypted": "on"}
    assert act(studio, ticket, "again", **chosen)["status"] == 200
    waiting = only(operating.queue(), "waiting")
    assert waiting.work.status.playable
    assert (waiting.options.ladder, waiting.options.preset, waiting.options.av1) == ("light", "fast", "never")
    assert waiting.encrypted
    video = services.video(ticket.video_id)
    assert video is not None
    assert video.package_id == package
    wrong = act(studio, ticket, "again", **(chosen | {"preset": "placebo"}))
    assert wrong["status"] == 422
    assert "Effort" in wrong["error"]


def test_the_page_is_for_operators(studio: Client, ada: Any) -> None:
    ticket = hand_in()
    page = studio.get(reverse("admin:queue"))
    assert page.status_code == 200
    assert "Night Mail" in page.content.decode()
    part = studio.get(reverse("admin:queue") + "?part=board").content.decode()
    assert part.lstrip().startswith("<div")
    assert studio.get(reverse("admin:queue_state")).json()["figures"]["waiting"] == 1
    assert studio.get(reverse("admin:queue_act", args=[ticket.video_id, "cancel"])).status_code == 403
    assert studio.post(reverse("admin:queue_act", args=[ticket.video_id, "explode"])).status_code == 403
    stranger = client_of(ada)
    for address in (reverse("admin:queue"), reverse("admin:queue_state")):
        assert stranger.get(address).status_code in (302, 403)


def test_the_page_asks_the_database_the_same_for_many_films(
    studio: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        hand_in(f"Film {number}")
    operating.queue()
    with django_assert_max_num_queries(24):
        operating.queue()

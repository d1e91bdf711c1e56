"""The studio's part for markers: openings, recaps, credits and chapters; suggested by machines, settled by people."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from catalog.admin.details import Action, Place, Trouble
from catalog.media import intro, markers
from catalog.models import Episode, Marker
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

#: Kinds in the order of a film, and the lanes they are drawn in.
_LANES = {"recap": 0, "intro": 0, "credits": 0, "chapter": 1}


@dataclass(frozen=True, slots=True)
class Bar:
    """A marker on the time line; `x` and `width` in thousandths of the film."""

    x: float
    width: float
    kind: str
    lane: int
    title: str


def context(where: Place) -> dict[str, Any]:
    """What the part's template needs."""
    rows = list(Marker.objects.filter(video=where.video, dropped=False).order_by("start", "kind"))
    duration = where.duration
    return {
        "markers": [_told(row) for row in rows if row.kind != Marker.Kind.CHAPTER],
        "chapters": [_told(row) for row in rows if row.kind == Marker.Kind.CHAPTER],
        "marker_kinds": Marker.Kind.choices,
        "bars": [_bar(row, duration) for row in rows] if duration else [],
        "film_length": markers.clock(duration) if duration else "",
        "ticks": _ticks(duration) if duration else [],
        "season_siblings": _siblings(where),
        "comparing": _comparing(where),
    }


def _told(row: Marker) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "kind_name": row.get_kind_display(),
        "start": markers.clock(row.start.total_seconds()),
        "end": markers.clock(row.end.total_seconds()),
        "name": row.name,
        "origin": row.origin,
        "origin_name": row.get_origin_display(),
    }


def _bar(row: Marker, duration: float) -> Bar:
    start = min(1.0, row.start.total_seconds() / duration)
    end = min(1.0, row.end.total_seconds() / duration)
    times = f"{markers.clock(row.start.total_seconds())} – {markers.clock(row.end.total_seconds())}"  # noqa: RUF001
    title = f"{row.get_kind_display()} {row.name} {times}".replace("  ", " ")
    return Bar(
        round(start * 1000, 1), round(max(2.0, (end - start) * 1000), 1), row.kind, _LANES[row.kind], title
    )


def _ticks(duration: float) -> list[tuple[float, str]]:
    """Where the time line is labelled: five or six round times."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
    step = next((one for one in steps if duration / one <= 6), steps[-1])
    return [
        (round(second / duration * 1000, 1), markers.clock(second).removeprefix("0:"))
        for second in range(step, int(duration * 0.96), step)
    ]


def _siblings(where: Place) -> int:
    """How many episodes of the season are ready to be compared; 0 for a film."""
    part = where.video.episode
    if part is None:
        return 0
    ready = Episode.objects.filter(season_id=part.season_id, video__current_package__isnull=False)
    return ready.count()


def _comparing(where: Place) -> bool:
    part = where.video.episode
    if part is None:
        return False
    job = jobs.latest([f"compare:{part.season_id}:now"]).get(f"compare:{part.season_id}:now")
    return job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)


def _save(request: HttpRequest, where: Place) -> str:
    """A new marker, or an old one changed. Either is a person's from then on."""
    kind, name = request.POST.get("kind", ""), request.POST.get("name", "")
    if kind not in Marker.Kind.values:
        raise Trouble(_("Choose what the stretch is."))
    start, end = (markers.seconds(request.POST.get(side, "")) for side in ("start", "end"))
    if start is None or end is None:
        raise Trouble(_("Write times like 1:02:03, 62:03 or 95.5 (seconds)."))
    duration = where.duration
    if duration is not None and start >= duration:
        raise Trouble(
            _("The film ends at %(end)s, before the marker starts.") % {"end": markers.clock(duration)}
        )
    end = min(end, duration) if duration is not None else end
    if end <= start:
        raise Trouble(_("A marker ends after it starts."))
    row = _row(request, where) if request.POST.get("marker") else Marker(video=where.video)
    row.kind, row.origin, row.dropped = kind, Marker.Origin.PERSON, False
    row.name = "".join(letter for letter in name if letter.isprintable()).strip()[: markers.NAME_MAX]
    row.start, row.end = timedelta(seconds=start), timedelta(seconds=end)
    row.save()
    return _("The marker is saved.")


def _remove(request: HttpRequest, where: Place) -> str:
    """Take a marker away. One that a machine made is remembered, so that it is not suggested again."""
    row = _row(request, where)
    if row.origin == Marker.Origin.PERSON:
        row.delete()
    else:
        row.dropped = True
        row.save(update_fields=["dropped"])
    return _("The marker is gone.")


def _compare(request: HttpRequest, where: Place) -> str:
    part = where.video.episode
    if part is None or _siblings(where) < 2:
        raise Trouble(_("There is nothing to compare with: two episodes of a season must be ready."))
    intro.ask(part.season_id, soon=True)
    return _("The episodes' sound is being compared. What is found appears here.")


def _row(request: HttpRequest, where: Place) -> Marker:
    given = request.POST.get("marker", "")
    row = (
        Marker.objects.filter(video=where.video, id=given).first()
        if given.isdecimal() and len(given) < 19
        else None
    )
    if row is None:
        raise Trouble(_("This marker is gone already."))
    return row


ACTIONS: dict[str, Action] = {"save": _save, "remove": _remove, "compare": _compare}

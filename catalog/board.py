"""The queue page's content as plain data, in words and numbers: for its template, its poll and its socket."""

import hashlib
import json
import threading
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog import progress
from catalog.intake import human_size
from catalog.media import hardware, tools
from catalog.media.errors import ToolMissing
from catalog.services import operating
from catalog.services.ingesting import CANCELLED_REASON
from catalog.stages import Mark, Step
from netflixlite.jobs.types import Worker

STEP_NAMES = {
    Step.RECEIVED: gettext_lazy("Received"),
    Step.CHECKED: gettext_lazy("Checked"),
    Step.PLAYABLE: gettext_lazy("Watchable"),
    Step.LADDER: gettext_lazy("All qualities"),
    Step.AV1: gettext_lazy("AV1"),
}
MARK_NAMES = {
    Mark.DONE: gettext_lazy("done"),
    Mark.NOW: gettext_lazy("under way"),
    Mark.LATER: gettext_lazy("later"),
    Mark.BAD: gettext_lazy("failed"),
    Mark.SKIPPED: gettext_lazy("not wanted"),
}
URGENCY_NAMES = {1: gettext_lazy("First"), 0: gettext_lazy("Normal"), -1: gettext_lazy("Later")}
#: Below this share of a disk the page warns, and below the other it alarms.
LITTLE, SCARCE = 0.15, 0.05
#: A strip of more pieces than this is drawn coarser.
PIECES = 160


def snapshot() -> dict[str, Any]:
    """The whole page. `shape` changes when its parts have to be drawn anew rather than their figures changed."""
    queue = operating.queue()
    lists = {
        "under_way": [entry(one) for one in queue.under_way],
        "waiting": [entry(one) for one in queue.waiting],
        "idle_work": [entry(one) for one in queue.idle_work],
        "trouble": [entry(one) for one in queue.trouble],
        "lately": [entry(one) for one in queue.lately],
    }
    machine = {
        "workers": [_worker(one) for one in queue.workers],
        "disks": [_disk(one) for one in queue.disks],
        "encoder": _encoder(),
    }
    speeds = [one.speed for one in queue.under_way if one.speed]
    figures = {
        "under_way": len(queue.under_way),
        "waiting": len(queue.waiting) + queue.more,
        "trouble": len(queue.trouble),
        "speed": _speed(sum(speeds)) if speeds else "",
    }
    shape = {name: [[one["video"], one["shape"]] for one in entries] for name, entries in lists.items()}
    said = json.dumps([shape, machine, queue.more], sort_keys=True, default=str)
    return {
        "moving": bool(queue.under_way or queue.idle_work),
        "figures": figures,
        "more": queue.more,
        **lists,
        **machine,
        "shape": hashlib.sha256(said.encode()).hexdigest()[:16],
    }


def entry(one: operating.Entry) -> dict[str, Any]:
    """One film, in words. What is in `shape` is drawn by the template, the rest is kept current by the page."""
    work, status = one.work, one.work.status
    data = progress.as_json(work) | {
        "poster": one.poster.url if one.poster else "",
        "part": "" if work.name == work.title_name else work.name,
        "steps": [
            {
                "key": step.value,
                "name": str(STEP_NAMES[step]),
                "mark": mark.value,
                "says": str(MARK_NAMES[mark]),
            }
            for step, mark in one.steps.items()
            if mark is not Mark.SKIPPED
        ],
        "pieces": _coarser(one.pieces),
        "speed": _speed(one.speed),
        "note": one.second_note or status.note,
        "waits": one.waits,
        "place": one.place,
        "second": None if one.second is None else round(one.second * 100, 1),
        "shows_progress": (one.live and one.place is None) or bool(one.second),
        "urgency": one.urgency,
        "urgency_name": str(URGENCY_NAMES[one.urgency]),
        "set_aside": one.set_aside,
        "stopped": status.error == CANCELLED_REASON,
        "facts": _facts(one),
        "live": one.live,
        "can_retry": (work.retryable or one.set_aside) and one.file_kept,
        "can_encode_again": one.file_kept and not one.live and not one.set_aside,
        "can_delete": one.ours and one.file_kept and not one.live and bool(status.error),
        "options": operating.options_in_words(one.options),
        "encrypted": one.encrypted,
    }
    fixed = ("state", "error", "set_aside", "urgency", "live", "can_retry", "can_encode_again", "can_delete")
    drawn = [*(data[name] for name in fixed), bool(data["pieces"]), data["shows_progress"], data["steps"]]
    data["shape"] = hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:12]
    return data


def _facts(one: operating.Entry) -> str:
    """'1:52:03 · 4.2 GB · per-title, veryfast'."""
    said = []
    if one.duration:
        said.append(clock(one.duration))
    if one.bytes:
        said.append(human_size(one.bytes))
    said.append(f"{one.options.ladder or settings.LADDER}, {one.options.preset}")
    if one.options.encoder == "hardware":
        said.append(_("hardware"))
    if one.encrypted:
        said.append(_("encrypted"))
    return " · ".join(said)


def clock(span: timedelta) -> str:
    """'1:52:03' or '4:07'."""
    whole = int(span.total_seconds())
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _speed(value: float | None) -> str:
    """'1.8x', said with the sign; '' when nobody knows."""
    if not value:
        return ""
    return f"{value:.0f}×" if value >= 10 else f"{value:.1f}×"  # noqa: RUF001 (a factor is written with that sign)


def _coarser(pieces: str) -> str:
    """At most PIECES letters: where several pieces share one, the least finished speaks for them."""
    if len(pieces) <= PIECES:
        return pieces
    size = -(-len(pieces) // PIECES)
    groups = (pieces[at : at + size] for at in range(0, len(pieces), size))
    return "".join(next(letter for letter in "xrwd" if letter in group) for group in groups)


def _worker(worker: Worker) -> dict[str, Any]:
    host, _colon, pid = worker.name.partition(":")
    busy = ngettext("%(busy)d of %(slots)d place busy", "%(busy)d of %(slots)d places busy", worker.slots)
    return {
        "name": host,
        "pid": pid,
        "slots": worker.slots,
        "places": [number < worker.busy for number in range(worker.slots)],
        "says": busy % {"busy": worker.busy, "slots": worker.slots},
        "encodes": any(kind.startswith("catalog.encode") for kind in worker.kinds),
    }


def _disk(disk: operating.Disk) -> dict[str, Any]:
    share = disk.free / disk.total if disk.total else 0.0
    tone = "bad" if share < SCARCE else "little" if share < LITTLE else "good"
    # In steps, so that a file that grows does not have the page drawn anew each second.
    return {
        "path": disk.path,
        "free": _("%(size)s free") % {"size": _rounded(disk.free)},
        "total": human_size(disk.total),
        "used": round(100 * (1 - share)),
        "tone": tone,
    }


def _rounded(size: int) -> str:
    step = 10**9 if size > 10 * 10**9 else 10**8
    return human_size(size // step * step)


# What the encoder can do ----------------------------------------------------------------------------------

_encoder_known: dict[str, Any] = {}
_asking = threading.Lock()


def _encoder() -> dict[str, Any] | None:
    """What the encoder of this machine can do; None until it was asked, which takes a second and is done beside."""
    if not _encoder_known and _asking.acquire(blocking=False):
        threading.Thread(target=_ask_encoder, daemon=True, name="encoder-facts").start()
    return _encoder_known or None


def _ask_encoder() -> None:
    try:
        found = tools.self_test()
        choice = hardware.choose()
        said: dict[str, Any] = {
            "version": found.ffmpeg.version,
            "has": [
                {"name": "H.264", "there": found.encodes},
                {"name": "AV1", "there": found.has_svtav1},
                {"name": _("HDR to SDR"), "there": found.has_tonemap},
                {"name": "VMAF", "there": found.has_vmaf},
                {"name": _("burnt-in subtitles"), "there": found.has_ass},
                {"name": _("graphics hardware"), "there": bool(choice.encoder)},
            ],
            "hardware": choice.words,
            "missing": list(found.missing),
        }
    except (ToolMissing, OSError) as error:
        said = {"version": "", "has": [], "hardware": "", "missing": [str(error)]}
    _encoder_known.update(said)

"""Frames of a film that people may choose pictures from: found by a job, kept beside the artwork, shown in the studio.

They are files only: `candidates/<video>/index.json` lists them, and what it does not list is not there.
"""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from catalog import artwork, manifests, others
from catalog.events import package_published, title_removed
from catalog.media import clear, crew, stills
from catalog.media.errors import ToolFailed
from catalog.models import Artwork, OtherPicture, Package, Video
from catalog.types import PackagePublished, TitleRemoved
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed

logger = logging.getLogger(__name__)

KIND = "catalog.find_pictures"
FOLDER = "candidates"
#: Frames offered at a time, and how wide they are kept and shown, in pixels.
COUNT = 12
_WIDTH, _SHOWN = 1920, 480
_INDEX = "index.json"
#: After the films themselves; before it when somebody waits for it.
_PRIORITY, _PRIORITY_NOW = -20, 500


class NoSuchPicture(LookupError):
    """This frame is not on offer (any more)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A frame on offer: `name` finds it, `time` is when it is shown (seconds), `score` how good it is (0 … 1)."""

    name: str
    time: float
    score: float
    segment: int


def register() -> None:
    """Offer the handler to workers; look for pictures in new films, and forget those of films that are gone."""
    jobs.register(KIND)(handle)
    jobs.register_periodic("catalog.sweep_candidates", timedelta(hours=6))(sweep)
    package_published.connect(_look, dispatch_uid="catalog.find_pictures")
    title_removed.connect(_forget, dispatch_uid="catalog.forget_pictures")


def ask(video_id: UUID, *, soon: bool = False) -> None:
    """Have frames found; once there are some, others than those. `soon` is for somebody who waits for them."""
    video = Video.objects.select_related("title", "episode__season__title").filter(id=video_id).first()
    if video is None or video.current_package_id is None:
        return
    jobs.enqueue(
        KIND,
        payload={"label": str(video), "video": str(video_id)},
        dedupe_key=f"pictures:{video_id}",
        priority=_PRIORITY_NOW if soon else _PRIORITY,
    )


def offers(video_id: UUID) -> list[Offer]:
    """The frames on offer, in the film's order."""
    return [Offer(**one) for one in _index(video_id).get("offers", [])]


def read(video_id: UUID, name: str, *, small: bool = False) -> bytes:
    """A frame as JPEG. Raises `NoSuchPicture`."""
    if name not in {one.name for one in offers(video_id)}:
        raise NoSuchPicture(name)
    try:
        with default_storage.open(_key(video_id, f"{name}{'-small' if small else ''}.jpg"), "rb") as file:
            return bytes(file.read())
    except FileNotFoundError as gone:
        raise NoSuchPicture(name) from gone


def use(video_id: UUID, name: str, *, kind: str, place: float | None = None) -> None:
    """Make a frame the title's 'poster' or 'backdrop', or the episode's 'still', cut to its shape: where there is
    most to see, or at `place` (0 left or top … 1 right or bottom).

    Raises `NoSuchPicture`, `artwork.BadImage`.
    """
    video = Video.objects.select_related("episode__season").filter(id=video_id).first()
    if video is None or kind not in stills.SHAPES or (kind == "still") > (video.episode is not None):
        raise NoSuchPicture(name)
    if name not in {one.name for one in offers(video_id)}:
        raise NoSuchPicture(name)
    with default_storage.open(_key(video_id, f"{name}.jpg"), "rb") as file:
        frame = Image.open(file, formats=("JPEG",)).convert("RGB")
    guide = frame.resize((160, max(2, round(160 * frame.height / frame.width))))
    data = stills.jpeg(stills.crop(frame, stills.SHAPES[kind], guide, place=place))
    if kind == "still":
        artwork.keep(kind=kind, data=data, episode_id=video.episode_id)
    else:
        artwork.keep(kind=kind, data=data, title_id=video.owner_id)


def handle(context: JobContext) -> None:
    """Find frames. The payload is {"video": uuid}."""
    video_id = UUID(str(context.payload["video"]))
    row = Package.objects.filter(video_id=video_id, replaced_at__isnull=True).first()
    if row is None:
        return
    before = _index(video_id)
    shown = set(before.get("shown", [])) if before.get("package") == row.id else set()
    package = manifests.parse(row.manifest.encode())

    def report(share: float) -> None:
        context.progress(0.2 + 0.8 * share, "Choosing pictures")

    context.progress(0.05, "Looking through the film")
    try:
        found = stills.moments(
            package,
            COUNT,
            scratch=context.work_dir,
            besides=shown,
            halt=crew.halt(context),
            on_progress=report,
        )
        if not found and shown:  # all have been shown: from the start again
            shown = set()
            found = stills.moments(package, COUNT, scratch=context.work_dir, halt=crew.halt(context))
    except clear.Gone:
        return  # the package was replaced: the next one asks again
    except ToolFailed as failed:
        raise JobFailed(f"The film's pictures could not be read: {failed}") from failed
    _keep(context, video_id, row.id, found, shown)


def sweep() -> None:
    """Forget the frames of videos that are gone."""
    if not default_storage.exists(FOLDER):
        return
    folders, _files = default_storage.listdir(FOLDER)
    known = {
        str(video_id)
        for video_id in Video.objects.filter(id__in=_uuids(folders)).values_list("id", flat=True)
    }
    for folder in folders:
        if folder not in known:
            _delete(folder)


def _keep(
    context: JobContext, video_id: UUID, package: str, found: list[stills.Moment], shown: set[int]
) -> None:
    """Store the frames, then the index that names them, then delete the ones before."""
    old = {one.name for one in offers(video_id)}
    made: list[Offer] = []
    for moment in found:
        name = f"{package[:8]}-{moment.segment:05}"
        for suffix, width in (("", _WIDTH), ("-small", _SHOWN)):
            _write(_key(video_id, f"{name}{suffix}.jpg"), stills.jpeg(moment.frame, width=width))
        made.append(Offer(name, round(moment.time, 3), round(moment.score, 4), moment.segment))
    index = {
        "package": package,
        "offers": [asdict(one) for one in made],
        "shown": sorted(shown | {one.segment for one in made}),
    }
    with context.commit():
        _write(_key(video_id, _INDEX), json.dumps(index).encode())
    for name in old - {one.name for one in made}:
        for suffix in ("", "-small"):
            default_storage.delete(_key(video_id, f"{name}{suffix}.jpg"))
    if not shown:
        _offer_others(video_id, list(zip(made, found, strict=True)))


def _offer_others(video_id: UUID, found: list[tuple[Offer, stills.Moment]]) -> None:
    """Let the best frames stand in for the backdrop at times, where no person chose it."""
    video = Video.objects.select_related("episode__season").filter(id=video_id).first()
    if video is None or video.trailer_of_id:
        return
    title_id = video.owner_id
    if title_id is None:
        return
    if not Artwork.objects.filter(title_id=title_id, kind=Artwork.Kind.BACKDROP, automatic=True).exists():
        return
    if video.episode_id and OtherPicture.objects.filter(title_id=title_id).exists():
        return  # a series has those of the episode that came first
    best = sorted(found, key=lambda one: -one[0].score)[: others.MOST]
    frames = {}
    for offer, moment in best:
        guide = moment.frame.resize((160, max(2, round(160 * moment.frame.height / moment.frame.width))))
        frames[offer.name] = stills.jpeg(stills.crop(moment.frame, stills.SHAPES["backdrop"], guide))
    others.keep(title_id=title_id, frames=frames)


def _index(video_id: UUID) -> dict[str, Any]:
    try:
        with default_storage.open(_key(video_id, _INDEX), "rb") as file:
            found: dict[str, Any] = json.loads(file.read())
            return found
    except (OSError, ValueError):
        return {}


def _write(key: str, data: bytes) -> None:
    if default_storage.exists(key):
        default_storage.delete(key)
    default_storage.save(key, ContentFile(data))


def _key(video_id: UUID | str, file: str) -> str:
    return f"{FOLDER}/{video_id}/{file}"


def _delete(folder: str) -> None:
    _folders, files = default_storage.listdir(f"{FOLDER}/{folder}")
    for file in files:
        default_storage.delete(f"{FOLDER}/{folder}/{file}")
    default_storage.delete(f"{FOLDER}/{folder}")


def _uuids(names: list[str]) -> list[UUID]:
    found = []
    for name in names:
        try:
            found.append(UUID(name))
        except ValueError:
            continue
    return found


def _look(event: PackagePublished, **_: object) -> None:
    """A film that is finished for the first time: find its frames before somebody asks."""
    if not Package.objects.filter(id=event.package_id, complete=True, stage="ladder").exists():
        return
    if not _index(event.video_id):
        ask(event.video_id)


def _forget(event: TitleRemoved, **_: object) -> None:
    for video_id in event.video_ids:
        if default_storage.exists(f"{FOLDER}/{video_id}"):
            _delete(str(video_id))

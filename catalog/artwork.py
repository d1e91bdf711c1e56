"""Pictures: opened with suspicion, drawn anew in several widths, kept in the default storage."""

import colorsys
import io
import warnings
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image as Pillow
from PIL import ImageOps

from catalog import types
from catalog.models import Artwork, OtherPicture

#: Where pictures live in the default storage, and under MEDIA_URL.
FOLDER = "artwork"
#: A picture file beyond this is refused unread, in bytes.
BYTES_MAX = 25 * 1024 * 1024
#: A picture of more pixels than this is refused before it is decoded. Only JPEG can be decoded smaller than it is (a
#: 50-megapixel camera fits): a PNG of a few kilobytes may be as many pixels, and each takes four bytes several times.
PIXELS_MAX, PIXELS_MAX_JPEG = 25_000_000, 50_000_000
SIDE_MIN, SIDE_MAX = 64, 16_000
#: Long side over short side: what is longer is no picture for a card or a page.
SHAPE_MAX = 10
#: Decoders that may see an uploaded file. SVG and everything scripted is not among them.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
#: Widths made of each kind, in pixels: cards, cards on dense screens, pages, large screens.
WIDTHS = {
    "poster": (240, 480, 720),
    "backdrop": (480, 960, 1440, 1920),
    "still": (320, 640, 960),
    "portrait": (120, 240, 480),
}
FALLBACK_ACCENT = "#5b6270"


class BadImage(ValueError):
    """The file is not a picture that can be used. The text says why, for whoever chose it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture drawn anew: files by name, the widths they have, the largest one's size, its accent colour."""

    files: dict[str, bytes]
    widths: tuple[int, ...]
    width: int
    height: int
    accent: str


def keep(
    *,
    kind: str,
    data: bytes,
    title_id: UUID | None = None,
    episode_id: UUID | None = None,
    person_id: UUID | None = None,
    automatic: bool = False,
) -> UUID | None:
    """Draw, store and attach a picture; returns its id, or None when an automatic one would replace a chosen one.

    The picture that it replaces is deleted after commit. Raises `BadImage`.
    """
    drawn = draw(data, kind=kind)
    new_id = uuid4()
    saved: list[str] = []
    try:
        for name, content in drawn.files.items():
            saved.append(default_storage.save(f"{FOLDER}/{new_id}/{name}", ContentFile(content)))
        subject = {"title_id": title_id, "episode_id": episode_id, "person_id": person_id}
        return _attach(new_id, drawn, kind, subject, automatic, saved)
    except BaseException:
        for stored in saved:
            default_storage.delete(stored)
        raise


def _attach(
    new_id: UUID,
    drawn: Drawn,
    kind: str,
    subject: dict[str, UUID | None],
    automatic: bool,
    saved: list[str],
) -> UUID | None:
    with transaction.atomic():
        rows = Artwork.objects.select_for_update().filter(kind=kind)
        before = rows.filter(**{name: value for name, value in subject.items() if value}).first()
        if before and automatic and not before.automatic:
            for stored in saved:
                default_storage.delete(stored)
            return None
        if before:
            old = files_of(before)
            before.delete()
            transaction.on_commit(lambda: delete_files(old))
        Artwork.objects.create(
            id=new_id,
            **subject,
            kind=kind,
            widths=list(drawn.widths),
            width=drawn.width,
            height=drawn.height,
            accent=drawn.accent,
            automatic=automatic,
        )
    return new_id


def draw(data: bytes, *, kind: str) -> Drawn:
    """Decode a picture within limits and draw it anew as WebP in each width, and once as JPEG. Raises `BadImage`."""
    picture = _open(data, max(WIDTHS[kind]))
    full = _scaled(picture, min(picture.width, max(WIDTHS[kind])))
    widths = tuple(sorted({width for width in WIDTHS[kind] if width < full.width} | {full.width}))
    files: dict[str, bytes] = {}
    for width in widths:
        files[f"{width}.webp"] = _encode(_scaled(full, width), "WEBP", quality=80, method=4)
    middle = widths[len(widths) // 2]
    files[f"{middle}.jpg"] = _encode(
        _scaled(full, middle), "JPEG", quality=82, progressive=True, optimize=True
    )
    return Drawn(files=files, widths=widths, width=full.width, height=full.height, accent=accent_of(full))


def image(row: Artwork | OtherPicture) -> types.Image:
    """How templates see a picture."""
    base = f"{settings.MEDIA_URL}{FOLDER}/{row.id}"
    middle = row.widths[len(row.widths) // 2]
    return types.Image(
        url=f"{base}/{middle}.jpg",
        srcset=", ".join(f"{base}/{width}.webp {width}w" for width in row.widths),
        width=row.width,
        height=row.height,
    )


def files_of(row: Artwork | OtherPicture) -> list[str]:
    """Every stored file of a picture."""
    middle = row.widths[len(row.widths) // 2]
    names = [f"{width}.webp" for width in row.widths] + [f"{middle}.jpg"]
    return [f"{FOLDER}/{row.id}/{name}" for name in names]


def delete_files(stored: list[str]) -> None:
    """Delete files from storage; one that is gone already is no error."""
    for name in stored:
        default_storage.delete(name)


def accent_of(picture: Pillow.Image) -> str:
    """The colour that stands out most, brought to a lightness that reads on a dark page, as `#rrggbb`."""
    small = picture.convert("RGB").resize((48, 48))
    best, best_score = None, 0.0
    colours = small.quantize(colors=12).convert("RGB").getcolors(48 * 48) or []
    for count, colour in colours:
        if not isinstance(colour, tuple):
            continue
        hue, light, saturation = colorsys.rgb_to_hls(*(value / 255 for value in colour[:3]))
        score = (count / (48 * 48)) ** 0.5 * saturation * (1 - abs(light - 0.5) * 1.6)
        if score > best_score:
            best, best_score = (hue, light, saturation), score
    if best is None or best_score < 0.03:
        return FALLBACK_ACCENT
    hue, light, saturation = best
    rgb = colorsys.hls_to_rgb(hue, min(max(light, 0.45), 0.62), min(max(saturation, 0.35), 0.8))
    return "#" + "".join(f"{round(value * 255):02x}" for value in rgb)


def _open(data: bytes, widest: int) -> Pillow.Image:
    """The picture, upright, in RGB, and not (much) wider than `widest` pixels."""
    if not data:
        raise BadImage("The file is empty.")
    if len(data) > BYTES_MAX:
        raise BadImage(
            f"The picture is larger than {BYTES_MAX // 1024 // 1024} MB. Save it smaller and try again."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            picture = Pillow.open(io.BytesIO(data), formats=FORMATS)
            _check_size(picture)
            picture.seek(0)
            picture.draft("RGB", (2 * widest, 2 * widest))
            ImageOps.exif_transpose(picture, in_place=True)
            return _flattened(_shrunk(picture, widest))
    except BadImage:
        raise
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise BadImage("The picture unpacks to far more pixels than any screen has.") from error
    except Exception as error:
        # Decoders fail on hostile files in every way there is; none of them may reach the page.
        raise BadImage("This is not a picture that can be read. JPEG, PNG, WebP and AVIF can.") from error


def _check_size(picture: Pillow.Image) -> None:
    """Refuse what its header says to be too large or too small, before anything is decoded."""
    width, height = picture.size
    most = PIXELS_MAX_JPEG if picture.format == "JPEG" else PIXELS_MAX
    if width * height > most or max(width, height) > SIDE_MAX:
        raise BadImage(
            f"The picture has {width} by {height} pixels; {most // 1_000_000} million and {SIDE_MAX} each way are "
            "the most. Save it smaller and try again."
        )
    if min(width, height) < SIDE_MIN:
        raise BadImage(f"The picture is only {width} by {height} pixels; it needs {SIDE_MIN} each way.")
    if max(width, height) > SHAPE_MAX * min(width, height):
        raise BadImage(
            f"The picture has {width} by {height} pixels: that is a strip. Cut it to shape and try again."
        )


def _shrunk(picture: Pillow.Image, widest: int) -> Pillow.Image:
    """The picture at the size that is needed: everything after this is done on as few pixels as possible."""
    if picture.width <= widest:
        return picture
    if picture.mode not in ("RGB", "RGBA", "L", "LA"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    return _scaled(picture, widest)


def _flattened(picture: Pillow.Image) -> Pillow.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        ground = Pillow.new("RGBA", layer.size, (12, 12, 16, 255))
        return Pillow.alpha_composite(ground, layer).convert("RGB")
    return picture.convert("RGB")


def _scaled(picture: Pillow.Image, width: int) -> Pillow.Image:
    if width == picture.width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Pillow.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(picture: Pillow.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()

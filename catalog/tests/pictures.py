"""Picture files for tests, good and hostile."""

import io
import struct
import zlib
from uuid import UUID

from PIL import Image

from catalog import artwork, others


def picture_file(
    width: int = 800, height: int = 1200, colour: tuple[int, int, int] = (200, 60, 30), form: str = "PNG"
) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, form)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 4096))
        + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"><script>alert(1)</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 900 900\n(x) run\n"


def give_choices(title_id: UUID) -> None:
    """A backdrop that nobody chose, and two other pictures in its place."""
    artwork.keep(kind="backdrop", data=picture_file(1600, 900), title_id=title_id, automatic=True)
    others.keep(title_id=title_id, frames={name: picture_file(1280, 720) for name in ("one", "two")})

"""What a file is by its first bytes: enough to say in plain words what somebody uploaded instead of a film. Pure."""

from enum import StrEnum

#: How much of the file is looked at, in bytes.
HEAD = 4096


class Looks(StrEnum):
    """What the first bytes say."""

    FILM = "film"
    EMPTY = "empty"
    TEXT = "text"
    PLAYLIST = "playlist"
    SUBTITLES = "subtitles"
    PICTURE = "picture"
    SOUND = "sound"
    ARCHIVE = "archive"
    DOCUMENT = "document"
    PROGRAM = "program"
    UNKNOWN = "unknown"


_MAGIC: tuple[tuple[bytes, Looks], ...] = (
    (b"\x1a\x45\xdf\xa3", Looks.FILM),  # Matroska, WebM
    (b"FLV\x01", Looks.FILM),
    (b"OggS", Looks.FILM),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Looks.FILM),  # ASF
    (b"\x00\x00\x01\xba", Looks.FILM),  # MPEG program stream
    (b"\x06\x0e\x2b\x34", Looks.FILM),  # MXF
    (b"\x89PNG", Looks.PICTURE),
    (b"\xff\xd8\xff", Looks.PICTURE),
    (b"GIF8", Looks.PICTURE),
    (b"II*\x00", Looks.PICTURE),
    (b"MM\x00*", Looks.PICTURE),
    (b"BM", Looks.PICTURE),
    (b"8BPS", Looks.PICTURE),
    (b"ID3", Looks.SOUND),
    (b"fLaC", Looks.SOUND),
    (b"#!AMR", Looks.SOUND),
    (b"FORM", Looks.SOUND),
    (b"\xff\xfb", Looks.SOUND),
    (b"\xff\xf3", Looks.SOUND),
    (b"\xff\xf1", Looks.SOUND),
    (b"PK\x03\x04", Looks.ARCHIVE),
    (b"Rar!", Looks.ARCHIVE),
    (b"7z\xbc\xaf", Looks.ARCHIVE),
    (b"\x1f\x8b", Looks.ARCHIVE),
    (b"%PDF", Looks.DOCUMENT),
    (b"\xd0\xcf\x11\xe0", Looks.DOCUMENT),
    (b"\x7fELF", Looks.PROGRAM),
    (b"MZ", Looks.PROGRAM),
)
_RIFF = {b"AVI ": Looks.FILM, b"WAVE": Looks.SOUND, b"WEBP": Looks.PICTURE}
_STILL_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"})
_TOP_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"})
_PLAYLISTS = ("#extm3u", "ffconcat", "[playlist]", "<?xml version", "<mpd", "<asx", "file '", "file ")


def looks_like(head: bytes) -> Looks:
    """Judge by up to `HEAD` first bytes."""
    if not head:
        return Looks.EMPTY
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], Looks.UNKNOWN)
    if head[4:8] in _TOP_BOXES:
        return Looks.PICTURE if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS else Looks.FILM
    if _is_transport_stream(head):
        return Looks.FILM
    for magic, looks in _MAGIC:
        if head.startswith(magic):
            return looks
    return _text(head)


def _is_transport_stream(head: bytes) -> bool:
    """MPEG-TS: a sync byte every 188 bytes (192 on discs, with four in front)."""
    return any(
        len(head) > start + 2 * size and all(head[start + step * size] == 0x47 for step in range(3))
        for start, size in ((0, 188), (4, 192))
    )


def _text(head: bytes) -> Looks:
    """Text of some kind, or unknown. UTF-16 counts when it says so."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Looks.TEXT
    if b"\0" in head:
        return Looks.UNKNOWN
    control = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head)
    if control > len(head) // 100:
        return Looks.UNKNOWN
    words = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    if words.startswith("<svg") or (words.startswith("<?xml") and "<svg" in words):
        return Looks.PICTURE
    if words.startswith(("webvtt", "[script info]")) or " --> " in words:
        return Looks.SUBTITLES
    if words.startswith(_PLAYLISTS):
        return Looks.PLAYLIST
    return Looks.TEXT

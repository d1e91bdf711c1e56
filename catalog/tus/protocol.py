"""The headers of tus 1.0: read strictly, written in one place. Pure, but for the wording of errors."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
#: What a sender may hash a piece with. The protocol wants SHA-1; our page uses SHA-256.
ALGORITHMS = ("sha1", "sha256", "md5")
PIECE = "application/offset+octet-stream"
#: Ours: a random word for each browser tab, so that the server knows a sender that comes back from a second one.
TAB = "X-Upload-Tab"
#: Ours: `1` takes an upload over from another tab that is still sending.
TAKE_OVER = "X-Upload-Take-Over"
#: A piece whose checksum does not fit: the protocol's own status.
CHECKSUM_MISMATCH = 460

_SHA256 = re.compile(r"[0-9a-f]{64}")


class TusError(APIException):
    """A refusal with its status, a code for scripts and words for people."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words, code)
        self.status_code = status
        self.code, self.words = code, words


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece should hash to."""

    algorithm: str
    digest: bytes

    def hasher(self) -> "hashlib._Hash":
        """A hasher of this kind. MD5 and SHA-1 guard against accidents here, not against people."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An upload that a sender announces."""

    length: int
    name: str
    title: str
    episode: str
    sha256: str
    modified: int
    trailer: bool = False


def check_version(headers: Mapping[str, str]) -> None:
    """Refuse a sender that speaks another version, or no tus at all."""
    if headers.get("Tus-Resumable") != VERSION:
        raise TusError(
            412, "tus_version", _("This address speaks tus 1.0.0: send the header Tus-Resumable: 1.0.0.")
        )


def length(headers: Mapping[str, str]) -> int:
    """`Upload-Length`: how long the whole file is, in bytes."""
    if "Upload-Defer-Length" in headers:
        raise TusError(400, "length", _("Upload-Defer-Length is not supported: say Upload-Length at once."))
    size = _number(headers, "Upload-Length")
    if size == 0:
        raise TusError(400, "empty", _("The file is empty. Choose the film itself."))
    return size


def offset(headers: Mapping[str, str]) -> int:
    """`Upload-Offset`: where the sender goes on, in bytes."""
    return _number(headers, "Upload-Offset")


def check_piece(headers: Mapping[str, str]) -> None:
    """Refuse a body that is not a piece of a file."""
    if headers.get("Content-Type", "").split(";")[0].strip() != PIECE:
        raise TusError(
            415, "content_type", _("Send pieces with Content-Type: application/offset+octet-stream.")
        )


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """`Upload-Checksum: sha256 <base64>`, or None."""
    text = headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _space, encoded = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise TusError(
            400,
            "checksum_algorithm",
            _("Upload-Checksum knows %(known)s.") % {"known": ", ".join(ALGORITHMS)},
        )
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise TusError(400, "checksum", _("Upload-Checksum is not base64.")) from error
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise TusError(400, "checksum", _("Upload-Checksum has the wrong length for its algorithm."))
    return Checksum(algorithm, digest)


def wanted(headers: Mapping[str, str]) -> Wanted:
    """What a creation asks for: its length, and the metadata `filename`, `title`, `episode`, `trailer` ('1': it is
    the title's trailer), `sha256`, `modified`.
    """
    told = metadata(headers.get("Upload-Metadata", ""))
    sha256 = told.get("sha256", "").lower()
    if sha256 and not _SHA256.fullmatch(sha256):
        raise TusError(400, "sha256", _("The metadata sha256 must be 64 hexadecimal digits."))
    modified = told.get("modified", "0")
    return Wanted(
        length=length(headers),
        name=told.get("filename") or told.get("name") or "",
        title=told.get("title", ""),
        episode=told.get("episode", ""),
        trailer=told.get("trailer", "") == "1",
        sha256=sha256,
        modified=int(modified) if modified.isascii() and modified.isdigit() and len(modified) < 17 else 0,
    )


def metadata(text: str) -> dict[str, str]:
    """`Upload-Metadata`: comma-separated pairs of a key and a base64 value; a key may stand alone."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _space, encoded = pair.partition(" ")
        if key in found:
            raise TusError(400, "metadata", _("Upload-Metadata names %(key)s twice.") % {"key": key[:40]})
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            problem = _("The value of %(key)s in Upload-Metadata is not UTF-8 in base64.")
            raise TusError(400, "metadata", problem % {"key": key[:40]}) from error
    return found


def expires(when: datetime) -> str:
    """`Upload-Expires`, as HTTP writes dates."""
    return format_datetime(when, usegmt=True)


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise TusError(
            400, "header", _("The header %(name)s must be a whole number of bytes.") % {"name": name}
        )
    return int(text)

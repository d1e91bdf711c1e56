"""Takes stretches of published tracks out of their packages, decrypted when they are not in the clear."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django.core.files.storage import default_storage

from catalog import keyring, manifests
from catalog.types import Package, Rendition


class Gone(LookupError):
    """The package, its files or its key are no longer there."""


def copy(
    package: Package, rendition: Rendition, target: Path, *, segments: Sequence[int] | None = None
) -> None:
    """Write a rendition's init segment and these of its segments (all, when None) as a film of its own.

    Raises `Gone`, OSError.
    """
    key = keyring.of(package.id) if package.encrypted else None
    if package.encrypted and key is None:
        raise Gone(f"the key of package {package.id} is gone")
    numbers = range(len(rendition.segments)) if segments is None else segments
    try:
        with (
            default_storage.open(manifests.key(package.id, rendition.file), "rb") as source,
            target.open("wb") as out,
        ):
            if rendition.init:
                source.seek(rendition.init[0])
                out.write(source.read(rendition.init[1]))
            for number in numbers:
                part = rendition.segments[number]
                source.seek(part.offset)
                data = source.read(part.length)
                out.write(decrypted(data, key, number) if key else data)
    except FileNotFoundError as gone:
        raise Gone(package.id) from gone


def decrypted(data: bytes, key: bytes, number: int) -> bytes:
    """A segment in the clear: HLS AES-128, its number as the initialisation vector."""
    cipher = Cipher(algorithms.AES128(key), modes.CBC(number.to_bytes(16))).decryptor()
    padder = PKCS7(128).unpadder()
    return padder.update(cipher.update(data) + cipher.finalize()) + padder.finalize()

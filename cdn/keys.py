"""The keys that sign playback tokens: private halves as files of mode 0600 in KEYS_DIR, their dates in rows."""

import os
import tempfile
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils import timezone

from cdn import models
from cdn.types import PublicKey

#: A new key is handed to nodes this long before it signs.
NOTICE = timedelta(hours=2)
#: Nodes accept tokens this long past their expiry while the control plane is away; keys must outlive that.
OUTAGE = timedelta(hours=4)
_RELOAD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Key:
    kid: int
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    public_hex: str
    signs_from: datetime
    verify_until: datetime | None


class KeyRing:
    """The keys of this process, read again every few seconds so that a rotation by another process is seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: tuple[_Key, ...] = ()
        self._read_at = float("-inf")
        self._folder: Path | None = None

    def signing(self, now: datetime) -> _Key:
        """The newest key that may sign now; the very first one is made on the way."""
        ready = [key for key in self._current() if key.signs_from <= now and _alive(key, now)]
        if not ready:
            ready = [key for key in self._current() if _alive(key, now)]
        return max(ready, key=lambda key: key.signs_from)

    def published(self, now: datetime) -> tuple[PublicKey, ...]:
        """The public halves that nodes must know now, the announced ones included."""
        return tuple(PublicKey(key.kid, key.public_hex) for key in self._current() if _alive(key, now))

    def verifying(self, now: datetime) -> Mapping[int, Ed25519PublicKey]:
        """Keys by id, to check tokens with."""
        return {key.kid: key.public for key in self._current() if _alive(key, now)}

    def forget(self) -> None:
        """Read files and rows anew at the next use."""
        self._read_at = float("-inf")

    def _current(self) -> tuple[_Key, ...]:
        folder = Path(settings.KEYS_DIR)
        if time.monotonic() - self._read_at < _RELOAD_SECONDS and folder == self._folder:
            return self._keys
        with self._lock:
            keys = _read(folder)
            if not any(_alive(key, timezone.now()) for key in keys):
                _make(folder, signs_from=timezone.now(), only=1 + max((key.kid for key in keys), default=0))
                keys = _read(folder)
            self._keys, self._folder, self._read_at = keys, folder, time.monotonic()
        return self._keys


def rotate(*, now: datetime, notice: timedelta = NOTICE) -> int:
    """Make a new key that signs after `notice`; older ones verify until their last token is surely over. → key id."""
    signs_from = now + notice
    kid = _make(Path(settings.KEYS_DIR), signs_from=signs_from)
    until = signs_from + timedelta(seconds=settings.TOKEN_SECONDS) + OUTAGE + timedelta(hours=1)
    models.SigningKey.objects.filter(verify_until=None).exclude(kid=kid).update(verify_until=until)
    ring.forget()
    return kid


def _alive(key: _Key, now: datetime) -> bool:
    return key.verify_until is None or now < key.verify_until


def _read(folder: Path) -> tuple[_Key, ...]:
    """Every key whose private file is there; a file without a row gets one (a restored or emptied database)."""
    rows = {row.kid: row for row in models.SigningKey.objects.all()}
    keys = []
    for path in sorted(folder.glob("token-*.key")):
        kid = int(path.stem.removeprefix("token-"))
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
        public_hex = private.public_key().public_bytes_raw().hex()
        row = rows.get(kid)
        if row is None:
            row, _ = models.SigningKey.objects.get_or_create(kid=kid, defaults={"public_key": public_hex})
        if row.public_key != public_hex:  # the folder was emptied and a new key took the number
            row.public_key, row.verify_until = public_hex, None
            row.save(update_fields=["public_key", "verify_until"])
        keys.append(_Key(kid, private, private.public_key(), public_hex, row.signs_from, row.verify_until))
    return tuple(keys)


def _make(folder: Path, *, signs_from: datetime, only: int = 0) -> int:
    """Write a new private key under the next free id, or under `only`, unless another process was first.

    Two processes may race: `link` lets one of them win each id.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = Ed25519PrivateKey.generate()
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".token-")  # mode 0600 from the start
    try:
        with os.fdopen(handle, "w") as file:
            file.write(private.private_bytes_raw().hex())
            file.flush()
            os.fsync(file.fileno())
        kid = only or 1 + max(
            (int(p.stem.removeprefix("token-")) for p in folder.glob("token-*.key")), default=0
        )
        while True:
            try:
                os.link(temporary, folder / f"token-{kid:05d}.key")
                break
            except FileExistsError:
                if only:
                    return kid
                kid += 1
    finally:
        os.unlink(temporary)
    models.SigningKey.objects.update_or_create(
        kid=kid,
        defaults={
            "public_key": private.public_key().public_bytes_raw().hex(),
            "signs_from": signs_from,
            "verify_until": None,
        },
    )
    return kid


def version(published: tuple[PublicKey, ...]) -> int:
    """A number that changes when the published keys do; never 0, which means: I know none."""
    text = ",".join(f"{key.kid}:{key.public_key}" for key in published)
    return zlib.crc32(text.encode()) or 1


ring = KeyRing()

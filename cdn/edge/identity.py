"""Who this node is: its own key, its place in the fleet and what it was last told, kept in `state.json`."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cdn.ed25519 import Ed25519PrivateKey
from cdn.edge import files
from cdn.signing import proof_message, request_message


@dataclass(slots=True)
class State:
    """What survives a restart. Key and signatures in hex; `deny` maps a session's hex id to seconds since 1970."""

    private_key: str = ""
    node_id: str = ""
    slot: int = 0
    origin: str = ""
    state: str = "pending"
    keys: dict[str, str] = field(default_factory=dict)
    keys_version: int = 0
    deny: dict[str, float] = field(default_factory=dict)
    deny_version: int = 0
    lease_seconds: float = 6.0
    #: When the site was heard last, by its own clock.
    heard: float = 0.0


class Identity:
    """The node's key and memory. The private key is made here and never leaves this file (mode 0600)."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self.state = self._read()
        if not self.state.private_key:
            self.state.private_key = Ed25519PrivateKey.generate().private_bytes_raw().hex()
            self.save()
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.state.private_key))
        #: What time requests say that they were signed at: the site's, once it is known.
        self.clock: Callable[[], float] = time.time

    def _read(self) -> State:
        try:
            stored = json.loads(self._path.read_text())
            return State(**{name: stored[name] for name in State.__dataclass_fields__ if name in stored})
        except FileNotFoundError:
            return State()
        except (ValueError, TypeError) as error:
            raise SystemExit(
                f"{self._path} is damaged ({error}): remove it and enrol with a new code"
            ) from error

    def save(self) -> None:
        """Write the state down. Raises OSError."""
        self.write(self.text())

    def text(self) -> str:
        """The state as it is written."""
        return json.dumps(asdict(self.state))

    def write(self, text: str) -> None:
        """Write what `text` gave, so that a crash leaves the old one or the new one, never half of either.

        Blocks; touches nothing but the file, so that a thread may do it. Raises OSError.
        """
        files.replace(self._path, text.encode())

    @property
    def public_hex(self) -> str:
        """The public half of the node's key."""
        return self._key.public_key().public_bytes_raw().hex()

    def prove(self, nonce: str) -> str:
        """A signature that shows that this address leads to this node."""
        return self._key.sign(proof_message(nonce)).hex()

    def sign(
        self, method: str, path: str, sequence: int, body: bytes = b"", *, at: float | None = None
    ) -> dict[str, str]:
        """The headers that make a request known as this node's; `at` instead of the clock's time."""
        now = f"{self.clock() if at is None else at:.3f}"
        signature = self._key.sign(request_message(method, path, now, str(sequence), body))
        return {
            "X-Node-Id": self.state.node_id,
            "X-Node-Time": now,
            "X-Node-Seq": str(sequence),
            "X-Node-Signature": signature.hex(),
        }

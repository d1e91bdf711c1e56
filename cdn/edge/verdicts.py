"""Which tokens open what, decided once per token and remembered; the deny list; the grace while we are cut off."""

import time

from cdn.ed25519 import Ed25519PublicKey
from cdn.signing import LEEWAY, BadToken, decode

#: How long past its expiry a token opens while the control plane cannot be reached, in seconds.
GRACE = 4 * 3600.0
#: A session is counted as running this long after its last request, in seconds.
SESSION_SECONDS = 30.0
_MOST = 50_000


class Verdict:
    """What one token opens. `package` is the 32-digit id as bytes; times are seconds since 1970."""

    __slots__ = ("expires", "mask", "not_before", "package", "seen", "session", "until")

    def __init__(self, package: bytes, mask: int, not_before: float, expires: float, session: bytes) -> None:
        self.package, self.mask, self.not_before = package, mask, not_before
        self.expires = self.until = expires
        self.session, self.seen = session, 0.0


class Verdicts:
    """Every token seen lately, by its bytes in the path."""

    def __init__(self) -> None:
        self.known: dict[bytes, Verdict] = {}
        self._keys: dict[int, Ed25519PublicKey] = {}
        self._denied: dict[bytes, float] = {}
        #: Set by the agent: since when the control plane has been silent (monotonic), or None when it answers.
        self.cut_off_since: float | None = None

    @property
    def in_grace(self) -> bool:
        """Whether tokens are accepted past their expiry because the control plane cannot be reached."""
        return self.cut_off_since is not None

    def set_keys(self, keys: dict[str, str]) -> None:
        """Know these keys (id to 64 hex digits) and no others; every token is judged anew."""
        self._keys = {
            int(kid): Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)) for kid, text in keys.items()
        }
        self.known.clear()

    def set_denied(self, deny: dict[str, float]) -> None:
        """Refuse these sessions (hex id to the time when their tokens would be over)."""
        self._denied = {bytes.fromhex(session): until for session, until in deny.items()}
        self.known = {
            token: verdict for token, verdict in self.known.items() if verdict.session not in self._denied
        }

    def judge(self, token: bytes, *, now: float) -> Verdict:
        """What this token opens now. Raises BadToken with the reason."""
        verdict = self.known.get(token)
        if verdict is None:
            opened = decode(token.decode("ascii", "replace"), self._keys)
            verdict = Verdict(
                opened.package.hex().encode(),
                opened.renditions,
                opened.not_before,
                opened.expires,
                opened.session,
            )
        if verdict.session in self._denied:
            raise BadToken("denied")
        if now + LEEWAY < verdict.not_before:
            raise BadToken("early")
        if now >= verdict.expires:
            if not self.in_grace or now >= verdict.expires + GRACE:
                self.known.pop(token, None)
                raise BadToken("expired")
            verdict.until = now + 2  # asked again soon: the control plane may come back
        return verdict

    def remember(self, token: bytes, verdict: Verdict) -> None:
        """Keep a verdict for the fast path."""
        if len(self.known) >= _MOST:
            for old in list(self.known)[: _MOST // 2]:
                del self.known[old]
        self.known[token] = verdict

    def seen_session(self, session: bytes, *, now: float) -> bool:
        """Whether this session was served lately."""
        return any(
            verdict.session == session and now - verdict.seen < SESSION_SECONDS * 2
            for verdict in self.known.values()
        )

    def sessions(self, *, now: float | None = None) -> int:
        """How many sessions are being served."""
        at = time.time() if now is None else now
        return len({v.session for v in self.known.values() if at - v.seen < SESSION_SECONDS})

"""Which tokens open what, decided once per token and remembered; the deny list; the grace while we are cut off."""

from cdn.ed25519 import Ed25519PublicKey
from cdn.edge.clock import Clock, local
from cdn.signing import LEEWAY, BadToken, decode

#: How long past its expiry a token opens while the control plane cannot be reached, in seconds.
GRACE = 4 * 3600.0
#: A session is counted as running this long after its last request, in seconds.
SESSION_SECONDS = 30.0
_MOST = 50_000
#: Clocks that differ by less are the same, in seconds.
_STEP = 0.5


class Verdict:
    """What one token opens. `package` is the 32-digit id as bytes; times are seconds since 1970."""

    __slots__ = ("expires", "mask", "not_before", "package", "seen", "session", "until")

    def __init__(self, package: bytes, mask: int, not_before: float, expires: float, session: bytes) -> None:
        self.package, self.mask, self.not_before = package, mask, not_before
        self.expires = self.until = expires
        self.session, self.seen = session, 0.0


class Verdicts:
    """Every token seen lately, by its bytes in the path.

    Callers' times are the process's own (`clock.local`), and so are `seen` and `until`, which the fast path looks at.
    Tokens are judged by the site's: `skew` is what lies between.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self.known: dict[bytes, Verdict] = {}
        self._of_session: dict[bytes, list[Verdict]] = {}
        self._skew = clock.ahead() if clock is not None else 0.0
        #: When sessions were seen last whose verdicts were given up with the keys.
        self._seen_before: dict[bytes, float] = {}
        self._keys: dict[int, Ed25519PublicKey] = {}
        self._denied: dict[bytes, float] = {}
        #: Set by the agent: since when the control plane has been silent (monotonic), or None when it answers.
        self.cut_off_since: float | None = None

    @property
    def in_grace(self) -> bool:
        """Whether tokens are accepted past their expiry because the control plane cannot be reached."""
        return self.cut_off_since is not None

    def set_keys(self, keys: dict[str, str]) -> None:
        """Know these keys (id to 64 hex digits) and no others; every token is judged anew. Raises ValueError."""
        self._keys = {
            int(kid): Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)) for kid, text in keys.items()
        }
        self._seen_before = {verdict.session: verdict.seen for verdict in self.known.values() if verdict.seen}
        self.known.clear()
        self._of_session.clear()

    @property
    def skew(self) -> float:
        """How far callers' times are ahead of the site's, in seconds."""
        return self._skew

    def set_skew(self, skew: float) -> None:
        """The site's time is better known now: no verdict lasts longer or shorter by it."""
        moved = skew - self._skew
        if abs(moved) < _STEP:
            return
        self._skew = skew
        for verdict in self.known.values():
            verdict.until += moved
            if verdict.seen:
                verdict.seen += moved

    def set_denied(self, deny: dict[str, float]) -> None:
        """Refuse these sessions (hex id to the time when their tokens would be over)."""
        self._denied = {bytes.fromhex(session): until for session, until in deny.items()}
        self.known = {
            token: verdict for token, verdict in self.known.items() if verdict.session not in self._denied
        }
        for session in self._denied:
            self._of_session.pop(session, None)

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
        true = now - self._skew
        if self._clock is not None and not verdict.not_before <= true < verdict.expires:
            self.set_skew(self._clock.ahead())  # as it is this very moment
            true = self._clock.now()
            now = true + self._skew
        if true + LEEWAY < verdict.not_before:
            raise BadToken("early")
        verdict.until = verdict.expires + self._skew
        if true >= verdict.expires:
            if not self.in_grace or true >= verdict.expires + GRACE:
                self._forget(token)
                raise BadToken("expired")
            verdict.until = now + 2  # asked again soon: the control plane may come back
        return verdict

    def remember(self, token: bytes, verdict: Verdict) -> None:
        """Keep a verdict for the fast path, which does not ask again who is denied."""
        if token in self.known or verdict.session in self._denied:
            return
        if len(self.known) >= _MOST:
            for old in list(self.known)[: _MOST // 2]:
                self._forget(old)
        self.known[token] = verdict
        self._of_session.setdefault(verdict.session, []).append(verdict)

    def _forget(self, token: bytes) -> None:
        verdict = self.known.pop(token, None)
        others = self._of_session.get(verdict.session) if verdict is not None else None
        if verdict is None or others is None:
            return
        if verdict in others:
            others.remove(verdict)
        if not others:
            del self._of_session[verdict.session]

    def seen_session(self, session: bytes, *, now: float) -> bool:
        """Whether this session was served lately."""
        times = [verdict.seen for verdict in self._of_session.get(session, ())]
        times.append(self._seen_before.get(session, 0.0))
        return any(at and now - at < SESSION_SECONDS * 2 for at in times)

    def sessions(self, *, now: float | None = None) -> int:
        """How many sessions are being served."""
        at = local() if now is None else now
        return sum(
            any(at - verdict.seen < SESSION_SECONDS for verdict in verdicts)
            for verdicts in self._of_session.values()
        )

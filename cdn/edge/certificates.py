"""A certificate's life on a node: given by files or obtained from an authority, watched, renewed, and told about."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cdn.edge import acme
from cdn.edge.config import Config
from cdn.edge.tls import LOOK_SECONDS, BadCertificate, Certificate

log = logging.getLogger("edge")

#: A renewal that failed is tried again after so many seconds; the first certificate of all sooner.
RETRY_SECONDS = 3600.0
FIRST_RETRY_SECONDS = 300.0
#: A certificate is renewed when this share of its life is over.
RENEW_SHARE = 2 / 3
#: The operator is told of a certificate that ends within so many seconds.
WARN_SECONDS = 7 * 86400.0


class Certificates:
    """The certificate of this node."""

    def __init__(self, config: Config) -> None:
        host = urlsplit(config.base_url).hostname or ""
        self._host = host
        self._chain, self._key = config.cert or Path(), config.key or Path()
        self._wish: acme.Wish | None = None
        if config.acme:
            self._wish = acme.Wish(
                host,
                config.acme_directory,
                config.cache / "tls",
                config.acme_port,
                config.acme_mail,
                config.acme_trust,
            )
            self._chain, self._key = self._wish.chain, self._wish.key
        self._failed = ""
        self._next_try = 0.0
        self.current: Certificate

    async def ready(self) -> None:
        """Have a certificate, asking an authority for it as long as it takes. Raises BadCertificate when the one that
        was given cannot be used."""
        while True:
            try:
                self.current = Certificate(self._chain, self._key)
                break
            except BadCertificate:
                if self._wish is None:
                    raise
            await self._obtain(self._wish, FIRST_RETRY_SECONDS)
            await asyncio.sleep(max(0.0, self._next_try - time.time()))
        if not self.current.covers(self._host):
            log.warning(
                "the certificate is for %s, and viewers come to %s: their browsers will refuse it",
                ", ".join(self.current.names) or "no name", self._host,
            )  # fmt: skip

    async def run(self) -> None:
        """Take new files as they come, and renew in time, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.current.look()
            if self._wish is not None and self._due():
                await self._obtain(self._wish, RETRY_SECONDS)
                self.current.look()

    def _due(self) -> bool:
        now, current = time.time(), self.current
        return now >= self._next_try and now > current.since + RENEW_SHARE * (current.until - current.since)

    async def _obtain(self, wish: acme.Wish, retry: float) -> None:
        log.info("asking %s for a certificate for %s", urlsplit(wish.directory).hostname, wish.host)
        try:
            await asyncio.to_thread(acme.obtain, wish)
            self._failed, self._next_try = "", 0.0
        except (acme.NoCertificate, OSError, ValueError, KeyError, TypeError) as error:
            self._failed, self._next_try = str(error) or repr(error), time.time() + retry
            log.error("no certificate for %s: %s. Trying again in %.0f min.", wish.host, error, retry / 60)

    def report(self) -> dict[str, Any]:
        """What a heartbeat says: when the certificate ends, seconds since 1970."""
        return {"cert_until": self.current.until}

    def shown(self) -> dict[str, Any]:
        """What /health shows."""
        left = self.current.until - time.time()
        problem = f"it ends on {self.current.ends()}" if left < WARN_SECONDS else ""
        if self._failed:
            problem = f"{problem + '; ' if problem else ''}not renewed: {self._failed}"
        return {"certificate": {"names": self.current.names, "until": self.current.until, "problem": problem}}

"""What runs: the site, its workers, the encoder, the nodes, and the mail relay."""

import json
import smtplib
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from cdn import services as cdn
from cdn.types import NodeState
from netflixlite.doctor.findings import Finding, bad, good, look, warn
from netflixlite.jobs import services as jobs
from recommend import services as recommend

_SOON = timedelta(days=14)
#: What the site's clock may differ by from this one, in seconds: tokens allow for less.
_APART = 5.0


@look("site")
def the_site_answers() -> Iterator[Finding]:
    """At the address that viewers type."""
    address = f"{settings.SITE_URL}/readyz"
    try:
        with closing(urllib.request.urlopen(address, timeout=5)) as answer:  # noqa: S310 (our own setting)
            problems = json.loads(answer.read(100_000)).get("problems", [])
            said = answer.headers.get("Date", "")
    except urllib.error.HTTPError as error:
        yield bad(f"{address} answers {error.code}.", "Look at the site's log: it says what it waits for.")
        return
    except (OSError, ValueError) as error:
        yield bad(
            f"{address} does not answer: {error}",
            "Start the site with `make up`, or correct NETFLIXLITE_SITE_URL.",
        )
        return
    if problems:
        yield bad(f"The site is not ready: {'; '.join(problems)}", "Run `manage.py prepare` and restart it.")
        return
    yield good(f"The site answers at {settings.SITE_URL}.")
    apart = _apart(said)
    if apart > _APART:
        yield bad(
            f"The site's clock and this one are {apart:.0f} s apart.",
            "Run a time service (systemd-timesyncd, chrony): tokens and TV codes are bound to the time.",
        )


def _apart(date: str) -> float:
    """Seconds between an HTTP date and now; 0 when it says nothing."""
    try:
        return abs(parsedate_to_datetime(date).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


@look("workers")
def somebody_works() -> Iterator[Finding]:
    """Workers report, and nothing has waited long for one."""
    every = jobs.workers()
    if not every:
        yield bad(
            "No worker reports: nothing is encoded, mailed or tidied up.",
            "`make up` starts one; or `manage.py worker`.",
        )
    else:
        names = ", ".join(f"{one.name} ({one.busy} of {one.slots} at work)" for one in every)
        yield good(f"Workers: {names}.")


@look("recommendations")
def suggestions_are_learnt() -> Iterator[Finding]:
    """A model answers, or will; its files can be read and are not old."""
    answering, troubles = recommend.how_learning_goes()
    yield good(answering)
    for trouble in troubles:
        yield warn(trouble, "Look at the page of recommendations in the studio.")


@look("encoder")
def films_can_be_encoded() -> Iterator[Finding]:
    """ffmpeg is there and encodes half a second of film."""
    trouble = catalog.encoder_trouble()
    if trouble:
        yield bad(
            trouble,
            "Install the locked requirements again (`make up`), or name another in NETFLIXLITE_FFMPEG.",
        )
    else:
        yield good("The encoder works.")


@look("nodes")
def nodes_serve() -> Iterator[Finding]:
    """Who serves, who is silent, whose certificate ends."""
    trouble = cdn.learn()
    every = cdn.health()
    if not every:
        yield warn(
            "No edge node is registered: the site itself sends every film.",
            "Studio → Fleet → Add a node, or `manage.py addnode`.",
        )
        return
    if trouble:
        yield warn(f"{trouble} What follows is what the database says.", "Start the site first.")
    serving = [one for one in every if one.node.state in (NodeState.ACTIVE, NodeState.DEGRADED)]
    made = good if serving else bad
    yield made(
        f"{len(serving)} of {len(every)} nodes serve.",
        *(() if serving else ("Look at the fleet's page: each node says why it does not.",)),
    )
    now = timezone.now()
    for one in every:
        if one.node.state is NodeState.QUARANTINED:
            yield warn(
                f"{one.node.name} is in quarantine: {one.reason}",
                "Look at its disk and memory, then put it back.",
            )
        elif one.node.state is NodeState.SUSPECT and not trouble:
            yield warn(f"{one.node.name} is silent.", "Is the machine up? Can it reach the site?")
        if one.cert_until and one.cert_until < (now + _SOON).timestamp():
            yield warn(
                f"The certificate of {one.node.name} ends within 14 days.",
                "See docs/nodes.md on certificates.",
            )


@look("mail")
def mail_goes_out() -> Iterator[Finding]:
    """Who forgets a password needs a mail."""
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield warn(
            "No mail relay is set: reset and verification mails are printed in the site's log.",
            "Set NETFLIXLITE_EMAIL_URL, such as smtp+tls://user:password@mail.example.org:587."
            + (" Until then close sign-up: NETFLIXLITE_SIGN_UP_OPEN=0." if settings.SIGN_UP_OPEN else ""),
        )
        return
    connection = get_connection(timeout=8)
    try:
        connection.open()
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        yield bad(
            f"The mail relay does not let us in: {error}",
            "Correct NETFLIXLITE_EMAIL_URL (docs/operations.md).",
        )
    else:
        yield good("The mail relay lets us in.")


@look("people")
def somebody_runs_it() -> Iterator[Finding]:
    """There is an operator, and strangers cannot do what only family should."""
    if not accounts.operator_exists():
        yield bad("Nobody runs this site yet.", "Open the one-time link that `make up` printed.")
    else:
        yield good("There is an operator.")
    host = urlsplit(settings.SITE_URL).hostname or ""
    if settings.SIGN_UP_OPEN and host not in ("localhost", "127.0.0.1", "::1"):
        yield warn(
            "Strangers may make accounts by themselves.", "NETFLIXLITE_SIGN_UP_OPEN=0, unless that is meant."
        )


@look("places")
def the_map_is_fresh() -> Iterator[Finding]:
    """A database of addresses that is too old sends viewers to the wrong nodes."""
    if not settings.GEO_DATABASE:
        return
    file = Path(settings.GEO_DATABASE)
    if not file.is_file():
        yield bad(f"{file} is not there.", "Correct NETFLIXLITE_GEO_DATABASE, or unset it.")
        return
    days = (time.time() - file.stat().st_mtime) / 86_400
    if days > 90:
        yield warn(f"The database of addresses is {days:.0f} days old.", "Fetch a newer one from its maker.")
    else:
        yield good("The database of addresses is fresh.")

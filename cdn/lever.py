"""How `manage.py evacuate` and `drain` have the running site do it, without starting Django in a process of their own.

An operator types them when something burns. Django with all apps starts in a second, on a machine that is busy thirty
times over in forty; the site runs already and knows every load. So these two commands read the settings, sign their
wish with the site's secret key, and ask. Only a site that does not answer makes them start Django and do it themselves.

Nothing here may import models: `manage.py` calls it before Django is set up, and the site's door uses it, too.
"""

import argparse
import hashlib
import json
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.error import HTTPError

from django.conf import settings
from django.core import signing

from cdn.types import Forecast

PATH = "/api/v1/cdn/evacuations"
HEADER = "X-Site-Key"
SCOPES = ("node", "site", "region", "version")
_SALT, _SECONDS = "cdn.evacuations", 30
#: How long the site may take to answer, in seconds: a busy one takes long, and a command that gave up starts Django.
_TIMEOUT = 10.0
#: Between two lines of progress, and how much longer than forecast it is looked at, in seconds.
_EACH, _PATIENCE = 1.0, 90.0

Say = Callable[[str], object]


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"CommandError: {text}\n")


def options(parser: argparse.ArgumentParser) -> None:
    """What `drain` and `evacuate` have in common."""
    parser.add_argument("--dry-run", action="store_true", help="say what it would do, and do nothing")
    parser.add_argument("--force", action="store_true", help="do it though the others have no room")
    parser.add_argument(
        "--wait", action="store_true", help="say each second how far it is, until nobody is left"
    )
    parser.add_argument("--json", action="store_true", help="print JSON objects")
    parser.add_argument("--url", default="", help="address of the running site (default: SITE_URL)")
    parser.add_argument("--reason", default="", help="why, for the nodes' history")
    parser.add_argument("--actor", default="operator", help="who, for the nodes' history")


class _Stranger(Exception):
    """What was typed, or what was answered, is not for here: Django's own command does it, or says what is wrong."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Stranger(message)


def main(argv: Sequence[str]) -> int | None:
    """Have the site do what was typed (`evacuate region east …`); → the exit status.

    None when it has to be done here: the site does not answer, or something was typed that only Django knows.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    if argv[0] == "evacuate":
        parser.add_argument("scope", choices=SCOPES)
    parser.add_argument("value")
    options(parser)
    try:
        given = vars(parser.parse_args(argv[1:]))
        wish = {"scope": "node"} | {
            name: given[name] for name in given if name not in ("wait", "json", "url")
        }
        status, said = ask(str(given["url"]), wish)
    except (_Stranger, OSError, ValueError):
        return None
    if status not in (200, 404, 409):
        return None
    if "forecast" in said and (status == 200 or not given["json"]):
        _print(json.dumps(said["forecast"]) if given["json"] else in_words(said["forecast"]))
    if status != 200:
        _complain(said["error"]["message"])
        return 1
    if given["wait"] and said["forecast"]["done"]:
        return follow(str(given["url"]), said["forecast"], as_json=bool(given["json"]))
    return 0


def ask(site: str, wish: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """POST a wish to the running site, or GET how it stands; → status and answer. Raises OSError, ValueError."""
    body = json.dumps(wish).encode() if wish is not None else b""
    method = "GET" if wish is None else "POST"
    request = urllib.request.Request(  # noqa: S310 (the operator names it)
        (site or str(settings.SITE_URL)).rstrip("/") + PATH,
        data=body or None,
        headers={HEADER: key(method, body), "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return answer.status, dict(json.load(answer))
    except HTTPError as error:
        return error.code, dict(json.load(error))


def key(method: str, body: bytes) -> str:
    """What shows that whoever asks knows the site's secret: good for this very wish, for half a minute."""
    return signing.TimestampSigner(salt=_SALT).sign(f"{method} {hashlib.sha256(body).hexdigest()}")


def allowed(given: str, method: str, body: bytes) -> bool:
    """Whether this key was made for this wish a moment ago."""
    try:
        meant = signing.TimestampSigner(salt=_SALT).unsign(given, max_age=_SECONDS)
    except signing.BadSignature:
        return False
    return bool(meant == f"{method} {hashlib.sha256(body).hexdigest()}")


def follow(site: str, forecast: Mapping[str, Any], *, as_json: bool, say: Say = _print) -> int:
    """Say each second how far an evacuation is until nobody is left; → the exit status."""
    began, names = time.monotonic(), set(forecast["nodes"])
    while True:
        try:
            status, said = ask(site)
        except (OSError, ValueError) as error:
            status, said = 0, {"nodes": []}
            say(f"The site does not answer ({error}): nodes go on sending their viewers away by themselves.")
        elapsed = time.monotonic() - began
        gone = [one for one in said["nodes"] if one["name"] in names] if status == 200 else []
        if gone:
            others = [one for one in said["nodes"] if one["name"] not in names and one["receiving"]]
            line = {"seconds": round(elapsed, 1), "leaving": gone, "others": others}
            say(json.dumps(line) if as_json else progress(elapsed, gone, others))
            if all(one["sessions"] == 0 for one in gone):
                return 0
        if elapsed > float(forecast["seconds"]) + _PATIENCE:
            _complain("Some viewers are still there: look at `manage.py nodes`.")
            return 1
        time.sleep(_EACH)


def progress(elapsed: float, gone: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> str:
    """One line: how many have been asked to go, who is still there, and how busy the others are."""
    share = min((float(one["share"]) for one in gone), default=1.0)
    words = [f"{elapsed:5.1f} s  {share:4.0%} asked to go"]
    words.append(f"still {sum(one['egress_bps'] for one in gone) / 1e6:.0f} Mbit/s")
    words.append(f"{sum(one['sessions'] for one in gone)} sessions in the last 30 s")
    if others:
        busiest = max(others, key=_load)
        words.append(f"busiest of the others {busiest['name']} at {_load(busiest):.0%}")
    return ", ".join(words)


def _load(node: Mapping[str, Any]) -> float:
    return float(node["egress_bps"]) / max(1.0, float(node["capacity_bps"]))


def figures(forecast: Forecast) -> dict[str, Any]:
    """A forecast for programs."""
    return {
        "scope": forecast.scope, "value": forecast.value, "nodes": list(forecast.names), "done": forecast.done,
        "feasible": forecast.feasible, "refusal": forecast.refusal, "moved_bps": forecast.moved_bps,
        "moved_sessions": forecast.moved_sessions, "homeless_bps": forecast.homeless_bps, "worst": forecast.worst,
        "seconds": forecast.seconds, "kbps": forecast.kbps,
        "survivors": {one.name: [one.before, one.after] for one in forecast.survivors},
    }  # fmt: skip


def in_words(said: Mapping[str, Any], *, doing: str = "Draining", would: str = "Would drain") -> str:
    """A forecast (`figures`) for people."""
    lines = [
        f"{doing if said['done'] else would} {', '.join(said['nodes'])}: "
        f"{said['moved_bps'] / 1e6:.0f} Mbit/s of {said['moved_sessions']} sessions move within "
        f"{said['seconds']:.0f} s."
    ]
    shown = sorted(said["survivors"].items(), key=lambda one: -one[1][1])
    lines += [f"  {name:<16} {before:>5.0%} → {after:>5.0%}" for name, (before, after) in shown[:20]]
    if len(shown) > 20:
        lines.append(f"  and {len(shown) - 20} less busy ones")
    if said["kbps"]:
        lines.append(f"Players are asked to take {said['kbps']} kbit/s at most meanwhile.")
    if said["refusal"] and not said["done"]:
        lines.append(f"Speaks against it: {said['refusal']}")
    return "\n".join(lines)

"""What the installation stands on: settings, packages, files and disk."""

import importlib.metadata
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks

from netflixlite.doctor.findings import Finding, bad, good, look, warn

#: Below this share of free disk, or these bytes, encoding and SQLite begin to suffer.
_LITTLE_SHARE, _LITTLE_BYTES = 0.05, 5_000_000_000
_GB = 1e9
#: What to do where Django's checks do not say it.
_REMEDIES = {
    "security.W008": "Name your proxy's header in NETFLIXLITE_TRUSTED_PROXY_HEADER: then http is redirected.",
    "security.W009": "Run `manage.py rotatesecret`.",
    "security.W018": "Unset NETFLIXLITE_DEBUG: errors show code and settings to viewers.",
}
#: What Django says of plain http, in four parts; netflixlite.W001 says it once, and not of this machine alone.
_PLAIN_HTTP = {"security.W004", "security.W008", "security.W012", "security.W016"}


@look("settings")
def settings_fit() -> Iterator[Finding]:
    """Django's own checks and ours, those for a public site too."""
    found = [
        message
        for message in checks.run_checks(include_deployment_checks=True)
        if not message.is_silenced()
        and message.level >= checks.INFO
        and (settings.HTTPS or message.id not in _PLAIN_HTTP)
    ]
    for message in found:
        made = bad if message.level >= checks.ERROR else warn
        yield made(
            f"{message.msg} [{message.id}]",
            message.hint or _REMEDIES.get(str(message.id), "See docs/operations.md."),
        )
    if settings.DEBUG:
        yield warn("Debugging is on: errors show code and settings to viewers.", "Unset NETFLIXLITE_DEBUG.")
    if not found:
        yield good(f"Settings fit together; the site's address is {settings.SITE_URL}.")


@look("packages")
def packages_are_the_locked_ones() -> Iterator[Finding]:
    """What is installed is what was tested together."""
    lock = Path(settings.BASE_DIR) / "requirements.lock"
    wanted = dict(re.findall(r"^([A-Za-z0-9_.\-]+)==([^ \\;]+)", lock.read_text(encoding="utf-8"), re.M))
    wrong = []
    for name, version in wanted.items():
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            here = "missing"
        if here != version:
            wrong.append(f"{name} {here} instead of {version}")
    if wrong:
        yield bad(
            f"Packages differ from the lock file: {'; '.join(wrong[:8])}.", "Run `make up` or `make setup`."
        )
    else:
        yield good(f"{len(wanted)} packages, all as locked.")


@look("disk")
def there_is_room() -> Iterator[Finding]:
    """Free space where state lives."""
    for name, folder in {
        "state": settings.HOME,
        "work": settings.WORK_DIR,
        "uploads": settings.FILE_UPLOAD_TEMP_DIR,
    }.items():
        usage = shutil.disk_usage(folder)
        words = f"{usage.free / _GB:.1f} GB of {usage.total / _GB:.0f} GB are free for {name} ({folder})."
        if usage.free < _LITTLE_BYTES or usage.free < _LITTLE_SHARE * usage.total:
            yield warn(
                words, "Make room, or archive sources (NETFLIXLITE_SOURCES); encoding pauses when it is full."
            )
        else:
            yield good(words)


@look("secrets")
def secrets_are_kept() -> Iterator[Finding]:
    """Keys are long enough, and nobody else on this machine may read them."""
    if len(settings.SECRET_KEY) < 50 or len(set(settings.SECRET_KEY)) < 5:
        yield bad(
            "The secret key is short or simple.",
            "Run `manage.py rotatesecret`, or set NETFLIXLITE_SECRET_KEY.",
        )
    open_ones = [
        path.name
        for path in sorted(Path(settings.KEYS_DIR).iterdir())
        if path.is_file() and path.name != "site-url" and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    folder = stat.S_IMODE(Path(settings.KEYS_DIR).stat().st_mode)
    if folder & 0o077:
        yield bad(
            f"{settings.KEYS_DIR} may be entered by others (mode {folder:o}).",
            f"chmod 700 {settings.KEYS_DIR}",
        )
    elif open_ones:
        yield warn(
            f"Others may read {', '.join(open_ones)} in {settings.KEYS_DIR}.", "chmod 600 these files."
        )
    else:
        yield good("Keys are readable for this user alone.")
    if settings.SECRET_KEY_FALLBACKS:
        yield warn(
            f"{len(settings.SECRET_KEY_FALLBACKS)} earlier secret key still opens sessions and links.",
            "After 90 days, or at once when it was stolen: `manage.py rotatesecret --forget`.",
        )


@look("player")
def the_player_is_there() -> Iterator[Finding]:
    """hls.js comes by npm; static files are collected, and each that pages name is there."""
    names = getattr(staticfiles_storage, "hashed_files", None)
    if names is not None:
        gone = sorted(name for name in {*names.values()} if not staticfiles_storage.exists(name))
        if gone or "js/main.js" not in names:
            yield bad(
                f"Collected static files are missing: {', '.join(gone[:3]) or 'js/main.js'}.",
                "Run `manage.py prepare`, which collects them, and start the site again.",
            )
            return
    missing = [
        name
        for name in ("js/main.js", "vendor/hls.min.mjs")
        if not any(
            (Path(folder) / name).exists() for folder in (settings.BASE_DIR / "static", settings.STATIC_ROOT)
        )
    ]
    if missing:
        yield bad(
            f"Static files are missing: {', '.join(missing)}.",
            "Run `make up`, which fetches and collects them.",
        )
    else:
        yield good("The player's files are there.")

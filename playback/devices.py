"""What to call a device, from its User-Agent header: good enough for 'Chrome on Windows is watching'. Pure."""

import hashlib

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Chromium", "Chromium"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "Chromebook"),
    ("Mac OS X", "Mac"),
    ("Tizen", "TV"),
    ("Web0S", "TV"),
    ("Linux", "Linux"),
)


def name(user_agent: str) -> str:
    """A short name for people; '' when nothing is recognised. The header itself is never shown."""
    browser = next((label for mark, label in _BROWSERS if mark in user_agent), "")
    system = next((label for mark, label in _SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if browser and system else browser or system


def fingerprint(*parts: str) -> str:
    """What stays the same on one browser and tells nobody anything, from what identifies that browser to us."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

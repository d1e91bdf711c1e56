"""What to call a device, from its User-Agent header. Pure.

The header is what a stranger writes: nothing of it is ever kept or shown, only words of ours that it points to.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing it is, for its icon."""

    COMPUTER = "computer"
    PHONE = "phone"
    TABLET = "tablet"
    TV = "tv"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Words:
    """`browser` and `system` are '' when nothing is recognised."""

    browser: str
    system: str
    kind: Kind

    @property
    def player(self) -> str:
        """The two together, like 'Chrome on Windows'; '' when nothing is known."""
        both = self.browser and self.system
        return f"{self.browser} on {self.system}" if both else self.browser or self.system


#: First match wins: browsers name their ancestors in the same header.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi", "Vivaldi"),
    ("YaBrowser", "Yandex"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Silk/", "Silk"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("CrKey", "Chromecast"),
    ("HeadlessChrome", "Chrome"),
    ("Chromium", "Chromium"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("VLC", "VLC"),
    ("libmpv", "mpv"),
    ("Kodi", "Kodi"),
    ("AppleCoreMedia", "Apple player"),
    ("ExoPlayer", "Android player"),
    ("python-requests", "A program"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone", Kind.PHONE),
    ("iPad", "iPad", Kind.TABLET),
    ("Apple TV", "Apple TV", Kind.TV),
    ("AppleTV", "Apple TV", Kind.TV),
    ("Tizen", "Samsung TV", Kind.TV),
    ("Web0S", "LG TV", Kind.TV),
    ("webOS", "LG TV", Kind.TV),
    ("CrKey", "TV", Kind.TV),
    ("BRAVIA", "Android TV", Kind.TV),
    ("Android TV", "Android TV", Kind.TV),
    ("AFT", "Fire TV", Kind.TV),
    ("PlayStation", "PlayStation", Kind.TV),
    ("Xbox", "Xbox", Kind.TV),
    ("SMART-TV", "TV", Kind.TV),
    ("SmartTV", "TV", Kind.TV),
    ("HbbTV", "TV", Kind.TV),
    ("Android", "Android", Kind.PHONE),
    ("Windows Phone", "Windows Phone", Kind.PHONE),
    ("Windows", "Windows", Kind.COMPUTER),
    ("CrOS", "Chromebook", Kind.COMPUTER),
    ("Mac OS X", "Mac", Kind.COMPUTER),
    ("Linux", "Linux", Kind.COMPUTER),
)
#: Programs that are no browser: what plays in them is an app, whatever it runs on.
_APPS = frozenset({"VLC", "mpv", "Kodi", "Apple player", "Android player", "A program", "curl"})


def describe(user_agent: str) -> Words:
    """Words for people. Anything may be given, of any length."""
    text = user_agent[:400]
    browser = next((label for mark, label in _BROWSERS if mark in text), "")
    system, kind = next(
        ((label, kind) for mark, label, kind in _SYSTEMS if mark in text), ("", Kind.COMPUTER)
    )
    if system == "Android" and "Mobile" not in text:
        kind = Kind.TABLET
    if browser in _APPS and kind is not Kind.TV:
        kind = Kind.APP
    return Words(browser, system, kind)

"""How the films of a folder are to be taken in, and why some are not, in words."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Orders:
    """What whoever started the import asked for; kept with each file until its turn has come.

    `copy` takes a copy instead of reading the file in place. `maturity` is for titles that nothing rates; None is
    the setting's. Empty texts mean the settings' choice. `root` is the library's folder.
    """

    publish: bool = True
    copy: bool = False
    maturity: int | None = None
    ladder: str = ""
    preset: str = ""
    root: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON; what is not said is left out."""
        return {
            name: value
            for name, value in asdict(self).items()
            if value is not None and value is not False and value != ""
        }

    @property
    def age(self) -> int:
        """The age for titles that nothing rates, in years."""
        chosen = settings.LIBRARY_MATURITY if self.maturity is None else self.maturity
        return max(0, min(21, int(chosen)))


def of_settings() -> Orders:
    """What watched folders are taken in with."""
    return Orders(publish=settings.LIBRARY_PUBLISH)


def from_plain(given: dict[str, Any]) -> Orders:
    """Orders that were kept as JSON; unknown names are ignored."""
    known = {field.name for field in fields(Orders)}
    return Orders(**({"publish": False} | {name: value for name, value in given.items() if name in known}))


def words(code: str) -> str:
    """Why a file was left out, for the operator. Codes come from `names` and `folders`."""
    return {
        "extra": _(
            "An extra, or a trailer of what is not here: only films, episodes and their trailers are taken in."
        ),
        "sample": _("A sample of a film, not the film."),
        "disc": _("Part of a disc's folder (VIDEO_TS, BDMV). Make one file of it first, for instance MKV."),
        "nameless": _("Its name says nothing. Call it like the film: Name (Year).mkv"),
        "name": _("Its name is not valid UTF-8, or longer than 4000 characters. Rename it."),
        "link": _("A link to a file outside this folder. Move the file here, or import the other folder."),
        "unreadable": _("It cannot be read. Check its permissions."),
        "special": _("It is not a plain file."),
        "empty": _("It is empty."),
        "part": _(
            "One of several parts of a film (cd1, cd2 …). Join them to one file, for instance with mkvmerge."
        ),
    }.get(code, code)

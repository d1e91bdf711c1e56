"""What a path says of the film or the episode in it. Pure: looks at names only, never at files.

Usual names (`Film (1999)/Film (1999).mkv`, `Show/Season 01/Show - S01E02.mkv`) are read by patterns of our own, in
microseconds; guessit, which needs milliseconds, is asked about the rest.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from catalog.library import odd_names

#: Endings of files that may hold a film.
VIDEO_ENDINGS = frozenset(
    {
        "mkv",
        "mp4",
        "m4v",
        "mov",
        "avi",
        "mpg",
        "mpeg",
        "ts",
        "m2ts",
        "mts",
        "wmv",
        "flv",
        "webm",
        "ogv",
        "ogm",
        "vob",
    }
    | {"3gp", "asf", "divx", "mxf"}
)
#: Folders whose files accompany a film instead of being one.
_EXTRA_FOLDERS = {
    "extras", "extra", "bonus", "featurettes", "featurette", "behind the scenes", "deleted scenes", "interviews",
    "scenes", "shorts", "trailers", "trailer", "samples", "sample", "clips", "backdrops", "theme-music", "proof",
}  # fmt: skip
_EXTRA_NAME = re.compile(
    r"(?:^|[-._ ])(trailer|teaser|sample|featurette|behindthescenes|deleted|deletedscene|interview|scene|short|clip|"
    r"extra)"
    r"(?:[-._ ]?\d{1,2})?$",
    re.IGNORECASE,
)
_TRAILER_FOLDERS = {"trailers", "trailer"}
_TRAILER_NAME = re.compile(r"^(?:(.+?)[-._ ]+)?trailer(?:[-._ ]?\d{1,2})?$", re.IGNORECASE)
_DISC_FOLDERS = {"video_ts", "bdmv", "audio_ts", "hvdvd_ts"}
_SEASON_FOLDER = re.compile(
    r"(?:season|staffel|saison|temporada|stagione|seizoen|series|sæson|säsong|s)[ ._-]*(\d{1,4})(?=$|[^\d])",
    re.IGNORECASE,
)
_SPECIALS = {"specials", "special", "season 0", "season 00"}
_MARK = re.compile(
    r"(?<![a-z0-9])s(\d{1,4})[ ._-]{0,3}e(\d{1,4})((?:[ ._]?-?[ ._]?e\d{1,4}|-\d{1,3}(?![\dp]))*)",
    re.IGNORECASE,
)
_CROSS = re.compile(
    r"(?<![a-z0-9])(\d{1,2})x(\d{2,3})((?:-\d{1,2}x\d{2,3}|-\d{2,3})*)(?![\dp])", re.IGNORECASE
)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-._ ](\d\d)[-._ ](\d\d)(?!\d)")
_IN_SEASON = re.compile(
    r"^(?:e|ep|episode|folge|part|teil)?[ ._-]*(\d{1,3})(?=$|[^\d])[ ._-]*(.*)$", re.IGNORECASE
)
_ABSOLUTE = re.compile(r"^(.+?)[ ._]+-[ ._]+(\d{1,4})(?:v\d)?(?=$|[ ._\[(-])(.*)$")
_YEAR_IN_BRACKETS = re.compile(r"^(.+?)[ ._]*[(\[]((?:19|20)\d\d)[)\]](.*)$")
_YEAR_BARE = re.compile(r"^(.+)[ ._]+((?:19|20)\d\d)(?=[ ._]|$)(.*)$")
_PART = re.compile(r"[-._ (\[](?:cd|dvd|disc|disk|pt)[ ._-]?(\d)\b", re.IGNORECASE)
_IDS = re.compile(r"[\[{(](tmdb|imdb|tvdb)(?:id)?[-=: ](tt\d{6,10}|\d{1,9})[\]})]", re.IGNORECASE)
_TECHNICAL = re.compile(
    r"(?:[-._ ([]+)(?:2160p|1080[pi]|720p|576[pi]|480[pi]|4k|uhd|x26[45]|h[ .]?26[45]|hevc|xvid|divx|blu-?ray|bd-?rip|"
    r"br-?rip|dvd-?rip|web-?dl|web-?rip|hdtv|remux|proper|repack|multi|extended|unrated|remastered|aac|dts|ac3|10bit|hdr"
    r")(?=$|[-._ )\]]).*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a name says. `kind` is 'film', 'episode', 'trailer' (then name and year are those of what it is for) or
    'skipped', then `why` tells the operator the reason.

    `root` is the folder that belongs to the film or series alone (its NFO and pictures stand there), relative to the
    library's, '' when there is none. `episodes` has several numbers for a file of several episodes.
    """

    kind: str
    name: str = ""
    year: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    episode_name: str = ""
    root: str = ""
    part: int | None = None
    why: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What is compared: the same key is the same film or the same series."""
        return f"{self.kind}:{fold(self.name)}:{self.year or ''}"[:300]


def is_video(name: str) -> bool:
    """Whether a file of this name may hold a film."""
    return name.rpartition(".")[2].lower() in VIDEO_ENDINGS and not name.startswith(".")


def guess(relative: str) -> Guess:
    """What a path, relative to the library's folder, says."""
    path = PurePosixPath(relative)
    folders = list(path.parts[:-1])
    stem = path.stem
    if found := _trailer(folders, stem):
        return found
    if why := _left_out(folders, stem):
        return Guess("skipped", why=why)
    ids = {kind.lower(): value.lower() for kind, value in _IDS.findall(relative)}
    bare = _IDS.sub("", stem).strip(" ._-") or stem
    return _episode(folders, bare, ids) or _film(folders, bare, ids) or _odd(relative, folders, ids)


def fold(text: str) -> str:
    """A name as it is compared: no accents, capitals, punctuation or article before it."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    letters = "".join(
        c if c.isalnum() else " " for c in plain if not unicodedata.combining(c) and c not in "'\u2019"
    )
    words = letters.split()
    if len(words) > 1 and words[0] in ("the", "a", "an"):
        words = words[1:]
    return " ".join(words)


def tidy(text: str) -> str:
    """A name for people out of a file's: 'Night.Mail.1080p.x264' → 'Night Mail'."""
    text = _IDS.sub("", text)
    if " " not in text.strip():
        # Dots are spaces only where there are no spaces: 'Dr. Strangelove' keeps its own.
        text = re.sub(r"[._]+", " ", text)
    text = _TECHNICAL.sub("", text.replace("_", " "))
    return re.sub(r"\s+", " ", text).strip(" -._[]{}(")


def _trailer(folders: list[str], stem: str) -> Guess | None:
    """A trailer, by its name or its folder, and which film or series it is for."""
    # As above: a folder at the top is a shelf of the library.
    if len(folders) > 1 and folders[-1].lower() in _TRAILER_FOLDERS:
        name = folders[-2]
    elif (match := _TRAILER_NAME.match(stem)) and (match[1] or folders):
        # In a folder that says its year the file may be called what it likes.
        name = match[1] if match[1] and not (folders and _name_and_year(folders[-1])[1]) else folders[-1]
    else:
        return None
    title, year = _name_and_year(_IDS.sub("", name).strip(" ._-"))
    return Guess("trailer", name=title[:200], year=year) if title else None


def _left_out(folders: list[str], stem: str) -> str:
    """Why this is not a film, '' when it may be one: a code that `scan` has words for."""
    lower = [folder.lower() for folder in folders]
    if any(folder in _DISC_FOLDERS for folder in lower):
        return "disc"
    # A folder at the top is a shelf of the library, and may be called what it likes.
    if any(folder in _EXTRA_FOLDERS for folder in lower[1:]):
        return "extra"
    match = _EXTRA_NAME.search(stem)
    if match and (match.start() > 0 or match[1].lower() in ("trailer", "sample")):
        # 'The Interview (2014)' ends in its year; 'The Interview' alone is a film of that name.
        mark = stem[match.start() : match.start() + 1]
        if match.start() == 0 or mark in "-." or match[1].lower() in ("trailer", "sample", "featurette"):
            return "sample" if match[1].lower() == "sample" else "extra"
    return ""


def _episode(folders: list[str], stem: str, ids: dict[str, str]) -> Guess | None:
    """An episode, by a mark in its name or by its folder."""
    season_folder = _season_of(folders[-1]) if folders else None
    for pattern in (_MARK, _CROSS):
        if match := pattern.search(stem):
            numbers = (
                int(match[2]),
                *(int(n) for n in re.findall(r"(?:e|x|-)(\d{1,4})(?!x)", match[3].lower())),
            )
            return _found(folders, stem[: match.start()], int(match[1]), numbers, stem[match.end() :], ids)
    if (match := _DAY.search(stem)) and (match.start() > 0 or season_folder is not None):
        try:
            day = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            return None
        # A daily show: its year is the season, month and day the number, which keeps the order.
        rest = tidy(stem[match.end() :])
        folders = folders[:-1] if folders and folders[-1] == match[1] else folders
        name = f"{day.isoformat()} {rest}".strip()
        return _found(folders, stem[: match.start()], day.year, (day.month * 100 + day.day,), name, ids)
    if season_folder is not None:
        show = folders[-2] if len(folders) > 1 else ""
        rest = stem[len(show) :].strip(" ._-") if show and fold(stem).startswith(fold(tidy(show))) else stem
        if (match := _IN_SEASON.match(rest)) and int(match[1]) > 0:
            return _found(folders, "", season_folder, (int(match[1]),), match[2], ids)
    if folders and (match := _ABSOLUTE.match(stem)) and int(match[2]) > 0:
        name, _year = _name_and_year(folders[-1])
        own, _own_year = _name_and_year(re.sub(r"^\[[^\]]*\]\s*", "", match[1]))
        if fold(name) == fold(own) and not 1900 <= int(match[2]) <= 2099:
            return _found(folders, match[1], 1, (int(match[2]),), match[3], ids)
    return None


def _found(
    folders: list[str], before: str, season: int, numbers: tuple[int, ...], after: str, ids: dict[str, str]
) -> Guess | None:
    """Put an episode together: the series is the folder's name where the folder is the series'."""
    name, year = _name_and_year(re.sub(r"^\[[^\]]*\]\s*", "", before))
    above = list(folders)
    in_season = bool(above) and _season_of(above[-1]) is not None
    if in_season:
        above.pop()
    root = ""
    if above:
        folder_name, folder_year = _name_and_year(above[-1])
        mine, theirs = fold(name), fold(folder_name)
        if theirs and (not mine or in_season or mine.startswith(theirs) or theirs.startswith(mine)):
            name, year, root = folder_name, folder_year or year, "/".join(above)
    numbers = _spread(numbers)
    if not name or not numbers or season > 9999:
        return None
    title = tidy(after)
    return Guess(
        "episode",
        name=name[:200],
        year=year,
        season=season,
        episodes=numbers,
        episode_name=title[:200],
        root=root,
        ids=ids,
    )


def _spread(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """'E01-E03' names the ends of a run; a number below the first is something else."""
    first, last = numbers[0], numbers[-1]
    if first < 1:
        return ()
    if len(numbers) == 2 and first < last <= first + 12:
        return tuple(range(first, last + 1))
    return tuple(dict.fromkeys(n for n in numbers if n >= first))


def _film(folders: list[str], stem: str, ids: dict[str, str]) -> Guess | None:
    """A film whose file or folder says its year."""
    name, year = _name_and_year(stem)
    root = ""
    if folders:
        folder_name, folder_year = _name_and_year(folders[-1])
        same = fold(name).startswith(fold(folder_name)) or fold(folder_name).startswith(fold(name))
        if folder_year is not None and (year is None or (year == folder_year and same)):
            name, year, root = folder_name, folder_year, "/".join(folders)
        elif same and folder_name:
            root = "/".join(folders)
    if year is None or not name:
        return None
    part = _PART.search(stem)
    return Guess("film", name=name[:200], year=year, root=root, part=int(part[1]) if part else None, ids=ids)


def _odd(relative: str, folders: list[str], ids: dict[str, str]) -> Guess:
    """Neither a year nor an episode that we know: guessit may know more."""
    known: dict[str, Any] = odd_names.ask(relative)
    name = tidy(str(known.get("title") or "")) or tidy(PurePosixPath(relative).stem)
    if not name:
        return Guess("skipped", why="nameless")
    season, episodes = known.get("season"), known.get("episode")
    numbers = tuple(n for n in (episodes if isinstance(episodes, list) else [episodes]) if isinstance(n, int))
    if known.get("type") == "episode" and isinstance(season, int) and numbers:
        found = _found(folders, name, season, numbers, str(known.get("episode_title") or ""), ids)
        if found is not None:
            return found
    # Without a season it is taken for a film; its name is what the file says, numbers and all.
    part = _PART.search(PurePosixPath(relative).stem)
    plain = tidy(PurePosixPath(relative).stem) or name
    same = bool(folders) and fold(_name_and_year(folders[-1])[0]) == fold(plain)
    year = known.get("year")
    return Guess(
        "film",
        name=plain[:200],
        year=year if isinstance(year, int) and 1870 <= year <= 2200 else None,
        root="/".join(folders) if same else "",
        part=int(part[1]) if part else None,
        ids=ids,
    )


def _season_of(folder: str) -> int | None:
    """The number of a season's folder, None when it is another folder."""
    if folder.strip().lower() in _SPECIALS:
        return 0
    match = _SEASON_FOLDER.match(folder.strip())
    if match and len(match[0]) == len(folder.strip()):
        return int(match[1])
    # 'Season 1 - The Beginning', 'Show Season 2', 'Show S02'
    match = re.search(r"(?:^|[ ._-])(?:season[ ._-]*|s)(\d{1,2})(?=$|[ ._-])", folder, re.IGNORECASE)
    return int(match[1]) if match else None


def _name_and_year(text: str) -> tuple[str, int | None]:
    """'Night.Mail.(1936).1080p' → ('Night Mail', 1936)."""
    text = _IDS.sub("", text).strip()
    for pattern in (_YEAR_IN_BRACKETS, _YEAR_BARE):
        if match := pattern.match(text):
            name = tidy(match[1])
            if name:
                return name, int(match[2])
    return tidy(text), None

"""What a scan finds of one file, before anything is written: its name's meaning, its company, what its NFO says."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.library import folders, names
from catalog.library.folders import Folder, Seen, company_of
from catalog.metadata import description, nfo
from catalog.metadata.description import Description


@dataclass(slots=True)
class Finding:
    """A video file (or, for a series, its folder with a slash at the end) and all that is known of it from outside."""

    seen: Seen
    guess: names.Guess
    company: tuple[Seen, ...] = ()
    said: Description | None = None
    problem: str = ""
    #: Its bytes are others than those that were taken in, though as many.
    other_content: bool = False

    @property
    def company_hash(self) -> str:
        """What tells this company from another."""
        return company_of(*self.company)

    @property
    def description(self) -> Description:
        """What the NFO says, and where it says nothing, the name."""
        return over(of_name(self.guess), self.said)


def in_folder(folder: Folder, root: str) -> list[Finding]:
    """Findings for a folder's videos, large ones first: of two versions of a film the larger is taken."""
    found = []
    videos = sorted(folder.videos, key=lambda one: (-one.bytes, one.path))
    for seen in videos:
        guess = names.guess(os.path.relpath(seen.path, root))
        if seen.bytes == 0 and guess.kind != "skipped":
            guess = replace(guess, kind="skipped", why="empty")
        company = list(folder.beside.get(seen.path, ()))
        if guess.kind == "film":
            if guess.part is not None:
                guess = replace(guess, kind="skipped", why="part")
            elif guess.root and os.path.join(root, guess.root) == folder.path and _alone(folder, guess, root):
                company += folder.own
        found.append(Finding(seen=seen, guess=guess, company=tuple(company)))
    return found


def of_series(guess: names.Guess, root: str, own: Sequence[Seen]) -> Finding:
    """The finding for an episode's series."""
    path = os.path.join(root, guess.root) + "/" if guess.root else os.path.join(root, f"{guess.key}/")
    series = names.Guess("series", name=guess.name, year=guess.year, root=guess.root, ids=guess.ids)
    return Finding(seen=Seen(path, 0, 0), guess=series, company=tuple(own) if guess.root else ())


def company_now(path: str, root: str) -> tuple[Seen, ...]:
    """What stands beside a film, an episode or (its folder, with a slash at the end) a series at this moment."""
    if path.endswith("/"):
        return tuple(folders.read(path.rstrip("/"), root)[0].own)
    folder, _below = folders.read(os.path.dirname(path), root)
    return next((one.company for one in in_folder(folder, root) if one.seen.path == path), ())


def read_nfo(finding: Finding, root: str) -> None:
    """Read the NFO in the company, if there is one; a bad one becomes a problem in words, and counts as none."""
    files = [one for one in finding.company if one.name.lower().endswith(".nfo")]
    files.sort(key=lambda one: (_nfo_rank(one.name.lower(), finding), one.path))
    for file in files[:1]:
        try:
            several = nfo.read(Path(file.path), within=root)
        except nfo.BadNfo as error:
            finding.problem = f"The NFO was not used: {error}."
            continue
        finding.said = _joined(several) if finding.guess.kind == "episode" else several[0]


def of_name(guess: names.Guess) -> Description:
    """What the name alone says."""
    return Description(
        name=description.line(guess.name, description.NAME_MAX),
        year=guess.year,
        tmdb_id=description.number(guess.ids.get("tmdb"), range(1, 2**31)),
        imdb_id=description.imdb(guess.ids.get("imdb")),
    )


def over(base: Description, said: Description | None) -> Description:
    """`base` with everything that `said` says in its place."""
    if said is None:
        return base
    told = {name: getattr(said, name) for name in Description.__dataclass_fields__}
    return replace(base, **{name: value for name, value in told.items() if value is not None})


def _alone(folder: Folder, guess: names.Guess, root: str) -> bool:
    """Whether the folder's films are one and the same: then its poster.jpg and movie.nfo are that film's."""
    others = (names.guess(os.path.relpath(one.path, root)) for one in folder.videos[:50])
    return all(one.kind != "film" or one.key == guess.key for one in others)


def _nfo_rank(name: str, finding: Finding) -> int:
    """Which of several NFO files is the one: the kind's own first."""
    kind = finding.guess.kind
    if kind == "series":
        return 0 if name == "tvshow.nfo" else 9
    stem = finding.seen.name.rpartition(".")[0].lower()
    return 0 if name == f"{stem}.nfo" else 1 if name == "movie.nfo" else 2


def _joined(several: list[Description]) -> Description:
    """One description for a file of several episodes."""
    if len(several) == 1:
        return several[0]
    titles = [one.name for one in several if one.name]
    plots = [one.synopsis for one in several if one.synopsis]
    return replace(
        several[0],
        name=description.line(" / ".join(titles), description.NAME_MAX),
        synopsis=description.paragraphs("\n\n".join(plots)),
    )

"""NFO files (the XML that Kodi, Jellyfin and others write beside films), read with suspicion."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from catalog import plain_file
from catalog.metadata import description, ratings
from catalog.metadata.description import Description

#: A larger file is not one, in bytes.
BYTES_MAX = 1024 * 1024
#: More elements than any NFO has.
_ELEMENTS_MAX = 20_000
#: No genre, rating or name is longer, in letters: patterns see no more, as some need a square of the steps.
_WORDS_MAX = 1_000
_ROOTS = {"movie", "tvshow", "episodedetails", "video"}
_DECLARATION = re.compile(r"<\?xml[^<>]{0,300}\?>")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}encoding=["']([A-Za-z0-9._-]{1,40})["']""")
_LINKS = (
    ("tmdb_id", re.compile(r"themoviedb\.org/(?:movie|tv)/(\d{1,9})")),
    ("imdb_id", re.compile(r"imdb\.com/title/(tt\d{6,9})")),
)


class BadNfo(ValueError):
    """The file is not an NFO that can be used; the text says why."""


def read(path: Path, *, within: str = "") -> list[Description]:
    """What an NFO file says: one description, or one for each of the episodes in a file. Raises `BadNfo`.

    `within`: as in `plain_file.opened`.
    """
    try:
        with plain_file.opened(path, within=within) as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise BadNfo(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        return parse(data)
    except BadNfo as error:
        raise BadNfo(f"{path.name}: {error}") from error


def parse(data: bytes) -> list[Description]:
    """What the bytes of an NFO say. Raises `BadNfo`.

    Several roots after each other, as for a file of several episodes, are usual, and so is a link after the root
    or instead of it.
    """
    if len(data) > BYTES_MAX:
        raise BadNfo("it is larger than 1 MB; an NFO is a few kilobytes")
    text = _DECLARATION.sub("", _decode(data)).strip("\x00\ufeff \r\n\t")
    if "<" not in text:
        return _link_only(text)
    # One wrapper makes several roots one document; a document type inside it is an error, which is as well.
    try:
        root = fromstring(f"<nfo>{_repaired(text)}</nfo>", forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise BadNfo(f"it is not an NFO that can be read ({error}). Write it anew, or remove it") from error
    if sum(1 for _each in zip(root.iter(), range(_ELEMENTS_MAX + 1), strict=False)) > _ELEMENTS_MAX:
        raise BadNfo("it has more elements than any NFO")
    found = [_description(one) for one in root if one.tag in _ROOTS]
    return found or _link_only(text)


def _description(root: Element) -> Description:
    series = root.tag == "tvshow"
    plot = _text(root, "plot") or _text(root, "outline")
    rated = ratings.age(_text(root, "mpaa") or "") if _text(root, "mpaa") else None
    year = description.number(_text(root, "year"), description.YEARS)
    if year is None:
        year = description.number(_text(root, "premiered") or _text(root, "releasedate"), description.YEARS)
    ids = dict(_ids(root))
    genres = description.names(
        (
            part
            for one in root.findall("genre")
            for part in re.split(r"\s+/\s+|[|,;]", (one.text or "")[:_WORDS_MAX])
        ),
        most=description.GENRES_MAX,
        longest=description.GENRE_MAX,
    )
    return Description(
        name=description.line(_text(root, "title"), description.NAME_MAX),
        year=year,
        tagline=description.line(_text(root, "tagline"), description.TAGLINE_MAX),
        synopsis=description.paragraphs(plot),
        maturity=rated,
        genres=genres or None,
        people=description.credits(_people(root, series=series)) or None,
        tmdb_id=description.number(ids.get("tmdb"), range(1, 2**31)),
        imdb_id=description.imdb(ids.get("imdb")),
        season=description.number(_text(root, "season"), range(10_000)),
        episode=description.number(_text(root, "episode"), range(10_000)),
    )


def _people(root: Element, *, series: bool) -> Iterator[tuple[object, str, object]]:
    for one in root.findall("director"):
        yield one.text, "director", ""
    for one in root.findall("credits"):
        for name in (one.text or "").split(" / "):
            yield name, "creator" if series else "writer", ""
    for one in root.findall("actor"):
        yield _text(one, "name"), "cast", _text(one, "role")


def _ids(root: Element) -> Iterator[tuple[str, str]]:
    """Later ones win: `uniqueid` is what is written today."""
    plain = _text(root, "id") or ""
    yield ("imdb" if plain.startswith("tt") else "other"), plain
    for kind in ("tmdb", "imdb"):
        if text := _text(root, f"{kind}id") or _text(root, f"{kind}_id"):
            yield kind, text
    for one in root.findall("uniqueid"):
        yield str(one.get("type", "")).lower(), (one.text or "").strip()


def _text(root: Element, tag: str) -> str | None:
    found = root.find(tag)
    return found.text if found is not None and found.text else None


def _decode(data: bytes) -> str:
    """Text in whatever it was written: as it declares, UTF-8, UTF-16 by its mark, else Windows' western letters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    declared = _ENCODING.match(data.lstrip(b"\xef\xbb\xbf \r\n\t"))
    for encoding in (declared[1].decode("ascii") if declared else "utf-8", "utf-8", "cp1252"):
        if encoding.lower().replace("_", "-") not in (
            "utf-8",
            "utf8",
            "cp1252",
            "windows-1252",
        ) and not re.fullmatch(
            r"(?i)iso-?8859-?\d{1,2}|windows-12\d\d|us-ascii|koi8-r|gbk|gb2312|big5|euc-jp|euc-kr|shift-?jis",
            encoding,
        ):
            continue  # a codec that does more than letters (zip, hex) has no business here
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", errors="replace")


def _repaired(text: str) -> str:
    """Two faults that real NFOs have: characters that XML forbids, and a bare `&`. A link's `&` is after the root."""
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
    return re.sub(r"&(?!(?:[A-Za-z]{2,8}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)", "&amp;", text)


def _link_only(text: str) -> list[Description]:
    found: dict[str, str] = {}
    for field, pattern in _LINKS:
        if match := pattern.search(text):
            found[field] = match[1]
    if not found:
        raise BadNfo("it says nothing that is known here")
    return [
        Description(
            tmdb_id=description.number(found.get("tmdb_id"), range(1, 2**31)),
            imdb_id=description.imdb(found.get("imdb_id")),
        )
    ]

"""Finds lines in which somebody says something, in titles that may be seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connections, router
from django.db.models.expressions import RawSQL

from catalog import models
from catalog.spoken import engine
from catalog.spoken.rows import SpokenLine

#: Lines that are looked at for one question, and of one title at most.
_LOOKED_AT, _OF_ONE = 160, 2
#: One word must have so many letters to be looked for.
_ALONE = 4
#: Lines this close together are one place, in milliseconds.
_SAME_MS = 8_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A line: where, when (milliseconds), in which language, and as it is shown."""

    title_id: UUID
    video_id: UUID
    language: str
    start_ms: int
    text: str


def hits(
    words: Sequence[str], seen: "models.TitleQuerySet", *, languages: Sequence[str], limit: int
) -> list[Hit]:
    """Lines that hold these words (`lines.spoken_words`), side by side before apart, of titles among `seen`.

    Of several languages those named come first; of one title at most two lines.
    """
    if not words or (len(words) == 1 and len(words[0]) < _ALONE and words[0].isascii()):
        return []
    connection = connections[router.db_for_read(SpokenLine)]
    if not engine.is_there(connection):
        return []
    found: list[Hit] = []
    for some, phrase in _ways(words):
        for one in _sorted(_latest(_lines(some, seen, phrase=phrase)), languages):
            of_title = [other for other in found if other.title_id == one.title_id]
            fresh = all(abs(one.start_ms - other.start_ms) > _SAME_MS for other in of_title)
            if fresh and len(of_title) < _OF_ONE:
                found.append(one)
            if len(found) >= limit:
                return found
    return found


def _ways(words: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    """What is asked for, one after the other while there is room: the words as a phrase; without the last where that
    is too short to be looked for as the beginning of a word; and apart."""
    yield words, True
    if len(words) > 2 and len(words[-1]) < engine.BEGINNING:
        yield words[:-1], True
    if len(words) > 1:
        yield words, False


def _latest(rows: list[Hit]) -> list[Hit]:
    """Of lines of one track that follow each other the last: those before hold its first words, too."""
    starts: dict[tuple[UUID, str], list[int]] = {}
    for one in rows:
        starts.setdefault((one.video_id, one.language), []).append(one.start_ms)
    return [
        one
        for one in rows
        if not any(0 < other - one.start_ms <= _SAME_MS for other in starts[one.video_id, one.language])
    ]


def _sorted(rows: list[Hit], languages: Sequence[str]) -> list[Hit]:
    """Languages that were asked for first; the same moment in another language then falls out."""
    order = {language: place for place, language in enumerate(languages)}

    def place(one: Hit) -> int:
        base = one.language.partition("-")[0]
        return min(order.get(one.language, len(order)), order.get(base, len(order)))

    return sorted(rows, key=place)


def _lines(words: Sequence[str], seen: "models.TitleQuerySet", *, phrase: bool) -> list[Hit]:
    alias = router.db_for_read(SpokenLine)
    connection = connections[alias]
    table, condition, parameters = engine.matching(connection.vendor, words, phrase=phrase)
    may_be_seen = seen.using(alias).filter(pk=RawSQL("video.title_id", [])).order_by().values("pk")
    inner, inner_parameters = may_be_seen.query.sql_with_params()
    sql = f"""
        SELECT video.title_id, video.video_id, track.language, line.start_ms, line.text
        FROM {table}
        JOIN catalog_spokentrack track ON track.id = line.track_id
        JOIN catalog_spokenvideo video ON video.video_id = track.spoken_id
        WHERE {condition} AND EXISTS ({inner})
        LIMIT {_LOOKED_AT}"""  # noqa: S608 (our own words; what was typed goes as parameters)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, *inner_parameters])
        return [
            Hit(_uuid(title), _uuid(video), str(language), int(start), str(text))
            for title, video, language, start, text in cursor.fetchall()
        ]


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))

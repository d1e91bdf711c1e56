"""Search: titles, people and genres for what somebody typed. How well they answer, `catalog.search` says."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import get_language

from catalog import artwork, models, texts, types
from catalog.finding.shelf import shelf
from catalog.finding.writing import reindex as reindex
from catalog.search import asking, slips
from catalog.search import text as wording
from catalog.services.reading import LIMIT_MAX, genres, titles
from catalog.spoken import asking as speech
from catalog.spoken import lines as speaking

#: People and genres that are shown beside titles at most.
PEOPLE_MAX, GENRES_MAX = 6, 4
#: What the first of a caller's order gains over one that is not in it, in points.
_BOOST = 0.45
#: More of a caller's order than this is not looked at.
_BOOSTED_MAX = 2_000


def search(text: str, *, maturity: int, limit: int = 40, without: Collection[UUID] = ()) -> list[types.Title]:
    """Titles that answer `text` (a name, people, genres), best first, that a profile of this maturity may see now.

    Never those of `without`: what is blocked on a profile. Every word counts; for more than that ask `find`.
    """
    question = tuple(wording.words(text))
    wanted = max(0, min(limit, LIMIT_MAX))
    answers, _people = shelf.ask(question, _sight(maturity, without), titles=wanted)
    return [] if answers.partial else _titles(answers, maturity, without)


def find(
    text: str,
    *,
    maturity: int,
    without: Collection[UUID] = (),
    limit: int = 40,
    boost: Sequence[UUID] = (),
    cast: bool = True,
) -> types.Found:
    """Everything that answers `text` for a profile of this maturity: titles, people, genres, and what was likely meant.

    `boost` is an order of titles, best first (what suits a profile); it decides between answers that are about as good.
    `without` as in `search`; cards need no `cast`: without it titles come faster, with no `people`. An empty
    question finds nothing.
    """
    question = tuple(wording.words(text))
    wanted = max(0, min(limit, LIMIT_MAX))
    if not question:
        return types.Found()
    likely = list(boost)[:_BOOSTED_MAX]
    answers, named = shelf.ask(
        question,
        _sight(maturity, without),
        titles=wanted,
        people=4 * PEOPLE_MAX,
        boost={one: _BOOST * (1 - place / len(likely)) for place, one in enumerate(likely)},
    )
    return types.Found(
        titles=tuple(_titles(answers, maturity, without, cast=cast)),
        count=answers.count,
        partial=answers.partial,
        corrected=_corrected(question, answers),
        people=() if named.partial else tuple(_people(named.ids, maturity, without)),
        genres=tuple(_genres(question, maturity, without)),
    )


def spoken(
    text: str, *, maturity: int, without: Collection[UUID] = (), limit: int = 12, language: str = ""
) -> list[types.Spoken]:
    """Lines of films and episodes in which these words are said, those in which they stand side by side first.

    Only of titles that a profile of this maturity may see now, at most two of each. Lines in `language` (a BCP 47 tag,
    by default the one that is spoken now) come before the same in others. `without` as in `search`.
    """
    words = speaking.spoken_words(text)[: wording.WORDS_MAX]
    seen = models.Title.objects.published().suitable_for(maturity).without(without)
    wanted = max(0, min(limit, LIMIT_MAX))
    hits = speech.hits(words, seen, languages=[language or get_language() or ""], limit=wanted)
    if not hits:
        return []
    of_titles = titles({one.title_id for one in hits}, maturity=maturity, without=without)
    ids = {one.video_id for one in hits}
    parts = {
        row.video.id: row
        for row in models.Episode.objects.filter(video__id__in=ids)
        .select_related("season", "video")
        .prefetch_related(*texts.in_chain(models.EpisodeText))
    }
    asked = wording.plain(text).split()
    found = []
    for one in hits:
        title, part = of_titles.get(one.title_id), parts.get(one.video_id)
        if title is not None:
            found.append(
                types.Spoken(
                    title_id=title.id,
                    video_id=one.video_id,
                    slug=title.slug,
                    name=title.name,
                    season=part.season.number if part else None,
                    number=part.number if part else None,
                    episode=texts.said(part, "name") if part else "",
                    language=one.language,
                    start=timedelta(milliseconds=one.start_ms),
                    pieces=speaking.marked(one.text, asked),
                    picture=title.backdrop or title.poster,
                )
            )
    return found


def warm_search() -> None:
    """Read what search needs into memory, if it is not there: for when somebody is about to type."""
    shelf.warm()


def _sight(maturity: int, without: Collection[UUID]) -> asking.Sight:
    return asking.Sight(age=maturity, now=timezone.now().timestamp(), without=without)


def _titles(
    answers: asking.Answers, maturity: int, without: Collection[UUID], *, cast: bool = True
) -> list[types.Title]:
    """The titles themselves; what the index thinks may be seen is looked at again here."""
    found = titles(answers.ids, maturity=maturity, without=without, people=cast) if answers.ids else {}
    return [found[title_id] for title_id in answers.ids if title_id in found]


def _corrected(question: Sequence[str], answers: asking.Answers) -> str:
    """The question as it was likely meant, when answers were found by forgiving only; '' otherwise."""
    if not answers.loose or answers.partial or not answers.ids:
        return ""
    index = models.Title.objects.filter(id=answers.ids[0]).values_list("search_index", flat=True).first()
    return asking.corrected(question, index or "")


def _people(ids: Sequence[UUID], maturity: int, without: Collection[UUID]) -> list[types.PersonFound]:
    """People of whom such a profile may see something, in this order.

    The database counts their parts: somebody may have thousands.
    """
    if not ids:
        return []
    seen = models.seen_at(timezone.now(), of="title__")
    parts = models.Credit.objects.filter(seen, person__in=ids, title__maturity__lte=maturity).order_by()
    if without:
        parts = parts.exclude(title__in=without)
    roles: dict[UUID, list[tuple[int, str]]] = {}
    for person, role, count in parts.values_list("person", "role").annotate(Count("id")):
        roles.setdefault(person, []).append((-count, role))
    best = [one for one in ids if one in roles][:PEOPLE_MAX]
    if not best:
        return []
    shown = dict(parts.filter(person__in=best).values_list("person").annotate(Count("title", distinct=True)))
    rows = models.Person.objects.prefetch_related("artwork").in_bulk(best)
    return [_person(rows[one], roles[one], shown.get(one, 0)) for one in best if one in rows]


def _person(row: models.Person, roles: Sequence[tuple[int, str]], shown: int) -> types.PersonFound:
    """A person's row as others may see it, with roles (how often, as a negative number, and which) and titles."""
    portrait = next((picture for picture in row.artwork.all() if picture.kind == "portrait"), None)
    return types.PersonFound(
        slug=row.slug,
        name=row.name,
        note=row.note,
        photo=artwork.image(portrait) if portrait else None,
        roles=tuple(role for _often, role in sorted(roles)),
        titles=shown,
    )


def _genres(question: Sequence[str], maturity: int, without: Collection[UUID]) -> list[types.Genre]:
    """Genres that a word of the question may name, among those in which such a profile finds something."""
    names = {row_id: name for row_id, name in _genre_names() if _names(question, name)}
    if not names:
        return []
    return [one for one in genres(maturity=maturity, without=without) if one.id in names][:GENRES_MAX]


def _genre_names() -> list[tuple[UUID, str]]:
    """Names of genres in all languages."""
    own = models.Genre.objects.order_by().values_list("id", "name")
    said = models.GenreText.objects.order_by().values_list("genre_id", "name")
    return list(own.union(said, all=True))


def _names(question: Sequence[str], name: str) -> bool:
    """Whether a word of the question is one of the name's, begins it, or is mistyped for it."""
    return any(
        other == word
        or (len(word) > 2 and other.startswith(word))
        or (0 < slips.allowed(word) >= slips.distance(word, other, slips.allowed(word)))
        for word in question
        for other in wording.plain(name).split()
        if other not in wording.LITTLE
    )

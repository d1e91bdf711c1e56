"""Build the demo catalogue through the same doors as anybody's films: titles, artwork, ingest, publish.

Every step looks at what is there first, so that a second run does only what is missing, and one that was stopped
half-way goes on. Titles appear when they can be played; the first after some seconds.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

from django.conf import settings

from catalog import services as catalog
from catalog.types import Credit, IngestOptions, IngestState, Kind, Title
from netflixlite.demo import content, films, posters, texts
from netflixlite.jobs import services as jobs

#: Films wait for the encoder at most this many at a time: sources on the disk stay few.
AHEAD = 4
#: A worker that has just been started needs a moment to report; then we encode ourselves. In seconds.
ALONE_AFTER = 8.0
#: How often we look how the encoding goes, in seconds.
LOOK_EVERY = 0.5
#: Flat pictures look the same at x264's quickest preset, for half the work and a third more bits; real ones do not.
PAINTED = IngestOptions(preset="ultrafast", ladder="light", keep_source=False, early=False, av1="never")
FILMED = IngestOptions(preset="superfast", ladder="light", keep_source=False, early=False, av1="never")

Say = Callable[[float, str], None]


@dataclass(slots=True)
class Outcome:
    """What a run did. `failed` says what went wrong, title by title, in words."""

    made: int = 0
    present: int = 0
    published: int = 0
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Part:
    """One video on its way."""

    title: content.DemoTitle
    film: content.Film
    title_id: UUID
    episode_id: UUID | None
    video_id: UUID


def has_titles() -> bool:
    """Whether the catalogue holds anything, ours or not."""
    return catalog.count(maturity=99) > 0 or bool(catalog.genres()) or bool(catalog.attention(limit=1))


def build(*, say: Say, only: frozenset[str] = frozenset()) -> Outcome:
    """Make what is missing of the demo catalogue.

    `say` is told how much is done (0 … 1) and what is going on. `only` limits it to these slugs. When no worker
    appears the films are encoded here, one after another.
    """
    wanted = [title for title in content.titles() if not only or title.slug in only]
    run = _Run(wanted, say)
    with _folder() as folder:
        for title in wanted:
            run.title(title, folder)
        while run.waiting:
            run.look()
            run.pause()
    say(1.0, "done")
    return run.outcome


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for work in progress under WORK_DIR; what an earlier, killed run left there goes first."""
    base = Path(settings.WORK_DIR) / "demo"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as name:
        yield Path(name)


class _Run:
    """One pass over the catalogue."""

    def __init__(self, wanted: list[content.DemoTitle], say: Say) -> None:
        self.say = say
        self.outcome = Outcome()
        self.waiting: list[_Part] = []
        self.total = sum(_seconds(film) for title in wanted for film in _films(title)) or 1
        self.handed = self.ready = self.going = 0.0
        self.alone_since: float | None = None

    def title(self, plan: content.DemoTitle, folder: Path) -> None:
        """See to one title: row, words in other languages, pictures, episodes, films."""
        try:
            title = self._row(plan)
            _say(plan, title)
            if title.poster is None:
                self.tell(f"painting {plan.name}")
                for kind, data in posters.draw(plan, folder).items():
                    catalog.set_artwork(title_id=title.id, kind=kind, data=data)
            for film, episode_id, video_id in self._parts(plan, title):
                self._film(plan, film, title, episode_id, video_id, folder)
            self.look()
        except (films.CannotMake, catalog.CannotIngest, catalog.InvalidTitle, OSError) as error:
            self.outcome.failed[plan.slug] = str(error)

    def look(self) -> None:
        """See how the encoding goes; publish what has become playable."""
        statuses = catalog.ingest_statuses([part.video_id for part in self.waiting])
        going = 0.0
        for part in list(self.waiting):
            status = statuses.get(part.video_id)
            if status is not None and not status.state.final:
                going += status.progress * _seconds(part.film)
                continue
            self.waiting.remove(part)
            self.ready += _seconds(part.film)
            if status is None or status.state is not IngestState.READY:
                self.outcome.failed[part.film.key] = status.error if status else "It was removed meanwhile."
                continue
            self.outcome.made += 1
            self._publish(part.title_id)
        self.going = going
        self.tell(f"encoding {self.waiting[0].film.name}" if self.waiting else "")

    def pause(self) -> None:
        """Give the worker time. When there has been none for a while, do the oldest job here."""
        if not self.waiting:
            return
        status = catalog.ingest_statuses([self.waiting[0].video_id]).get(self.waiting[0].video_id)
        job = jobs.job(status.job_id) if status and status.job_id else None
        if job is None or jobs.workers_alive(job.kind):
            self.alone_since = None
        elif self.alone_since is None:
            self.alone_since = monotonic()
        elif monotonic() - self.alone_since > ALONE_AFTER:
            self.tell(f"encoding {self.waiting[0].film.name} here, as no worker runs")
            jobs.run_here(job.id)
            return
        sleep(LOOK_EVERY)

    def tell(self, what: str) -> None:
        """Say how far we are: making a source counts a third of its film, encoding it the rest."""
        self.say(min(0.999, (self.handed + 2 * (self.ready + self.going)) / (3 * self.total)), what)

    def _row(self, plan: content.DemoTitle) -> Title:
        found = catalog.title_by_slug(plan.slug)
        if found is not None:
            return found
        people = [Credit(plan.director, "director"), Credit(plan.writer, "writer")] if plan.director else []
        people += [Credit(name, "cast", character) for name, character in plan.cast]
        return catalog.create_title(
            name=plan.name,
            kind=Kind(plan.kind),
            slug=plan.slug,
            tagline=plan.tagline,
            synopsis=plan.synopsis,
            year=plan.year,
            maturity=plan.maturity,
            genres=plan.genres,
            people=people,
            credit=plan.credit,
        )

    def _parts(
        self, plan: content.DemoTitle, title: Title
    ) -> list[tuple[content.Film, UUID | None, UUID | None]]:
        """The films of a title, each with its episode's and its video's id when there are any."""
        if plan.film is not None:
            return [(plan.film, None, title.video_id)]
        there = {
            (season.number, episode.number): episode
            for season in catalog.seasons(title.id)
            for episode in season.episodes
        }
        parts: list[tuple[content.Film, UUID | None, UUID | None]] = []
        for each in plan.episodes:
            episode = there.get((each.season, each.number)) or catalog.add_episode(
                title_id=title.id,
                season=each.season,
                number=each.number,
                name=each.name,
                synopsis=each.synopsis,
            )
            for language, said in texts.of(f"{plan.slug}/{each.season}/{each.number}").items():
                catalog.set_episode_text(episode_id=episode.id, language=language, replace=False, **said)
            parts.append((each.film, episode.id, episode.video_id))
        return parts

    def _film(
        self,
        plan: content.DemoTitle,
        film: content.Film,
        title: Title,
        episode_id: UUID | None,
        video_id: UUID | None,
        folder: Path,
    ) -> None:
        """Make and hand in one film, unless it is there or under way."""
        footage = Path(settings.BASE_DIR) / film.footage if film.footage else None
        if footage is not None and not footage.is_file():
            self.handed, self.ready = self.handed + _seconds(film), self.ready + _seconds(film)
            catalog.remove_title(title.id)
            return
        if video_id is not None and self._is_there(plan, film, title, episode_id, video_id):
            self.handed += _seconds(film)
            return
        while len(self.waiting) >= AHEAD:
            self.look()
            self.pause()
        self.tell(f"filming {film.name}")
        source = footage or folder / f"{film.key}.mp4"
        if footage is None:
            films.make(film, source, folder, credits=_credits(plan))
        ticket = catalog.ingest(
            path=str(source),
            title_id=None if episode_id else title.id,
            episode_id=episode_id,
            move=footage is None,
            options=FILMED if footage else PAINTED,
        )
        self.handed += _seconds(film)
        self.waiting.append(_Part(plan, film, title.id, episode_id, ticket.video_id))

    def _is_there(
        self,
        plan: content.DemoTitle,
        film: content.Film,
        title: Title,
        episode_id: UUID | None,
        video_id: UUID,
    ) -> bool:
        """Whether a film needs no making: it is ready (then publish it), or still being encoded (then wait)."""
        status = catalog.ingest_statuses([video_id]).get(video_id)
        if status is None:
            return False
        if status.playable:
            self.outcome.present += 1
            self.ready += _seconds(film)
            if title.published_at is None:
                self._publish(title.id)
            return True
        if status.state.final:
            return False
        self.waiting.append(_Part(plan, film, title.id, episode_id, video_id))
        return True

    def _publish(self, title_id: UUID) -> None:
        try:
            title = catalog.title(title_id)
            if title is not None and title.published_at is None:
                catalog.publish(title_id)
                self.outcome.published += 1
        except (catalog.NotPlayable, LookupError):
            return  # removed or replaced by an operator meanwhile: theirs now


def _films(title: content.DemoTitle) -> tuple[content.Film, ...]:
    return (title.film,) if title.film else tuple(episode.film for episode in title.episodes)


def _seconds(film: content.Film) -> float:
    """How much work a film is: seconds of our light pictures; real footage of full size counts several times."""
    return film.seconds * (4 if film.footage else 1)


def _say(plan: content.DemoTitle, title: Title) -> None:
    """What is said of a title and its genres in other languages; what an operator wrote meanwhile stays."""
    for language, said in texts.of(plan.slug).items():
        catalog.set_title_text(title_id=title.id, language=language, replace=False, **said)
    for genre in title.genres:
        for language, said in texts.of(f"genre/{genre.slug}").items():
            catalog.set_genre_text(slug=genre.slug, language=language, replace=False, **said)


def _credits(plan: content.DemoTitle) -> list[tuple[str, str]]:
    made = [("Directed by", plan.director), ("Written by", plan.writer)]
    return made + [(character, name) for name, character in plan.cast]

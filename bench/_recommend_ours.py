"""The engine as it is served, behind the same two verbs as the baselines."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from bench._recommend_data import Ratings
from recommend.engine import score
from recommend.engine.model import Floats, Model
from recommend.engine.training import Events, Settings, train
from recommend.engine.trend import rising, steady
from recommend.page.compose import Composer, Opinion, Viewer
from recommend.page.field import bound, made
from recommend.rows import LONGEST_ROW

Numbers = NDArray[np.int32] | NDArray[np.int64]


class Served:
    """A trained model with the numbers of the benchmark's titles."""

    def __init__(
        self, data: Ratings, upto: int | NDArray[np.bool_], settings: Settings | None = None
    ) -> None:
        kept = np.arange(len(data)) < upto if isinstance(upto, int) else upto
        events = Events(
            data.viewer[kept], data.title[kept], np.ones(int(kept.sum()), np.float32), data.at[kept]
        )
        self.model: Model = train(data.titles, events, data.content, settings)
        self.place = np.array([self.model.index[title] for title in data.titles])

    def entries(self, history: Sequence[int] | Numbers) -> list[score.Entry]:
        """A history (newest first) as the model's entries."""
        return [score.Entry(int(self.place[title]), 1.0) for title in history]

    def scores(
        self, history: Sequence[int] | Numbers, trend: Floats, knobs: score.Knobs = score.DEFAULT
    ) -> score.Scores:
        """Scores in the benchmark's order; `trend` is in that order too."""
        turned = np.empty_like(trend)
        turned[self.place] = trend
        everything = np.ones(len(turned), bool)
        found = score.score(self.model, self.entries(history), turned, everything, knobs)
        return score.Scores(found.blend[self.place], found.taste[self.place], found.following[self.place])


class Glimpse(NamedTuple):
    """A title that anybody may see and play."""

    id: UUID
    series: bool = False
    maturity: int = 0
    published: float = 1.0
    opens: float = 0.0
    closes: float = np.inf
    playable: bool = True
    genres: tuple[str, ...] = ()


class PageRows:
    """Top picks and More to your taste, by the code of the page itself."""

    def __init__(self, served: Served, titles: Sequence[UUID]) -> None:
        # Published all at once they stand by their ids, which is the benchmark's order.
        self._field = made(Glimpse(each) for each in titles)
        self._bound = bound(served.model, self._field)
        self._anything = np.ones(len(titles), np.bool_)

    def of(self, history: Sequence[int], day: Floats, week: Floats, at: float) -> set[int]:
        """What is in both rows, as long as they are on the page, for who watched this (newest first) where this is
        watched: a title stands in one of them only."""
        seen = np.zeros(len(self._anything), np.bool_)
        seen[list(history)] = True
        viewer = Viewer(
            opinions=tuple(Opinion(title, 1.0, at) for title in history),
            eligible=self._anything,
            seen=seen,
            trend=day,
            now=at,
            common=rising(day, week),
            lasting=steady(day, week),
        )
        rows = {
            row.kind: row.places.tolist() for row in Composer(self._field, self._bound, viewer).candidates()
        }
        first = rows.get("picks", [])[:LONGEST_ROW]
        return {*first, *[each for each in rows.get("taste", []) if each not in first][:LONGEST_ROW]}


class Taste:
    """What goes with what, from nothing else, with everything that was watched counting the same."""

    name = "netflixlite"
    knobs = score.Knobs(a=0.0, b=1.0, memory=1e9, lately=0.0, last=10_000)
    #: What comes next has no part in this: it is not trained.
    settings = Settings(scales=())

    def __init__(self, data: Ratings, settings: Settings | None = None) -> None:
        self._data, self._settings = data, settings or self.settings

    def fit(self, viewer: Numbers, title: Numbers, titles: int) -> None:
        """Train on these events alone."""
        left = np.isin(self._data.viewer, np.unique(viewer))
        if int(left.sum()) != len(viewer):
            raise ValueError("fit takes all events of some viewers")
        self._served = Served(self._data, left, self._settings)

    def scores(self, history: Numbers) -> Floats:
        """Scores of all titles for a viewer that was not trained on."""
        nothing = np.zeros(len(self._data.titles), np.float32)
        return self._served.scores(history, nothing, self.knobs).taste

"""What a profile may not see is on no page, whatever the model, the trend and the history say. Arithmetic alone here;
the whole site in test_town.py, a hundred thousand pages in bench/households.py.
"""

import numpy as np
import pytest

from bench._town import chances
from recommend.page import field as fields
from recommend.page.compose import Composer


@pytest.mark.parametrize("seed", range(4))
def test_no_page_of_anybody_shows_what_it_may_not(seed):
    assert [wrong for wrongs in chances.pages(200, seed=seed) for wrong in wrongs] == []


def test_the_test_would_notice(monkeypatch):
    monkeypatch.setattr(fields.Field, "open_to", lambda field, *_: np.ones(len(field), bool))
    assert any(chances.pages(20, seed=1))


def test_chances_are_as_wild_as_they_say():
    """Else nothing above means anything: pages have rows of every kind, and much that may not be seen is about."""
    kinds, shown = set(), 0
    made = Composer.candidates

    def noted(self):
        nonlocal shown
        rows = made(self)
        kinds.update(row.kind for row in rows)
        shown += sum(len(row.places) for row in rows)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Composer, "candidates", noted)
        list(chances.pages(200, seed=9))
    assert {"picks", "next", "trending", "because", "taste", "new", "genre", "gems", "popular"} <= kinds
    assert shown > 5000

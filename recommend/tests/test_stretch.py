"""What all profiles of one age choose from is remembered for seconds, and never past a change that matters."""

from typing import Any

import pytest

from accounts import services as accounts
from catalog import services as catalog
from catalog.tests.factories import make_title
from recommend import services, stretch
from recommend.stretch import Memory, Stretch


def test_memory_holds_while_version_and_time_allow(settings: Any) -> None:
    settings.PAGES_REMEMBER_SECONDS = 5.0
    now, made = [100.0], []

    def make() -> Stretch:
        made.append(Stretch(18, {}, {}, {}))
        return made[-1]

    memory = Memory(clock=lambda: now[0])
    first = memory.get("18", 1, make)
    assert memory.get("18", 1, make) is first
    assert memory.get("7", 1, make) is not first, "an age of its own"
    assert memory.get("18", 2, make) is not first, "the catalogue changed"
    assert len(made) == 3
    now[0] += 4.9
    memory.get("18", 2, make)
    assert len(made) == 3
    now[0] += 0.2
    memory.get("18", 2, make)
    assert len(made) == 4
    settings.PAGES_REMEMBER_SECONDS = 0.0
    memory.get("18", 2, make)
    assert len(made) == 5


@pytest.mark.django_db
def test_what_is_withdrawn_or_blocked_is_gone_at_once(ada: Any, ben: Any, settings: Any) -> None:
    settings.PAGES_REMEMBER_SECONDS = 60.0
    stretch.forget()
    titles = [make_title(name=f"Film {number}", maturity=0 if number else 18) for number in range(6)]

    def shown(profile_id: Any) -> set[str]:
        return {card.title.name for row in services.rows_for(profile_id) for card in row.cards}

    everything = {title.name for title in titles}
    assert shown(ada.id) == everything
    assert shown(ben.id) == {title.name for title in titles if title.maturity == 0}
    catalog.unpublish(titles[1].id)
    assert titles[1].name not in shown(ada.id) | shown(ben.id)
    accounts.block_title(profile_id=ada.id, title_id=titles[3].id, actor=ada.user_id)
    assert titles[3].name not in shown(ada.id)
    assert titles[3].name in shown(ben.id)
    stretch.forget()

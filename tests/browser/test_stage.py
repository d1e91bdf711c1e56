"""The failover bench's stage: the real site, two real nodes, the real watch page, and two faults in one film."""

from typing import Any

import pytest

from bench._failover import cell as cells
from bench._failover import figures
from bench._failover.cell import Cell
from bench._stage import Stage
from tests.conftest import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.steady, pytest.mark.timeout(240)]


def test_a_killed_node_and_then_a_frozen_one_are_not_noticed(chromium: Any) -> None:
    cell = Cell("kill", "ours", 2, 1.0, 0)
    with Stage(2, film="short", rate_bps=4_000_000) as stage, cells.page(chromium, stage, cell) as opened:
        started = (
            "document.querySelector('nl-player')?.start?.hidden === false || globalThis.rigMeter?.first > 0"
        )
        wait_for(lambda: opened.page.evaluate(started), seconds=30, what="a start")
        if opened.page.is_visible(".player-start"):  # with its first picture the film is still at 0
            opened.page.click(".player-start")
        opened.reach(1)

        def fetched_elsewhere(than: str, since: float) -> bool:
            return figures.switched(stage.log(), node=than, at=since) is not None

        for strike in (stage.kill, stage.freeze):
            node = stage.serving()
            assert node in stage.nodes
            at, position = strike(node), opened.position()
            wait_for(
                lambda: fetched_elsewhere(node, at),  # noqa: B023
                seconds=20,
                what=f"film from elsewhere: {opened.tell()}",
            )
            opened.reach(position + 2)
            stage.heal()
        told = opened.tell()
    assert told["stalls"] == []
    assert told["fatal"] == []
    assert told["wrong"] == 0
    assert told["state"]["switches"][0]["why"] == "network"

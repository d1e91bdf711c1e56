"""A lane: one browser and two stages, of two and four nodes, played on by turns: one mends while the other plays.

A process of its own, `python -m bench._failover.lane`: each line that it reads is a list of cells to play together on
one stage, each line that it writes the list of what happened.
"""

import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench._failover import cell as cells
from bench._failover.cell import Cell
from bench._stage import Stage
from tests.conftest import CHROMIUM_FLAGS, chromium_path

FLAGS = [*CHROMIUM_FLAGS, "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
#: Neighbours of different regions, so that a region can be evacuated.
REGIONS = ("west", "east")


class Lane:
    """What is kept from cell to cell."""

    def __init__(self, keep: Path | None) -> None:
        self._keep = keep
        self._stages: dict[int, Stage] = {}
        self._all = ExitStack()

    def __enter__(self) -> "Lane":
        playwright = self._all.enter_context(sync_playwright())
        self._browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        self._all.callback(self._browser.close)
        return self

    def __exit__(self, *why: object) -> None:
        for stage in self._stages.values():
            stage.close()
        self._all.close()

    def play(self, wanted: list[Cell]) -> list[dict[str, Any]]:
        """Play cells together on one stage; → what happened to each. What the rig spoils is tried once more."""
        for again in (True, False):
            try:
                stage = self._stage(wanted[0].nodes)
                return cells.run(self._browser, stage, wanted, keep=self._keep)
            except (
                Exception
            ) as error:  # of the rig or the machine: it is told, and never counted as a success
                said = f"{type(error).__name__}: {error}"[:1200]
                self._drop(wanted[0].nodes)
                if not again:
                    return [{"key": one.key, "failed": said} for one in wanted]
            finally:
                self._mend(wanted[0].nodes)
        raise AssertionError

    def _stage(self, nodes: int) -> Stage:
        if nodes not in self._stages:
            self._stages[nodes] = Stage(nodes, regions=REGIONS, film=cells.FILM).__enter__()
        self._stages[nodes].wait_whole()
        return self._stages[nodes]

    def _mend(self, nodes: int) -> None:
        if nodes in self._stages:
            self._stages[nodes].mend()

    def _drop(self, nodes: int) -> None:
        """Build it anew next time."""
        if stage := self._stages.pop(nodes, None):
            stage.close()


def main() -> None:
    """Play what comes, until nothing comes any more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keep = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None
    with Lane(keep) as lane:
        for line in sys.stdin:
            told = lane.play([Cell(**one) for one in json.loads(line)])
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()

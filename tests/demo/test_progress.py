"""What the log, the next start and the home page learn of the demo on its way."""

import io
import os
import time
from pathlib import Path
from typing import Any

import pytest

from netflixlite.demo import progress
from netflixlite.management.commands import demo


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def test_no_demo_is_under_way_before_the_first_word_nor_after_the_last() -> None:
    assert (progress.state(), progress.under_way()) == ("", None)
    progress.write(0.25)
    assert (progress.state(), progress.under_way()) == ("begun", 0.25)
    progress.write(None)
    assert (progress.state(), progress.under_way()) == ("done", None)


def test_a_builder_that_died_is_not_waited_for(home: Path) -> None:
    progress.write(0.5)
    long_ago = time.time() - progress.STALE - 1
    os.utime(home / "demo", (long_ago, long_ago))
    assert progress.under_way() is None
    assert progress.state() == "begun", "the next start goes on"


@pytest.mark.parametrize("words", ["", "begun", "begun x", "begun 0.1 2", "?"])
def test_words_of_other_versions_are_no_progress(home: Path, words: str) -> None:
    (home / "demo").write_text(words, encoding="ascii")
    assert progress.under_way() is None


def test_the_plain_log_has_a_line_for_each_tenth() -> None:
    out = io.StringIO()
    meter = demo._Meter(out)
    for step in range(201):
        meter.show(step / 200, f"filming {step}")
    lines = out.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("  0 %")
    assert lines[-1].startswith("100 %")

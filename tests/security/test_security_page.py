"""docs/security.md names only tests that exist, and every item once."""

import re
from pathlib import Path

import pytest

_TEST = re.compile(r"([\w/]+\.py)::(\w+)")
_FILE = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|js|html|css|md|yml))[`:]")
_ITEM = re.compile(r"^\| (\d+\.\d+\.\d+) \|", re.MULTILINE)


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists(page: str, repository: Path) -> None:
    named = set(_TEST.findall(page))
    assert len(named) > 50
    missing = []
    for file, function in sorted(named):
        path = repository / file
        if not path.is_file() or not re.search(
            rf"^(async )?def {function}\(", path.read_text(), re.MULTILINE
        ):
            missing.append(f"{file}::{function}")
    assert missing == []


def test_every_file_that_the_page_names_exists(page: str, repository: Path) -> None:
    assert [name for name in sorted(set(_FILE.findall(page))) if not (repository / name).is_file()] == []


def test_every_item_stands_once_and_in_order(page: str) -> None:
    items = [tuple(int(part) for part in item.split(".")) for item in _ITEM.findall(page)]
    assert len(items) > 100
    assert items == sorted(set(items))


def test_every_row_says_how_it_is_met_or_that_it_is_not(page: str) -> None:
    rows = [line for line in page.splitlines() if _ITEM.match(line)]
    unclear = []
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        how, test = cells[2], cells[3]
        if not how or (test in ("", "-") and not how.startswith(("no:", "household:", "page:", "seen:"))):
            unclear.append(row[:60])
    assert unclear == []

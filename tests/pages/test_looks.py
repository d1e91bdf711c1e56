"""Pure parts of the design: words for values, and colours that can be read."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from netflixlite.templatetags import nl


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (None, ""),
        (timedelta(seconds=48), "48 s"),
        (timedelta(minutes=52), "52 min"),
        (timedelta(minutes=59, seconds=50), "1 h"),
        (timedelta(hours=1, minutes=42), "1 h 42 min"),
    ],
)
def test_a_runtime_reads_as_people_say_it(length: timedelta | None, words: str) -> None:
    assert nl.runtime(length) == words


@pytest.mark.parametrize(("age", "label"), [(0, "All"), (7, "7+"), (18, "18+")])
def test_a_maturity_badge(age: int, label: str) -> None:
    assert nl.maturity_label(age) == label


@pytest.mark.parametrize(("fraction", "whole"), [(None, 0), (0.426, 43), (-1.0, 0), (7.0, 100)])
def test_a_progress_bar_stays_within_itself(fraction: float | None, whole: int) -> None:
    assert nl.percent(fraction) == whole


def test_every_icon_named_in_a_template_is_drawn(repository: Path) -> None:
    templates = "".join(
        file.read_text(encoding="utf-8") for file in (repository / "templates").rglob("*.html")
    )
    names = set(re.findall(r'{% icon "([^"]+)" %}', templates))
    assert names, "the pattern finds nothing"
    for name in names:
        assert "<path" in nl.icon(name) or "<rect" in nl.icon(name) or "<circle" in nl.icon(name)


def _luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [":root", "body.kids"])
def test_text_can_be_read_on_every_surface(repository: Path, theme: str) -> None:
    css = (repository / "static/css/tokens.css").read_text(encoding="utf-8")
    usual = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css[css.index(":root") : css.index("body.kids")]))
    own = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css[css.index("body.kids") :]))
    colours = usual if theme == ":root" else usual | own
    for surface in ("ink-0", "ink-1", "ink-2"):
        for text in ("text", "text-soft", "text-faint"):
            assert _contrast(colours[text], colours[surface]) >= 4.5, (theme, text, surface)
    assert _contrast(colours["on-lamp"], colours["lamp"]) >= 7
    assert _contrast(colours["lamp"], colours["ink-0"]) >= 3, "the focus ring"

"""The demo catalogue in other languages: `<language>.json`, by what is said.

"paper-forest" is a title by its address, "station-keeping/1/2" an episode by season and number, "genre/drama" a genre.
"""

import json
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
Said = dict[str, dict[str, str]]


@cache
def spoken() -> dict[str, Said]:
    """By language, what is said of what: fields by their name ('name', 'tagline', 'synopsis')."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.json"))
    }


def of(key: str) -> dict[str, dict[str, str]]:
    """By language, what is said of one thing."""
    return {language: said[key] for language, said in spoken().items() if key in said}

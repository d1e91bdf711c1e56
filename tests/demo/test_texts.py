"""The demo catalogue says the same in every language."""

import pytest
from django.conf import settings
from django.utils.text import slugify

from netflixlite.demo import content, texts

LANGUAGES = [tag for tag, _name in settings.LANGUAGES if tag != "en"]


def sentences() -> dict[str, dict[str, str]]:
    """All that the demo says, in English, by the keys of `netflixlite.demo.texts`."""
    said: dict[str, dict[str, str]] = {}
    for title in content.titles():
        said[title.slug] = {"name": title.name, "tagline": title.tagline, "synopsis": title.synopsis}
        for part in title.episodes:
            key = f"{title.slug}/{part.season}/{part.number}"
            said[key] = {"name": part.name, "synopsis": part.synopsis}
        for genre in title.genres:
            said[f"genre/{slugify(genre)}"] = {"name": genre}
    return said


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_said_in_every_language(language: str) -> None:
    said = texts.spoken()[language]
    assert {key: set(fields) for key, fields in said.items()} == {
        key: set(fields) for key, fields in sentences().items()
    }
    assert all(text.strip() for fields in said.values() for text in fields.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_said_of_what_is_not_there(language: str) -> None:
    known = sentences()
    for key, fields in texts.spoken()[language].items():
        assert set(fields) <= set(known[key])
        assert len(fields.get("name", "")) <= 200
        assert len(fields.get("tagline", "")) <= 200

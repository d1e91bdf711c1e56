"""Language tags and their names."""

import pytest

from catalog.media import languages


@pytest.mark.parametrize(
    ("given", "tag", "name"),
    [
        ("eng", "en", "English"),
        ("ger", "de", "Deutsch"),
        ("deu", "de", "Deutsch"),
        ("pt-br", "pt-BR", "Português (BR)"),
        ("zh_hant", "zh-Hant", "中文 (Hant)"),
        ("haw", "haw", "haw"),
        ("und", "und", "Original"),
        ("", "und", "Original"),
        ("../../etc", "und", "Original"),
        ("english", "und", "Original"),
        ('en"><script>', "und", "Original"),
    ],
)
def test_whatever_a_container_says_becomes_a_tag_with_a_name(given, tag, name):
    assert languages.tag(given) == tag
    assert languages.name(tag) == name

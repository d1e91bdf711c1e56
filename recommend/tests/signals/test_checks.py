"""What is wrong in the settings is said at the start."""

import pytest

from recommend.signals.checks import settings_can_be_used


def test_the_defaults_are_right():
    assert settings_can_be_used(None) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RECOMMEND_WEIGHTS", {"down": "much"}, "NETFLIXLITE_RECOMMEND_WEIGHTS: down is 'much'"),
        ("RECOMMEND_VOTES_A_DAY", 0, "NETFLIXLITE_RECOMMEND_VOTES_A_DAY is 0"),
        ("RECOMMEND_SIGNAL_DAYS", -1, "NETFLIXLITE_RECOMMEND_SIGNAL_DAYS is -1"),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(settings, name, value, told):
    setattr(settings, name, value)
    (found,) = settings_can_be_used(None)
    assert told in found.msg
    assert found.hint

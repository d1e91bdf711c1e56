"""Which ages a profile may see."""

import pytest

from accounts import maturity


@pytest.mark.parametrize(
    ("needed", "allowed", "may"),
    [(0, 0, True), (7, 7, True), (10, 7, False), (18, 16, False), (13, 18, True)],
)
def test_a_profile_sees_what_its_age_allows(needed: int, allowed: int, may: bool) -> None:
    assert maturity.may_see(needed=needed, allowed=allowed) is may


def test_a_kids_profile_may_be_set_to_the_young_ages_only() -> None:
    assert maturity.ages_for(is_kid=True) == (0, 7, 10, 13)
    assert maturity.ages_for(is_kid=False) == maturity.AGES
    for is_kid in (True, False):
        assert maturity.default_for(is_kid=is_kid) in maturity.ages_for(is_kid=is_kid)

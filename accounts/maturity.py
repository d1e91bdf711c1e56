"""Which ages a profile may see. Pure: ages in, answers out."""

#: Ages that a title may ask for and a profile may be set to, in years.
AGES: tuple[int, ...] = (0, 7, 10, 13, 16, 18)
#: The highest age that a kids profile may be set to.
KID_MAXIMUM = 13
#: What a new profile gets when nobody chooses.
KID_DEFAULT = 7
ADULT_DEFAULT = 18


def may_see(*, needed: int, allowed: int) -> bool:
    """Whether a profile allowed up to age `allowed` may see a title that needs age `needed`."""
    return needed <= allowed


def ages_for(*, is_kid: bool) -> tuple[int, ...]:
    """The ages that a profile of this sort may be set to, lowest first."""
    return tuple(age for age in AGES if not is_kid or age <= KID_MAXIMUM)


def default_for(*, is_kid: bool) -> int:
    """The age that a new profile of this sort starts with."""
    return KID_DEFAULT if is_kid else ADULT_DEFAULT

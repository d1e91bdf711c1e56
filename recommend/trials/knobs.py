"""What an arm of an experiment may turn. One list: the admin checks by it, the page asks by it. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Knob:
    """A number that may be turned, between `low` and `high`; `words` say what it does."""

    low: float
    high: float
    words: str


#: By name. The first ones are the engine's own (recommend/engine/score.py, Knobs).
KNOBS: Mapping[str, Knob] = {
    "a": Knob(0.0, 3.0, "weight of what follows what was watched last"),
    "b": Knob(0.0, 3.0, "weight of taste"),
    "prior": Knob(0.0, 1.0, "worth of old plays beside those of now"),
    "trend_floor": Knob(0.001, 10.0, "plays from which a trend counts"),
    "memory": Knob(1.0, 200.0, "titles back that count 1/e in the long memory of taste (see lately)"),
    "lately": Knob(
        0.0, 1.0, "part of what was watched that fades in 5 titles, not in as many as memory says"
    ),
    "dim": Knob(0.0, 1.0, "how much what is popular is held back"),
    "mmr": Knob(0.0, 1.0, "variety within Top picks"),
    "calibration": Knob(0.0, 1.0, "how closely rows follow the profile's genres"),
    "arrange": Knob(0.0, 1.0, "1: rows are tried in other orders; 0: never"),
    "tried_share": Knob(0.0, 0.05, "share of cards that may be tried titles"),
    "artwork": Knob(0.0, 1.0, "1: pictures are tried; 0: the first one always"),
}


class BadKnobs(ValueError):
    """What an arm turns cannot be turned so. The text says which, and what to write."""


def checked(given: Any) -> dict[str, float]:
    """The knobs of an arm as numbers. Raises `BadKnobs`."""
    if not isinstance(given, Mapping):
        raise BadKnobs('Knobs are names and numbers: {"mmr": 0.3}.')
    turned: dict[str, float] = {}
    for name, value in given.items():
        knob = KNOBS.get(str(name))
        if knob is None:
            raise BadKnobs(f"There is no knob “{name}”. There are: {', '.join(KNOBS)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadKnobs(f"“{name}” takes a number from {knob.low:g} to {knob.high:g}.")
        if not knob.low <= value <= knob.high:
            raise BadKnobs(f"“{name}” is {value:g}; it goes from {knob.low:g} to {knob.high:g}.")
        turned[str(name)] = float(value)
    return turned

"""The seed that an operator may load: a file beside the models (engine/seed.py says what is in it).

There is none at first. Loading it is the switch: training looks whether it is there. A file that cannot be read is as
none, and the log says so.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.conf import settings

from recommend.engine import seed

log = logging.getLogger("recommend.seeding")


def place() -> Path:
    """Where a loaded seed lies: with the models, so that every machine that trains finds it."""
    return Path(settings.MODELS_DIR) / "seed.gz"


def load(path: Path, *, most: int | None = None) -> seed.Seed:
    """Take a seed into use; the next training knows it. Raises `engine.seed.BadSeed`, or OSError.

    `most`: so many bytes it may unpack to, for whoever has other things to do beside.
    """
    found = seed.read(path, most=most)
    seed.write(found, place())
    return found


def put_away() -> bool:
    """Do without; the next training forgets it. False when there was none."""
    try:
        place().unlink()
    except FileNotFoundError:
        return False
    return True


def about() -> Mapping[str, str | int] | None:
    """What the seed in use says of itself (`source`, `licence`, `films`, `pairs`); None when there is none, or it is
    torn. Never raises."""
    try:
        return seed.read_about(place())
    except (OSError, seed.BadSeed):
        return None


def loaded() -> seed.Seed | None:
    """The seed in use; None when there is none, or it cannot be read. Never raises."""
    try:
        return seed.read(place())
    except FileNotFoundError:
        return None
    except (OSError, seed.BadSeed) as error:
        log.warning("The seed %s cannot be read and is left out: %s", place(), error)
        return None


def entries(imdb_ids: Sequence[str]) -> seed.Entries | None:
    """What the seed in use says of these titles, by their places; None where there is none, or it knows none."""
    found = loaded()
    if found is None:
        return None
    index = {imdb: place for place, imdb in enumerate(imdb_ids) if imdb}
    made = seed.entries(found, index)
    return made if len(made.values) else None

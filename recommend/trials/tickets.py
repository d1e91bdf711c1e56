"""What was decided for a page, as a word that the browser sends back: signed, so that nobody makes up propensities.

Drawing a page writes nothing; only what was really seen becomes rows.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core import signing

from recommend.trials.types import Drawn, Slot, Tried

#: A page that has been open for longer tells nothing any more.
LASTS = timedelta(hours=12)
_SALT = "recommend.trials"


class BadTicket(ValueError):
    """It is not ours, not this profile's, or too old."""


def write(drawn: Drawn) -> str:
    """About 300 to 1,500 characters."""
    places = {key: place for place, key in enumerate(drawn.given)}
    said: dict[str, Any] = {
        "p": drawn.profile_id.hex,
        "r": drawn.request_id.hex,
        "t": round(drawn.at, 3),
        "g": list(drawn.given),
        "f": drawn.fixed,
        "o": [places[key] for key in drawn.order],
        "q": [round(each, 4) for each in drawn.propensities],
    }
    if drawn.slots:
        said["s"] = [_slot(slot) for slot in drawn.slots]
    if drawn.experiment:
        names = list(dict.fromkeys(drawn.teams.values()))
        said["x"] = [drawn.experiment, names, {key.hex: names.index(of) for key, of in drawn.teams.items()}]
    if drawn.leaning:
        said["l"] = drawn.leaning
    if drawn.model_version:
        said["m"] = drawn.model_version
    return signing.dumps(said, salt=_SALT, compress=True)


def _slot(slot: Slot) -> list[Any]:
    tried = slot.tried
    options = [
        [each.hex, round(prior, 5), round(shown, 2), round(played, 2)]
        for each, prior, shown, played in slot.options
    ]
    return [slot.row_key, tried.title_id.hex, tried.position, round(tried.propensity, 6), options]


def read(ticket: str, *, profile_id: UUID) -> Drawn:
    """The other way. Raises `BadTicket`."""
    try:
        said = signing.loads(ticket, salt=_SALT, max_age=LASTS)
    except signing.BadSignature as error:
        raise BadTicket("This page is not known here, or it is too old.") from error
    if said["p"] != profile_id.hex:
        raise BadTicket("This page was made for another profile.")
    given = tuple(said["g"])
    experiment, names, teams = said.get("x", ["", [], {}])
    return Drawn(
        profile_id=profile_id,
        request_id=UUID(said["r"]),
        at=float(said["t"]),
        given=given,
        fixed=said["f"],
        order=tuple(given[place] for place in said["o"]),
        propensities=tuple(said["q"]),
        slots=tuple(
            Slot(
                row_key,
                Tried(UUID(title), position, propensity),
                tuple((UUID(each), prior, shown, played) for each, prior, shown, played in options),
            )
            for row_key, title, position, propensity, options in said.get("s", [])
        ),
        experiment=experiment,
        teams={UUID(each): names[place] for each, place in teams.items()},
        leaning=said.get("l", ""),
        model_version=said.get("m", ""),
    )

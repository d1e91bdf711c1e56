"""Painters: each makes one kind of landscape from a palette and chance, at any size, for films and posters alike."""

from collections.abc import Callable, Mapping

from netflixlite.demo.paint import Canvas, Scene
from netflixlite.demo.scenes import land, sky, town, water

Painter = Callable[[Canvas], Scene]

PAINTERS: Mapping[str, Painter] = {
    "aurora": sky.aurora,
    "balloons": sky.balloons,
    "city": town.city,
    "dunes": land.dunes,
    "forest": land.forest,
    "glass": town.glass,
    "lanterns": water.lanterns,
    "lighthouse": water.lighthouse,
    "mountains": land.mountains,
    "sea": water.sea,
    "snow": land.snow,
    "space": sky.space,
    "station": sky.station,
    "swamp": water.swamp,
    "train": town.train,
    "underwater": water.underwater,
    "volcano": land.volcano,
}

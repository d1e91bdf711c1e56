"""Small worlds for the engine's tests: two sorts of titles, viewers of the one or of the other."""

import uuid

import numpy as np

from recommend.engine.content import Features, content
from recommend.engine.model import Content, Model
from recommend.engine.training import NEAR, Events, Settings, train
from recommend.engine.trend import DAY

TITLES = 40
SMALL = Settings(ridge=5.0, drop=0.3, step_ridge=5.0, width=30, scales=(3.0,), near=NEAR)


def ids(count: int = TITLES) -> list[uuid.UUID]:
    """Titles' ids."""
    return [uuid.UUID(int=number + 1) for number in range(count)]


def features(number: int) -> Features:
    """Even titles are of the one sort, odd ones of the other."""
    sort = number % 2
    return Features(
        genres=[f"sort{sort}", f"kind{number % 3}"],
        people=[f"person{sort}{number % 5}"],
        year=1990 + number % 20,
    )


def facts(count: int = TITLES) -> Content:
    """Content of all titles."""
    return content([features(number) for number in range(count)])


def events(viewers: int = 60, each: int = 8, seed: int = 1) -> Events:
    """Viewers of one sort each, in an order by time."""
    draw = np.random.default_rng(seed)
    viewer, title = [], []
    for number in range(viewers):
        mine = np.arange(number % 2, TITLES, 2)
        viewer += [number] * each
        title += draw.choice(mine, each, replace=False).tolist()
    order = draw.permutation(len(viewer))
    return Events(
        np.array(viewer, np.int32)[order],
        np.array(title, np.int32)[order],
        np.ones(len(viewer), np.float32),
        np.arange(len(viewer), dtype=np.float64) * DAY / 7,
    )


def small(settings: Settings = SMALL) -> Model:
    """A model of that world."""
    return train(ids(), events(), facts(), settings)


def sort_of(model: Model, number: int) -> int:
    """Which sort the model's title is of: 0 or 1."""
    return (model.titles[number].int - 1) % 2

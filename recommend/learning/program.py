"""`python -m recommend.learning.program <folder>`: one training or one comparison, in a process of its own.

No Django, no database, no network: it reads what `gathering` wrote into the folder, and writes `report.json` and, when
it trains, a model. So its memory and its time can be bounded from outside, and its end by either touches nobody else.
Says how far it is on standard output: `progress <0 … 1> <words>`.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from recommend.engine import artefact
from recommend.engine import content as about_titles
from recommend.engine.content import Features
from recommend.engine.extend import extend
from recommend.engine.model import Content, Model, Rows
from recommend.engine.seed import Entries
from recommend.engine.training import Events, Settings, train
from recommend.learning import replay
from recommend.learning.deciding import FEWEST_PLAYS
from recommend.learning.task import Task

#: The newest part of the events that is held out, and so many of them at most.
NEWEST, MOST_PLAYS = 0.1, 3000
#: What a model reads of titles that came after it, so many at most: for comparing, not for serving.
MOST_LATE = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """Everything that was gathered."""

    task: Task
    titles: tuple[UUID, ...]
    features: tuple[Features, ...]
    events: Events
    seed: Entries | None


def main(folder: Path) -> None:
    """Do what the folder's task says."""
    given = read(folder)
    work = {"train": _train, "judge": _judge, "compare": _compare}[given.task["mode"]]
    report = work(given)
    used = resource.getrusage(resource.RUSAGE_SELF)
    report |= {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_bytes": used.ru_maxrss * 1024}
    part = folder / "report.part"
    part.write_text(json.dumps(report), encoding="utf-8")
    part.rename(folder / "report.json")


def read(folder: Path) -> Input:
    """What `gathering.write` wrote."""
    task: Task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    titles, features = [], []
    with (folder / "titles.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            titles.append(UUID(told.pop("id")))
            features.append(Features(**told))
    with np.load(folder / "events.npz", allow_pickle=False) as held:
        events = Events(held["viewer"], held["title"], held["weight"], held["at"], held["account"])
    seed = None
    if (folder / "seed.npz").exists():
        with np.load(folder / "seed.npz", allow_pickle=False) as held:
            seed = Entries(held["rows"], held["columns"], held["values"])
    return Input(task, tuple(titles), tuple(features), events, seed)


# The three kinds of work -----------------------------------------------------------------------------------


def _train(given: Input) -> dict[str, Any]:
    content = about_titles.content(given.features)
    tried = _tried(given, content, upto=0.55)
    _say(0.55, "learning from everything")
    model = _trained(given, content, given.events)
    _say(0.9, "looking at what was learnt")
    faults = list(_faults(model, given))
    out = given.task.get("out", "")
    if out and not faults:
        _say(0.95, "writing it down")
        artefact.write(model, Path(out))
        artefact.read(Path(out))  # what was written is what will be read, hashes and all
    about = {key: value for key, value in model.about.items() if isinstance(value, int | float | str)}
    return {**tried, "faults": faults, "about": about, "titles": len(model), "head": model.trained}


def _judge(given: Input) -> dict[str, Any]:
    return _tried(given, about_titles.content(given.features), upto=1.0, cohorts=True)


def _compare(given: Input) -> dict[str, Any]:
    models = {name: _known(Path(path), given) for name, path in given.task.get("models", {}).items()}
    first = int(np.searchsorted(given.events.at, given.task.get("since", 0.0), side="right"))
    first = max(first, len(given.events) - MOST_PLAYS)
    return _figures(_replayed(models, given, first, 0.0, 1.0), next(iter(models)))


def _tried(given: Input, content: Content, *, upto: float, cohorts: bool = False) -> dict[str, Any]:
    """The candidate's recipe on the newest plays, learnt from all that was before them, beside what is served.

    What is served is compared only on plays that it has not seen: those after the newest that went into it.
    """
    first = _first_held_out(given)
    if len(given.events) - first < FEWEST_PLAYS:
        return {"plays": 0, "viewers": 0, "figures": {}, "against": {}}
    _say(0.02, "learning from what was before the newest plays")
    models = {"candidate": _trained(given, content, _before(given.events, first))}
    _say(upto * 0.5, "looking what it would have suggested")
    fair = given.task.get("since", 0.0) <= given.events.at[first]
    if fair:
        for name, path in given.task.get("models", {}).items():
            models[name] = _known(Path(path), given)
    ranks = _replayed(models, given, first, upto * 0.5, upto)
    found = _figures(ranks, "candidate")
    if cohorts:
        new = ranks.known < 10
        found["cohorts"] = {
            "new": _figures(ranks.only(new), "candidate"),
            "known": _figures(ranks.only(~new), "candidate"),
            "offtrend": _figures(ranks.only(ranks.off_trend), "candidate"),
        }
    return found


def _first_held_out(given: Input) -> int:
    """The newest tenth; or what came after all that went into the served model, where that is later and enough."""
    total = len(given.events)
    newest = total - min(MOST_PLAYS, max(FEWEST_PLAYS, round(total * NEWEST)))
    unseen = int(np.searchsorted(given.events.at, given.task.get("since", 0.0), side="right"))
    if newest < unseen <= total - 5 * FEWEST_PLAYS:
        return max(unseen, total - MOST_PLAYS)
    return max(0, newest)


def _replayed(models: dict[str, Model], given: Input, first: int, begin: float, end: float) -> replay.Ranks:
    events = given.events
    told = replay.Told(events.viewer, events.title, events.weight, events.at)
    last = [time.monotonic()]

    def on_play(place: int) -> None:
        if time.monotonic() - last[0] > 1:
            last[0] = time.monotonic()
            share = (place - first) / max(1, len(events) - first)
            _say(begin + (end - begin) * share, "looking what it would have suggested")

    return replay.replay(models, given.titles, told, first=first, on_play=on_play)


def _figures(ranks: replay.Ranks, name: str) -> dict[str, Any]:
    trial = replay.trial(ranks, name)
    against = {other: asdict(found) for other, found in trial.against.items()}
    return {
        "plays": trial.plays,
        "viewers": trial.viewers,
        "figures": replay.figures(ranks),
        "against": against,
        "off_trend": int(ranks.off_trend.sum()),
    }


def _trained(given: Input, content: Content, events: Events) -> Model:
    settings = Settings(**given.task.get("settings", {}))
    model = train(given.titles, events, content, settings, seed=given.seed)
    return replace(model, about={**model.about, **given.task.get("about", {})})


def _before(events: Events, first: int) -> Events:
    account = None if events.account is None else events.account[:first]
    return Events(
        events.viewer[:first], events.title[:first], events.weight[:first], events.at[:first], account
    )


def _known(folder: Path, given: Input) -> Model:
    """Another model, with the titles that came after it."""
    model = artefact.read(folder)
    late = [place for place, title in enumerate(given.titles) if title not in model.index][:MOST_LATE]
    return extend(model, {given.titles[place]: given.features[place] for place in late})


# What may be wrong with arrays -----------------------------------------------------------------------------


def _faults(model: Model, given: Input) -> Iterator[str]:
    """Why it must not be served, in words for operators; nothing when all is well."""
    if set(model.titles) != set(given.titles):
        yield "titles are missing or were made up"
    if not np.isfinite(model.popularity).all():
        yield "popularity has values that are not numbers"
    for name, rows in (
        ("taste", model.taste),
        *((f"following {at}", each) for at, each in enumerate(model.following)),
    ):
        yield from _row_faults(name, rows, model.trained)
    events = int((given.events.weight > 0).sum())
    if events >= 1000 and model.trained and not (model.taste.targets >= 0).any():
        yield "nothing was learnt from what was watched"


def _row_faults(name: str, rows: Rows, trained: int) -> Iterator[str]:
    if len(rows) != trained:
        yield f"{name}: {len(rows)} rows for {trained} titles"
    for start in range(0, len(rows), 1024):
        targets, weights = rows.targets[start : start + 1024], rows.weights[start : start + 1024]
        if not np.isfinite(weights).all():
            yield f"{name}: weights that are not numbers"
            return
        if targets.size and (targets.min() < -1 or targets.max() >= trained):
            yield f"{name}: weights for titles that are not there"
            return
        own = np.arange(start, start + len(targets))[:, None]
        if (targets == own).any():
            yield f"{name}: titles that speak for themselves"
            return


def _say(fraction: float, words: str) -> None:
    sys.stdout.write(f"progress {fraction:.3f} {words}\n")
    sys.stdout.flush()


def run(arguments: Sequence[str]) -> None:
    """The command line."""
    if len(arguments) != 1:
        sys.exit("Say which folder: python -m recommend.learning.program <folder>")
    main(Path(arguments[0]))


if __name__ == "__main__":
    run(sys.argv[1:])

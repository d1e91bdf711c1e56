"""Does personalisation help on a deployment? `manage.py evaluate_recommender` on sites with a real history.

A ratings file is moved in as history: its viewers are accounts with a profile each, its films a catalogue, each rating
a viewing that ended when it was given (all of it moved in time, so that the last one was yesterday). Then the site does
what it does when recommendations come to an old installation: it takes the history in (`reconciling.catch_up`), and the
command is asked, once for each of three sites: as the file has it; with the same films dealt to the same evenings by
chance, where nobody has a taste and the answer is anything but yes; and with five viewers, where nothing can be said.
On the first one a profile is then erased, and it is told what is left of it at once and in the next training.
"""

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report

GOALS: dict[str, tuple[str, float]] = {
    "real_says_yes": (">=", 1),
    "dealt_says_yes": ("<=", 0),
    "five_says_undecided": (">=", 1),
    "erased_left": ("<=", 0),
}
_DATA = Path(__file__).resolve().parent.parent.parent / "shared/data/movietweetings-100k"
_SITES = ("real", "dealt", "five")
_LENGTH = timedelta(minutes=100)


def main() -> None:
    """One site after the other, each in a process of its own: a site is set up once in a process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="a ratings file, or a folder with one")
    parser.add_argument("--viewers", type=int, default=1000, help="those who watched most")
    parser.add_argument("--site", choices=_SITES, nargs="+", default=_SITES)
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="fewer viewers")
    options = parser.parse_args()
    if options.quick:
        options.viewers = min(options.viewers, 400)
    figures: dict[str, float | int | None] = {}
    for site in options.site:
        figures |= _apart(site, options.data, options.viewers)
    report.finish(
        "deployment", figures, {k: v for k, v in GOALS.items() if k in figures}, as_json=options.json
    )


def _apart(site: str, data: Path, viewers: int) -> dict[str, float | int | None]:
    """The figures of one site; its own words go through."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            with os.fdopen(writing, "w") as out:
                json.dump(_measure(site, data, viewers), out)
            sys.stdout.flush()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        said = told.read()
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"The site {site!r} could not be measured.")
    found: dict[str, float | int | None] = json.loads(said)
    return found


def _measure(name: str, data: Path, viewers: int) -> dict[str, float | int | None]:
    from bench._town.served import site

    home = Path(tempfile.mkdtemp(prefix="bench-deployment-"))
    try:
        site(home)
        from django.conf import settings

        settings.MODELS_DIR, settings.WORK_DIR = home / "models", home / "work"
        began = time.perf_counter()
        profiles, plays = _move_in(data, 5 if name == "five" else viewers, dealt=name == "dealt")
        taken = _take_in()
        print(
            f"\n{name}: {plays:,} viewings of {len(profiles):,} profiles, {taken:,} taken in, in "
            f"{time.perf_counter() - began:.0f} s"
        )
        told = _asked()
        print(told["says"])
        figures: dict[str, float | int | None] = {
            f"{name}_says_yes": int(told["says"].startswith("Personalisation helps")),
            f"{name}_says_undecided": int(told["says"].startswith("Not enough")),
        }
        for who, found in told["figures"].items():
            figures[f"{name}_{who}_hr20"] = round(found["hr20"], 3)
            figures[f"{name}_{who}_ndcg10"] = round(found["ndcg10"], 3)
        return figures | (_erase(profiles) if name == "real" else {})
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _move_in(data: Path, viewers: int, *, dealt: bool) -> tuple[list[UUID], int]:
    """Catalogue, accounts and history; → the profiles, who watched most first, and how many viewings there are."""
    from django.contrib.auth import get_user_model

    from accounts.models import Profile
    from bench import _recommend_data
    from playback.models import Viewing

    found = _recommend_data.read(data)
    count = np.bincount(found.viewer)
    who = np.argsort(-count, kind="stable")[:viewers]
    kept = np.isin(found.viewer, who)
    title = found.title[kept]
    if dealt:
        title = np.random.default_rng(11).permutation(title)
    users = {int(one): get_user_model()(username=f"viewer-{one}", email="") for one in who}
    for one in users.values():
        one.set_unusable_password()
    get_user_model().objects.bulk_create(users.values(), batch_size=500)
    profiles = {one: Profile(user=user, name="Viewer", maturity=18) for one, user in users.items()}
    Profile.objects.bulk_create(profiles.values(), batch_size=500)
    films = _stock(found, np.unique(title).tolist())
    moved = datetime.now(UTC).timestamp() - 86_400 - float(found.at.max())
    rows, had = [], set[tuple[int, int]]()
    columns = (
        found.viewer[kept].tolist(),
        title.tolist(),
        found.rating[kept].tolist(),
        found.at[kept].tolist(),
    )
    for viewer, film, rating, at in zip(*columns, strict=True):
        if (viewer, film) in had:
            continue
        had.add((viewer, film))
        end, share = datetime.fromtimestamp(at + moved, UTC), 0.97 if rating >= 6 else 0.4
        viewing = Viewing(
            id=uuid4(), user_id=users[viewer].pk, profile_id=profiles[viewer].pk, video_id=films[film][1],
            title_id=films[film][0], watched=share * _LENGTH, fraction=share, started_at=end - share * _LENGTH,
            ended_at=end,
        )  # fmt: skip
        rows.append(viewing)
    Viewing.objects.bulk_create(rows, batch_size=1000)
    return [profiles[int(one)].pk for one in who], len(rows)


def _stock(found: Any, wanted: Sequence[int]) -> dict[int, tuple[UUID, UUID]]:
    """Films with what the file says of them; → of each its title's id and its video's."""
    from catalog import models

    shelves: dict[str, Any] = {}
    rows, videos, held = {}, {}, []
    published = datetime.now(UTC) - timedelta(days=700)
    for number in (int(each) for each in wanted):
        about = found.features[number]
        rows[number] = models.Title(
            slug=f"t-{number}", name=found.names[number][:200], year=about.year, published_at=published
        )
        videos[number] = models.Video(title=rows[number], state="ready", duration=_LENGTH)
        for genre in about.genres:
            slug = genre.lower().replace(" ", "-")
            shelf = shelves.setdefault(slug, models.Genre(slug=slug, name=genre))
            held.append((rows[number], shelf))
    models.Genre.objects.bulk_create(shelves.values())
    models.Title.objects.bulk_create(rows.values(), batch_size=500)
    through = models.Title.genres.through
    through.objects.bulk_create((through(title_id=a.id, genre_id=b.id) for a, b in held), batch_size=1000)
    models.Video.objects.bulk_create(videos.values(), batch_size=500)
    packages = [
        models.Package(id=one.id.hex, video=one, manifest="{}", duration=_LENGTH, bytes=1)
        for one in videos.values()
    ]
    models.Package.objects.bulk_create(packages, batch_size=500)
    for one, package in zip(videos.values(), packages, strict=True):
        one.current_package = package
    models.Video.objects.bulk_update(videos.values(), ["current_package"], batch_size=500)
    return {number: (rows[number].id, videos[number].id) for number in rows}


def _take_in() -> int:
    """What a worker does each minute, until nothing is left."""
    from recommend.signals import models, reconciling

    while reconciling.catch_up():
        pass
    return models.Signal.objects.count()


def _asked() -> dict[str, Any]:
    """What the command says."""
    from django.core.management import call_command

    out = io.StringIO()
    with redirect_stderr(io.StringIO()) as told:
        call_command("evaluate_recommender", "--json", stdout=out, stderr=told)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def _erase(profiles: Sequence[UUID]) -> dict[str, float | int | None]:
    """Learn, erase who watched most, look what is left; learn again, and look once more."""
    from bench._town.served import train
    from recommend import services
    from recommend.learning import publishing
    from recommend.signals import models, reading

    print(f"  trained: {train()}")
    gone = profiles[0]
    before = publishing.pointer().version
    began = time.perf_counter()
    services.erase_taste(profile_id=gone)
    took = time.perf_counter() - began
    taste = reading.taste(gone)
    left = len(taste.entries) + models.Signal.objects.filter(profile_id=gone).count()
    left += models.Vote.objects.filter(profile_id=gone).count()
    owed = int(before is not None and (reading.withdrawn_at() or before.read_at) > before.read_at)
    print(
        f"  erased the busiest in {1000 * took:.0f} ms: {left} rows of it left; the model owes it: {bool(owed)}"
    )
    print(f"  trained: {train()}")
    after = publishing.pointer().version
    assert before is not None
    assert after is not None
    trained_on = sum(1 for profile_id, *_ in reading.events_for_training() if profile_id == gone)
    old = int(publishing.pointer().previous_id is not None) + int(after.pk == before.pk)
    print(
        f"  {before.name} had {before.viewers} viewers, {after.name} has {after.viewers}; older versions kept: {old}"
    )
    return {
        "erase_ms": round(1000 * took, 1),
        "erased_left": left + trained_on + old + (after.viewers - (before.viewers - 1)),
    }


if __name__ == "__main__":
    main()

"""A seed says what people watched together elsewhere, and nothing of anybody; and it is off until somebody loads it."""

import gzip
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from catalog.models import Title
from catalog.tests.factories import make_title
from recommend import seeding
from recommend.engine import seed


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "models"
    settings.MEDIA_ROOT = tmp_path / "media"


def events(*seen):
    """Arrays of events: `seen` are the films of one viewer each."""
    pairs = [(viewer, film) for viewer, films in enumerate(seen) for film in films]
    return np.array([one for one, _ in pairs], np.int32), np.array([film for _, film in pairs], np.int32)


def made(*seen, films=5):
    names = [f"tt{1000000 + n}" for n in range(films)]
    return seed.aggregate(*events(*seen), names, {"source": "here", "licence": "MIT"})


def ratings(tmp_path, lines, name="ratings.csv.gz"):
    path = tmp_path / name
    text = "user,imdb,rating,ts\n" + "".join(f"{user},{film},8,1\n" for user, film in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_two_people_are_too_few_for_a_pair_and_for_a_film():
    found = made([0, 1, 2], [0, 1, 2], [0, 1], [3], [3])
    assert found.films == ("tt1000000", "tt1000001")
    assert list(zip(found.first, found.second, strict=True)) == [(0, 1)]
    assert found.about["viewers"] == 5


def test_who_watches_more_counts_less_for_each_pair():
    found = made([0, 1], [0, 1], [0, 1], [2, 3, 4], [2, 3, 4], [2, 3, 4])
    weight = {
        (one, other): w for one, other, w in zip(found.first, found.second, found.together, strict=True)
    }
    assert weight[0, 1] / weight[2, 3] == pytest.approx((3 / 2) ** 0.5, rel=1e-5)


def test_repeats_count_once_and_somebody_with_everything_not_at_all(monkeypatch):
    monkeypatch.setattr(seed, "MOST_OF_ONE", 3)
    assert len(made([0, 1, 0, 1, 0, 1]).first) == 0
    assert len(made(*[[0, 1, 2, 3]] * 5).first) == 0
    assert len(made(*[[0, 1, 2]] * 5).first) == 3


def test_what_is_written_is_read_and_the_same_seed_makes_the_same_bytes(tmp_path):
    found = made([0, 1, 2], [0, 1, 2], [0, 1, 2])
    seed.write(found, tmp_path / "a.gz")
    seed.write(found, tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    again = seed.read(tmp_path / "a.gz")
    assert again.films == found.films
    assert (again.first == found.first).all()
    assert np.allclose(again.together, found.together, rtol=0.01)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_entries_are_symmetric_and_know_only_what_is_here():
    found = made(*[[0, 1, 2]] * 3)
    said = seed.entries(found, {"tt1000002": 0, "tt1000000": 1, "tt9999999": 2})
    square = np.zeros((3, 3))
    square[said.rows, said.columns] = said.values
    assert (square == square.T).all()
    assert square[0, 1] > 0
    assert square[0, 0] > 0
    assert square[2].sum() == 0
    assert len(said.values) == 4


def test_it_fades():
    assert seed.fading(0) == 1
    assert seed.fading(50_000) == 0.5
    assert seed.fading(10**9) < 0.001


HEAD = {"format": seed.FORMAT, "least": 3, "films": 2, "pairs": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not JSON"),
        (b'{"format": "other"}\n', "does not say"),
        (json.dumps({**HEAD, "least": 1}).encode() + b"\n", "at least 3 people"),
        (json.dumps({**HEAD, "films": 10**9}).encode() + b"\n", "'films'"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\n", "has 1 lines"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\n../etc 1\n0 1 1\n", "Line 3"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 nan\ntt1000001 1\n0 1 1\n", "Line 2"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\ntt1000000 1\n0 1 1\n", "twice"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\ntt1000001 1\n0 7 1\n", "films that are not there"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\ntt1000001 1\n0 1 -4\n", "weighs nothing"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\ntt1000001 1\n0 1\n", "not two places"),
        (json.dumps(HEAD).encode() + b"\ntt1000000 1\ntt1000001 1\n0 1 inf\n", "weighs nothing"),
    ],
)
def test_a_file_that_is_no_seed_is_refused_and_the_reason_said(tmp_path, text, words):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(text))
    with pytest.raises(seed.BadSeed, match=words):
        seed.read(path)


@pytest.mark.parametrize("data", [b"plain", gzip.compress(b"x" * 100, mtime=0)[:20], b""])
def test_a_torn_file_is_refused_and_where_it_is_in_use_there_is_none(tmp_path, data):
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(seed.BadSeed):
        seed.read(tmp_path / "x.gz")
    seeding.place().parent.mkdir()
    seeding.place().write_bytes(data)
    assert seeding.loaded() is None
    assert seeding.entries(["tt1000000"]) is None


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(seed, "MOST_BYTES", 1000)
    (tmp_path / "x.gz").write_bytes(gzip.compress(json.dumps(HEAD).encode() + b"\n" + b"0" * 5000))
    with pytest.raises(seed.BadSeed, match="unpacks"):
        seed.read(tmp_path / "x.gz")


@pytest.mark.django_db
def test_the_command_makes_loads_and_puts_away(tmp_path):
    Title.objects.filter(id=make_title(name="Night Mail").id).update(imdb_id="tt0027948")
    path = ratings(tmp_path, [(u, f) for u in "abc" for f in ("0027948", "0000003")])
    out, said = tmp_path / "seed.gz", StringIO()
    call_command("recommendation_seed", "make", str(path), str(out), licence="MIT", stdout=said)
    assert "2 films and 1 pairs" in said.getvalue()
    assert seeding.loaded() is None  # making is not loading
    said = StringIO()
    call_command("recommendation_seed", "load", str(out), stdout=said)
    assert "It knows 1 of the titles here" in said.getvalue()
    found = seeding.entries(["", "tt0027948", "tt0000003"])
    assert sorted(zip(found.rows.tolist(), found.columns.tolist(), strict=True)) == [
        (1, 1), (1, 2), (2, 1), (2, 2),
    ]  # fmt: skip
    call_command("recommendation_seed", "off", stdout=StringIO())
    assert seeding.loaded() is None
    assert seeding.entries(["tt0027948"]) is None


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("r.csv", b"a,b\n1,2\n", "columns user and imdb"),
        ("r.csv", b"user,imdb\n1,abc\n", "line 2"),
        ("r.csv", b"user,imdb\n1\n", "line 2"),
        ("r.csv.gz", b"user,imdb\n", "gzip"),
        ("r.csv", b"user,imdb\n\xff\xfe,1\n", "decode"),
    ],
)
def test_a_ratings_file_that_cannot_be_read_is_named(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CommandError, match=words):
        call_command("recommendation_seed", "make", str(tmp_path / name), str(tmp_path / "o"), licence="MIT")
    assert not (tmp_path / "o").exists()


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("recommendation_seed", "load", str(tmp_path / "nowhere.gz"))

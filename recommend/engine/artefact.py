"""A model as a folder of arrays and a manifest: written whole or not at all, read memory-mapped.

Pages of the arrays are shared by all processes that map the same folder. Every file's SHA-256 stands in the
manifest and is checked at reading; what does not match is `Torn`.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommend.engine.model import Content, Model, Rows, Tail, indexed

MANIFEST = "model.json"
#: Raised when the arrays' meaning changes: older folders are `Torn` then, and training makes a new one.
FORMAT = 1
_CHUNK = 1 << 20


class Torn(Exception):
    """The folder does not hold a whole model of this format; the text says what is wrong with it."""


def write(model: Model, folder: Path) -> None:
    """Write a model into a folder that must not exist yet or be empty. On disk when this returns.

    The manifest comes last: a folder without it was never finished. Raises FileExistsError when there is something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; give each version a folder of its own")
    files: dict[str, dict[str, object]] = {}
    for name, array in _arrays(model):
        path = folder / f"{name}.npy"
        with path.open("wb") as file:
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        files[path.name] = {"sha256": _digest(path), "bytes": path.stat().st_size}
    manifest = {
        "format": FORMAT,
        "files": files,
        "scales": list(model.scales),
        "columns": model.content.columns,
        "tail": model.tail is not None,
        "about": dict(model.about),
    }
    part = folder / f"{MANIFEST}.part"
    with part.open("w", encoding="utf-8") as text:
        json.dump(manifest, text, sort_keys=True)
        text.flush()
        os.fsync(text.fileno())
    part.rename(folder / MANIFEST)
    _sync(folder)
    _sync(folder.parent)


def read(folder: Path, *, verify: bool = True) -> Model:
    """Map a model read-only. Raises `Torn` when it is missing, of another format, or not what was written.

    `verify=False` skips the hashes (sizes are still checked): for a folder this process has verified before.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise Torn(f"{folder}: format {manifest['format']}, this program reads {FORMAT}; train anew")
        for name, known in manifest["files"].items():
            path = folder / Path(name).name
            if path.stat().st_size != known["bytes"]:
                raise Torn(f"{path}: {path.stat().st_size} bytes, {known['bytes']} were written")
            if verify and _digest(path) != known["sha256"]:
                raise Torn(f"{path}: its hash is not the one that was written")
        return _model(folder, manifest)
    except Torn:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Torn(f"{folder}: {error}") from error


def _arrays(model: Model) -> Iterator[tuple[str, NDArray[np.generic]]]:
    yield "titles", np.frombuffer(b"".join(title.bytes for title in model.titles), np.uint8)
    yield "popularity", model.popularity
    content = model.content
    yield "content.indptr", content.indptr
    yield "content.indices", content.indices
    yield "content.data", content.data
    yield "content.rarity", content.rarity
    yield from _rows("taste", model.taste)
    for number, rows in enumerate(model.following):
        yield from _rows(f"following{number}", rows)
    if model.tail is not None:
        yield "tail.neighbours", model.tail.neighbours
        yield "tail.shares", model.tail.shares
        yield from _rows("tail.taste", model.tail.taste)
        for number, rows in enumerate(model.tail.following):
            yield from _rows(f"tail.following{number}", rows)


def _rows(name: str, rows: Rows) -> Iterator[tuple[str, NDArray[np.generic]]]:
    yield f"{name}.targets", rows.targets
    yield f"{name}.weights", rows.weights


def _model(folder: Path, manifest: dict[str, object]) -> Model:
    def array(name: str) -> NDArray[np.generic]:
        held: NDArray[np.generic] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        # A plain array over the mapped memory: indexing numpy's memmap class costs several times as much.
        return held.view(np.ndarray)

    def rows(name: str) -> Rows:
        return Rows(array(f"{name}.targets"), array(f"{name}.weights"))  # type: ignore[arg-type]  # as written

    numbers = array("titles").tobytes()
    titles = tuple(UUID(bytes=numbers[at : at + 16]) for at in range(0, len(numbers), 16))
    scales = tuple(float(scale) for scale in manifest["scales"])  # type: ignore[attr-defined]  # a list, as written
    content = Content(
        array("content.indptr"),  # type: ignore[arg-type]
        array("content.indices"),  # type: ignore[arg-type]
        array("content.data"),  # type: ignore[arg-type]
        int(manifest["columns"]),  # type: ignore[call-overload]
        array("content.rarity"),  # type: ignore[arg-type]
    )
    following = tuple(rows(f"following{number}") for number in range(len(scales)))
    taste = rows("taste")
    tail = None
    if manifest["tail"]:
        tail = Tail(
            len(taste),
            array("tail.neighbours"),  # type: ignore[arg-type]
            array("tail.shares"),  # type: ignore[arg-type]
            rows("tail.taste"),
            tuple(rows(f"tail.following{number}") for number in range(len(scales))),
        )
    about: dict[str, str | int | float] = dict(manifest["about"])  # type: ignore[call-overload]
    model = Model(
        titles,
        indexed(titles),
        taste,
        following,
        scales,
        array("popularity"),  # type: ignore[arg-type]
        content,
        about,
        tail,
    )
    _checked(model, folder)
    return model


def _checked(model: Model, folder: Path) -> None:
    """Lengths that do not fit together would be found only while somebody looks at a page."""
    tail = len(model.tail) if model.tail else 0
    lengths = {len(rows) for rows in (model.taste, *model.following)}
    if (
        lengths != {len(model) - tail}
        or len(model.popularity) != len(model)
        or len(model.content) != len(model)
    ):
        raise Torn(f"{folder}: the arrays are not of one length")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

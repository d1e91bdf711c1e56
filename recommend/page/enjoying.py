"""Which genres may be called ones that somebody enjoys: by what they watched or praised, and by nothing else. Pure."""

from collections.abc import Collection, Sequence

import numpy as np

from recommend.engine.score import Knobs, fading
from recommend.page.field import Field
from recommend.signals.shapes import Kind, TasteEntry

#: A genre of at least this share of what was enjoyed is one that the profile leans to.
LEANS = 0.12
#: What is on a list is a wish: it moves rows, and proves nothing.
_WISHES: Collection[Kind] = (Kind.LISTED,)


def genres(entries: Sequence[TasteEntry], field: Field, *, memory: float) -> tuple[str, ...]:
    """Slugs, what was enjoyed most first. `entries` come newest first; what was watched `memory` titles ago counts 1/e.

    Give it the long memory of taste: one evening is nothing that somebody has been enjoying.
    """
    weights = np.array([entry.weight for entry in entries], np.float32)
    fades = fading(weights, Knobs(memory=memory, lately=0.0)).tolist()
    told = [
        (place, entry.weight * faded)
        for entry, faded in zip(entries, fades, strict=True)
        if entry.weight > 0
        and entry.kind not in _WISHES
        and (place := field.place.get(entry.title_id)) is not None
    ]
    if not told:
        return ()
    held = field.shelved[[place for place, _weight in told]].astype(np.float32)
    weights = np.array([weight for _place, weight in told], np.float32)
    shares = weights / np.maximum(held.sum(axis=1), 1) @ held
    total = float(shares.sum())
    if total <= 0:
        return ()
    order = np.argsort(-shares, kind="stable")
    return tuple(field.genres[each] for each in order if shares[each] >= LEANS * total)

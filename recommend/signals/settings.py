"""The settings of this folder, read."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from recommend.signals.weights import BadWeight, Weights, weights


def current_weights() -> Weights:
    """What acts are worth. Raises ImproperlyConfigured, naming the setting."""
    said: dict[str, str] = settings.RECOMMEND_WEIGHTS
    return _read(tuple(sorted(said.items())))


@lru_cache(maxsize=8)
def _read(said: tuple[tuple[str, str], ...]) -> Weights:
    try:
        return weights(dict(said))
    except BadWeight as error:
        raise ImproperlyConfigured(f"NETFLIXLITE_RECOMMEND_WEIGHTS: {error}.") from error

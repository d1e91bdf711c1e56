"""System checks of signals: refuse settings that would be found wrong when somebody watches."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from recommend.signals.settings import current_weights


@register()
def settings_can_be_used(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Weights that can be read, and bounds that let something through."""
    found: list[CheckMessage] = []
    try:
        current_weights()
    except ImproperlyConfigured as error:
        found.append(Error(str(error), hint="See docs/recommend-signals.md.", id="recommend.E101"))
    bounds = {
        "NETFLIXLITE_RECOMMEND_VIEWINGS_A_DAY": settings.RECOMMEND_VIEWINGS_A_DAY,
        "NETFLIXLITE_RECOMMEND_VOTES_A_DAY": settings.RECOMMEND_VOTES_A_DAY,
    }
    for name, value in bounds.items():
        if value < 1:
            hint = "Write 1 or more. To learn nothing, set NETFLIXLITE_LEARNING=0."
            found.append(Error(f"{name} is {value}.", hint=hint, id="recommend.E102"))
    if settings.RECOMMEND_SIGNAL_DAYS < 0:
        days = settings.RECOMMEND_SIGNAL_DAYS
        found.append(
            Error(
                f"NETFLIXLITE_RECOMMEND_SIGNAL_DAYS is {days}.",
                hint="Write a number of days; 0 keeps acts for ever.",
                id="recommend.E103",
            )
        )
    return found

"""System checks of learning: refuse what would fail at night."""

import importlib.util
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from netflixlite.jobs import machine


@register()
def learning_can_run(**kwargs: Any) -> list[CheckMessage]:
    """What a training needs: its packages, numbers that make sense, a folder to write to, memory that there is."""
    if not settings.LEARNING:
        return []
    return [*_packages(), *_numbers(), *_folder(), *_memory()]


def _packages() -> list[CheckMessage]:
    if importlib.util.find_spec("scipy") is not None:
        return []
    return [
        Warning(
            "scipy is not installed: nothing can be learnt, and suggestions are the same for everybody.",
            hint="pip install -r requirements.lock, or NETFLIXLITE_LEARNING=0 to do without.",
            id="recommend.W001",
        )
    ]


def _numbers() -> list[CheckMessage]:
    least = {"LEARNING_MEMORY_MB": 0, "LEARNING_MINUTES": 1, "LEARNING_DAYS": 1, "LEARNING_PRIVATE_BELOW": 0}
    return [
        Error(
            f"NETFLIXLITE_{name} is {getattr(settings, name)}, which is below {lowest}.",
            hint="Leave it out for what is usual (.env.example).",
            id="recommend.E001",
        )
        for name, lowest in least.items()
        if getattr(settings, name) < lowest
    ]


def _folder() -> list[CheckMessage]:
    folder = Path(settings.MODELS_DIR)
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"Models cannot be written to {folder}: {nearest} is not a folder that this program may write to.",
            hint="Set NETFLIXLITE_MODELS to a folder that all machines of this site share, or let it write there.",
            id="recommend.E002",
        )
    ]


def _memory() -> list[CheckMessage]:
    wanted, free = settings.LEARNING_MEMORY_MB * 2**20, machine.memory_free()
    if wanted <= free:
        return []
    return [
        Warning(
            f"NETFLIXLITE_LEARNING_MEMORY_MB is {settings.LEARNING_MEMORY_MB}; {free // 2**20} MB are free now.",
            hint="A training that finds too little does no harm, but learns nothing. 0 takes half of what is free.",
            id="recommend.W002",
        )
    ]

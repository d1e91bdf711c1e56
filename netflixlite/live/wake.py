"""Wakes other processes' tails through Redis or Valkey, where one is set for the cache (NETFLIXLITE_CACHE_URL).

The message says nothing: truth is the row. Without a Redis, or while it is away, tails find rows by looking.
"""

import importlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings

log = logging.getLogger(__name__)

CHANNEL = "netflixlite-live"
#: How long nothing is published after an error, and how long to wait before listening again, in seconds.
AFTER_ERROR = 5.0
_REDIS = "django.core.cache.backends.redis.RedisCache"
_lock = threading.Lock()
_client: Any = None


def configured() -> bool:
    """Whether there is a Redis to wake others through."""
    return settings.CACHES["default"]["BACKEND"] == _REDIS


def publish() -> None:
    """Wake the others, if there is a way to. Never raises, never waits long."""
    if not configured():
        return
    try:
        _connected().publish(CHANNEL, b"")
    except Exception as error:  # whatever a library raises: the row is written, and tails look by themselves
        log.warning("Other processes could not be woken through Redis: %s", error)


def _connected() -> Any:
    global _client
    with _lock:
        if _client is None:
            redis = importlib.import_module("redis")
            address = str(settings.CACHES["default"]["LOCATION"])
            _client = redis.Redis.from_url(address, socket_timeout=1.0, socket_connect_timeout=1.0)
        return _client


def start(poke: Callable[[], None]) -> None:
    """Hear the others for as long as this process lives."""
    if configured():
        threading.Thread(target=hear, args=(poke, threading.Event()), name="live-wake", daemon=True).start()


def hear(poke: Callable[[], None], until: threading.Event) -> None:
    """Poke with every message, until told to end."""
    while not until.is_set():
        try:
            redis = importlib.import_module("redis")
            client = redis.Redis.from_url(
                str(settings.CACHES["default"]["LOCATION"]), health_check_interval=30
            )
            line = client.pubsub(ignore_subscribe_messages=True)
            line.subscribe(CHANNEL)
            poke()  # what was said while nobody heard
            while not until.is_set():
                if line.get_message(timeout=5.0) is not None:
                    poke()
        except Exception as error:  # the same
            log.warning("Redis cannot be heard: %s. Pages learn a quarter of a second later.", error)
            until.wait(AFTER_ERROR)

"""The Celery app under the name where people look for it. Its only task is a wake-up: see `netflixlite.jobs.broker`."""

from netflixlite.jobs.broker import app

__all__ = ["app"]

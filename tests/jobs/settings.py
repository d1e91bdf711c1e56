"""Settings of the worker processes that the tests here start and kill: jobs and nothing else, to start fast."""

import os
from pathlib import Path

import environ

HOME = Path(os.environ["NETFLIXLITE_HOME"])
SECRET_KEY = "only for tests"
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = ["netflixlite.jobs.apps.JobsConfig", "tests.jobs.effects"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_url = os.environ.get("NETFLIXLITE_DATABASE_URL", "")
DATABASES = {
    "default": environ.Env.db_url_config(_url)
    if _url
    else {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "jobs.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
WORK_DIR = HOME / "work"
BROKER_URL = os.environ.get("NETFLIXLITE_BROKER_URL", "")
BROKER_DIR = HOME / "broker"
WORKER_SLOTS = 2
JOB_LEASE_SECONDS = float(os.environ.get("NETFLIXLITE_JOB_LEASE_SECONDS", "2"))
JOB_RETRY_SECONDS = 0.2
JOB_MODULES = ["tests.jobs.effects.handlers"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"short": {"format": "{asctime} {threadName} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "short"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

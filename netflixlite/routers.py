"""Which database a model lives in: by how it is written, not by app."""

from typing import Any

from django.db.models import Model

#: Many small writes: kept away from the catalogue's file so that neither waits for the other.
TELEMETRY_MODELS = frozenset(
    {
        ("playback", "beacon"),
        ("cdn", "delivery"),
        ("cdn", "deliverycursor"),
        ("live", "news"),
        ("recommend", "impression"),
        ("recommend", "decision"),
    }
)


class ByPurpose:
    """Beacons, delivery logs and live news to `telemetry`, the cache table to `cache`, all else to `default`."""

    def _alias(self, app_label: str, model_name: str | None) -> str:
        if app_label == "django_cache":
            return "cache"
        return "telemetry" if (app_label, model_name) in TELEMETRY_MODELS else "default"

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return self._alias(model._meta.app_label, model._meta.model_name)

    db_for_write = db_for_read

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return self._alias(one._meta.app_label, one._meta.model_name) == self._alias(
            other._meta.app_label, other._meta.model_name
        )

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        if model_name is None:  # RunPython and RunSQL without a model: the catalogue's database only
            return db == "default"
        return db == self._alias(app_label, model_name)

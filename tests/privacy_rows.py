"""Makes a row of any model that hangs on an account, so that no new model escapes the test of erasures."""

from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from accounts.models import Profile, User
from netflixlite import personal
from netflixlite.personal import Kind

#: What a row needs that its fields do not say. Keyed by label; values may name the account's own things.
_WANTED: dict[str, dict[str, Any]] = {
    "accounts.Subscription": {
        "state": "active",
        "period_end": timezone.now,
        "period": "month",
        "currency": "EUR",
    },
    "accounts.ProfileTransfer": {"digest": lambda: uuid4().hex},
    "accounts.TvCode": {"device_digest": lambda: uuid4().hex, "user_digest": lambda: uuid4().hex},
    "playback.Prepared": {"left": 1.0},
    "playback.Licence": {"ended": ""},
    "mfa.Authenticator": {"type": "totp", "data": dict},
    "account.EmailConfirmation": {"key": lambda: uuid4().hex},
}


class Maker:
    """Makes rows for one account. Text that has room for it carries the account's words."""

    def __init__(self, user: User, profile: Profile, session_id: UUID, words: str) -> None:
        self.user, self.profile, self.session_id, self.words = user, profile, session_id, words
        self.made: dict[str, Any] = {"accounts.User": user, "accounts.Profile": profile}

    def make(self, label: str) -> Any:
        """The row of this model; the same one when asked again."""
        if label not in self.made:
            model = apps.get_model(label)
            wanted = _WANTED.get(label, {})
            values = {name: value() if callable(value) else value for name, value in wanted.items()}
            for field in model._meta.concrete_fields:
                if field.name not in values and not isinstance(field, models.AutoField):
                    self._fill(field, values)
            self.made[label] = model._base_manager.create(**values)
        return self.made[label]

    def _fill(self, field: Any, values: dict[str, Any]) -> None:
        if field.is_relation:
            related = field.related_model
            if related is ContentType:
                values[field.name] = ContentType.objects.get_for_model(User)
            elif related is User or related is Profile or not field.null:
                values[field.name] = self.make(related._meta.label)
            return
        if (found := self._id(field)) is not None:
            values[field.name] = found
        elif not field.null and (not field.has_default() or self._has_room(field)):
            values[field.name] = self._value(field)

    def _id(self, field: Any) -> UUID | str | None:
        known = {"user_id": self.user.id, "profile_id": self.profile.id, "session_id": self.session_id}
        if field.name in known and isinstance(field, models.UUIDField):
            return known[field.name]
        return str(self.user.id) if field.name == "object_id" else None

    def _has_room(self, field: Any) -> bool:
        if personal.classes()[field.model._meta.label] not in (Kind.PERSONAL, Kind.DERIVED):
            return False
        text = (
            isinstance(field, models.CharField | models.TextField) and not field.choices and not field.unique
        )
        return text and (field.max_length or 10_000) >= len(self.words)

    def _value(self, field: Any) -> Any:
        if field.choices:
            return field.choices[0][0]
        if self._has_room(field):
            return self.words
        if field.has_default():
            return field.get_default()
        kinds: list[tuple[Any, Any]] = [
            (models.UUIDField, uuid4()),
            (models.DateTimeField, timezone.now()),  # which is a date, too: before it
            (models.DateField, timezone.localdate()),
            (models.DurationField, timezone.timedelta(seconds=1)),
            (models.BooleanField, False),
            (models.IntegerField, 1),
            (models.FloatField, 1.0),
            (models.JSONField, {}),
            (models.BinaryField, b""),
            (models.GenericIPAddressField, "203.0.113.7"),
            (models.CharField, uuid4().hex[: field.max_length or 32]),
            (models.TextField, ""),
        ]
        return next(value for kind, value in kinds if isinstance(field, kind))

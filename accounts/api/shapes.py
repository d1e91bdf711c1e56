"""What clients say of profiles and are told of them."""

from django.conf import settings
from rest_framework import serializers

from accounts import maturity, services
from accounts.look import Look
from accounts.types import Profile

SAVER = [("", "as the browser says"), ("on", "on"), ("off", "off")]
SKIPS = [("ask", "a button"), ("auto", "by itself"), ("never", "not at all")]


class LookShape(serializers.Serializer[Look]):
    """How subtitles look."""

    size = serializers.ChoiceField(choices=services.LOOKS["size"], default="medium")
    color = serializers.ChoiceField(choices=services.LOOKS["color"], default="white")
    background = serializers.ChoiceField(choices=services.LOOKS["background"], default="soft")
    edge = serializers.ChoiceField(choices=services.LOOKS["edge"], default="shadow")
    font = serializers.ChoiceField(choices=services.LOOKS["font"], default="sans")
    position = serializers.ChoiceField(choices=services.LOOKS["position"], default="bottom")


class ProfileInput(serializers.Serializer[Profile]):
    """What a client may say of a profile."""

    name = serializers.CharField(max_length=40)
    avatar = serializers.ChoiceField(choices=services.AVATARS, default=services.AVATARS[0])
    is_kid = serializers.BooleanField(default=False)
    maturity = serializers.ChoiceField(choices=maturity.AGES, default=None, allow_null=True)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)


class ProfileChange(serializers.Serializer[Profile]):
    """What a client may change; what is left out stays. `look` is taken as a whole."""

    name = serializers.CharField(max_length=40, required=False)
    avatar = serializers.ChoiceField(choices=services.AVATARS, required=False)
    is_kid = serializers.BooleanField(required=False)
    maturity = serializers.ChoiceField(choices=maturity.AGES, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    autoplay_next = serializers.BooleanField(required=False)
    previews = serializers.BooleanField(required=False)
    data_saver = serializers.ChoiceField(choices=SAVER, required=False, allow_blank=True)
    skips = serializers.ChoiceField(choices=SKIPS, required=False)
    look = LookShape(required=False)


class ProfileOutput(serializers.Serializer[Profile]):
    """A profile as clients see it. `locked`: it is entered with a PIN."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    avatar = serializers.ChoiceField(choices=services.AVATARS)
    is_kid = serializers.BooleanField()
    maturity = serializers.IntegerField()
    language = serializers.CharField()
    locked = serializers.BooleanField()
    autoplay_next = serializers.BooleanField()
    previews = serializers.BooleanField()
    data_saver = serializers.ChoiceField(choices=SAVER, allow_blank=True)
    skips = serializers.ChoiceField(choices=SKIPS)
    look = LookShape()


class PinInput(serializers.Serializer[object]):
    """A PIN to try. Left out, or empty, for a profile that has none."""

    pin = serializers.CharField(max_length=8, default="", allow_blank=True, write_only=True)


class NewPin(serializers.Serializer[object]):
    """A PIN to set: four to eight digits."""

    pin = serializers.RegexField(r"^[0-9]{4,8}\Z", write_only=True)


class BlockedOutput(serializers.Serializer[object]):
    """The ids of titles that a profile does not see."""

    titles = serializers.ListField(child=serializers.UUIDField())


class TransferInput(serializers.Serializer[object]):
    """To whom the link is sent, if to anybody."""

    email = serializers.EmailField(default="", allow_blank=True)


class TransferOutput(serializers.Serializer[object]):
    """The link, which is told only once."""

    secret = serializers.CharField()
    url = serializers.URLField()
    email = serializers.EmailField(allow_blank=True)
    expires_at = serializers.DateTimeField()


class SecretInput(serializers.Serializer[object]):
    """The secret of a link."""

    secret = serializers.CharField(max_length=64)

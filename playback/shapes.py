"""What the API takes and gives, for checking input and for the schema."""

from typing import Any

from rest_framework import serializers

from playback import bodies


class SecondsField(serializers.FloatField):
    """A place in a video, in seconds: finite, not negative, not absurd."""

    def __init__(self, **more: Any) -> None:
        super().__init__(min_value=0, max_value=bodies.POSITION_MAX, **more)

    def to_internal_value(self, data: Any) -> float:
        """A number that is one: neither text nor true nor NaN, which passes every comparison with a bound."""
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data:
            self.fail("invalid")
        if not 0 <= data <= bodies.POSITION_MAX:  # before it is converted: a long integer is no float
            self.fail("max_value" if data > 0 else "min_value", max_value=bodies.POSITION_MAX, min_value=0)
        return float(data)


class CapabilitiesInput(serializers.Serializer[Any]):
    """What the device can do: decode AV1 well; play surround sound. What is left out is not known."""

    av1 = serializers.BooleanField(required=False, default=False)
    surround = serializers.BooleanField(required=False, allow_null=True, default=None)


class OpenInput(serializers.Serializer[Any]):
    """What to play. `leaves` is a session of this browser that ends for it, such as the previous episode's.

    With `prepare` nothing plays yet and no stream is taken: the answer has a `begin`. With `playlist` the multivariant
    playlist's text comes along.
    """

    video = serializers.UUIDField()
    leaves = serializers.UUIDField(required=False, allow_null=True)
    capabilities = CapabilitiesInput(required=False, allow_null=True)
    prepare = serializers.BooleanField(required=False, default=False)
    playlist = serializers.BooleanField(required=False, default=False)


class BookmarkInput(serializers.Serializer[Any]):
    """Where in the video, in seconds."""

    position = SecondsField()
    duration = SecondsField(required=False, allow_null=True)


class BookmarkOutput(serializers.Serializer[Any]):
    """Where a profile is in a video, in seconds."""

    video = serializers.UUIDField()
    position = serializers.FloatField()
    duration = serializers.FloatField()
    finished = serializers.BooleanField()


class NodeOutput(serializers.Serializer[Any]):
    """A place to fetch from, best first, and why it stands there. `healthy_since` in milliseconds since 1970."""

    id = serializers.CharField()
    base_url = serializers.URLField()
    rank = serializers.IntegerField()
    reason = serializers.CharField()
    healthy_since = serializers.IntegerField(allow_null=True)


class TokenOutput(serializers.Serializer[Any]):
    """Leave to fetch, until when, and where to get the next."""

    value = serializers.CharField()
    expires_at = serializers.DateTimeField()
    renew_url = serializers.URLField()


class TrackOutput(serializers.Serializer[Any]):
    """A sound or text track. Text may be `forced` (shown also to who wants no subtitles) or tell sounds too
    (`hearing_impaired`); sound may tell what is to be seen (`described`)."""

    name = serializers.CharField()
    language = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    channels = serializers.IntegerField(allow_null=True)
    default = serializers.BooleanField()
    forced = serializers.BooleanField()
    hearing_impaired = serializers.BooleanField()
    described = serializers.BooleanField()


class PictureOutput(serializers.Serializer[Any]):
    """A picture quality: pixels, and peak bits per second."""

    name = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bandwidth = serializers.IntegerField()


class TracksOutput(serializers.Serializer[Any]):
    """What there is to choose from."""

    audio = TrackOutput(many=True)
    text = TrackOutput(many=True)
    video = PictureOutput(many=True)


class MarkerOutput(serializers.Serializer[Any]):
    """A named stretch, in seconds. `kind` is 'intro', 'recap', 'credits' or 'chapter'; chapters have a name."""

    kind = serializers.CharField()
    name = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()


class NextOutput(serializers.Serializer[Any]):
    """What plays after this."""

    video = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.CharField()


class BeaconOutput(serializers.Serializer[Any]):
    """Where to report, and how often, in seconds."""

    url = serializers.URLField()
    interval = serializers.FloatField()


class BeginOutput(serializers.Serializer[Any]):
    """Where a prepared session is begun."""

    url = serializers.URLField()


class NewsOutput(serializers.Serializer[Any]):
    """Where to hear at once that somebody ended the session: a question that is held until there is news."""

    url = serializers.URLField()


class ChoiceOutput(serializers.Serializer[Any]):
    """What the viewer last chose in this title, else in any: a language, with ':sdh', ':forced' or ':description' after
    it and '#2' for the second of a kind; '' for nothing. `text` may also be 'off', 'forced' or 'foreign'. A POST to
    `url` with any of these as JSON changes them."""

    url = serializers.URLField()
    audio = serializers.CharField()
    text = serializers.CharField()
    second = serializers.CharField()


class CloseOutput(serializers.Serializer[Any]):
    """Where to say that the viewer leaves."""

    url = serializers.URLField()


class HeadOutput(serializers.Serializer[Any]):
    """Digests (base64, 16 bytes each) of a rendition's segments from number `first` on."""

    first = serializers.IntegerField()
    digests = serializers.CharField()


class SessionOutput(serializers.Serializer[Any]):
    """All that a player needs. Times in seconds, addresses absolute.

    `package` names the bytes that are played: another one in a later session means that the film was packaged anew.
    `complete` is false while more of the film is being made: it is likely to last `expected_duration` then. `hls` plays
    in any player; with `?keys=loader` an encrypted package's playlists come from the nodes and name a `key.bin`
    beside them, which stands for `content_key_url`. `dash` is null for an encrypted package. `segments` has
    `{rendition}` in it: there is what the segments of a rendition must be, their sizes and the beginnings of their
    SHA-256s. `playlist` is the text of `hls` for who asked for it, and `heads` has the beginnings of the SHA-256s of
    the first segments from its viewer's place on. A session that is only prepared has a `begin`: its
    token lives for seconds, and its other addresses answer once it has begun.
    """

    id = serializers.UUIDField()
    video = serializers.UUIDField()
    title = serializers.CharField()
    title_id = serializers.UUIDField()
    package = serializers.CharField()
    name = serializers.CharField()
    duration = serializers.FloatField()
    complete = serializers.BooleanField()
    trailer = serializers.BooleanField()
    expected_duration = serializers.FloatField(allow_null=True)
    encrypted = serializers.BooleanField()
    content_key_url = serializers.URLField(allow_null=True)
    hls = serializers.URLField()
    dash = serializers.URLField(allow_null=True)
    nodes = NodeOutput(many=True)
    steering = serializers.URLField()
    segments = serializers.CharField()
    max_height = serializers.IntegerField(allow_null=True)
    token = TokenOutput()
    bookmark = BookmarkOutput(allow_null=True)
    tracks = TracksOutput()
    markers = MarkerOutput(many=True)
    trickplay = serializers.URLField(allow_null=True)
    next = NextOutput(allow_null=True)
    beacon = BeaconOutput()
    close = CloseOutput()
    playlist = serializers.CharField(allow_null=True)
    heads = serializers.DictField(child=HeadOutput())
    begin = BeginOutput(allow_null=True)
    news = NewsOutput()
    choice = ChoiceOutput()


class StreamOutput(serializers.Serializer[Any]):
    """A playback that is going on in this household. A grown-up's profile may end it by a POST to `stop`."""

    id = serializers.UUIDField()
    stop = serializers.CharField()
    profile = serializers.CharField()
    title = serializers.CharField()
    device = serializers.CharField()
    since = serializers.DateTimeField()


class StreamsOutput(serializers.Serializer[Any]):
    """Everything that this household plays now."""

    streams = StreamOutput(many=True)


class ErrorDetail(serializers.Serializer[Any]):
    """What went wrong: a code for programs, words for people, and the field when one is to blame."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False)


class ErrorOutput(serializers.Serializer[Any]):
    """Every error of the API."""

    error = ErrorDetail()

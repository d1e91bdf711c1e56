"""How the catalogue's values look as JSON: times in ISO 8601, durations in seconds, pictures with their widths."""

from typing import Any

from rest_framework import serializers

from catalog import types


class SecondsField(serializers.FloatField):
    """A timedelta as seconds."""

    def to_representation(self, value: Any) -> Any:
        """Seconds, to the millisecond; `value` is a timedelta."""
        seconds: float = value.total_seconds()
        return round(seconds, 3)


class ImageOutput(serializers.Serializer[types.Image]):
    url = serializers.CharField(help_text="The middle size, for browsers without `srcset`.")
    srcset = serializers.CharField(help_text="Every width, ready for an HTML `srcset`.")
    width = serializers.IntegerField(help_text="Pixels of the largest.")
    height = serializers.IntegerField(help_text="Pixels of the largest.")


class GenreOutput(serializers.Serializer[types.Genre]):
    slug = serializers.CharField()
    name = serializers.CharField()


class CreditOutput(serializers.Serializer[types.Credit]):
    person = serializers.CharField()
    role = serializers.CharField(help_text="director, writer, creator, cast, composer or producer.")
    character = serializers.CharField(help_text="Who is played; empty when not known.")
    slug = serializers.CharField(help_text="The last part of the address of the person's page.")


class TitleOutput(serializers.Serializer[types.Title]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in types.Kind])
    name = serializers.CharField()
    tagline = serializers.CharField()
    synopsis = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)
    maturity = serializers.IntegerField(help_text="The age this title needs, in years.")
    genres = GenreOutput(many=True)
    people = CreditOutput(many=True)
    runtime = SecondsField(allow_null=True, help_text="A film's length in seconds; null for a series.")
    video_id = serializers.UUIDField(allow_null=True, help_text="A film's video; null for a series.")
    season_count = serializers.IntegerField()
    poster = ImageOutput(allow_null=True)
    backdrop = ImageOutput(allow_null=True)
    accent = serializers.CharField(help_text="A CSS colour taken from the pictures.")
    credit = serializers.CharField(help_text="Owner and licence of the footage, to be shown where it plays.")
    playable = serializers.BooleanField()
    published_at = serializers.DateTimeField(allow_null=True)


class PreviewOutput(serializers.Serializer[types.Preview]):
    picture = serializers.CharField(help_text="The sheet's address, a WebP.")
    width = serializers.IntegerField(help_text="Pixels of one small picture.")
    height = serializers.IntegerField(help_text="Pixels of one small picture.")
    tiles = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Where each stands on the sheet, in order: x and y of its corner.",
    )


class EpisodeOutput(serializers.Serializer[types.Episode]):
    id = serializers.UUIDField()
    season = serializers.IntegerField()
    number = serializers.IntegerField()
    name = serializers.CharField()
    synopsis = serializers.CharField()
    runtime = SecondsField(allow_null=True, help_text="Seconds.")
    video_id = serializers.UUIDField(allow_null=True)
    still = ImageOutput(allow_null=True)
    playable = serializers.BooleanField()


class SeasonOutput(serializers.Serializer[types.Season]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    name = serializers.CharField()
    episodes = EpisodeOutput(many=True)


class TitleDetailOutput(TitleOutput):
    seasons = SeasonOutput(
        many=True, help_text="A series' seasons in order, specials last; empty for a film."
    )


class TitleListOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many there are altogether.")
    results = TitleOutput(many=True)


class PersonFoundOutput(serializers.Serializer[types.PersonFound]):
    slug = serializers.CharField()
    name = serializers.CharField()
    note = serializers.CharField(help_text="Tells people of one name apart; mostly empty.")
    photo = ImageOutput(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField(), help_text="What they mostly did first.")
    titles = serializers.IntegerField(help_text="In how many titles that this profile may see.")


class SpokenOutput(serializers.Serializer[types.Spoken]):
    title_id = serializers.UUIDField()
    video_id = serializers.UUIDField()
    slug = serializers.CharField(help_text="The title's.")
    name = serializers.CharField(help_text="The title's.")
    season = serializers.IntegerField(allow_null=True, help_text="Of an episode; null for a film.")
    number = serializers.IntegerField(allow_null=True, help_text="Of an episode; null for a film.")
    episode = serializers.CharField(help_text="The episode's name; empty for a film.")
    language = serializers.CharField(help_text="Of the subtitles (BCP 47).")
    start = SecondsField(help_text="When the line begins, in seconds.")
    text = serializers.SerializerMethodField(help_text="The line as it is shown.")

    def get_text(self, one: types.Spoken) -> str:
        """The line in one piece."""
        return "".join(piece for piece, _hit in one.pieces)


class SearchOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many titles answer altogether.")
    some_words = serializers.BooleanField(help_text="No title has all the words; these have some.")
    corrected = serializers.CharField(
        help_text="The question as it was likely meant, when titles were found with another spelling only."
    )
    results = TitleOutput(many=True)
    people = PersonFoundOutput(many=True)
    genres = GenreOutput(many=True)
    spoken = SpokenOutput(many=True, help_text="Lines in which the words are said.")


class ListInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in types.Kind], required=False)
    genre = serializers.SlugField(required=False, help_text="A genre's slug.")
    order = serializers.ChoiceField(
        choices=[order.value for order in types.Order], default=types.Order.NEWEST.value
    )
    limit = serializers.IntegerField(min_value=1, max_value=100, default=40)
    offset = serializers.IntegerField(min_value=0, max_value=1_000_000, default=0)


class SearchInput(serializers.Serializer[Any]):
    q = serializers.CharField(max_length=200, allow_blank=True, trim_whitespace=True)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=40)

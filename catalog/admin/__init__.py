"""The studio: Django's admin, made fit to run a catalogue with."""

from django.contrib import admin

from catalog.admin import series, shelves, titles
from catalog.models import Episode, Genre, Person, Season, Title

admin.site.register(Title, titles.TitleAdmin)
admin.site.register(Season, series.SeasonAdmin)
admin.site.register(Episode, series.EpisodeAdmin)
admin.site.register(Genre, shelves.GenreAdmin)
admin.site.register(Person, shelves.PersonAdmin)

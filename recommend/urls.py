"""Routes of my list and thumbs."""

from django.urls import path

from recommend import api
from recommend.signals import api as signals
from recommend.trials.api import Shown

urlpatterns = [
    path("api/v1/my-list/<uuid:title_id>", api.MyListEntry.as_view(), name="my_list_entry"),
    path("api/v1/thumbs/<uuid:title_id>", api.TitleThumb.as_view(), name="title_thumb"),
    path("api/v1/shown", Shown.as_view(), name="shown"),
    path("api/v1/hidden/<uuid:title_id>", api.HiddenTitle.as_view(), name="hidden_title"),
    path("api/v1/recommendations", signals.Recommendations.as_view(), name="api_recommendations"),
    path("api/v1/recommendations/anew", signals.StartAnew.as_view(), name="api_start_anew"),
    path("api/v1/recommendations/<uuid:title_id>", signals.KnownOfTitle.as_view(), name="api_known_title"),
]

"""Playback's addresses."""

from django.urls import path

from playback import api, views

urlpatterns = [
    path("api/v1/playback/sessions", api.Sessions.as_view(), name="playback-sessions"),
    path("api/v1/playback/bookmarks/<uuid:video_id>", api.BookmarkDetail.as_view(), name="playback-bookmark"),
    path("api/v1/playback/s/<str:key>/multivariant.m3u8", views.multivariant, name="playback-multivariant"),
    path("api/v1/playback/s/<str:key>/steering", views.steering, name="playback-steering"),
    path("api/v1/playback/s/<str:key>/beacon", views.beacon, name="playback-beacon"),
    path("api/v1/playback/s/<str:key>/close", views.close, name="playback-close"),
    path("api/v1/playback/s/<str:key>/token", views.token, name="playback-token"),
]

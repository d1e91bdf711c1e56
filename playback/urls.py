"""Playback's addresses."""

from django.urls import path

from playback import api, views, watching

urlpatterns = [
    path("api/v1/playback/sessions", api.Sessions.as_view(), name="playback-sessions"),
    path(
        "api/v1/playback/sessions/<uuid:session_id>/stop",
        watching.StopStream.as_view(),
        name="playback-stop",
    ),
    path("account/watching/", watching.watching, name="watching"),
    path("account/watching/<uuid:session_id>/stop/", watching.stop, name="stop_stream"),
    path("api/v1/playback/bookmarks/<uuid:video_id>", api.BookmarkDetail.as_view(), name="playback-bookmark"),
    path("api/v1/playback/s/<str:key>/multivariant.m3u8", views.multivariant, name="playback-multivariant"),
    path("api/v1/playback/s/<str:key>/manifest.mpd", views.mpd, name="playback-mpd"),
    path(
        "api/v1/playback/s/<str:key>/keyed/<str:pathway>/<str:rendition>.m3u8",
        views.keyed,
        name="playback-keyed",
    ),
    path("api/v1/playback/s/<str:key>/content-key", views.content_key, name="playback-content-key"),
    path(
        "api/v1/playback/s/<str:key>/segments/<str:rendition>.json",
        views.segments,
        name="playback-segments",
    ),
    path("api/v1/playback/s/<str:key>/steering", views.steering, name="playback-steering"),
    path("api/v1/playback/s/<str:key>/begin", api.begin, name="playback-begin"),
    path("api/v1/playback/s/<str:key>/beacon", views.beacon, name="playback-beacon"),
    path("api/v1/playback/s/<str:key>/close", views.close, name="playback-close"),
    path("api/v1/playback/s/<str:key>/news", views.news, name="playback-news"),
    path("api/v1/playback/s/<str:key>/choice", views.choice, name="playback-choice"),
    path("api/v1/playback/s/<str:key>/token", views.token, name="playback-token"),
]

"""Playback's addresses."""

from django.urls import path

from playback import api, api_downloads, kept, views, watching

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
    path("api/v1/playback/downloads", api_downloads.Downloads.as_view(), name="playback-downloads"),
    path(
        "api/v1/playback/downloads/offers/<uuid:video_id>",
        api_downloads.DownloadOffer.as_view(),
        name="playback-download-offer",
    ),
    path(
        "api/v1/playback/downloads/<uuid:licence_id>",
        api_downloads.KeptDownload.as_view(),
        name="playback-download",
    ),
    path("api/v1/playback/d/standing", kept.standing, name="playback-kept-standing"),
    path("api/v1/playback/d/<str:licence>/token", kept.token, name="playback-kept-token"),
    path(
        "api/v1/playback/d/<str:licence>/segments/<str:rendition>.json",
        kept.segments,
        name="playback-kept-segments",
    ),
    path("api/v1/playback/d/<str:licence>/content-key", kept.content_key, name="playback-kept-content-key"),
    path("api/v1/playback/d/<str:licence>/done", kept.done, name="playback-kept-done"),
    path("api/v1/playback/d/<str:licence>/v/<uuid:viewing_id>", kept.report, name="playback-kept-report"),
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

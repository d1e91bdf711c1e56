"""The table of contents: every address of the site."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

urlpatterns = [
    path("admin/", include("accounts.signing.urls_admin")),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.signing.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("api/v1/schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("", include("netflixlite.setup")),
    path("", include("accounts.urls")),
    path("", include("catalog.urls")),
    path("", include("cdn.urls")),
    path("", include("playback.urls")),
    path("", include("recommend.urls")),
    path("", include("netflixlite.beside")),
    path("", include("netflixlite.blocking")),
    path("", include("netflixlite.offline")),
    path("", include("netflixlite.live.urls")),
    path("", include("netflixlite.pages.urls")),
]

handler400 = "netflixlite.refusing.bad_request"
handler403 = "netflixlite.refusing.permission_denied"
handler404 = "netflixlite.refusing.not_found"
handler500 = "netflixlite.refusing.server_error"

"""The catalogue's addresses."""

from django.urls import path

from catalog import api, views
from catalog.tus import views as tus

urlpatterns = [
    path("media/artwork/<uuid:artwork_id>/<int:width>.<slug:form>", views.picture, name="artwork"),
    path("api/v1/titles", api.TitleList.as_view(), name="api_titles"),
    path("api/v1/titles/<uuid:title_id>", api.TitleDetail.as_view(), name="api_title"),
    path("api/v1/titles/<uuid:title_id>/preview", api.TitlePreview.as_view(), name="api_title_preview"),
    path(
        "api/v1/titles/<uuid:title_id>/preview/<slug:tag>.webp",
        api.TitlePreviewPicture.as_view(),
        name="api_title_preview_picture",
    ),
    path("api/v1/search", api.Search.as_view(), name="api_search"),
    path("api/v1/uploads", tus.Uploads.as_view(), name="api_uploads"),
    path("api/v1/uploads/<uuid:upload_id>", tus.UploadResource.as_view(), name="api_upload"),
]

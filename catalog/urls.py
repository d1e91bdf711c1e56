"""The catalogue's addresses."""

from django.urls import path

from catalog import api, views

urlpatterns = [
    path("media/artwork/<uuid:artwork_id>/<int:width>.<slug:form>", views.picture, name="artwork"),
    path("api/v1/titles", api.TitleList.as_view(), name="api_titles"),
    path("api/v1/titles/<uuid:title_id>", api.TitleDetail.as_view(), name="api_title"),
    path("api/v1/search", api.Search.as_view(), name="api_search"),
]

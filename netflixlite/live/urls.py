"""Addresses of live news."""

from django.urls import path

from netflixlite.live import views

urlpatterns = [
    path("live/", views.news, name="live"),
    path("live/rows/", views.rows, name="live_rows"),
]

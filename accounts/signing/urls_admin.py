"""Doors of the admin that are replaced by ours. They stand before its own."""

from django.urls import path

from accounts.signing import views

urlpatterns = [
    path("login/", views.admin_login),
    path("password_change/", views.admin_password),
]

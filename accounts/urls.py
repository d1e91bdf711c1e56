"""Routes of accounts. The shell includes them at the root, and allauth's at `/accounts/`."""

from django.urls import path

from accounts import api, views

urlpatterns = [
    path("profiles/", views.profiles, name="profiles"),
    path("profiles/new/", views.new_profile, name="new_profile"),
    path("profiles/choose/<uuid:profile_id>/", views.choose_profile, name="choose_profile"),
    path("profiles/<uuid:profile_id>/edit/", views.edit_profile, name="edit_profile"),
    path("profiles/<uuid:profile_id>/delete/", views.delete_profile, name="delete_profile"),
    path("account/", views.account, name="account"),
    path("api/v1/profiles", api.ProfileList.as_view(), name="api_profiles"),
    path("api/v1/profiles/<uuid:profile_id>", api.ProfileDetail.as_view(), name="api_profile"),
]

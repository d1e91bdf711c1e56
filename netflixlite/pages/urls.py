"""The addresses of the pages that need several apps."""

from django.urls import path

from netflixlite.pages import (
    browsing,
    forms,
    history,
    home,
    mine,
    people,
    searching,
    suggesting,
    title,
    watch,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("title/<slug:slug>/", title.title, name="title"),
    path("title/<slug:slug>/play/", title.play, name="play"),
    path("title/<slug:slug>/why/", suggesting.why, name="why"),
    path("hidden/<uuid:title_id>/", suggesting.hide_title, name="hide_title"),
    path("picks/", suggesting.picks, name="picks"),
    path("profiles/<uuid:profile_id>/recommendations/", suggesting.recommendations, name="recommendations"),
    path("watch/<uuid:video_id>/", watch.watch, name="watch"),
    path("search/", searching.search, name="search"),
    path("person/<slug:person>/", people.page, name="person"),
    path("history/", history.history, name="history"),
    path("profiles/<uuid:profile_id>/history/", history.profile_history, name="profile_history"),
    path("my-list/", mine.my_list, name="my_list"),
    path("my-list/<uuid:title_id>/", forms.toggle_list, name="toggle_list"),
    path("thumbs/<uuid:title_id>/", forms.thumb, name="thumb"),
    path("continue/<uuid:video_id>/remove/", forms.remove_from_continue, name="remove_from_continue"),
    path("browse/", browsing.browse, name="browse"),
    path("browse/<slug:genre>/", browsing.browse, name="browse"),
]

"""Keeps the device of each session up to date, and gives its cookie to browsers that have none."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.devices import binding


class DeviceMiddleware:
    """Stands within the session's and the user's middleware, outside the profile's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        binding.keep(request, response)
        return response

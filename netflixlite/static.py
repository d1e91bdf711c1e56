"""Static files under ASGI."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

from netflixlite.bundling import CHUNKS


class WholeFileWhiteNoise(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Answers with the whole file in memory.

    The library streams, which under ASGI makes Django read the file up front anyway, chunk by chunk, and warn at each
    request. Our static files are small (the largest, hls.js, is 190 kB compressed).
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The file, its compressed form, or 304, as the request's headers ask."""
        answer = static_file.get_response(request.method, request.META)
        content = b""
        if answer.file is not None:
            with answer.file as file:
                content = file.read()
        response = HttpResponse(content, status=int(answer.status))
        del response["Content-Type"]
        for key, value in answer.headers:
            response[key] = value
        return response

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Whether a file's name changes with its content, so that it may be cached for ever."""
        return url.startswith(f"{self.static_prefix}{CHUNKS}") or bool(super().immutable_file_test(path, url))

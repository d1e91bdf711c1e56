"""Pages are sent small: HTML is compressed for browsers that take it. Static files are compressed beforehand.

Only HTML: media, playlists and what nodes fetch have lengths, ranges and hashes that have to stay. Django varies the
length of what it compresses, so that it tells nothing of secrets in a page (BREACH; the tokens of forms are masked).
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressHtmlMiddleware(GZipMiddleware):
    """GZip for HTML that is not streamed."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response, compressed where that is wanted."""
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_page:
            return response
        return super().process_response(request, response)

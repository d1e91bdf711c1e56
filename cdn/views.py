"""The shield: the site itself serves viewers whom no node can, with the names, codes and headers of an edge node."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog import services as catalog
from cdn import keys, signing, takedowns
from cdn.denials import deny_list
from cdn.origin import answer, plain
from cdn.ranges import CORS_HEADERS, PREFLIGHT_HEADERS


@login_not_required
@require_http_methods(["GET", "HEAD", "OPTIONS"])
def object_for_viewer(
    request: HttpRequest, token: str, package: str, rendition: str, name: str
) -> HttpResponseBase:
    """GET /v1/<token>/<package>/<rendition>/<name>: the pathway of last resort, open to whoever has a good token."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=PREFLIGHT_HEADERS)
    response = _shield(request, token, package, rendition, name)
    for header, value in CORS_HEADERS.items():
        response.headers[header] = value
    response.headers["X-Cache"] = "SHIELD"
    return response


def _shield(request: HttpRequest, token: str, package: str, rendition: str, name: str) -> HttpResponseBase:
    now = timezone.now()
    try:
        opened = signing.decode(token, keys.ring.verifying(now))
        if deny_list.holds(UUID(bytes=opened.session)):
            raise signing.BadToken("denied")
        # The package first: a token for another package must not tell which packages exist.
        if opened.package.hex() != package:
            raise signing.BadToken("package")
        if takedowns.log.forbids(package):
            return plain(404, "taken down")
        known = catalog.package(package)
        index = next((r.index for r in known.renditions if r.name == rendition), None) if known else None
        if index is None:
            signing.check(opened, package=package, rendition_index=_lowest(opened), now=now.timestamp())
            return plain(404, "unknown object")
        signing.check(opened, package=package, rendition_index=index, now=now.timestamp())
    except signing.BadToken as error:
        return plain(403, f"token: {error.reason}")
    return answer(request, catalog.stored_object(package, rendition=rendition, name=name))


def _lowest(token: signing.Token) -> int:
    """A rendition that the token does open, so that only its times are checked."""
    return (token.renditions & -token.renditions).bit_length() - 1

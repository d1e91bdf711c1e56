"""`/api/v1/uploads`: what Django decides of an upload. Bodies do not come here (see `receiver`)."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.tus import ledger, parts, protocol, receiver
from catalog.tus.protocol import TusError

#: How much before the offset a sender can compare with the file that its person chose, in bytes.
TAIL = 1024 * 1024


class SessionOr401(SessionAuthentication):
    """The site's own sign-in and CSRF check; who is signed out hears 401, and so knows what to do about it."""

    def authenticate_header(self, request: Request) -> str:
        """What makes REST framework say 401 instead of 403."""
        return "Session"


class MayUpload(BasePermission):
    """Operators who may change titles; not from a kids profile."""

    code = "not_operator"
    message = "Only operators upload films."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether who is asking runs the catalogue."""
        user = request.user
        if getattr(getattr(request, "profile", None), "is_kid", False):
            return False
        if getattr(request, "lacks_factor", False):  # NETFLIXLITE_STAFF_MFA=required, and none was given here
            return False
        return bool(user.is_active and user.is_staff and user.has_perm("catalog.change_title"))


def _who(request: Request) -> UUID:
    """Who is asking. The permission has made sure that somebody is."""
    return UUID(str(request.user.pk))


@extend_schema(exclude=True)  # docs/upload.md and tus.io describe it: its inputs are headers
class TusView(APIView):
    """What both addresses have in common."""

    authentication_classes = [SessionOr401]
    permission_classes = [MayUpload]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who is asking, and in which language?"""
        super().initial(request, *args, **kwargs)
        if request.method not in ("OPTIONS", "GET"):
            protocol.check_version(request.headers)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]  # as REST framework has it
        """What this server can do."""
        answer = Response(status=204)
        answer["Tus-Version"] = protocol.VERSION
        answer["Tus-Extension"] = protocol.EXTENSIONS
        answer["Tus-Checksum-Algorithm"] = ",".join(protocol.ALGORITHMS)
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """On every answer, errors too."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = protocol.VERSION
        response["Cache-Control"] = "no-store"
        return response

    def order(self, request: Request, upload_id: UUID, offset: int) -> None:
        """Tell the receiver behind this view to take the body."""
        desk = getattr(request._request, "scope", {}).get(receiver.DESK)
        if not isinstance(desk, receiver.Desk):
            raise TusError(501, "asgi", _("Uploads need the site to run under ASGI (netflixlite.asgi)."))
        desk.order = receiver.Order(
            upload_id=upload_id,
            offset=offset,
            checksum=protocol.checksum(request.headers),
            tab=request.headers.get(protocol.TAB, "")[:64],
            take_over=request.headers.get(protocol.TAKE_OVER) == "1",
            language=translation.get_language() or "en",
        )


class Uploads(TusView):
    """Beginning an upload."""

    def post(self, request: Request) -> Response:
        """Announce a file, and perhaps send its first bytes along."""
        entry = ledger.create(_who(request), protocol.wanted(request.headers))
        answer = Response(status=201)
        answer["Location"] = reverse("api_upload", args=[entry.id])
        answer["Upload-Offset"] = "0"
        answer["Upload-Expires"] = protocol.expires(entry.expires_at)
        if request.headers.get("Content-Type", "").split(";")[0].strip() == protocol.PIECE:
            self.order(request, entry.id, 0)
        return answer


class UploadResource(TusView):
    """One upload."""

    def head(self, request: Request, upload_id: UUID) -> Response:
        """How much of it is safely here."""
        entry = ledger.find(upload_id, _who(request))
        answer = Response()
        answer["Upload-Offset"] = str(entry.offset)
        answer["Upload-Length"] = str(entry.length)
        if entry.receiving:
            answer["Upload-Expires"] = protocol.expires(entry.expires_at)
        return answer

    def get(self, request: Request, upload_id: UUID) -> Response:
        """Where it stands, and the hash of the last bytes: so that a sender can tell whether a file continues it."""
        entry = ledger.find(upload_id, _who(request))
        tail: dict[str, object] | None = None
        if entry.receiving and entry.offset:
            begin, digest = parts.tail_sha256(upload_id, offset=entry.offset, most=TAIL)
            tail = {"from": begin, "to": entry.offset, "sha256": digest}
        return Response(
            {
                "offset": entry.offset,
                "length": entry.length,
                "state": entry.state,
                "reason": entry.reason,
                "tail": tail,
            }
        )

    def patch(self, request: Request, upload_id: UUID) -> Response:
        """Take a piece."""
        protocol.check_piece(request.headers)
        ledger.find(upload_id, _who(request))
        self.order(request, upload_id, protocol.offset(request.headers))
        return Response(status=204)

    def delete(self, request: Request, upload_id: UUID) -> Response:
        """Give it up. Operators may clear away each other's: unfinished uploads take everybody's room."""
        ledger.remove(upload_id)
        return Response(status=204)

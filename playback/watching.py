"""Who is watching what in this household: a page, and stopping one stream by a form or over the API."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors
from accounts import services as accounts
from playback import services, shapes


@require_GET
@doors.profile_required
def watching(request: doors.ProfileRequest) -> HttpResponse:
    """Who watches what, on which device; with a button to stop one."""
    profile = doors.profile_of(request)
    here = doors.device_of(request)
    streams = services.streams(profile.user_id, maturity=profile.maturity, without=profile.blocked)
    plan = accounts.plan(profile.user_id)
    context = {
        "streams": streams,
        "here": here,
        "plan": plan,
        "free": max(0, plan.streams - len(streams)),
    }
    return render(request, "accounts/watching.html", context)


@require_POST
@doors.profile_required
def stop(request: doors.ProfileRequest, session_id: UUID) -> HttpResponse:
    """Stop one of them. Doing it twice is no error."""
    profile = doors.profile_of(request)
    if profile.is_kid:
        raise PermissionDenied(_("This is not for kids profiles."))
    try:
        services.stop_stream(user_id=profile.user_id, session_id=session_id)
    except services.NotFound as error:
        raise Http404(error.message) from error
    messages.success(request, _("The stream is stopped. Its player says so there."))
    return redirect("watching")


class StopStream(APIView):
    """One playback of this household, to be stopped."""

    def get_permissions(self) -> list[BasePermission]:
        """A grown-up's profile that was chosen."""
        return [doors.HasProfile(), doors.IsGrownUp()]

    @extend_schema(
        request=None,
        responses={
            204: None,
            403: OpenApiResponse(shapes.ErrorOutput),
            404: OpenApiResponse(shapes.ErrorOutput),
        },
        summary="Stop one stream of this household",
        operation_id="playback_sessions_stop",
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """The stream's slot is free at once, and its player says who stopped it."""
        try:
            services.stop_stream(user_id=doors.profile_of(request).user_id, session_id=session_id)
        except services.NotFound as error:
            raise Http404(error.message) from error
        return Response(status=204)

"""Playback over HTTP, for who is signed in and has chosen a profile: opening a session, and bookmarks."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import device_of, profile_of
from catalog.types import Marker
from netflixlite import addresses
from playback import bodies, keys, services, shapes
from playback.steered import listed
from playback.types import ActiveSession, Bookmark, Capabilities, Picture, Session, Track
from playback.views import capability, read_body


class Refusal(APIException):
    """A named refusal of the services as an HTTP answer; `extra` is added to the error."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(detail=message, code=code)
        self.status_code = status
        self.extra = extra


class Sessions(APIView):
    """Playback sessions of the profile that is watching."""

    @extend_schema(
        request=shapes.OpenInput,
        responses={
            201: OpenApiResponse(shapes.SessionOutput, description="The session: all that a player needs."),
            402: OpenApiResponse(
                shapes.ErrorOutput, description="needs_plan: choose one on the page at `url`"
            ),
            403: OpenApiResponse(shapes.ErrorOutput, description="not_available, blocked"),
            404: OpenApiResponse(
                shapes.ErrorOutput, description="not_found: also when the title is above the profile's age"
            ),
            409: OpenApiResponse(
                shapes.ErrorOutput, description="stream_limit (with `streams`), no_package, not_prepared"
            ),
        },
        summary="Press play",
    )
    def post(self, request: Request) -> Response:
        """Start playing a video on this browser."""
        data = shapes.OpenInput(data=request.data)
        data.is_valid(raise_exception=True)
        if not request.session.session_key:
            request.session.create()
        playlist = data.validated_data["playlist"]
        ask = (
            services.prepare_session
            if data.validated_data["prepare"]
            else partial(services.open_session, playlist=playlist)
        )
        try:
            session = ask(
                profile_id=profile_of(request).id,
                video_id=data.validated_data["video"],
                user_agent=request.headers.get("User-Agent", "")[:400],
                address=addresses.of(request.META),
                device=_device(request),
                device_id=device_of(request._request),
                leaves=data.validated_data.get("leaves"),
                can=_capabilities(data.validated_data.get("capabilities")),
            )
        except services.Refused as refused:
            raise refusal(refused) from refused
        services.heed_network(
            user_id=profile_of(request).user_id, session_id=session.id, address=addresses.of(request.META)
        )
        return Response(opened(session), status=201)

    @extend_schema(responses={200: shapes.StreamsOutput}, summary="Who is watching now")
    def get(self, request: Request) -> Response:
        """What this household plays now; what a profile may not see has no name here."""
        profile = profile_of(request)
        streams = services.streams(profile.user_id, maturity=profile.maturity, without=profile.blocked)
        return Response({"streams": [_stream(one) for one in streams]})


@capability("POST")
def begin(request: HttpRequest, key: keys.Key) -> HttpResponse:
    """Press Play on what was prepared: the same answer as that of opening, or the same refusals."""
    try:
        session = services.begin_session(key.session_id, leaves=bodies.identity(read_body(request), "leaves"))
    except services.Refused as refused:
        said = refusal(refused)
        error = {"code": said.get_codes(), "message": refused.message, **said.extra}
        return JsonResponse({"error": error}, status=said.status_code)
    return JsonResponse(opened(session), status=201)


class BookmarkDetail(APIView):
    """Where the profile that is watching is in a video."""

    @extend_schema(
        request=shapes.BookmarkInput,
        responses={200: shapes.BookmarkOutput, 404: shapes.ErrorOutput},
        summary="Set a bookmark",
    )
    def put(self, request: Request, video_id: UUID) -> Response:
        """Set the place by hand."""
        data = shapes.BookmarkInput(data=request.data)
        data.is_valid(raise_exception=True)
        duration = data.validated_data.get("duration")
        try:
            bookmark = services.save_bookmark(
                profile_id=profile_of(request).id,
                video_id=video_id,
                position=timedelta(seconds=data.validated_data["position"]),
                duration=None if duration is None else timedelta(seconds=duration),
            )
        except services.NotFound as refused:
            raise refusal(refused) from refused
        return Response(marked(bookmark))

    @extend_schema(responses={200: shapes.BookmarkOutput, 404: shapes.ErrorOutput}, summary="Read a bookmark")
    def get(self, request: Request, video_id: UUID) -> Response:
        """Where the profile stopped."""
        bookmark = services.bookmarks(profile_of(request).id, [video_id]).get(video_id)
        if bookmark is None:
            raise Refusal(404, "not_found", "There is no bookmark in this video.")
        return Response(marked(bookmark))

    @extend_schema(responses={204: None}, summary="Remove from continue watching")
    def delete(self, request: Request, video_id: UUID) -> Response:
        """Take the video's title off continue watching, until it is watched again. Doing it twice is no error."""
        services.remove_bookmark(profile_id=profile_of(request).id, video_id=video_id)
        return Response(status=204)


def opened(session: Session) -> dict[str, Any]:
    """A session as the API answers it: durations in seconds, times in ISO 8601."""
    following = session.next
    return {
        "id": session.id,
        "video": session.video_id,
        "title": session.title,
        "title_id": session.title_id,
        "package": session.package_id,
        "name": session.name,
        "duration": session.duration.total_seconds(),
        "complete": session.complete,
        "trailer": session.trailer,
        "expected_duration": session.expected_duration.total_seconds() if session.expected_duration else None,
        "encrypted": session.encrypted,
        "content_key_url": session.content_key_url,
        "hls": session.hls,
        "dash": session.dash,
        "nodes": listed(session.nodes),
        "steering": session.steering,
        "segments": session.segments,
        "max_height": session.max_height,
        "token": {
            "value": session.token,
            "expires_at": session.token_expires_at,
            "renew_url": session.renew_url,
        },
        "bookmark": marked(session.bookmark) if session.bookmark else None,
        "tracks": {
            "audio": [_track(one) for one in session.audio],
            "text": [_track(one) for one in session.text],
            "video": [_picture(one) for one in session.video],
        },
        "markers": [_marker(one) for one in session.markers],
        "trickplay": session.trickplay,
        "next": {"video": following.video_id, "name": following.name, "title": following.title}
        if following
        else None,
        "beacon": {"url": session.beacon_url, "interval": session.beacon_interval.total_seconds()},
        "close": {"url": session.close_url},
        "playlist": session.playlist or None,
        "heads": {
            name: {"first": head.first, "digests": head.digests} for name, head in session.heads.items()
        },
        "begin": {"url": session.begin_url} if session.begin_url else None,
        "news": {"url": session.news_url},
        "choice": {
            "url": session.choice_url,
            "audio": session.choice.audio,
            "text": session.choice.text,
            "second": session.choice.second,
        },
    }


def _capabilities(given: dict[str, Any] | None) -> Capabilities:
    """What the player said of its device; a player that says nothing is not known."""
    return Capabilities(av1=given["av1"], surround=given["surround"]) if given else Capabilities()


def marked(bookmark: Bookmark) -> dict[str, Any]:
    """A bookmark as the API answers it, in seconds."""
    return {
        "video": bookmark.video_id,
        "position": bookmark.position.total_seconds(),
        "duration": bookmark.duration.total_seconds(),
        "finished": bookmark.finished,
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        "name": track.name,
        "language": track.language,
        "label": track.label,
        "channels": track.channels,
        "default": track.default,
        "forced": track.forced,
        "hearing_impaired": track.hearing_impaired,
        "described": track.described,
    }


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        "name": picture.name,
        "width": picture.width,
        "height": picture.height,
        "bandwidth": picture.bandwidth,
    }


def _marker(marker: Marker) -> dict[str, Any]:
    return {
        "kind": marker.kind,
        "name": marker.name,
        "start": marker.start.total_seconds(),
        "end": marker.end.total_seconds(),
    }


def _stream(stream: ActiveSession) -> dict[str, Any]:
    return {
        "profile": stream.profile_name,
        "title": stream.title_name,
        "device": stream.device_name,
        "since": stream.started_at,
        "id": stream.id,
        "stop": reverse("playback-stop", args=[stream.id]),
    }


def _device(request: Request) -> str:
    """What stays the same on one browser: its device, or else its session."""
    device_id = device_of(request._request)
    return str(device_id) if device_id else request.session.session_key or ""


def refusal(refused: services.Refused) -> Refusal:
    """The HTTP face of a refusal. Above one's age looks exactly like not there."""
    if isinstance(refused, services.StreamLimit):
        streams = [_stream(one) for one in services.named(refused.streams)]
        return Refusal(
            409,
            "stream_limit",
            refused.message,
            streams=streams,
            limit=refused.limit,
            can_stop=refused.can_stop,
        )
    if isinstance(refused, services.NeedsPlan):
        return Refusal(402, "needs_plan", refused.message, url=reverse("plans"))
    if isinstance(refused, services.NotPrepared):
        return Refusal(409, "not_prepared", refused.message)
    if isinstance(refused, services.NoPackage):
        return Refusal(409, "no_package", refused.message)
    if isinstance(refused, services.Blocked):
        return Refusal(403, "blocked", refused.message)
    if isinstance(refused, services.NotAvailable):
        return Refusal(403, "not_available", refused.message)
    return Refusal(404, "not_found", refused.message)

"""Downloads over HTTP, for who is signed in and has chosen a profile: what may be kept, and what is kept."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import device_of, profile_of
from netflixlite import addresses
from playback import services, shapes
from playback.api import Refusal, opened, refusal
from playback.kept import written
from playback.types import Capabilities, Download, KeepWish, Kept, Offer, OfferedTrack

_REFUSALS = {
    402: OpenApiResponse(shapes.ErrorOutput, description="needs_plan"),
    403: OpenApiResponse(shapes.ErrorOutput, description="not_available, blocked, no_downloads"),
    404: OpenApiResponse(shapes.ErrorOutput, description="not_found"),
    409: OpenApiResponse(shapes.ErrorOutput, description="no_package, download_limit, no_device"),
}


class OfferedTrackOutput(serializers.Serializer[Any]):
    """A picture (`height` in pixels) or a sound that may be kept, and what it takes in bytes."""

    name = serializers.CharField()
    bytes = serializers.IntegerField()
    height = serializers.IntegerField()
    language = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    usual = serializers.BooleanField()


class OfferOutput(serializers.Serializer[Any]):
    """What of a video may be kept on this device. `refused`: 'plan', 'devices', 'titles', or '' when it may be."""

    video = serializers.UUIDField()
    refused = serializers.CharField()
    message = serializers.CharField()
    pictures = OfferedTrackOutput(many=True)
    sounds = OfferedTrackOutput(many=True)
    more_bytes = serializers.IntegerField()
    days = serializers.IntegerField()
    devices = serializers.IntegerField()
    keeping = serializers.ListField(child=serializers.CharField())


class KeepInput(serializers.Serializer[Any]):
    """What to keep: a picture of this `height` in pixels at most, and sounds by name; without them the usual ones."""

    video = serializers.UUIDField()
    height = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=16384)
    sounds = serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=32)
    capabilities = shapes.CapabilitiesInput(required=False, allow_null=True)


class TermsOutput(serializers.Serializer[Any]):
    """How a licence stands. `secret` (base64) opens what is kept; '' once it has `ended`."""

    id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()
    days = serializers.IntegerField()
    secret = serializers.CharField()
    ended = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class OwnerOutput(serializers.Serializer[Any]):
    """Whose download it is. `locked`: the profile has a PIN."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    avatar = serializers.CharField()
    kid = serializers.BooleanField()
    locked = serializers.BooleanField()


class DownloadOutput(serializers.Serializer[Any]):
    """Leave to keep a film. Its addresses hold the licence's key; `session` describes the film as to a player."""

    licence = TermsOutput()
    profile = OwnerOutput()
    session = shapes.SessionOutput()
    bytes = serializers.IntegerField()
    tracks = serializers.ListField(child=serializers.CharField())
    token_url = serializers.URLField()
    segments_url = serializers.CharField()
    content_key_url = serializers.URLField(allow_null=True)
    done_url = serializers.URLField()
    reports_url = serializers.CharField()
    standing_url = serializers.CharField()


class KeptOutput(serializers.Serializer[Any]):
    """A film on one of the household's devices. `here`: on the one that asks."""

    id = serializers.UUIDField()
    video = serializers.UUIDField()
    title = serializers.UUIDField()
    name = serializers.CharField()
    device = serializers.CharField()
    here = serializers.BooleanField()
    bytes = serializers.IntegerField()
    complete = serializers.BooleanField()
    expires_at = serializers.DateTimeField()


class KeptListOutput(serializers.Serializer[Any]):
    """What the profile that is watching keeps on devices."""

    downloads = KeptOutput(many=True)


class Downloads(APIView):
    """Films that are kept on devices."""

    @extend_schema(responses={200: KeptListOutput}, summary="What this profile keeps on devices")
    def get(self, request: Request) -> Response:
        """What the profile that is watching keeps, on this device and others."""
        profile, here = profile_of(request), device_of(request._request)
        found = services.kept(profile.user_id, profile_id=profile.id)
        return Response({"downloads": [_kept(one, here) for one in found]})

    @extend_schema(
        request=KeepInput,
        responses={201: OpenApiResponse(DownloadOutput, description="Leave to keep it."), **_REFUSALS},
        summary="Keep a film on this device",
    )
    def post(self, request: Request) -> Response:
        """Give this device leave to keep a video, and say where to fetch it."""
        data = KeepInput(data=request.data)
        data.is_valid(raise_exception=True)
        given = data.validated_data
        profile = profile_of(request)
        try:
            download = services.keep(
                profile_id=profile.id,
                video_id=given["video"],
                device_id=_device(request),
                wish=KeepWish(given.get("height"), tuple(given.get("sounds", ()))),
                can=_capabilities(given.get("capabilities")),
                user_agent=request.headers.get("User-Agent", "")[:400],
                address=addresses.of(request.META),
            )
        except services.Refused as refused:
            raise _refusal(refused) from refused
        owner = {"id": profile.id, "name": profile.name, "avatar": profile.avatar}
        owner |= {"kid": profile.is_kid, "locked": profile.locked}
        return Response(_download(download) | {"profile": owner}, status=201)


class DownloadOffer(APIView):
    """What may be kept of one video."""

    @extend_schema(
        responses={200: OfferOutput, **_REFUSALS},
        parameters=[shapes.CapabilitiesInput],
        summary="What of a video may be kept",
    )
    def get(self, request: Request, video_id: UUID) -> Response:
        """Qualities, languages and sizes, and whether there is room for it in the plan."""
        can = shapes.CapabilitiesInput(data=request.query_params)
        can.is_valid(raise_exception=True)
        try:
            found = services.offer(
                profile_id=profile_of(request).id,
                video_id=video_id,
                device_id=_device(request),
                can=_capabilities(can.validated_data),
            )
        except services.Refused as refused:
            raise _refusal(refused) from refused
        return Response(_offer(found))


class KeptDownload(APIView):
    """One film that is kept."""

    @extend_schema(responses={204: None, 404: shapes.ErrorOutput}, summary="Keep a film no more")
    def delete(self, request: Request, licence_id: UUID) -> Response:
        """End a licence of the profile that is watching; its device removes the film when it is online next."""
        profile = profile_of(request)
        mine = services.kept(profile.user_id, profile_id=profile.id)
        if licence_id not in {one.id for one in mine}:
            raise Refusal(404, "not_found", services.NotFound().message)
        services.end_licence(licence_id=licence_id, user_id=profile.user_id)
        return Response(status=204)


def _device(request: Request) -> UUID:
    device_id = device_of(request._request)
    if device_id is None:
        raise Refusal(409, "no_device", _("This browser is not known as a device. Sign in again."))
    return device_id


def _capabilities(given: dict[str, Any] | None) -> Capabilities:
    return Capabilities(av1=given["av1"], surround=given["surround"]) if given else Capabilities()


def _refusal(refused: services.Refused) -> Refusal:
    if isinstance(refused, services.MayNotKeep):
        if refused.why == "plan":
            return Refusal(403, "no_downloads", refused.message)
        return Refusal(409, "download_limit", refused.message, why=refused.why)
    return refusal(refused)


def _download(download: Download) -> dict[str, Any]:
    return {
        "licence": written(download.terms),
        "session": opened(download.session),
        "bytes": download.bytes,
        "tracks": list(download.tracks),
        "token_url": download.token_url,
        "segments_url": download.segments_url,
        "content_key_url": download.content_key_url,
        "done_url": download.done_url,
        "reports_url": download.reports_url,
        "standing_url": reverse("playback-kept-standing"),
    }


def _offer(found: Offer) -> dict[str, Any]:
    return {
        "video": found.video_id,
        "refused": found.refused,
        "message": found.message,
        "pictures": [_track(one) for one in found.pictures],
        "sounds": [_track(one) for one in found.sounds],
        "more_bytes": found.more_bytes,
        "days": found.days,
        "devices": found.devices,
        "keeping": list(found.keeping),
    }


def _track(one: OfferedTrack) -> dict[str, Any]:
    return {
        "name": one.name,
        "bytes": one.bytes,
        "height": one.height,
        "language": one.language,
        "label": one.label,
        "usual": one.usual,
    }


def _kept(one: Kept, here: UUID | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "video": one.video_id,
        "title": one.title_id,
        "name": one.name,
        "device": one.device_name,
        "here": one.device_id == here,
        "bytes": one.bytes,
        "complete": one.complete,
        "expires_at": one.expires_at,
    }

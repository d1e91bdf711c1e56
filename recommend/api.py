"""My list and thumbs over HTTP: check the input, one call, answer the state that is true now."""

from dataclasses import asdict
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import HasProfile
from accounts.types import Profile
from recommend import services
from recommend.pace import Saying
from recommend.types import Thumb


class ProfileTitleOutput(serializers.Serializer[object]):
    """What the profile has now said of the title."""

    title_id = serializers.UUIDField()
    listed = serializers.BooleanField()
    thumb = serializers.ChoiceField(choices=[thumb.value for thumb in Thumb], allow_null=True)


class ThumbInput(serializers.Serializer[object]):
    """`thumb`: null takes the verdict back."""

    thumb = serializers.ChoiceField(choices=[thumb.value for thumb in Thumb], allow_null=True)


def _profile(request: Request) -> Profile:
    profile: Profile = request.profile  # type: ignore[attr-defined]  # the permission checked it
    return profile


class MyListEntry(APIView):
    """One title on, or off, the list of the profile that is watching."""

    permission_classes = [HasProfile]
    throttle_classes = [Saying]

    @extend_schema(request=None, responses=ProfileTitleOutput)
    def put(self, request: Request, title_id: UUID) -> Response:
        """Put it on the list; doing so again changes nothing. 404 when this profile may not see it."""
        try:
            said = services.add_to_list(profile_id=_profile(request).id, title_id=title_id)
        except services.NoSuchTitle as error:
            raise NotFound(str(error)) from error
        return Response(asdict(said))

    @extend_schema(request=None, responses={200: ProfileTitleOutput})
    def delete(self, request: Request, title_id: UUID) -> Response:
        """Take it off the list; fine when it was not there."""
        return Response(asdict(services.remove_from_list(profile_id=_profile(request).id, title_id=title_id)))


class TitleThumb(APIView):
    """The verdict of the profile that is watching on one title."""

    permission_classes = [HasProfile]
    throttle_classes = [Saying]

    @extend_schema(request=ThumbInput, responses=ProfileTitleOutput)
    def put(self, request: Request, title_id: UUID) -> Response:
        """Say it, change it, or take it back with null. 404 when this profile may not see the title."""
        data = ThumbInput(data=request.data)
        data.is_valid(raise_exception=True)
        value = data.validated_data["thumb"]
        try:
            said = services.rate(
                profile_id=_profile(request).id, title_id=title_id, thumb=Thumb(value) if value else None
            )
        except services.NoSuchTitle as error:
            raise NotFound(str(error)) from error
        return Response(asdict(said))


class HiddenOutput(serializers.Serializer[object]):
    """Whether the title is kept from being suggested now."""

    title_id = serializers.UUIDField()
    hidden = serializers.BooleanField()


class HiddenTitle(APIView):
    """'Not interested' in one title, by the profile that is watching."""

    permission_classes = [HasProfile]
    throttle_classes = [Saying]

    @extend_schema(request=None, responses=HiddenOutput)
    def put(self, request: Request, title_id: UUID) -> Response:
        """Suggest it no more; doing so again changes nothing. 404 when this profile may not see it."""
        try:
            services.hide(profile_id=_profile(request).id, title_id=title_id)
        except services.NoSuchTitle as error:
            raise NotFound(str(error)) from error
        return Response({"title_id": title_id, "hidden": True})

    @extend_schema(request=None, responses={200: HiddenOutput})
    def delete(self, request: Request, title_id: UUID) -> Response:
        """It may be suggested again; fine when it was not hidden."""
        services.unhide(profile_id=_profile(request).id, title_id=title_id)
        return Response({"title_id": title_id, "hidden": False})

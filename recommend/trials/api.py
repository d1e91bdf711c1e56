"""What a browser saw of a page, in one batch."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import HasProfile, profile_of
from recommend.pace import Showing
from recommend.trials import impressions, tickets
from recommend.trials.impressions import MOST_AT_ONCE
from recommend.trials.types import Seen


class SeenInput(serializers.Serializer[Any]):
    """A card that was in view: its row, that row's place on the page, its own place in the row (from 0), its title."""

    row = serializers.CharField(max_length=80)
    row_place = serializers.IntegerField(min_value=0, max_value=500)
    title_id = serializers.UUIDField()
    position = serializers.IntegerField(min_value=0, max_value=500)


class ShownInput(serializers.Serializer[Any]):
    """`ticket` is the page's own (`data-ticket`)."""

    ticket = serializers.CharField(max_length=16_000, trim_whitespace=False)
    seen = serializers.ListField(child=SeenInput(), allow_empty=False, max_length=MOST_AT_ONCE)


class Shown(APIView):
    """Cards that were in view for a second, told by the browser some seconds later or when the page is left."""

    permission_classes = [HasProfile]
    throttle_classes = [Showing]

    @extend_schema(operation_id="shown_create", request=ShownInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Keep them; telling them twice changes nothing. 400 when the ticket is not this profile's."""
        data = ShownInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            drawn = tickets.read(data.validated_data["ticket"], profile_id=profile_of(request).id)
        except tickets.BadTicket as error:
            raise ValidationError(
                {"ticket": [_("This page is not known here any more. Load it anew.")]}
            ) from error
        seen = [
            Seen(one["row"], one["row_place"], one["title_id"], one["position"])
            for one in data.validated_data["seen"]
        ]
        impressions.shown(drawn, seen, now=timezone.now())
        return Response(status=204)

"""The catalogue over HTTP. Nobody is shown a title above the age of the profile that is watching."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import serializers, services, types

NOT_FOUND = "There is no such title, or this profile may not see it."
NO_PREVIEW = "There is no preview of this title."
#: So many letters of a sheet's SHA-256 stand in its address.
TAG = 32


class TitleList(APIView):
    """Titles that this profile may see."""

    @extend_schema(
        operation_id="titles_list",
        tags=["catalog"],
        parameters=[serializers.ListInput],
        responses=serializers.TitleListOutput,
    )
    def get(self, request: Request) -> Response:
        """List titles by kind and genre, sorted, at most 100 at a time."""
        data = serializers.ListInput(data=request.query_params)
        data.is_valid(raise_exception=True)
        asked: dict[str, Any] = data.validated_data
        wanted: dict[str, Any] = {
            **_sight(request),
            "kind": types.Kind(asked["kind"]) if "kind" in asked else None,
            "genre_slug": asked.get("genre"),
        }
        found = services.browse(
            **wanted, order=types.Order(asked["order"]), limit=asked["limit"], offset=asked["offset"]
        )
        return Response(
            serializers.TitleListOutput({"count": services.count(**wanted), "results": found}).data
        )


class TitleDetail(APIView):
    """One title."""

    @extend_schema(operation_id="titles_get", tags=["catalog"], responses=serializers.TitleDetailOutput)
    def get(self, request: Request, title_id: UUID) -> Response:
        """A title with its seasons; 404 when this profile may not see it."""
        title = services.title(title_id, **_sight(request))
        if title is None:
            raise NotFound(NOT_FOUND, code="not_found")
        parts = services.seasons(title_id) if title.kind is types.Kind.SERIES else []
        answer = dict(serializers.TitleOutput(title).data)
        answer["seasons"] = [serializers.SeasonOutput(part).data for part in parts]
        return Response(answer)


class TitlePreview(APIView):
    """What a card shows while somebody rests on it."""

    @extend_schema(
        operation_id="titles_preview",
        tags=["catalog"],
        responses={200: serializers.PreviewOutput, 204: OpenApiResponse(description="It has no pictures.")},
    )
    def get(self, request: Request, title_id: UUID) -> Response:
        """Small pictures of the film, or of the first episode, on one sheet; 204 where there are none."""
        found = services.preview(title_id, **_sight(request))
        if found is None:
            if services.title(title_id, **_sight(request)) is None:
                raise NotFound(NOT_FOUND, code="not_found")
            return Response(status=204)
        tag = found.picture.sha256[:TAG]
        answer = {
            "picture": reverse("api_title_preview_picture", args=[title_id, tag]),
            "width": found.width,
            "height": found.height,
            "tiles": found.tiles,
        }
        return Response(answer, headers={"Cache-Control": "private, max-age=300"})


class TitlePreviewPicture(APIView):
    """The sheet of a preview."""

    @extend_schema(
        operation_id="titles_preview_picture",
        tags=["catalog"],
        responses={(200, "image/webp"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, title_id: UUID, tag: str) -> HttpResponse:
        """A WebP whose address says what is in it; 404 when it is no longer the title's."""
        found = services.preview(title_id, **_sight(request))
        if found is None or found.picture.sha256[:TAG] != tag:
            raise NotFound(NO_PREVIEW, code="not_found")
        response = HttpResponse(services.open_object(found.picture), content_type="image/webp")
        response["Cache-Control"] = "private, max-age=604800, immutable"
        return response


class Search(APIView):
    """Find titles, people, genres, and what is said."""

    @extend_schema(
        operation_id="search",
        tags=["catalog"],
        parameters=[serializers.SearchInput],
        responses=serializers.SearchOutput,
    )
    def get(self, request: Request) -> Response:
        """What answers a question, best first; small slips of the finger are forgiven."""
        data = serializers.SearchInput(data=request.query_params)
        data.is_valid(raise_exception=True)
        text, limit = data.validated_data["q"], data.validated_data["limit"]
        found = services.find(text, limit=limit, **_sight(request))
        answer = {
            "count": found.count,
            "some_words": found.partial,
            "corrected": found.corrected,
            "results": found.titles,
            "people": found.people,
            "genres": found.genres,
            "spoken": services.spoken(text, limit=min(limit, 12), **_sight(request)),
        }
        return Response(serializers.SearchOutput(answer).data)


def _sight(request: Request) -> dict[str, Any]:
    """What the profile that is watching may see. The default permission has made sure that there is one."""
    profile = request.profile  # type: ignore[attr-defined]  # set by the accounts middleware
    return {"maturity": profile.maturity, "without": profile.blocked}

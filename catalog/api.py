"""The catalogue over HTTP. Nobody is shown a title above the age of the profile that is watching."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import serializers, services, types

NOT_FOUND = "There is no such title, or this profile may not see it."


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


class Search(APIView):
    """Find titles."""

    @extend_schema(
        operation_id="search",
        tags=["catalog"],
        parameters=[serializers.SearchInput],
        responses=serializers.SearchOutput,
    )
    def get(self, request: Request) -> Response:
        """Titles by name, people and genre, best first; small slips of the finger are forgiven."""
        data = serializers.SearchInput(data=request.query_params)
        data.is_valid(raise_exception=True)
        found = services.search(
            data.validated_data["q"], limit=data.validated_data["limit"], **_sight(request)
        )
        return Response(serializers.SearchOutput({"results": found}).data)


def _sight(request: Request) -> dict[str, Any]:
    """What the profile that is watching may see. The default permission has made sure that there is one."""
    profile = request.profile  # type: ignore[attr-defined]  # set by the accounts middleware
    return {"maturity": profile.maturity, "without": profile.blocked}

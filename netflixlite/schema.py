"""What every operation of the API has in common, said once in its schema (OpenAPI 3)."""

from typing import Any

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "for programs; stays as it is"},
                "message": {"type": "string", "description": "for people, in their language: what to do"},
                "field": {"type": "string", "description": "which value cannot be taken"},
            },
            "additionalProperties": True,
        }
    },
}


def add_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: each operation may answer any 4xx in the shape of netflixlite.errors."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    refused = {
        "description": "Refused, with a reason.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation.setdefault("responses", {}).setdefault("4XX", refused)
    return result

"""Template tags of the fleet's pages."""

from typing import Any

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def with_page(context: dict[str, Any], name: str, number: int, step: int) -> str:
    """This page's address with another page number in the query; parts that a script fetched link to the whole page."""
    query = context["request"].GET.copy()
    query.pop("part", None)
    query[name] = str(number + step)
    return f"?{query.urlencode()}"

"""What the admin's own pages ask of the catalogue."""

from typing import Any

from django import template

from catalog import models, progress, services

register = template.Library()


@register.simple_tag
def studio_attention() -> dict[str, Any]:
    """Videos in trouble or under way, and how much there is altogether."""
    works = [progress.as_json(work) for work in services.attention(limit=30)]
    return {
        "trouble": [work for work in works if work["state"] in ("refused", "failed")],
        "busy": [work for work in works if work["state"] not in ("refused", "failed")],
        "titles": models.Title.objects.count(),
        "published": models.Title.objects.filter(published_at__isnull=False).count(),
        "videos": models.Video.objects.filter(current_package__isnull=False).count(),
    }


@register.filter
def studio_order(apps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The admin's apps, the catalogue first and what is seldom touched last."""
    order = ["catalog", "cdn", "accounts", "playback", "recommend", "jobs"]
    return sorted(
        apps, key=lambda app: order.index(app["app_label"]) if app["app_label"] in order else len(order)
    )


@register.simple_tag(takes_context=True)
def studio_ticket(context: template.Context) -> str:
    """The word that lets this page's socket in."""
    return progress.ticket(context["request"].user.pk)

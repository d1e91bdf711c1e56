"""The fleet's websocket addresses."""

from django.urls import path

from cdn.consumers import FleetConsumer, NodeConsumer

websocket_urlpatterns = [
    path("ws/studio/fleet/", FleetConsumer.as_asgi()),
    path("ws/studio/fleet/<uuid:node_id>/", NodeConsumer.as_asgi()),
]

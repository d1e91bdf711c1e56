"""The catalogue's websocket addresses."""

from django.urls import path

from catalog.consumers import ProgressConsumer, QueueConsumer

websocket_urlpatterns = [
    path("ws/studio/progress/", ProgressConsumer.as_asgi()),
    path("ws/studio/queue/", QueueConsumer.as_asgi()),
]

"""HTTP and websockets in one ASGI application."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netflixlite.settings")
_http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402 (Django must be set up first)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from catalog.tus.receiver import ReceiveUploads  # noqa: E402
from catalog.urls_ws import websocket_urlpatterns as studio  # noqa: E402
from cdn import silence  # noqa: E402
from cdn.board import samples  # noqa: E402
from cdn.doorbell import HearNodes  # noqa: E402
from cdn.urls_ws import websocket_urlpatterns as fleet  # noqa: E402
from netflixlite.bodies import BoundBodies  # noqa: E402

silence.start()  # leases are in this process's memory: it must notice by itself when a node falls silent
samples.start()  # the fleet's last minutes, for the operators' curves

application = ProtocolTypeRouter(
    {
        "http": HearNodes(ReceiveUploads(BoundBodies(_http))),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([*studio, *fleet]))),
    }
)

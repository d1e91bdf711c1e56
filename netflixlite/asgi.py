"""HTTP and websockets in one ASGI application."""

import os
import sys

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netflixlite.settings")
# Many pages are made at a time, each with a little arithmetic: threads that would share it wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
_http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402 (Django must be set up first)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from catalog.tus.receiver import ReceiveUploads  # noqa: E402
from catalog.urls_ws import websocket_urlpatterns as studio  # noqa: E402
from cdn import corruption, knowledge, silence  # noqa: E402
from cdn.board import samples  # noqa: E402
from cdn.doorbell import HearNodes  # noqa: E402
from cdn.urls_ws import websocket_urlpatterns as fleet  # noqa: E402
from netflixlite import addresses, collecting  # noqa: E402
from netflixlite.bodies import BoundBodies  # noqa: E402
from netflixlite.live import tail  # noqa: E402
from netflixlite.live.streaming import HoldLines  # noqa: E402
from playback import known  # noqa: E402
from playback.doorstep import SteerPlayers  # noqa: E402
from playback.hearing import TellPlayers  # noqa: E402

# What is loaded by now lives as long as the process. Full collections leave it out, and come by the clock: else they
# would keep everybody waiting for 0.1 to 0.4 s each, many times a minute when a thousand nodes report.
get_resolver().url_patterns  # noqa: B018 (what views import is part of it)
collecting.start()

# The loop's thread gives the interpreter away with each signature that it checks and each answer that it sends. From a
# thread that is busy (the watch over the nodes, a view) it has it back after this long, three times for a heartbeat.
sys.setswitchinterval(0.0002)

silence.start()  # leases are in this process's memory: it must notice by itself when a node falls silent
knowledge.start()  # what heartbeats are answered from
known.start()  # what players are steered by
corruption.start()  # looks at nodes that are said to send wrong bytes
samples.start()  # the fleet's last minutes, for the operators' curves
tail.start()  # news for open pages

application = ProtocolTypeRouter(
    {
        "http": HearNodes(
            SteerPlayers(
                TellPlayers(HoldLines(ReceiveUploads(BoundBodies(_http)))), address=addresses.of_scope
            )
        ),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([*studio, *fleet]))),
    }
)

"""A household of tests in real browsers: a site over ASGI in this process, and windows of its people."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from accounts.tests.factories import PASSWORD
from tests.conftest import CALM

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
TV = "Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"


class Window:
    """A browser of somebody, with nothing of another's in it."""

    def __init__(
        self, chromium: Any, url: str, *, agent: str = CHROME, size: tuple[int, int] = (1440, 900)
    ) -> None:
        self.url = url
        self.context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            user_agent=agent,
            locale="en-GB",
            reduced_motion=CALM,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)

    def enter(self, name: str = "Ada", user: str = "household") -> "Window":
        """Sign in and choose a profile, by the forms."""
        self.page.goto(f"{self.url}/accounts/login/")
        self.page.fill("[name=login]", user)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click(".entrance__panel .button--lamp")
        self.page.wait_for_url("**/profiles/**")
        self.page.click(f"button.person:has-text('{name}')")
        self.page.wait_for_url(f"{self.url}/")
        return self

    def go(self, address: str) -> Any:
        """Open a page."""
        self.page.goto(self.url + address)
        return self.page

    def close(self) -> None:
        self.context.close()


@contextmanager
def serving() -> Iterator[str]:
    """Our own ASGI application on a free port, in a thread: what players ask before Django is part of it."""
    import asyncio

    import uvicorn
    from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
    from django.core.asgi import get_asgi_application

    from netflixlite.live.streaming import HoldLines
    from netflixlite.live.tail import TAIL
    from playback.hearing import TellPlayers

    django = get_asgi_application()
    site = TellPlayers(HoldLines(ASGIStaticFilesHandler(django)))
    over = threading.Event()
    tail = threading.Thread(target=TAIL.keep, args=(over,), daemon=True)
    tail.start()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await site(scope, receive, send)

    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        over.set()
        TAIL.poke()
        tail.join(10)


@contextmanager
def windows(chromium: Any, settings: Any, *, patience: float = 120.0) -> Iterator[Callable[..., Window]]:
    """A site that runs as in earnest, and what opens windows of it; `patience` is in seconds, for a busy machine."""
    opened: list[Window] = []
    with serving() as url:
        settings.SITE_URL = url

        def open_window(**how: Any) -> Window:
            opened.append(Window(chromium, url, **how))
            opened[-1].page.set_default_timeout(patience * 1000)
            return opened[-1]

        yield open_window
        for each in opened:
            each.close()

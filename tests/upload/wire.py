"""The site's HTTP application in this process: requests as a server would pass them on, bodies in any pieces."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.asgi import get_asgi_application
from django.test import Client

from catalog.tus.receiver import ReceiveUploads
from tests.upload.site import PIECE, PREFIX, Answer, Site

#: In a body: the sender goes away here.
GONE = object()


@dataclass
class Wire:
    """One browser's requests."""

    client: Client
    tab: str = "one"
    csrf: str = ""

    def __post_init__(self) -> None:
        from django.middleware.csrf import _get_new_csrf_string

        self.csrf = _get_new_csrf_string()

    async def send(
        self, method: str, path: str, body: "Iterable[Any] | AsyncIterator[bytes]" = (), **headers: str
    ) -> Answer:
        """One request; the answer's status is 0 when the sender went away before there was one."""
        app = ReceiveUploads(get_asgi_application())
        told: list[Any] = []

        async def tell(message: Any) -> None:
            told.append(message)

        await app(self._scope(method, path, headers), _receive(body), tell)
        if not told:
            return Answer(0, {}, b"")
        names = {name.decode().lower(): value.decode() for name, value in told[0]["headers"]}
        return Answer(told[0]["status"], names, b"".join(one.get("body", b"") for one in told[1:]))

    def ask(self, method: str, path: str = PREFIX, body: Iterable[Any] = (), **headers: str) -> Answer:
        """The same, for tests that do one thing at a time."""
        return asyncio.run(self.send(method, path, body, **headers))

    def create(self, length: int, name: str = "film.mp4", **metadata: str) -> str:
        """Announce a file; returns the upload's path."""
        answer = self.ask("POST", **Site.announce(length, name, **metadata))
        assert answer.status == 201, answer.body
        return answer.headers["location"]

    def piece(self, path: str, offset: int, *body: Any, **headers: str) -> Answer:
        """Send a piece."""
        return self.ask("PATCH", path, body, **piece(offset), **headers)

    def _scope(self, method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
        cookies = "; ".join(f"{name}={one.value}" for name, one in self.client.cookies.items())
        base = {
            "Host": "127.0.0.1",
            "Cookie": f"{cookies}; netflixlite_csrf={self.csrf}",
            "X-CSRFToken": self.csrf,
            "Tus-Resumable": "1.0.0",
            "X-Upload-Tab": self.tab,
        }
        base |= {name.replace("_", "-"): value for name, value in headers.items()}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in base.items() if value],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }


def piece(offset: int) -> dict[str, str]:
    """The headers of a piece."""
    return {"Upload_Offset": str(offset), "Content_Type": PIECE}


def _receive(body: Any) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def messages() -> AsyncIterator[dict[str, Any]]:
        if isinstance(body, AsyncIterator):
            async for data in body:
                yield {"type": "http.request", "body": data, "more_body": True}
        else:
            for data in body:
                if data is GONE:
                    break
                yield {"type": "http.request", "body": data, "more_body": True}
        if isinstance(body, tuple | list) and GONE in body:
            yield {"type": "http.disconnect"}
        yield {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()

    stream = messages()
    return stream.__anext__

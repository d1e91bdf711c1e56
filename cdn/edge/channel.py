"""Words, and descriptors with them, between the processes of one node: in order, none lost while both ends live."""

import array
import json
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from cdn.edge.loop import Loop

#: A word is never longer, in bytes: longer lists are told in several.
WORD_MOST = 96 * 1024
_BUFFER = 1 << 20
_FDS_MOST = 16
_READS = 64


class Channel:
    """One end. `on_word` gets each word (a list whose first element is its kind) with the descriptors that came along,
    which are then its own; `on_end` is called once when the other end is gone."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        on_word: Callable[[list[Any], list[int]], None],
        on_end: Callable[[], None],
    ) -> None:
        self._sock, self._on_word, self._on_end = sock, on_word, on_end
        sock.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self._waiting: deque[tuple[bytes, list[socket.socket | int]]] = deque()
        self._loop = Loop.running()
        self._loop.add_reader(sock.fileno(), self._read)
        self.closed = False

    @property
    def waiting(self) -> int:
        """Words that the other end has not taken yet."""
        return len(self._waiting)

    def tell(self, *word: Any, fds: Sequence[socket.socket | int] = ()) -> None:
        """Send a word. Sockets given along are closed here once they are on their way; plain descriptors stay open."""
        if self.closed:
            _let_go(fds)
            return
        data = json.dumps(word, separators=(",", ":")).encode()
        assert len(data) <= WORD_MOST, f"a word of {len(data)} bytes"
        self._waiting.append((data, list(fds)))
        if len(self._waiting) == 1:
            self._send()
            if self._waiting and not self.closed:
                self._loop.add_writer(self._sock.fileno(), self._send)

    def _send(self) -> None:
        while self._waiting:
            data, fds = self._waiting[0]
            numbers = [fd if isinstance(fd, int) else fd.fileno() for fd in fds]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers))] if fds else []
            try:
                self._sock.sendmsg([data], rights)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.close()
                return
            self._waiting.popleft()
            _let_go(fds)
        self._loop.remove_writer(self._sock.fileno())

    def _read(self) -> None:
        for _ in range(_READS):
            if self.closed:
                return
            try:
                data, fds, _, _ = socket.recv_fds(self._sock, WORD_MOST, _FDS_MOST, socket.MSG_CMSG_CLOEXEC)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                data, fds = b"", []
            if not data:
                self.close()
                return
            self._on_word(json.loads(data), fds)

    def close(self) -> None:
        """End it; descriptors that were to be sent are closed."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        for _, fds in self._waiting:
            _let_go(fds)
        self._waiting.clear()
        self._on_end()


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that keep words apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _let_go(fds: Sequence[socket.socket | int]) -> None:
    for fd in fds:
        if not isinstance(fd, int):
            fd.close()

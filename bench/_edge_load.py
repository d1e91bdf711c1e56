"""Load for bench/edge.py: a small C program where there is a compiler, else Python, which is slower and says so."""

import contextlib
import os
import select
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: What Chromium sends with a segment request of a player.
HEADERS = (
    "Connection: keep-alive\r\nsec-ch-ua-platform: \"Linux\"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\nsec-ch-ua: \"Chromium\";v=\"140\"\r\n"
    "sec-ch-ua-mobile: ?0\r\nAccept: */*\r\nOrigin: http://127.0.0.1:8000\r\nSec-Fetch-Site: same-site\r\n"
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: http://127.0.0.1:8000/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n"
)  # fmt: skip


def compiled(name: str, folder: Path) -> Path | None:
    """One of the C programs beside this file, made ready in `folder`; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / name
    subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
    return program


@dataclass(frozen=True)
class Target:
    """What is asked for, where."""

    port: int
    path: str
    length: int

    @property
    def request(self) -> str:
        """The whole request."""
        return f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{HEADERS}"


class Load:
    """Keep-alive connections that ask again as soon as they are answered; bodies are thrown away in the kernel."""

    def __init__(self, program: Path, target: Target, connections: int, *, core: int) -> None:
        self._process = subprocess.Popen(
            [str(program), str(target.port), str(connections), str(target.length)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, {core})
        assert self._process.stdin is not None
        self._process.stdin.write(target.request.replace("\r\n", "\n"))
        self._process.stdin.flush()
        if self._answer() != ["ready"]:
            raise RuntimeError("the load could not connect")

    def _answer(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def _do(self, command: str) -> list[float]:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        if not answer:
            raise RuntimeError("the load has ended")
        return [float(word) for word in answer]

    def run(self, seconds: float) -> tuple[int, float]:
        """Ask for so long → answers, and the time it took."""
        answers, took = self._do(f"run {seconds}")
        return int(answers), took

    def rate(self, seconds: float, per_second: float) -> tuple[float, float]:
        """Ask so often, by the clock → median and 99th percentile of the time to the last byte, in µs."""
        _, _, median, p99, _ = self._do(f"rate {seconds} {per_second}")
        return median, p99

    def share(self, seconds: float) -> tuple[float, float, float]:
        """Ask for so long → bytes of the connection that got least, of the median one, and of the one that got most."""
        _, _, least, median, most = self._do(f"share {seconds}")
        return least, median, most

    def close(self) -> None:
        """Hang up."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class PythonLoad:
    """The same as `run`, where nothing can be compiled."""

    def __init__(self, target: Target, connections: int) -> None:
        self._request = target.request.encode()
        self._epoll, self._scrap = select.epoll(), bytearray(1 << 20)
        self._socks: dict[int, socket.socket] = {}
        self._left: dict[int, int] = {}
        for _ in range(connections):
            sock = socket.create_connection(("127.0.0.1", target.port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._whole = self._first(sock, target.length)
            sock.setblocking(False)
            self._socks[sock.fileno()] = sock
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _first(self, sock: socket.socket, length: int) -> int:
        """One answer read with care → its whole length on the wire, head included."""
        sock.sendall(self._request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += sock.recv(65536)
        head = got.partition(b"\r\n\r\n")[0]
        assert head.startswith(b"HTTP/1.1 200"), head[:200]
        whole = len(head) + 4 + length
        while len(got) < whole:
            got += sock.recv(1 << 20)
        return whole

    def run(self, seconds: float) -> tuple[int, float]:
        """Ask for so long → answers, and the time it took."""
        for number, sock in self._socks.items():
            self._left[number] = self._whole
            sock.send(self._request)
        done, busy = 0, len(self._socks)
        started = time.perf_counter()
        end = started + seconds
        while busy:
            for number, _ in self._epoll.poll(5, 64):
                sock = self._socks[number]
                with contextlib.suppress(BlockingIOError):
                    got = sock.recv_into(self._scrap, 0, socket.MSG_TRUNC)
                    if not got:
                        raise ConnectionError("the server closed")
                    self._left[number] -= got
                if self._left[number] == 0:
                    done += 1
                    if time.perf_counter() < end:
                        self._left[number] = self._whole
                        sock.send(self._request)
                    else:
                        busy -= 1
        return done, time.perf_counter() - started

    def close(self) -> None:
        """Hang up."""
        for sock in self._socks.values():
            sock.close()
        self._epoll.close()


class SlowReaders:
    """Many connections that take an answer a little at a time, as players on bad lines do."""

    def __init__(self, target: Target, count: int) -> None:
        self._socks = []
        for _ in range(count):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
            sock.connect(("127.0.0.1", target.port))
            sock.sendall(target.request.encode())
            sock.setblocking(False)
            self._socks.append(sock)
        self._scrap = bytearray(1 << 16)

    def read(self, seconds: float, *, step: int, pause: float) -> list[int]:
        """Everybody takes up to `step` bytes in every `pause` seconds → bytes taken by each."""
        taken = [0] * len(self._socks)
        end = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end:
            for number, sock in enumerate(self._socks):
                with contextlib.suppress(BlockingIOError):
                    taken[number] += sock.recv_into(self._scrap, step, socket.MSG_TRUNC)
            time.sleep(max(0.0, pause - (time.perf_counter() - begun)))
        return taken

    def close(self) -> None:
        """Hang up."""
        for sock in self._socks:
            sock.close()

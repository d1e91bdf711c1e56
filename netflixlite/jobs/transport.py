"""Files as a broker for one machine: kombu's filesystem transport with its dangerous parts replaced.

kombu's own publishes by opening a file and then writing it: a fast reader sees an empty file and dies of it. Here a
message appears by rename, whole. And folders that somebody deletes come back, instead of ending the worker.
"""

import contextlib
import os
import tempfile
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

#: Messages that may lie unread. Each says the same ("look"), so more of them would say nothing more; without workers
#: they would fill the disk.
_UNREAD_LIMIT = 64


class Channel(filesystem.Channel):
    """Messages as files `<time>_<uuid>.<queue>.msg` in one folder."""

    supports_fanout = False

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # kombu disagrees with itself
        """Publish by rename: a reader sees the whole message or none."""
        if self._size(queue) >= _UNREAD_LIMIT:
            return
        message = str_to_bytes(dumps(payload))
        try:
            self._publish(queue, message)
        except FileNotFoundError:  # somebody deleted the folder at this very moment
            self._publish(queue, message)

    def _publish(self, queue: str, message: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            # Wall time, not the stock transport's monotonic clock, which starts anew at each boot.
            os.rename(temporary, self._folder / f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg")
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message: whoever renames it has it. A message that cannot be read is dropped."""
        for name in self._names(queue):
            taken = self._folder / f"{name}.{uuid.uuid4().hex}.taken"
            try:
                os.rename(self._folder / name, taken)
            except OSError:
                continue  # another worker was faster
            try:
                return loads(bytes_to_str(taken.read_bytes()))
            except (OSError, ValueError):
                continue
            finally:
                with contextlib.suppress(OSError):
                    taken.unlink()
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        names = self._names(queue)
        for name in names:
            with contextlib.suppress(OSError):
                os.unlink(self._folder / name)
        return len(names)

    def _names(self, queue: str) -> list[str]:
        """Messages of a queue, oldest first."""
        ending = f".{queue}.msg"
        try:
            return sorted(name for name in os.listdir(self._folder) if name.endswith(ending))
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            return []

    # Bindings: messages go to the queue named by the routing key; nothing has to be kept for that.

    def get_table(self, exchange: str) -> list[Any]:
        """The one binding there is: each exchange leads to the queue of its own name."""
        return [filesystem.exchange_queue_t(exchange, "", exchange)]

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str) -> None:
        """Nothing to keep."""

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any
    ) -> None:
        self._purge(queue)


class Transport(filesystem.Transport):
    """kombu's filesystem transport on the channel above."""

    Channel = Channel

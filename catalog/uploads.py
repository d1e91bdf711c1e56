"""An upload of a source by an ordinary form: its bytes go straight to the source's place, never through memory."""

from collections.abc import Callable
from typing import IO, Any, Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from catalog import intake, store

Rest = ParamSpec("Rest")
#: The free space is looked at again each time so many bytes have come.
ROOM_EVERY = 256 * 1024 * 1024


class SourceUpload(UploadedFile):
    """A file that was received. `problem` says why it cannot be used; else `source_id` has its bytes."""

    def __init__(self, *, name: str, size: int, source_id: UUID, problem: str) -> None:
        super().__init__(file=None, name=name, size=size)
        self.shown_name = name
        self.source_id = source_id
        self.problem = problem


class SourceUploadHandler(FileUploadHandler):
    """Writes the first file of a form to a source's place. What no view claims is deleted again.

    A problem does not break the parsing off: the rest of the form (its CSRF token) has to be read to answer at all.
    """

    chunk_size = 1024 * 1024

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.source_id = uuid4()
        self.problem = ""
        self.claimed = False
        self._length = 0
        self._received = 0
        self._names: list[str] = []
        self._out: IO[bytes] | None = None

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        """Is there room for what is announced?"""
        self._length = content_length or 0
        self._check_room(self._length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open a place for the first file; more than one is not expected."""
        super().new_file(*args, **kwargs)
        self._names.append(self.file_name or "")
        if len(self._names) > 1:
            self.problem = _("Send one file at a time.")
        if not self.problem:
            part = store.source_path(self.source_id).with_suffix(".part")
            part.parent.mkdir(parents=True, exist_ok=True)
            self._out = part.open("wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a chunk, unless something is wrong already."""
        if self._out is None or self.problem:
            return
        try:
            self._out.write(raw_data)
        except OSError as error:
            self.problem = _("The file could not be stored: %(error)s.") % {"error": error.strerror or error}
            return
        before, self._received = self._received, self._received + len(raw_data)
        if before // ROOM_EVERY != self._received // ROOM_EVERY:
            self._check_room(max(0, self._length - self._received))

    def file_complete(self, file_size: int) -> SourceUpload:
        """Put the file in its place and say what was received."""
        if not self.problem and file_size == 0:
            self.problem = _("The file is empty. Choose the film itself.")
        self._close()
        target = store.source_path(self.source_id)
        if self.problem:
            store.delete_source(source_id=self.source_id)
        else:
            target.with_suffix(".part").replace(target)
        return SourceUpload(
            name=self._names[0], size=file_size, source_id=self.source_id, problem=self.problem
        )

    def upload_interrupted(self) -> None:
        """The sender went away."""
        self.discard_unclaimed()

    def discard_unclaimed(self) -> None:
        """Delete what was received unless a view has made it a video's source."""
        self._close()
        if not self.claimed:
            store.delete_source(source_id=self.source_id)

    def _check_room(self, size: int) -> None:
        try:
            intake.check_room(size)
        except intake.CannotTake as error:
            self.problem = str(error)

    def _close(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None


def receives_source(
    view: Callable[Concatenate[HttpRequest, SourceUploadHandler, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """Give a view `SourceUploadHandler` for its file. Handlers must be set before anything reads the form.

    Hence the CSRF check is done here, after that, and not by the middleware before.
    """

    @csrf_exempt
    def outer(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        handler = SourceUploadHandler(request)
        request.upload_handlers = [handler]

        @csrf_protect
        def inner(checked: HttpRequest) -> HttpResponseBase:
            return view(checked, handler, *args, **kwargs)

        try:
            return inner(request)
        finally:
            handler.discard_unclaimed()

    return outer

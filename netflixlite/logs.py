"""How the log is written, and what it leaves out."""

import logging
import re
import time
from typing import Any

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """One line for each entry, in UTC: what strangers send cannot begin a line of its own (ASVS 16.2.2, 16.4.1).

    Lines of a traceback follow their entry, further in.
    """

    converter = time.gmtime  # type: ignore[assignment]  # typeshed takes it for a method

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The entry's own line."""
        record.message = _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """The traceback; its last line may hold what somebody sent."""
        return "\n".join(f"    {line}" for line in super().formatException(ei).splitlines())


class FaultsOnly(logging.Filter):
    """Drops the 503s that the site gives on purpose: before its first administrator, and while it starts."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is worth a line."""
        return getattr(record, "status_code", None) != 503

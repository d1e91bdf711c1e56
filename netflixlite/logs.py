"""What the log leaves out."""

import logging


class FaultsOnly(logging.Filter):
    """Drops the 503s that the site gives on purpose: before its first administrator, and while it starts."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is worth a line."""
        return getattr(record, "status_code", None) != 503

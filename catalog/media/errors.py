"""How an ingest can end badly, in words for whoever handed the film in."""


class Refused(Exception):
    """This source will never become a package as it is. `code` is for programs, `message` for people.

    The message says what is wrong and names the remedy.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ToolFailed(Exception):
    """A program ended badly though the source looked fine. `tail` is the end of what it said."""

    def __init__(self, what: str, returncode: int, tail: str) -> None:
        last = tail.strip().splitlines()[-1] if tail.strip() else f"exit code {returncode}"
        super().__init__(f"{what} failed: {last}")
        self.what = what
        self.returncode = returncode
        self.tail = tail


class ToolMissing(Exception):
    """No usable program of this name; the message says how to get one."""


class Stalled(ToolFailed):
    """A program made no progress for too long, or used up its time, and was stopped."""

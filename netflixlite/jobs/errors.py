"""How a handler ends other than by returning."""


class JobFailed(Exception):
    """The job cannot be done and trying again would not help. The message is shown to people."""


class JobInterrupted(BaseException):
    """The handler must stop now; what it made is thrown away or saved by a checkpoint.

    Not an `Exception`, so that a handler's own `except Exception` does not swallow it.
    """


class LeaseLost(JobInterrupted):
    """Another worker has the job now, or nobody should: whatever this attempt made must not be published."""


class Cancelled(JobInterrupted):
    """Somebody cancelled the job."""


class Parked(JobInterrupted):
    """The handler has nothing to do until a part of the job ends, or some time has passed. Nothing went wrong."""


class Stopping(JobInterrupted):
    """The worker is stopping; the job goes back to the queue and the attempt does not count."""

"""News from playback, for whoever sits above."""

from django.dispatch import Signal

#: Sent with `event=types.PlaybackEnded` after commit, when a playback was closed, replaced, stopped or fell silent.
#: Not when a session hands over to another one of the same watching: the last of them tells.
#: It may come again for the same viewing (a sleeping laptop that wakes up goes on with its session): same id, more
#: time watched. Receivers keep the latest.
playback_ended = Signal()
#: Sent with `event=types.ViewingAdvanced` after commit, while something plays and has come past one more milestone
#: (playback/progress.py): an evening's film counts before its end. Those of one viewing may come twice.
viewing_advanced = Signal()

#: These are sent after commit with `send_robust(sender=<type>, event=<dataclass>)`, for whoever shows what is now.
#: Carries `types.PlaceMoved`.
place_moved = Signal()
#: Carries `types.HistoryForgotten`.
history_forgotten = Signal()
#: Carries `types.StreamsChanged`.
streams_changed = Signal()
#: Carries `types.SessionStopped`.
session_stopped = Signal()
#: Carries `types.DownloadsChanged`.
downloads_changed = Signal()

"""News from recommend, for the shell. Sent after commit with `send_robust(sender=<type>, event=<dataclass>)`."""

from django.dispatch import Signal

#: Carries `types.ListChanged`.
list_changed = Signal()
#: Carries `types.ThumbChanged`.
thumb_changed = Signal()

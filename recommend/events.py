"""News from recommend, for the shell. Sent after commit with `send_robust(sender=<type>, event=<dataclass>)`."""

from django.dispatch import Signal

#: Carries `types.ListChanged`.
list_changed = Signal()
#: Carries `types.ThumbChanged`.
thumb_changed = Signal()
#: Carries `types.HiddenChanged`.
hidden_changed = Signal()
#: Carries `types.TasteChanged`: sent whenever what a profile did, hid or switched makes its pages others.
taste_changed = Signal()

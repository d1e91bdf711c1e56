"""News of the edge fleet. Sent with `send_robust(sender=<event type>, event=<dataclass>)` after commit."""

from django.dispatch import Signal

#: Carries `cdn.types.NodeLost`: a lease ran out without a goodbye.
node_lost = Signal()

"""News of the edge fleet. Sent with `send_robust(sender=<event type>, event=<dataclass>)` after commit."""

from django.dispatch import Signal

#: Carries `cdn.types.NodeLost`: a lease ran out without a goodbye.
node_lost = Signal()
#: Carries `cdn.types.PackageTakenDown`: nobody may have this package from now on.
package_taken_down = Signal()

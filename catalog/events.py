"""News from the catalogue. Hints, not truth: whoever listens also reconciles now and then.

Each is sent with `send_robust(sender=<type of the event>, event=<the dataclass>)` after the transaction commits.
"""

from django.dispatch import Signal

#: A title may now be seen. Carries `types.TitlePublished`.
title_published = Signal()
#: A title is gone for good, with its packages. Carries `types.TitleRemoved`.
title_removed = Signal()
#: A video has a (new) package. Carries `types.PackagePublished`.
package_published = Signal()

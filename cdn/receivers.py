"""News from the catalogue: what nodes should hold changes. Hints; `tasks.tend_placement` would have found it anyway."""

from typing import Any

from django.dispatch import receiver

from catalog.events import package_published, title_published, title_removed
from cdn import bundles


@receiver([package_published, title_published, title_removed], dispatch_uid="cdn.follow_the_catalogue")
def follow_the_catalogue(**_: Any) -> None:
    """Lay down rows for what is new, mark what is gone: the next plan, half a minute away at most, goes by them."""
    bundles.reconcile()

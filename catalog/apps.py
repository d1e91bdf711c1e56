"""The catalogue as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    """What there is to watch: titles, their media and how both are found."""

    name = "catalog"
    label = "catalog"
    verbose_name = _("Catalogue")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer the app's work to the workers."""
        from catalog import privacy, reconcile, retire  # noqa: F401 (privacy registers itself)
        from catalog.finding import triggers, writing
        from catalog.library import watch
        from catalog.media import av1, candidates, chapters, intro, pipeline, retext
        from catalog.spoken import engine, keeping
        from catalog.tus import finishing

        finishing.register()
        pipeline.register()
        av1.register()
        reconcile.register()
        retire.register()
        watch.register()
        retext.register()
        intro.register()
        candidates.register()
        chapters.register()
        writing.register()
        keeping.register()
        post_migrate.connect(triggers.after_migrate, sender=self, dispatch_uid="catalog.search")
        post_migrate.connect(engine.after_migrate, sender=self, dispatch_uid="catalog.spoken")

"""`manage.py makemessages`: bring the catalogues of words up to date with the code, in all languages."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from netflixlite import extracting, translations


class Command(BaseCommand):
    """Instead of Django's: see `netflixlite.extracting`."""

    help = (
        "Read every sentence out of the code into locale/: new ones come empty, old ones go. Needs xgettext."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        languages = [tag for tag, _name in settings.LANGUAGES if tag != "en"]
        parser.add_argument("-l", "--locale", action="append", choices=languages, help="default: all")
        parser.add_argument("-d", "--domain", choices=list(extracting.SOURCES), help="default: both")

    def handle(self, *args: object, **options: Any) -> None:
        """Extract once, update each, compile, and say what is left to translate."""
        languages = options["locale"] or [tag for tag, _name in settings.LANGUAGES if tag != "en"]
        try:
            for domain in [options["domain"]] if options["domain"] else extracting.SOURCES:
                fresh = extracting.extract(domain)
                for language in languages:
                    extracting.update(language, domain, fresh)
            translations.compile_all()
        except (extracting.CannotExtract, translations.BadCatalogue) as error:
            raise CommandError(str(error)) from error
        for language in languages:
            self.stdout.write(f"{language}: {self._left(language)}")

    def _left(self, language: str) -> str:
        books = [translations.read(translations.catalogue(language, domain)) for domain in extracting.SOURCES]
        total = sum(len(book) for book in books)
        left = sum(1 for book in books for entry in book if not entry.translated())
        return (
            f"{left} of {total} sentences to translate" if left else f"all {total} sentences are translated"
        )

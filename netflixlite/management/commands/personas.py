"""`manage.py personas`: three people with tastes of their own watch films of the demo catalogue."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from accounts import services as accounts
from netflixlite.demo import personas


class Command(BaseCommand):
    help = (
        "Let three people with tastes of their own live in an account and watch the demo catalogue, to see how their "
        "pages differ (docs/pages.md). Who lives there already is left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What may be said."""
        parser.add_argument("account", help="user name or e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, and say what they did."""
        said = options["account"]
        user = get_user_model()._default_manager.filter(Q(username=said) | Q(email__iexact=said)).first()
        if user is None:
            raise CommandError(f"There is no account called {said}.")
        try:
            found = personas.settle(user.pk, now=timezone.now(), say=self.stdout.write)
        except accounts.InvalidField as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(found)} people live here: {', '.join(profile.name for profile in found)}")

"""manage.py forgetfactors: let somebody in again whose telephone, passkeys and recovery codes are all gone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import services


class Command(BaseCommand):
    """Takes all second steps and passkeys from an account, and signs it out everywhere."""

    help = (
        "Take all second steps, passkeys and recovery codes from an account and sign it out everywhere: for who has "
        "lost them all. The password stays; be sure that you know who asks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("login", help="name or e-mail address")

    def handle(self, *args: object, **given: Any) -> None:
        """Do it, and say what was there."""
        try:
            gone = services.forget_factors(str(given["login"]))
        except services.NotFound as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{gone} second step(s) and passkey(s) taken away; signed out everywhere.")

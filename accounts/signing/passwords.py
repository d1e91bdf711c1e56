"""What a password may not be made of: the names of this very site."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: Beside such a name so many other letters must be left.
OTHER_LETTERS = 6
_SHORTEST = 4


def names_of_this_site() -> list[str]:
    """The words that whoever guesses here tries first, longest first: of the program, the screen and the address."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    words = re.findall(r"[^\W\d_]+", f"netflix netflixlite {settings.SITE_NAME} {host}".casefold())
    return sorted({word for word in words if len(word) >= _SHORTEST}, key=lambda word: (-len(word), word))


class NotOfThisSite:
    """Refuses a password that is a name of this site with a little beside it (ASVS 6.1.2, 6.2.11)."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError when nothing much is left without the site's names."""
        rest = password.casefold()
        for word in names_of_this_site():
            rest = rest.replace(word, "")
        others = sum(letter.isalpha() for letter in rest)
        if len(rest) < len(password) and others < OTHER_LETTERS:
            raise ValidationError(
                _("This is the name of the site with a little beside it. Take other words."),
                code="password_names_site",
            )

    def get_help_text(self) -> str:
        """For the list beside the field."""
        return _("Your password cannot be the name of this site with a little beside it.")

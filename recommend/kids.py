"""What rows are called in a kids profile: the same rows, in words that are said to a child. No models, no clock."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: Genres by their slug, as a child would ask for them.
_GENRES = {
    "action": gettext_lazy("Whoosh! Bang! Action"),
    "adventure": gettext_lazy("Off on an adventure"),
    "animation": gettext_lazy("Drawn and alive"),
    "comedy": gettext_lazy("Giggle out loud"),
    "crime": gettext_lazy("Who did it?"),
    "documentary": gettext_lazy("The world is amazing"),
    "drama": gettext_lazy("Stories to feel"),
    "family": gettext_lazy("All on one sofa"),
    "fantasy": gettext_lazy("Magic is real"),
    "history": gettext_lazy("Long, long ago"),
    "music": gettext_lazy("Sing along"),
    "musical": gettext_lazy("Sing along"),
    "mystery": gettext_lazy("Puzzles and secrets"),
    "nature": gettext_lazy("Fur, feathers and fins"),
    "science-fiction": gettext_lazy("To the stars"),
    "short": gettext_lazy("Short ones before bed"),
    "western": gettext_lazy("Giddy up!"),
}


def named(key: str, name: str, *, seed: str = "") -> tuple[str, str]:
    """A row's name and reason for a child. `key` is the row's, `name` what grown-ups are shown; `seed` the title that a
    "because" row grew from. Reasons are short: who reads slowly reads no reasons.
    """
    if key.startswith("because-"):
        return _("You liked %(title)s? Try these!") % {"title": seed or name}, ""
    if key.startswith("genre-"):
        return str(_GENRES.get(key.removeprefix("genre-"), name)), ""
    words = {
        "continue": (_("Keep watching"), _("It waits where you stopped.")),
        "my-list": (_("My treasure box"), _("You put these in.")),
        "picks": (_("Just for you"), ""),
        "next": (_("What comes next?"), ""),
        "taste": (_("More like your favourites"), ""),
        "trending": (_("What everybody loves"), ""),
        "popular": (_("Everybody's favourites"), ""),
        "gems": (_("Secret treasures"), ""),
        "again": (_("Once more!"), ""),
        "recent": (_("Brand new"), ""),
        "new": (_("Brand new"), ""),
    }
    return words.get(key, (name, ""))

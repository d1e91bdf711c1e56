"""How one profile stands: what it did, keeps and hid, and what it lets be done. A few narrow queries for each page."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from accounts.types import Profile
from playback import services as playback
from playback.types import Bookmark
from recommend import models, scoring
from recommend.signals import reading
from recommend.signals.shapes import Kind as Known
from recommend.signals.shapes import Switches, Taste, TasteEntry

CONTINUE_LIMIT = 30
#: Kinds of entries that say more than that something was watched.
PRAISED = (Known.UP, Known.DOUBLE_UP)
#: It said that it likes these, and may never have watched them here.
LIKED = (Known.PICKED,)
#: It watched these; what is only on its list, or was given up, it did not.
WATCHED = (Known.FINISHED, Known.WATCHED, Known.SERIES, Known.AGAIN)


@dataclass
class Standing:
    """One profile at one moment."""

    profile: Profile
    now: datetime

    @cached_property
    def _known(self) -> tuple[Taste, Switches]:
        return reading.both(self.profile.id)

    @property
    def taste(self) -> Taste:
        """What it likes, has seen and hid; whatever its switches say."""
        return self._known[0]

    @property
    def switches(self) -> Switches:
        """What it lets be done."""
        return self._known[1]

    @property
    def entries(self) -> tuple[TasteEntry, ...]:
        """What its page may go by, the newest first: nothing while it wants nothing personal."""
        return self.taste.entries if self.switches.personal else ()

    @cached_property
    def _caught_up(self) -> bool:
        return reading.caught_up()

    def signals(self, *, listed: bool) -> list[scoring.Signal] | None:
        """What a page without a model may go by; None where nothing was kept yet, and only the history can tell.

        What was forgotten, erased or is not to be learnt from is not among these, though the history knows it still.
        `listed`: with what is only on its list.
        """
        if not self.taste.version or not self._caught_up:
            return None
        worth = scoring.THUMB_WEIGHT
        return [
            scoring.Signal(one.title_id, worth.get(one.kind.value, one.weight), one.at)
            for one in self.entries
            if listed or one.kind is not Known.LISTED
        ]

    @property
    def seen(self) -> frozenset[UUID]:
        """What need not be offered as new."""
        return self.taste.seen if self.switches.personal else frozenset()

    @property
    def is_new(self) -> bool:
        """Whether nothing is known of it that its page could go by, though it lets that be."""
        chosen = self.switches
        return chosen.personal and chosen.learn and not any(each.weight > 0 for each in self.taste.entries)

    @cached_property
    def hidden(self) -> frozenset[UUID]:
        """What it is never shown: hidden by itself, or blocked on it."""
        return self.taste.hidden | frozenset(self.profile.blocked)

    @cached_property
    def listed(self) -> dict[UUID, datetime]:
        """What it keeps for later, the latest first."""
        rows = models.ListEntry.objects.filter(profile_id=self.profile.id).order_by("-added_at", "-id")
        return dict(rows.values_list("title_id", "added_at"))

    @cached_property
    def bookmarks(self) -> list[Bookmark]:
        """What it is in the middle of, one for each title, the latest first."""
        return playback.continue_watching(self.profile.id, CONTINUE_LIMIT)

"""The viewer's own rows: where it goes on, and what it keeps."""

from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import services as catalog
from catalog.types import Kind, Title
from playback.types import Bookmark
from recommend import rows
from recommend.page import resume
from recommend.page.resume import Begun
from recommend.page.standing import Standing
from recommend.types import Card, Ground, Row, Source


def going_on(standing: Standing, titles: Mapping[UUID, Title]) -> list[Card]:
    """One card a title: the video it stopped in, with what is left of it; the likeliest to be gone on with first.

    `titles` are those that the profile may see. One query where there are series among them.
    """
    bookmarks: dict[UUID, Bookmark] = {}
    for bookmark in standing.bookmarks:
        if bookmark.title_id in titles and bookmark.title_id not in standing.hidden:
            bookmarks.setdefault(bookmark.title_id, bookmark)
    order = resume.order(
        (
            Begun(
                title_id, one.updated_at, 0.0 if one.finished else one.fraction,
                titles[title_id].kind is Kind.SERIES,
            )
            for title_id, one in bookmarks.items()
        ),
        now=standing.now,
    )[: rows.LONGEST_ROW]  # fmt: skip
    # A film's own video came with its title; only parts of series have names that are not known yet.
    parts_of = [
        bookmarks[each].video_id for each in order if titles[each].video_id != bookmarks[each].video_id
    ]
    videos = catalog.videos(parts_of) if parts_of else {}
    made = []
    for title_id in order:
        title, bookmark = titles[title_id], bookmarks[title_id]
        film = title.video_id == bookmark.video_id
        video = None if film else videos.get(bookmark.video_id)
        if not title.playable or (video is None and not film):
            continue
        parts = [video.name] if video is not None and title.kind is Kind.SERIES else []
        if bookmark.duration > bookmark.position:
            minutes = max(1, round((bookmark.duration - bookmark.position).total_seconds() / 60))
            parts.append(
                ngettext("%(count)d minute left", "%(count)d minutes left", minutes) % {"count": minutes}
            )
        made.append(
            Card(
                title=title,
                video_id=bookmark.video_id,
                progress=0.0 if bookmark.finished else bookmark.fraction,
                caption=" · ".join(parts),
                source=Source.OWN,
            )
        )
    return made


def own_rows(begun: list[Card], kept: list[Card]) -> list[Row]:
    """Continue watching, and my list; neither when there is nothing in it."""
    made = []
    if begun:
        name, reason = _("Continue watching"), _("Pick up where you stopped.")
        made.append(Row("continue", name, reason, tuple(begun), source=Source.OWN, ground=Ground.BEGUN))
    if kept:
        name, reason = _("My list"), _("You saved these.")
        made.append(Row("my-list", name, reason, tuple(kept), source=Source.OWN, ground=Ground.LISTED))
    return made

"""What came of what was shown: a film that is watched for real counts for the card that led to it."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import product
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts import services as accounts
from playback.types import Viewing
from recommend.signals import reading
from recommend.trials import models, taking_part, tallies

#: Watched for real: so much of it, or for so long (the study, §5.8).
QUALIFIED_FRACTION, QUALIFIED_FOR = 0.7, timedelta(minutes=20)
#: Less is a look at it, no play.
PEEK, PEEK_FRACTION = timedelta(minutes=2), 0.03
#: Left before this much of it is abandoned.
ABANDONED_FRACTION = 0.25
#: A card explains a play for so long.
EXPLAINS_FOR = timedelta(hours=24)


def is_qualified(viewing: Viewing) -> bool:
    """Whether it was watched for real."""
    return viewing.fraction >= QUALIFIED_FRACTION or viewing.watched >= QUALIFIED_FOR


def is_play(viewing: Viewing) -> bool:
    """Whether it was more than a look. Short films count by what was seen of them."""
    return is_qualified(viewing) or (viewing.watched >= PEEK and viewing.fraction >= PEEK_FRACTION)


def watched(viewing: Viewing) -> None:
    """A viewing ended, or more is known of one that had. Only what is new of it counts."""
    switches = reading.switches(viewing.profile_id)
    if not is_play(viewing) or not (switches.personal and switches.learn):
        return
    if accounts.profile(viewing.profile_id) is None:
        return  # its end was told after the profile had gone: nothing of it is kept again
    qualified = is_qualified(viewing)
    abandoned = not qualified and viewing.fraction < ABANDONED_FRACTION
    with transaction.atomic():
        row, new = models.CountedViewing.objects.select_for_update().get_or_create(
            viewing_id=viewing.id,
            defaults={"profile_id": viewing.profile_id, "qualified": qualified, "abandoned": abandoned},
        )
        more = int(qualified) if new else int(qualified and not row.qualified)
        left = int(abandoned) if new else int(abandoned) - int(row.abandoned)
        if not new and (more or left):
            row.qualified, row.abandoned = row.qualified or qualified, abandoned
            row.save(update_fields=["qualified", "abandoned"])
        taking_part.watched(viewing, new=new, qualified=more, abandoned=left)
    if more:
        _credit(viewing, tallied=switches.shared)


def _credit(viewing: Viewing, *, tallied: bool) -> None:
    """Find the card that led to it, the last one before it began."""
    impression = (
        models.Impression.objects.filter(
            profile_id=viewing.profile_id,
            title_id=viewing.title_id,
            at__gte=viewing.started_at - EXPLAINS_FOR,
            # A browser tells some seconds after a card came into view.
            at__lte=viewing.started_at + timedelta(minutes=1),
        )
        .order_by("-at")
        .first()
    )
    profile = accounts.profile(viewing.profile_id)
    if impression is None or profile is None:
        return
    claimed = models.Impression.objects.filter(id=impression.id, played_at__isnull=True)
    if not claimed.update(played_at=viewing.started_at):
        return
    day, kind = tallies.today(impression.at), tallies.kind_of(impression.row_key)
    with transaction.atomic():
        tallies.add_profile(viewing.profile_id, {kind: (0.0, 1.0)}, day)
        if tallied:
            scope = tallies.scope(kids=profile.is_kid)
            keys = [f"{scope}:row:{kind}", f"{scope}:title:{impression.title_id}"]
            tallies.add(dict.fromkeys([*keys, *_picture_keys(scope, impression)], (0.0, 1.0)), day)
        if impression.team:
            taking_part.scored(viewing.profile_id, impression.team)
    _reward(impression)


def _picture_keys(scope: str, impression: models.Impression) -> Iterable[str]:
    if impression.artwork_id is None:
        return []
    draw = models.Decision.objects.filter(
        request_id=impression.request_id,
        kind=models.Decision.Kind.PICTURE,
        subject=str(impression.title_id),
    ).first()
    leaning = str(draw.detail.get("leaning", "")) if draw else ""
    return tallies.picture_keys(scope, impression.artwork_id, leaning)


def _reward(impression: models.Impression) -> None:
    """Tell the draws behind the card."""
    for row in models.Decision.objects.filter(request_id=impression.request_id):
        if row.kind == models.Decision.Kind.ROWS:
            played = dict(row.detail.get("played", {}))
            played[impression.row_key] = played.get(impression.row_key, 0) + 1
            row.detail = {**row.detail, "played": played}
            row.reward = float(sum(n for key, n in played.items() if key in row.detail["order"]))
        elif row.title_id == impression.title_id:
            row.reward = 1.0
        else:
            continue
        row.save(update_fields=["detail", "reward"])


def forget_title(title_id: UUID) -> None:
    """A title is gone: so is what is known of its cards and its pictures."""
    drawn = models.Decision.objects.filter(kind=models.Decision.Kind.PICTURE, title_id=title_id)
    pictures = {
        str(each[0]) for detail in drawn.values_list("detail", flat=True) for each in detail["options"]
    }
    shown = models.Impression.objects.filter(title_id=title_id).exclude(artwork_id=None)
    pictures.update(str(each) for each in shown.values_list("artwork_id", flat=True).distinct())
    for kids, picture in product((True, False), sorted(pictures)):
        key = f"{tallies.scope(kids=kids)}:art:{picture}"
        models.Tally.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:")).delete()
    models.Impression.objects.filter(title_id=title_id).delete()
    models.Decision.objects.filter(title_id=title_id).delete()
    models.Tally.objects.filter(key__endswith=f":title:{title_id}").delete()

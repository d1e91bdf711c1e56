"""Who is watching."""

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import events, look, maturity, models
from accounts.audit.recording import audit
from accounts.services.errors import PROFILE_LIMIT, InvalidField, NotFound, TooManyProfiles
from accounts.types import Profile, ProfileDeleted, ProfileNarrowed, ProfilesChanged

#: Keys of the pictures that a profile may have.
AVATARS: tuple[str, ...] = models.AVATARS
#: How subtitles may look: field of `look.Look` → what may be chosen.
LOOKS: dict[str, tuple[str, ...]] = look.CHOICES


def profiles(user_id: UUID) -> tuple[Profile, ...]:
    """The profiles of a user, oldest first."""
    return tuple(value(row) for row in models.Profile.objects.of(user_id).select_related("lock"))


def profile(profile_id: UUID) -> Profile | None:
    """The profile with this id, or None."""
    row = models.Profile.objects.filter(id=profile_id).select_related("lock").first()
    return value(row) if row else None


def watching(profile_id: UUID) -> Profile | None:
    """The profile with this id as long as its user may use the site; None once it is gone or the user is blocked."""
    row = models.Profile.objects.filter(id=profile_id, user__is_active=True).select_related("lock").first()
    return value(row) if row else None


def entered(profile_id: UUID, stamp: str) -> Profile | None:
    """The profile with this id, if a session that holds `stamp` entered it rightfully: by its PIN, when it has one."""
    row = models.Profile.objects.filter(id=profile_id).select_related("lock").first()
    if row is None:
        return None
    lock = getattr(row, "lock", None)
    return value(row) if lock is None or lock.stamp == stamp else None


def guarded(user_id: UUID) -> bool:
    """Whether a household has children or a PIN: then nobody manages its profiles without being in a grown-up's."""
    mine = models.Profile.objects.of(user_id)
    return mine.filter(Q(is_kid=True) | Q(lock__isnull=False)).exists()


def create_profile(
    *,
    user_id: UUID,
    name: str,
    avatar: str,
    is_kid: bool,
    maturity: int | None = None,
    language: str,
    actor: UUID | None = None,
) -> Profile:
    """Add a profile to a user. `maturity` in years; None takes the default for its sort. `actor` is who did it, for the
    audit log; None when nobody did (a new account's first profile).

    Raises InvalidField (also TooManyProfiles, its subclass) with words for the form, NotFound for the user.
    """
    values = _checked(name=name, avatar=avatar, is_kid=is_kid, maturity=maturity, language=language)
    with transaction.atomic():
        # The user's row is the lock that keeps two requests from both adding the fifth profile.
        if not models.User.objects.select_for_update().filter(id=user_id).exists():
            raise NotFound(f"There is no user {user_id}.")
        if models.Profile.objects.of(user_id).count() >= PROFILE_LIMIT:
            raise TooManyProfiles
        _refuse_taken_name(user_id=user_id, name=values.name, except_id=None)
        values.user_id = user_id
        values.save(force_insert=True)
        if actor is not None:
            audit(actor, "profile.made", f"profile:{values.id}", account=user_id)
        _tell_of_profiles(user_id)
    return value(values)


def create_first_profile(*, user_id: UUID, name: str, language: str) -> Profile:
    """The profile that a new user starts with, so that one click less lies before the first film."""
    known = {code for code, _label in settings.LANGUAGES}
    return create_profile(
        user_id=user_id,
        name=name[:40].strip() or "Me",
        avatar=AVATARS[user_id.int % len(AVATARS)],
        is_kid=False,
        language=language if language in known else settings.LANGUAGE_CODE,
    )


def update_profile(
    *,
    profile_id: UUID,
    name: str | None = None,
    avatar: str | None = None,
    is_kid: bool | None = None,
    maturity: int | None = None,
    language: str | None = None,
    autoplay_next: bool | None = None,
    previews: bool | None = None,
    data_saver: str | None = None,
    skips: str | None = None,
    look: look.Look | None = None,
    actor: UUID | None = None,
) -> Profile:
    """Change what is given; None leaves a value as it is. A change between kid and adult sets the age anew unless
    one is given. Raises InvalidField with words for the form, NotFound.
    """
    with transaction.atomic():
        row = models.Profile.objects.select_for_update().filter(id=profile_id).first()
        if row is None:
            raise NotFound(f"There is no profile {profile_id}.")
        before = row.maturity
        kid = row.is_kid if is_kid is None else is_kid
        kept = row.maturity if kid == row.is_kid else None
        values = _checked(
            name=row.name if name is None else name,
            avatar=row.avatar if avatar is None else avatar,
            is_kid=kid,
            maturity=kept if maturity is None else maturity,
            language=row.language if language is None else language,
        )
        _refuse_taken_name(user_id=row.user_id, name=values.name, except_id=profile_id)
        changed: dict[str, Any] = {
            field: getattr(values, field) for field in ("name", "avatar", "is_kid", "maturity", "language")
        }
        changed |= _switches(
            autoplay_next=autoplay_next, previews=previews, data_saver=data_saver, skips=skips, look=look
        )
        changed = {field: given for field, given in changed.items() if getattr(row, field) != given}
        for field, given in changed.items():
            setattr(row, field, given)
        row.save(update_fields=list(changed))
        if changed and actor is not None:
            said = {"fields": sorted(changed)}
            audit(actor, "profile.changed", f"profile:{profile_id}", detail=said, account=row.user_id)
        if row.maturity < before:
            narrowed(profile_id)
        if changed:
            _tell_of_profiles(row.user_id)
    return value(models.Profile.objects.select_related("lock").get(id=profile_id))


def delete_profile(profile_id: UUID, *, actor: UUID | None = None) -> None:
    """Remove a profile; everyone who keeps something under its id hears of it. Raises NotFound."""
    with transaction.atomic():
        row = models.Profile.objects.filter(id=profile_id).first()
        if row is None:
            raise NotFound(f"There is no profile {profile_id}.")
        row.delete()
        if actor is not None:
            audit(actor, "profile.removed", f"profile:{profile_id}", account=row.user_id)
        news = ProfileDeleted(profile_id=profile_id)
        transaction.on_commit(partial(events.profile_deleted.send_robust, sender=ProfileDeleted, event=news))
        _tell_of_profiles(row.user_id)


def kid_age_refusal() -> str:
    """What to say to an age that a kids profile may not have."""
    return _("A kids profile goes up to age %(age)d.") % {"age": maturity.KID_MAXIMUM}


# Used by the other modules of this package. -------------------------------------------------------------


def value(row: models.Profile) -> Profile:
    """A row as others may see it."""
    return Profile(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        avatar=row.avatar,
        maturity=row.maturity,
        is_kid=row.is_kid,
        language=row.language,
        locked=getattr(row, "lock", None) is not None,
        autoplay_next=row.autoplay_next,
        previews=row.previews,
        data_saver=row.data_saver,
        skips=row.skips,
        look=look.Look(
            size=row.caption_size,
            color=row.caption_color,
            background=row.caption_background,
            edge=row.caption_edge,
            font=row.caption_font,
            position=row.caption_position,
        ),
        blocked=frozenset(UUID(each) for each in row.blocked),
    )


def narrowed(profile_id: UUID) -> None:
    """Tell whoever listens, after the transaction, that a profile may see less than before."""
    news = ProfileNarrowed(profile_id=profile_id)
    transaction.on_commit(partial(events.profile_narrowed.send_robust, sender=ProfileNarrowed, event=news))


def _tell_of_profiles(user_id: UUID) -> None:
    news = ProfilesChanged(user_id=user_id)
    transaction.on_commit(partial(events.profiles_changed.send_robust, sender=ProfilesChanged, event=news))


def check_language(language: str) -> None:
    """Raise InvalidField for a language that pages do not have."""
    if language not in {code for code, _label in settings.LANGUAGES}:
        raise InvalidField("language", _("Choose one of the languages."))


def _checked(*, name: str, avatar: str, is_kid: bool, maturity: int | None, language: str) -> models.Profile:
    """The values as an unsaved row, or InvalidField."""
    name = " ".join(name.split())
    if not name:
        raise InvalidField("name", _("Give the profile a name."))
    if len(name) > 40:
        raise InvalidField("name", _("A profile's name has 40 characters at most."))
    if avatar not in AVATARS:
        raise InvalidField("avatar", _("Choose one of the pictures."))
    check_language(language)
    return models.Profile(
        name=name, avatar=avatar, is_kid=is_kid, maturity=_age(maturity, is_kid=is_kid), language=language
    )


def _age(age: int | None, *, is_kid: bool) -> int:
    if age is None:
        return maturity.default_for(is_kid=is_kid)
    if age not in maturity.AGES:
        raise InvalidField("maturity", _("Choose one of the ages."))
    if age not in maturity.ages_for(is_kid=is_kid):
        raise InvalidField("maturity", kid_age_refusal())
    return age


def _refuse_taken_name(*, user_id: UUID, name: str, except_id: UUID | None) -> None:
    others = models.Profile.objects.of(user_id).filter(name__iexact=name).values_list("id", flat=True)
    if any(other != except_id for other in others):
        raise InvalidField("name", _("Another profile has this name."))


def _switches(
    *,
    autoplay_next: bool | None,
    previews: bool | None,
    data_saver: str | None,
    skips: str | None,
    look: look.Look | None,
) -> dict[str, bool | str]:
    """The columns of what was given of these, or InvalidField."""
    found: dict[str, bool | str] = {}
    if autoplay_next is not None:
        found["autoplay_next"] = autoplay_next
    if previews is not None:
        found["previews"] = previews
    if data_saver is not None:
        _refuse_unknown("data_saver", data_saver, ("", *models.SAVER))
        found["data_saver"] = data_saver
    if skips is not None:
        _refuse_unknown("skips", skips, models.SKIPS)
        found["skips"] = skips
    if look is not None:
        for name, choices in LOOKS.items():
            chosen = getattr(look, name)
            _refuse_unknown(f"look.{name}", chosen, choices)
            found[f"caption_{name}"] = chosen
    return found


def _refuse_unknown(field: str, given: str, known: Iterable[str]) -> None:
    if given not in known:
        raise InvalidField(field, _("Choose one of: %(known)s.") % {"known": ", ".join(filter(None, known))})

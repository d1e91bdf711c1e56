"""What other apps and the shell may ask of accounts. Values in and out are plain: ids and `accounts.types`."""

from functools import partial
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import events, maturity, models
from accounts.types import Plan, Profile, ProfileDeleted, User

#: Keys of the pictures that a profile may have.
AVATARS: tuple[str, ...] = models.AVATARS
#: How many profiles a user may have.
PROFILE_LIMIT = 5


class InvalidField(Exception):
    """A value that cannot be taken. `message` is written for people; `field` is '' when no single field is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class TooManyProfiles(InvalidField):
    """The user has as many profiles as a user may have."""

    def __init__(self) -> None:
        super().__init__(
            "", _("There can be %(limit)d profiles at most. Remove one first.") % {"limit": PROFILE_LIMIT}
        )


class AlreadyRun(Exception):
    """Somebody runs this site already: the first run is over."""


class NotFound(Exception):
    """No user, profile or plan has this id."""


# Users --------------------------------------------------------------------------------------------------


def operator_exists() -> bool:
    """Whether anybody can run this site yet; False only before the first run is finished."""
    return models.User.objects.filter(is_staff=True, is_superuser=True, is_active=True).exists()


def create_operator(*, name: str, email: str, password: str, language: str) -> User:
    """Make a user who runs the site, with a first profile of the same name. Signs in by name or by email.

    `email` may be ''. Raises InvalidField with words for the form.
    """
    name, email = " ".join(name.split()), email.strip().lower()
    _check_new_user(name=name, email=email)
    _check_language(language)
    row = models.User(username=name, name=name, email=email, is_staff=True, is_superuser=True)
    try:
        validate_password(password, user=row)
    except ValidationError as error:
        raise InvalidField("password", " ".join(error.messages)) from error
    row.set_password(password)
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise InvalidField("name", _("This name or email address is already in use.")) from error
        if email:
            # The address was typed by who runs the site: nobody needs to prove it by mail first.
            EmailAddress.objects.create(user=row, email=email, verified=True, primary=True)
        create_first_profile(user_id=row.id, name=name, language=language)
    return _user(row)


def create_first_operator(*, name: str, email: str, password: str, language: str) -> User:
    """`create_operator`, but only while nobody runs the site: of two at once, one is made. Raises AlreadyRun too."""
    with transaction.atomic():
        # The plans are the lock: a fresh install has one, and no row of a user exists yet that could be held.
        list(models.Plan.objects.select_for_update().values_list("id", flat=True))
        if operator_exists():
            raise AlreadyRun
        return create_operator(name=name, email=email, password=password, language=language)


def delete_user(user_id: UUID) -> None:
    """Remove a user and the user's profiles; whoever keeps something of these hears of it. Raises NotFound."""
    with transaction.atomic():
        row = models.User.objects.select_for_update().filter(id=user_id).first()
        if row is None:
            raise NotFound(f"There is no user {user_id}.")
        for profile_id in list(models.Profile.objects.of(user_id).values_list("id", flat=True)):
            delete_profile(profile_id)
        row.delete()


def user(user_id: UUID) -> User:
    """The user with this id. Raises NotFound."""
    try:
        return _user(models.User.objects.get(id=user_id))
    except models.User.DoesNotExist as error:
        raise NotFound(f"There is no user {user_id}.") from error


def plan(user_id: UUID) -> Plan:
    """The plan that holds for this user: the user's own or else the default one. Raises NotFound."""
    row = models.User.objects.select_related("plan").filter(id=user_id).first()
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    chosen = row.plan or models.Plan.objects.filter(is_default=True).first()
    if chosen is None:
        # An operator deleted it: the site goes on with the figures that a fresh install has.
        chosen, _made = models.Plan.objects.get_or_create(name="Default", defaults={"is_default": True})
    return Plan(id=chosen.id, name=chosen.name, streams=chosen.streams, max_height=chosen.max_height)


# Profiles -----------------------------------------------------------------------------------------------


def profiles(user_id: UUID) -> tuple[Profile, ...]:
    """The profiles of a user, oldest first."""
    return tuple(_profile(row) for row in models.Profile.objects.of(user_id))


def profile(profile_id: UUID) -> Profile | None:
    """The profile with this id, or None."""
    row = models.Profile.objects.filter(id=profile_id).first()
    return _profile(row) if row else None


def watching(profile_id: UUID) -> Profile | None:
    """The profile with this id as long as its user may use the site; None once it is gone or the user is blocked."""
    row = models.Profile.objects.filter(id=profile_id, user__is_active=True).first()
    return _profile(row) if row else None


def create_profile(
    *, user_id: UUID, name: str, avatar: str, is_kid: bool, maturity: int | None = None, language: str
) -> Profile:
    """Add a profile to a user. `maturity` in years; None takes the default for its sort.

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
    return _profile(values)


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
) -> Profile:
    """Change what is given; None leaves a value as it is. A change between kid and adult sets the age anew unless
    one is given. Raises InvalidField with words for the form, NotFound.
    """
    with transaction.atomic():
        row = models.Profile.objects.select_for_update().filter(id=profile_id).first()
        if row is None:
            raise NotFound(f"There is no profile {profile_id}.")
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
        for field in ("name", "avatar", "is_kid", "maturity", "language"):
            setattr(row, field, getattr(values, field))
        row.save(update_fields=["name", "avatar", "is_kid", "maturity", "language"])
    return _profile(row)


def delete_profile(profile_id: UUID) -> None:
    """Remove a profile; everyone who keeps something under its id hears of it. Raises NotFound."""
    with transaction.atomic():
        deleted, _models = models.Profile.objects.filter(id=profile_id).delete()
        if not deleted:
            raise NotFound(f"There is no profile {profile_id}.")
        news = ProfileDeleted(profile_id=profile_id)
        transaction.on_commit(partial(events.profile_deleted.send_robust, sender=ProfileDeleted, event=news))


def kid_age_refusal() -> str:
    """What to say to an age that a kids profile may not have."""
    return _("A kids profile goes up to age %(age)d.") % {"age": maturity.KID_MAXIMUM}


# Within -------------------------------------------------------------------------------------------------


def _user(row: models.User) -> User:
    return User(id=row.id, name=str(row), email=row.email, is_operator=row.is_staff)


def _profile(row: models.Profile) -> Profile:
    return Profile(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        avatar=row.avatar,
        maturity=row.maturity,
        is_kid=row.is_kid,
        language=row.language,
    )


def _check_new_user(*, name: str, email: str) -> None:
    if not name:
        raise InvalidField("name", _("Give a name to sign in with."))
    if len(name) > 80:
        raise InvalidField("name", _("A name has 80 characters at most."))
    try:
        models.User.username_validator(name)
    except ValidationError as error:
        raise InvalidField("name", error.messages[0]) from error
    if models.User.objects.filter(username__iexact=name).exists():
        raise InvalidField("name", _("This name is taken."))
    if not email:
        return
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidField("email", error.messages[0]) from error
    if models.User.objects.filter(email__iexact=email).exists():
        raise InvalidField("email", _("A user with this email address exists already."))


def _check_language(language: str) -> None:
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
    _check_language(language)
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

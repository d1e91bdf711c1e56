"""Who signs in and pays."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Subquery
from django.utils.translation import gettext as _

from accounts import models
from accounts.services.errors import AlreadyRun, InvalidField, NotFound
from accounts.services.profiles import check_language, create_first_profile, delete_profile
from accounts.types import User


def operator_exists() -> bool:
    """Whether anybody can run this site yet; False only before the first run is finished."""
    return models.User.objects.filter(is_staff=True, is_superuser=True, is_active=True).exists()


def several_users() -> bool:
    """Whether more than one account has profiles: with one alone no page can tell of somebody to somebody else."""
    rows = models.Profile.objects.order_by()
    return rows.exclude(user_id=Subquery(rows.values("user_id")[:1])).exists()


def create_operator(*, name: str, email: str, password: str, language: str) -> User:
    """Make a user who runs the site, with a first profile of the same name. Signs in by name or by email.

    `email` may be ''. Raises InvalidField with words for the form.
    """
    name, email = " ".join(name.split()), email.strip().lower()
    _check_new_user(name=name, email=email)
    check_language(language)
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


def _user(row: models.User) -> User:
    return User(id=row.id, name=str(row), email=row.email, is_operator=row.is_staff)


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

"""Every model of every app is in a class, and every personal one can be found, handed out and erased."""

from django.apps import apps

from accounts.privacy import classes as ours
from netflixlite import personal
from netflixlite.personal import Kind

#: Personal rows whose table does not say whose they are; how they are found is proved in test_privacy_erasing.py.
OPENED_ONE_BY_ONE = {"sessions.Session"}


def labels() -> set[str]:
    return {model._meta.label for model in apps.get_models(include_auto_created=True)}


def test_somebody_has_classified_every_model() -> None:
    nobody = labels() - set(personal.classes())
    assert nobody == set(), (
        f"{', '.join(sorted(nobody))}: say in <app>/privacy.py (accounts/privacy/classes.py) whether its rows are "
        "personal, and make them part of the app's export and erase"
    )


def test_no_class_is_left_of_a_model_that_is_gone() -> None:
    assert set(personal.classes()) - labels() == set()


def test_every_personal_model_of_accounts_is_linked_to_its_account() -> None:
    classified = {label for label, kind in ours.CLASSES.items() if kind is Kind.PERSONAL}
    assert classified - set(ours.LINKS) == OPENED_ONE_BY_ONE
    assert set(ours.LINKS) - classified == set()


def test_every_model_that_refers_to_an_account_is_more_than_nothing() -> None:
    """A field that names a user, a profile or a session makes a row personal, derived or operational: never nothing."""
    names = {"user_id", "profile_id", "session_id", "actor_id"}
    wrong = [
        f"{model._meta.label}.{field.attname}"
        for model in apps.get_models(include_auto_created=True)
        if personal.classes().get(model._meta.label) is Kind.NONE
        for field in model._meta.concrete_fields
        if field.attname in names
    ]
    assert wrong == []

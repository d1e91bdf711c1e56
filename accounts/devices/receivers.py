"""Signing in binds a session to its device, signing out releases it. Whoever signs people in, this hears of it."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.devices import binding


@receiver(user_logged_in, dispatch_uid="accounts.bind_device")
def bind_device(request: HttpRequest, user: Any, **_: Any) -> None:
    """A session begins."""
    binding.bind(request, user.pk)


@receiver(user_logged_out, dispatch_uid="accounts.release_device")
def release_device(request: HttpRequest, **_: Any) -> None:
    """It ends."""
    if getattr(request, "session", None) is not None:
        binding.release(request)

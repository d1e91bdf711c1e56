"""What looks as if somebody else used an account, told to the operator with what was seen (docs/privacy.md).

Nothing here locks anybody out: families share sofas, travel, and forget PINs.
"""


def begin() -> None:
    """Hear of what is written down, and look after what was raised. Once the apps are loaded."""
    from accounts.signals import receivers, tasks  # noqa: F401 (importing connects and registers)

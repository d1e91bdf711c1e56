"""Signing devices out on their owner's wish, with an entry in the audit log. Doors call this."""

from uuid import UUID

from django.db import transaction

from accounts import services


def end_one(*, user_id: UUID, device_id: UUID) -> None:
    """Sign a device out. Raises services.NotFound, also for another user's."""
    with transaction.atomic():
        device = services.device(device_id)
        ended = services.end_device(user_id=user_id, device_id=device_id)
        label = device.label if device else ""
        services.audit(
            user_id, "device.ended", f"device:{device_id}", detail={"device": label, "sessions": ended}
        )


def end_others(user_id: UUID, *, keep: str) -> int:
    """Sign out everywhere but in the session of the key `keep`; returns how many sessions ended."""
    with transaction.atomic():
        ended = services.end_all_devices(user_id, keep)
        if ended:
            services.audit(user_id, "device.ended", f"user:{user_id}", detail={"sessions": ended})
    return ended

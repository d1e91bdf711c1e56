"""Devices that press play at the same moment, in threads with connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from accounts.types import Profile
from catalog.types import Title
from playback import services
from playback.tests.factories import open_session

DEVICES = 6


@pytest.mark.django_db(transaction=True, databases=["default", "telemetry"])
def test_six_devices_at_the_same_moment_get_two_streams(ada: Profile, night_mail: Title) -> None:
    together = Barrier(DEVICES)

    def press_play(device: int) -> bool:
        try:
            together.wait(timeout=10)
            open_session(profile_id=ada.id, video_id=night_mail.video_id, device=f"device {device}")
        except services.StreamLimit:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(DEVICES) as pool:
        played = list(pool.map(press_play, range(DEVICES)))
    assert sorted(played) == [False] * (DEVICES - 2) + [True] * 2
    assert len(services.active_sessions(ada.user_id)) == 2

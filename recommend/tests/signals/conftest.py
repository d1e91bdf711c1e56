"""Viewings for these tests."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from playback.types import Viewing


@pytest.fixture
def viewing():
    """Makes a viewing of a title's video, as playback tells it."""

    def make(profile, title, *, fraction=0.95, ago=timedelta(hours=1), minutes=100, video_id=None, ref=None):
        end = timezone.now() - ago
        watched = timedelta(minutes=minutes * fraction)
        return Viewing(
            id=ref or uuid4(),
            profile_id=profile.id,
            video_id=video_id or title.video_id,
            title_id=title.id,
            watched=watched,
            fraction=fraction,
            started_at=end - watched,
            ended_at=end,
        )

    return make

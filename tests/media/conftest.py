"""What the media tests share: a clip, a place for storage and work, and a way to ingest in one call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import services, types
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import Job
from tests.media import clips


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of moving picture with a tone, 320 x 180, 24 frames a second."""
    return clips.film(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """Sources, packages and work in a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.WORK_DIR = tmp_path / "work"
    settings.MEDIA_ROOT.mkdir()
    settings.WORK_DIR.mkdir()
    return tmp_path


@pytest.fixture
def ingest(transactional_db: None, home: Path) -> Callable[..., tuple[types.IngestTicket, Job]]:
    """Hand a file in and do its job here and now."""

    def run(path: Path, **options: Any) -> tuple[types.IngestTicket, Job]:
        usual = {"ladder": "light", "preset": "ultrafast", "early": False, "av1": "never"}
        chosen = usual | options
        ticket = services.ingest(path=str(path), options=types.IngestOptions(**chosen))
        return ticket, jobs.run_here(ticket.job_id)

    return run

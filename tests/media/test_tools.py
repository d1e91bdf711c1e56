"""Which programs are used: the setting, then the bundle, then PATH, never in silence."""

import os
import stat
from pathlib import Path

import pytest

from catalog.media import tools
from catalog.media.errors import ToolMissing


@pytest.fixture(autouse=True)
def forget():
    """Each test looks for its tools anew."""
    tools._tool.cache_clear()
    yield
    tools._tool.cache_clear()


def test_the_bundle_is_used_and_does_all_we_need(home):
    found = tools.self_test()
    assert found.usable
    assert found.missing == ()
    assert (found.ffmpeg.origin, found.ffprobe.origin) == ("bundled", "bundled")
    assert len(found.ffmpeg.sha256) == 64
    assert found.ffmpeg.version in found.ffmpeg.fingerprint
    record = tools.capability_record()
    assert record["encodes"] is True


def test_the_setting_comes_first(home, settings, tmp_path: Path):
    own = tmp_path / "my-ffmpeg"
    own.write_text("#!/bin/sh\necho ffmpeg version 99.1-mine\n")
    own.chmod(own.stat().st_mode | stat.S_IXUSR)
    settings.FFMPEG = str(own)
    found = tools.ffmpeg()
    assert (found.path, found.version, found.origin) == (os.path.realpath(own), "99.1-mine", "setting")
    remembered = (home / "work" / "tools.json").read_text()
    assert "99.1-mine" in remembered


@pytest.mark.parametrize("path", ["/nowhere/ffmpeg", "/etc/passwd"])
def test_a_setting_that_names_no_program_is_said(home, settings, path):
    settings.FFPROBE = path
    with pytest.raises(ToolMissing, match="NETFLIXLITE_FFPROBE"):
        tools.ffprobe()


def test_path_comes_last_and_is_announced(home, monkeypatch, tmp_path: Path, caplog):
    own = tmp_path / "ffmpeg"
    own.write_text("#!/bin/sh\necho ffmpeg version 5.1\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    assert tools.ffmpeg().origin == "bundled"
    tools._tool.cache_clear()
    monkeypatch.setattr(tools, "_bundled", lambda name: "")
    assert (tools.ffmpeg().origin, tools.ffmpeg().version) == ("path", "5.1")
    assert "of PATH is used" in caplog.text
    tools._tool.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="Install the locked requirements"):
        tools.ffmpeg()

"""How browser tests look at a playing film: through the page, as a viewer's eyes would, sampled."""

from typing import Any

#: Samples the playhead every 20 ms in the page and keeps the longest pause while it should be moving.
METER = """
() => {
  const video = document.querySelector("nl-player video");
  const meter = { longest: 0, last: video.currentTime, since: performance.now(), samples: 0 };
  window.__meter = meter;
  meter.timer = setInterval(() => {
    const now = performance.now();
    meter.samples += 1;
    if (video.currentTime !== meter.last || video.ended || video.paused || video.seeking) {
      meter.last = video.currentTime;
      meter.since = now;
    } else {
      meter.longest = Math.max(meter.longest, now - meter.since);
    }
  }, 20);
}
"""

FACTS = """
() => {
  const video = document.querySelector("nl-player video");
  if (!video) return null;
  const quality = video.getVideoPlaybackQuality();
  return {
    time: video.currentTime, duration: video.duration, paused: video.paused, ended: video.ended,
    frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames,
    sound: video.webkitAudioDecodedByteCount || 0, width: video.videoWidth,
    state: document.querySelector("nl-player").state,
  };
}
"""


def facts(page: Any) -> dict[str, Any]:
    """What the video element says now: seconds, frames decoded and dropped, bytes of sound decoded, our own state."""
    found = page.evaluate(FACTS)
    assert found is not None, "there is no player on this page"
    return dict(found)


def start(page: Any, seconds: float = 30) -> None:
    """Wait until the film moves; press Play if the browser wants a gesture first."""
    page.wait_for_selector("nl-player video", state="attached", timeout=seconds * 1000)
    page.wait_for_function(
        """() => {
          const video = document.querySelector("nl-player video");
          if (video.readyState >= 3 && video.paused) video.play();
          return !video.paused && video.currentTime > 0.2;
        }""",
        timeout=seconds * 1000,
    )


def wait_until(page: Any, expression: str, seconds: float) -> None:
    """Wait for a JavaScript expression over `video` to become true."""
    page.wait_for_function(
        f"() => {{ const video = document.querySelector('nl-player video'); return {expression}; }}",
        timeout=seconds * 1000,
        polling=100,
    )

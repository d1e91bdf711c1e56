"""Players that are not ours, in a real Chromium: the site's own server, a real node, and a film they know nothing of.

Each starts, jumps, changes the language and goes on; what it shows after the jump is compared with what the film shows
there (a flash twice in each segment), so that a picture that moved against its clock would be noticed.
"""

import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import reading
from tests.conformance.conftest import KEY
from tests.conformance.making import FLASHES, FRAMES, RATE, Made
from tests.conformance.staging import Stage
from tests.conftest import wait_for
from tests.edge.harness import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry"]),
]
MODULES = Path(__file__).resolve().parents[2] / "node_modules"
SCRIPTS = {
    "dash": MODULES / "dashjs/dist/modern/umd/dash.all.min.js",
    "shaka": MODULES / "shaka-player/dist/shaka-player.compiled.js",
    "hls": MODULES / "hls.js/dist/hls.min.js",
}
#: What each needs to be told, in its own words. `start(url)` resolves when it plays; `language(tag)` switches.
PLAYERS = """
window.problems = [];
const video = document.createElement('video');
video.muted = true; video.width = 640; document.body.replaceChildren(video);
window.video = video;
const playing = () => new Promise((done) => video.addEventListener('playing', () => done(true), { once: true }));
window.start = {
  async dash(url) {
    const player = window.player = dashjs.MediaPlayer().create();
    player.on('error', (event) => problems.push(JSON.stringify(event.error)));
    const begun = playing();
    player.initialize(video, url, true);
    await begun;
  },
  async shaka(url) {
    shaka.polyfill.installAll();
    const player = window.player = new shaka.Player();
    await player.attach(video);
    player.addEventListener('error', (event) => problems.push(`${event.detail.code}`));
    const begun = playing();
    await player.load(url);
    await video.play();
    await begun;
  },
  async hls(url) {
    const player = window.player = new Hls();
    player.on(Hls.Events.ERROR, (_, data) => data.fatal && problems.push(data.details));
    player.loadSource(url); player.attachMedia(video);
    const begun = playing();
    await video.play();
    await begun;
  },
};
// A player that waits for ever is told apart by what it said until then.
window.soon = (promise, what) => Promise.race([
  promise,
  new Promise((_, fail) => setTimeout(() => fail(new Error(
    `${what} did not come: ${problems} ${video.readyState} ${video.error?.message} ${video.currentTime}`)), 40_000)),
]);
window.language = {
  dash(tag) { player.setCurrentTrack(player.getTracksFor('audio').find((track) => track.lang === tag)); },
  shaka(tag) { player.selectAudioTrack(player.getAudioTracks().find((track) => track.language === tag)); },
  hls(tag) { player.audioTrack = player.audioTracks.find((track) => track.lang === tag).id; },
};
window.spoken = {
  dash: () => player.getCurrentTrackFor('audio').lang,
  shaka: () => player.getAudioTracks().find((track) => track.active).language,
  hls: () => player.audioTracks[player.audioTrack].lang,
};
window.texts = {
  dash: () => player.getTracksFor('text').map((track) => track.lang),
  shaka: () => player.getTextTracks().map((track) => track.language),
  hls: () => player.subtitleTracks.map((track) => track.lang),
};
// Jump, then say how light the picture is that is shown there, and when it says it is shown. A picture from before the
// jump may still be on its way to the screen, and a player may put the start where it wants it after it said "playing".
window.look = (seconds) => new Promise((done) => {
  video.pause();
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 9 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const shown = (now, frame) => {
    if (Math.abs(frame.mediaTime - seconds) > 0.5) {
      video.requestVideoFrameCallback(shown);
      if (Math.abs(video.currentTime - seconds) > 0.001) video.currentTime = seconds;
      return;
    }
    context.drawImage(video, 0, 0, 16, 9);
    const pixels = context.getImageData(0, 0, 16, 9).data;
    let light = 0;
    for (let at = 0; at < pixels.length; at += 4) light += pixels[at] + pixels[at + 1] + pixels[at + 2];
    done({ light: light / (16 * 9 * 3), time: frame.mediaTime });
  };
  video.requestVideoFrameCallback(shown);
  video.currentTime = seconds;
});
null  // else the last function above would be called at once
"""


@pytest.fixture
def page(chromium: Any, stage: Stage) -> Iterator[Callable[[str], Any]]:
    """Opens a page of the site (a secure context, so that keys may be used) with a player's script."""
    contexts = []

    def make(player: str) -> Any:
        context = chromium.new_context(bypass_csp=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(40_000)
        page.goto(f"{stage.url}/livez")
        page.add_script_tag(path=str(SCRIPTS[player]))
        page.evaluate(PLAYERS)
        return page

    yield make
    for context in contexts:
        context.close()


def watch(
    page: Any, player: str, url: str, *, stereo: bool = True, languages: Sequence[str] = ("fr", "en")
) -> None:
    """Play, look at the picture at the film's start, middle and end, and change the language."""
    page.evaluate("([player, url]) => soon(start[player](url), 'start')", [player, url])
    # The last flash stands in the last segment; between flashes the picture is dark.
    for frame in (FLASHES[0], FLASHES[len(FLASHES) // 2], FLASHES[-1]):
        for number, is_light in ((frame + 1, True), (frame - 3, False)):
            middle = float((number + 0.5) / RATE)
            seen = page.evaluate("(seconds) => soon(look(seconds), seconds)", middle)
            assert (seen["light"] > 200) is is_light, (player, number, seen)
            assert seen["time"] == pytest.approx(number / float(RATE), abs=0.002)
    assert sorted(set(page.evaluate("(player) => texts[player]()", player))) == ["en", "fr"]
    if stereo:  # Shaka prefers another language in stereo to the film's own in surround
        assert page.evaluate("(player) => spoken[player]()", player) == "en"
    # Somebody listens for a second before changing again: Shaka and hls.js are known to stand still when a language is
    # left before anything of it has come, and a jump follows at once.
    for number, language in enumerate(languages):
        begun = 4 + 4 * number
        page.evaluate(
            "(from) => (video.currentTime = from, soon(video.play(), `playing from ${from}`))", begun
        )
        page.evaluate("([player, language]) => window.language[player](language)", [player, language])
        spoken = partial(page.evaluate, "(player) => window.spoken[player]()", player)
        until(lambda: spoken() == language, seconds=20, what=f"{language} in {player}")  # noqa: B023
        heard = begun + 1
        wait_for(
            lambda: page.evaluate("video.currentTime") > heard,  # noqa: B023
            seconds=30,
            what=f"going on in {language} in {player}",
        )
    assert page.evaluate("problems") == []


def test_stock_players_play_the_package_through_a_node(
    stage: Stage, page: Callable[[str], Any], made: Made
) -> None:
    stage.publish(made)
    for player, face in (("dash", "dash"), ("shaka", "dash"), ("shaka", "hls"), ("hls", "hls")):
        session = stage.open()
        watch(page(player), player, str(getattr(session, face)))
    assert stage.answers > 40


def test_stock_players_play_av1_and_surround(stage: Stage, page: Callable[[str], Any], made: Made) -> None:
    stage.publish(made)
    session = stage.open(av1=True, surround=True)
    with urllib.request.urlopen(session.hls, timeout=10) as answer:
        offered = answer.read().decode()
    assert "av01." in offered
    assert "avc1." not in offered, "who plays AV1 is offered nothing else, or this would show nothing"
    assert 'CHANNELS="6"' in offered
    for player, face in (("hls", "hls"), ("shaka", "dash")):
        watch(page(player), player, str(getattr(session, face)), stereo=False)


def test_stock_players_play_an_encrypted_package(
    stage: Stage, page: Callable[[str], Any], keyed: Made
) -> None:
    stage.publish(keyed, key=KEY)
    for player in ("hls", "shaka"):
        # One change only: stock hls.js stood still when a track was left again before its key had come.
        watch(page(player), player, stage.open().hls, languages=["fr"])
    # And ffmpeg, which reads playlists in its own way.
    session = stage.open()
    light = reading.lightness_of_stream(session.hls, 256, 144)
    assert [number for number, value in enumerate(light) if value > 200][::2] == list(FLASHES)
    assert len(light) == FRAMES

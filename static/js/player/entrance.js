// The first thing that a press of Play does with a film that was rehearsed: its element is put over the page and runs,
// before there are any controls. Who takes the element over (Screen.use) takes it out of here, and it runs on.

//: How long the controls wait for the picture.
const PATIENCE_MS = 400;

/** The picture is on the screen, or takes too long; and the frame that it came with is done. */
function pictured(video) {
  return new Promise((resolve) => {
    const done = () => setTimeout(resolve, 0);
    setTimeout(resolve, PATIENCE_MS);
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(done);
    else video.addEventListener("playing", done, { once: true });
  });
}

/**
 * Show a film that has a picture. To be called in the handler of the very press, for the film to be heard.
 * @param {HTMLVideoElement} video
 * @param {{volume: number, muted: boolean}} sound as the viewer likes it
 * @returns {{shown: Promise<void>, leave: () => void}} `shown` never rejects; `leave`: it is shown elsewhere, or nowhere
 */
export function enter(video, { volume, muted }) {
  video.volume = Math.min(1, Math.max(0, volume));
  video.muted = muted;
  const layer = document.createElement("div");
  layer.className = "player-entrance";
  layer.append(video);
  document.body.append(layer);
  video.play().catch(() => {}); // the player asks again, and says what is wrong
  return { shown: pictured(video), leave: () => layer.remove() };
}

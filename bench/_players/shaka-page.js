// Shaka Player with its own settings: only the most that it buffers can be asked for.
const query = new URLSearchParams(location.search);
const video = document.querySelector("video");
const bench = { fatal: [], errors: [], version: shaka.Player.version };
globalThis.bench = bench;

const CRITICAL = 2;
const note = (error) => (error.severity === CRITICAL ? bench.fatal : bench.errors).push(`${error.code}`);

/** Begin to play. */
bench.begin = async () => {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  bench.player = player;
  player.addEventListener("error", ({ detail }) => note(detail));
  await player.attach(video);
  const ahead = Number(query.get("buffer"));
  if (ahead) player.configure("streaming.bufferingGoal", ahead);
  video.play().catch(() => {}); // a blocked start is seen by the clock
  try {
    await player.load(query.get("src"));
    await video.play();
  } catch (error) {
    note(error);
  }
};
if (query.get("auto") !== "0") bench.begin();

// hls.js with its own settings: only the most that it buffers can be asked for. Media errors are mended as its manual says.
const query = new URLSearchParams(location.search);
const video = document.querySelector("video");
const bench = { fatal: [], errors: [], version: Hls.version };
globalThis.bench = bench;

/** Begin to play. */
bench.begin = () => {
  const ahead = Number(query.get("buffer"));
  const player = new Hls(ahead ? { maxBufferLength: ahead, maxMaxBufferLength: ahead } : {});
  bench.player = player;
  player.on(Hls.Events.ERROR, (_, data) => {
    bench.errors.push(data.details);
    if (!data.fatal) return;
    bench.fatal.push(data.details);
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) player.recoverMediaError();
  });
  player.loadSource(query.get("src"));
  player.attachMedia(video);
  video.play().catch(() => {}); // a blocked start is seen by the clock
};
if (query.get("auto") !== "0") bench.begin();

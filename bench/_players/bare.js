// What a browser does by itself with one file.
const query = new URLSearchParams(location.search);
const video = document.querySelector("video");
const bench = { fatal: [], errors: [] };
globalThis.bench = bench;
video.addEventListener("error", () => bench.fatal.push(video.error.message));

/** Begin to play. */
bench.begin = () => {
  video.src = query.get("src");
  video.play().catch(() => {}); // a blocked start is seen by the clock
};
if (query.get("auto") !== "0") bench.begin();

// What is on the page without the site: the downloads of who watches, or the player with one of them.

import "../elements/nl-downloads.js";
import { downloads } from "./downloads.js";
import { localFetch, notePlace, wordsFor } from "./local.js";
import { register } from "./start.js";

const VIDEO = /^\/(?:downloads\/)?watch\/([0-9a-f-]{36})\/$/;
const TICK_MS = 30_000;
const PLACE_MS = 2000;

/** Look at the address to know what is wanted, and show it. */
export async function open() {
  const { profile } = document.body.dataset;
  const video = VIDEO.exec(location.pathname)?.[1] ?? "";
  addEventListener("online", () => downloads().sync({ force: true }));
  setInterval(() => downloads().licences.tick(), TICK_MS);
  await downloads().licences.tick();
  downloads().sync(); // not waited for: a site that hangs keeps no film from beginning
  const record = video && (await downloads().all(profile)).find((one) => one.video === video);
  if (record) await play(record, profile);
  else list(video);
  register();
}

function list(video) {
  const page = document.getElementById("shell");
  page.hidden = false;
  const elsewhere = location.pathname !== page.dataset.list;
  document.getElementById("shell-away").hidden = !elsewhere;
  if (video) document.getElementById("shell-why").textContent = wordsFor("missing");
  document.getElementById("shell-retry").addEventListener("click", () => location.reload());
  page.querySelector("nl-downloads").paint?.();
  downloads().start();
}

async function play(record, profile) {
  const { watchUrl, listUrl } = document.body.dataset;
  const { NlPlayer } = await import("../elements/nl-player.js");
  const player = new NlPlayer();
  Object.assign(player.dataset, {
    videoId: record.video,
    sessionUrl: "/api/v1/playback/sessions",
    watchUrl,
    backUrl: listUrl,
    csrf: "",
    title: record.film.title || record.film.name,
    subtitle: record.film.name === record.film.title ? "" : record.film.name,
    kept: "", // other elements know by it that the site may be away
  });
  player.means = { fetch: localFetch({ downloads: downloads(), profile }) };
  document.body.classList.add("watch");
  document.title = record.film.name;
  document.getElementById("main").replaceChildren(player);
  const note = () => noteFor(player, profile);
  setInterval(note, PLACE_MS);
  addEventListener("pagehide", note);
  document.addEventListener("visibilitychange", note);
}

/** Where the viewer is: the next episode is another download. */
async function noteFor(player, profile) {
  const { video, position, duration } = player.state ?? {};
  if (!video || !(position > 0)) return;
  if (noted.video !== video) {
    const found = (await downloads().all(profile)).find((one) => one.video === video);
    noted = { video, id: found?.id ?? "" };
  }
  if (noted.id) notePlace(noted.id, { position, duration });
}

let noted = { video: "", id: "" };

// What a viewer sees of a film, measured in the page, whoever plays it. It is there before the page's own scripts.
//
// A stall is time that passed while the playhead did not: more than 200 ms between two looks at it of which less than
// that was played, after the first frame, while nothing had paused it. A page that is late looks late, and counts no
// stall for that, as the film went on meanwhile; how late it was at most is told too.
(() => {
  const STALL_MS = 200;
  const LOOK_MS = 25;
  const WRONG = "WRONG BYTES HERE";
  const STRIDE = 4096;
  const zero = performance.timeOrigin;
  const meter = {
    from: 0, // where it was then, in seconds
    first: 0, // when the playhead first moved, ms since 1970
    stalls: [], // [when it began, ms, seconds of film that were buffered just before]
    longest: 0, // ms for which the playhead stood still at most, stall or not
    late: 0, // ms by which a look came too late at most
    shown: {}, // ms of film shown by the picture's height
    errors: [], // of the media element
    requests: [], // [when, address] of all that scripts asked for
    wrong: 0, // pieces of wrong bytes that reached the decoder
    position: 0,
    buffer: 0,
    least: Infinity, // seconds buffered at the least since the first frame
    stuck: false, // whether it stood still to the end of what was looked at
    paused: 0, // how often it was paused after the first frame
  };
  globalThis.rigMeter = meter;

  let film = null;
  let last = { at: 0, position: 0, ahead: 0 };
  let looked = performance.now();

  function follow(video) {
    film = video;
    last = { at: performance.now(), position: video.currentTime, ahead: 0 };
    video.addEventListener("error", () => meter.errors.push(video.error?.message || `${video.error?.code}`));
    video.addEventListener("timeupdate", look);
    video.addEventListener("pause", () => meter.first && !video.ended && (meter.paused += 1));
  }

  function ahead(video) {
    const { buffered, currentTime } = video;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.3 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  function close(now, position) {
    const still = now - last.at - (position - last.position) * 1000;
    if (still > meter.longest) meter.longest = Math.round(still);
    if (still > STALL_MS) meter.stalls.push([Math.round(zero + last.at), Math.round(still), last.ahead]);
    last = { at: now, position, ahead: meter.buffer };
  }

  function look() {
    if (!film) return;
    const now = performance.now();
    const position = film.currentTime;
    if (!meter.first) {
      if (position > last.position && !film.paused) {
        meter.first = Math.round(zero + now);
        meter.from = position;
        last = { at: now, position, ahead: ahead(film) };
      }
      return;
    }
    meter.position = position;
    meter.buffer = ahead(film);
    if (meter.buffer < meter.least) meter.least = Math.round(meter.buffer * 100) / 100;
    if (film.ended || film.paused) {
      last = { at: now, position, ahead: meter.buffer };
    } else if (position !== last.position) {
      const height = film.videoHeight;
      meter.shown[height] = (meter.shown[height] ?? 0) + Math.max(0, position - last.position) * 1000;
      close(now, position);
    }
  }

  setInterval(() => {
    const now = performance.now();
    meter.late = Math.max(meter.late, Math.round(now - looked - LOOK_MS));
    looked = now;
    if (!film || !film.isConnected) {
      const video = document.querySelector("video");
      if (video) follow(video);
    }
    look();
  }, LOOK_MS);

  /** Everything until now; a playhead that stands still counts up to this moment. */
  meter.tell = () => {
    look();
    if (film && meter.first && !film.paused && !film.ended) {
      const before = meter.stalls.length;
      close(performance.now(), film.currentTime);
      meter.stuck = meter.stalls.length > before;
    }
    const quality = film?.getVideoPlaybackQuality();
    const frames = { total: quality?.totalVideoFrames ?? 0, dropped: quality?.droppedVideoFrames ?? 0 };
    return { ...meter, tell: undefined, frames, least: Number.isFinite(meter.least) ? meter.least : 0 };
  };

  const note = (url) => meter.requests.push([zero + performance.now(), String(url)]);
  const { fetch } = globalThis;
  globalThis.fetch = (what, ...more) => {
    note(what?.url ?? what);
    return fetch(what, ...more);
  };
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...more) {
    this.rigUrl = new URL(url, location.href).href;
    return open.call(this, method, url, ...more);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    note(this.rigUrl);
    return send.apply(this, body);
  };

  function isWrong(bytes) {
    for (let at = 0; at + 32 <= bytes.length; at += STRIDE) {
      if (bytes[at] === bytes[at + 16] && String.fromCharCode(...bytes.subarray(at, at + 32)).includes(WRONG)) return true;
    }
    return false;
  }
  const { appendBuffer } = SourceBuffer.prototype;
  SourceBuffer.prototype.appendBuffer = function (data) {
    if (isWrong(new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength))) meter.wrong += 1;
    return appendBuffer.call(this, data);
  };

  // How far our own player may buffer, said by the page's address: #ahead=4. Before its element is made.
  const most = new URLSearchParams(location.hash.slice(1)).get("ahead");
  if (most) {
    document.addEventListener("readystatechange", () => {
      const element = document.querySelector("nl-player");
      if (element) element.dataset.ahead = most;
    });
  }
})();

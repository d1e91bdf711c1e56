// What this browser decodes well, for the site to offer the right renditions. Asked once for a page; a browser that
// cannot say is taken to know H.264 and stereo.

const PATIENCE_MS = 400;
const AV1 = 'video/mp4; codecs="av01.0.08M.08"';
const SURROUND_CHANNELS = 6;

/** The question about AV1 for a screen of so many device pixels; never below 1080p. Pure. */
export function questionAbout(height) {
  const large = height > 1200;
  return {
    type: "media-source",
    video: {
      contentType: large ? AV1.replace("08M", "12M") : AV1,
      width: large ? 3840 : 1920,
      height: large ? 2160 : 1080,
      bitrate: large ? 12_000_000 : 4_000_000,
      framerate: 30,
    },
  };
}

/** Whether an answer of decodingInfo is good enough. At 1080p a processor may do it; above, only a circuit. Pure. */
export function decodesWell({ supported, smooth, powerEfficient }, { video }) {
  return Boolean(supported && smooth && (powerEfficient || video.height <= 1080));
}

async function av1() {
  const media = globalThis.navigator?.mediaCapabilities;
  if (!media?.decodingInfo) return false;
  const pixels = (globalThis.screen?.height ?? 0) * (globalThis.devicePixelRatio ?? 1);
  for (const question of new Set([questionAbout(pixels), questionAbout(0)])) {
    if (decodesWell(await media.decodingInfo(question), question)) return true;
  }
  return false;
}

function surround() {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Context) return false;
  const context = new Context();
  const channels = context.destination.maxChannelCount;
  context.close?.().catch(() => {});
  return channels >= SURROUND_CHANNELS;
}

async function ask() {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, false));
  const known = { av1: false, surround: false };
  try {
    known.av1 = await Promise.race([av1(), late]);
    known.surround = surround();
  } catch {
    // a browser that throws at the question does not get what was asked about
  }
  return known;
}

let asked = null;

/** @returns {Promise<{av1: boolean, surround: boolean}>} */
export function capabilities() {
  return (asked ??= ask());
}

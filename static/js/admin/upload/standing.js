// From what this tab does and what the server says, to what a row shows: step, words, bar, buttons. Pure.

import { fill, left, percent, size } from "./format.js";

export const STEPS = ["receiving", "checking", "encoding", "ready"];
const BAD = new Set(["refused", "gone", "unreadable", "different", "failed"]);
const HELD = new Set(["paused", "offline", "trouble", "signed_out", "elsewhere", "unclaimed", "full"]);

/** `sending` (this tab's, or null) and `entry` (the server's, or null) of one upload. */
export function standing(sending, entry, words, { worker = true, now = Date.now() } = {}) {
  const local = sending && sending.state !== "done" ? sending : null;
  // The server's list may be a moment older than what this tab knows.
  const known = sending && !local && entry?.state === "receiving" ? null : entry;
  const shown = local ? ofSending(local, entry, words, now) : ofEntry(known, words, worker);
  const tone = BAD.has(shown.state) ? "bad" : HELD.has(shown.state) ? "held" : shown.state === "ready" ? "good" : "busy";
  return { tone, percent: 0, buttons: [], error: "", ...shown };
}

function ofSending(sending, entry, words, now) {
  const length = sending.file.size;
  const done = percent(sending.sent, length);
  const base = { state: sending.state, step: 0, percent: done };
  const wait = Math.max(0, Math.ceil((sending.retryAt - now) / 1000));
  const values = {
    percent: done,
    seconds: wait,
    status: sending.status,
    until: entry?.until ?? "…",
    reason: sending.reason,
  };
  const say = (name) => fill(words[name], values);
  switch (sending.state) {
    case "waiting":
    case "preparing":
    case "comparing":
      return { ...base, text: say(sending.state), buttons: ["cancel"] };
    case "receiving":
      return { ...base, text: receiving(sending, length, done, words), buttons: ["pause", "cancel"] };
    case "paused":
      return { ...base, text: say("paused"), buttons: ["resume", "cancel"] };
    case "offline":
    case "trouble":
      return { ...base, text: say(sending.state), buttons: ["retry", "pause", "cancel"] };
    case "signed_out":
      return { ...base, text: say("signed_out"), buttons: ["sign_in", "cancel"] };
    case "elsewhere":
      return { ...base, text: elsewhere(entry, done, words), buttons: ["here", "dismiss"] };
    case "full":
      return { ...base, text: "", error: say("full"), buttons: ["retry", "cancel"] };
    case "gone":
      return { ...base, text: "", error: words.gone, buttons: ["again", "dismiss"] };
    case "unreadable":
    case "different":
      return { ...base, text: "", error: words[sending.state], buttons: ["choose", "discard"] };
    default: // refused: unasked (no room, no right), or after a look at what had arrived
      return { ...base, step: sending.sent > 0 ? 1 : 0, text: "", error: sending.reason || sending.state, buttons: ["dismiss"] };
  }
}

function receiving(sending, length, done, words) {
  const speed = sending.speed.value;
  const values = { percent: done, sent: size(sending.sent), size: size(length) };
  if (!speed) return fill(words.receiving, values);
  return fill(words.receiving_fast, {
    ...values,
    speed: size(speed),
    left: left((length - sending.sent) / speed, words),
  });
}

function elsewhere(entry, done, words) {
  return fill(words.elsewhere, { percent: entry ? percent(entry.offset, entry.length) : done });
}

function ofEntry(entry, words, worker) {
  if (!entry) return { state: "checking", step: 1, text: words.received_waiting };
  const done = percent(entry.offset, entry.length);
  const values = { percent: done, until: entry.until, size: size(entry.length) };
  if (!entry.mine) {
    return { state: "unclaimed", step: 0, percent: done, text: fill(words.others, values), buttons: ["discard"] };
  }
  switch (entry.state) {
    case "receiving":
      if (entry.tab !== null) {
        return { state: "elsewhere", step: 0, percent: done, text: elsewhere(entry, done, words), buttons: [] };
      }
      return {
        state: "unclaimed",
        step: 0,
        percent: done,
        text: fill(words.unclaimed, values),
        buttons: ["choose", "discard"],
      };
    case "finishing":
      return finishing(entry, words, worker);
    case "refused":
      return { state: "refused", step: 1, text: "", error: entry.reason, buttons: ["dismiss"] };
    default:
      return ofWork(entry.work, words);
  }
}

function finishing(entry, words, worker) {
  if (!worker) return { state: "checking", step: 1, text: words.no_worker, tone: "held" };
  if (entry.finishing?.waiting && entry.reason) {
    return { state: "checking", step: 1, text: "", error: fill(words.check_failed, entry), buttons: ["discard"], tone: "bad" };
  }
  if (entry.finishing?.waiting) return { state: "checking", step: 1, text: words.received_waiting };
  const value = entry.finishing?.percent ?? 0;
  return {
    state: "checking",
    step: 1,
    percent: value,
    text: fill(words.checking_file, { percent: Math.floor(value) }),
  };
}

function ofWork(work, words) {
  if (!work) return { state: "ready", step: 4, percent: 100, text: words.replaced, buttons: ["dismiss"] };
  const early = work.playable ? words.playable : "";
  const join = (...parts) => parts.filter(Boolean).join(" · ");
  switch (work.state) {
    case "ready":
      return { state: "ready", step: 4, percent: 100, text: words.ready, buttons: ["open", "dismiss"] };
    case "refused": // by what was found in the file; "failed" is trouble with a good one
    case "failed":
      return { state: work.state, step: work.state === "refused" ? 1 : 2, text: early, error: work.error, buttons: ["open", "dismiss"] };
    case "queued":
      return { state: "encoding", step: 2, text: join(words.queued, early), buttons: ["open"] };
    case "encoding": {
      const text = join(fill(words.encoding, { percent: Math.floor(work.percent) }), work.left, work.speed, early);
      return { state: "encoding", step: 2, percent: work.percent, text, buttons: ["open"] };
    }
    default:
      return { state: "checking", step: 1, text: words.checking, buttons: ["open"] };
  }
}

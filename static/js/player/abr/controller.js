// The face that hls.js sees of the adaptation: its `abrController`. hls.js asks for the next rendition ten times a
// second; it is thought about anew only when something has changed.

const WATCH_MS = 100;
const MAIN = "main";

/**
 * @param {import("./adaptation.js").Adaptation} adaptation
 * @param {object} events hls.js's names of its events
 * @returns {new (hls: object) => object} a class for the option `abrController`
 */
export function controllerFor(adaptation, events) {
  return class AdaptationController {
    #hls;
    #timer = 0;
    #frag = null;
    #last = -1;
    #forced = -1;
    #said = -1;
    #key = "";
    #listeners;

    constructor(hls) {
      this.#hls = hls;
      this.#listeners = [
        [events.MANIFEST_LOADING, () => this.#forget()],
        [events.LEVELS_UPDATED, () => this.#forget()],
        [events.MAX_AUTO_LEVEL_UPDATED, () => (this.#key = "")],
        [events.FRAG_LOADING, (_, { frag }) => this.#begun(frag)],
        [events.FRAG_LOADED, (_, { frag }) => this.#loaded(frag)],
      ];
      for (const [event, listener] of this.#listeners) hls.on(event, listener, this);
    }

    destroy() {
      for (const [event, listener] of this.#listeners) this.#hls?.off(event, listener, this);
      clearInterval(this.#timer);
      this.#hls = this.#frag = null;
    }

    // What hls.js asks -------------------------------------------------------------------------------------------

    /** The estimate as hls.js knows it. */
    bwEstimator = {
      getEstimate: () => adaptation.throughput.estimate.rate,
      getEstimateTTFB: () => adaptation.throughput.estimate.ttfb * 1000,
      canEstimate: () => adaptation.throughput.samples > 0,
      get defaultEstimate() {
        return adaptation.throughput.estimate.rate;
      },
    };

    resetEstimator() {} // what was learnt is kept

    get firstAutoLevel() {
      return this.nextAutoLevel;
    }

    /** A rendition that somebody else asked for (an error's handling, a slow node), for one segment; -1 for none. */
    get forcedAutoLevel() {
      return this.#forced;
    }

    get nextAutoLevel() {
      if (!this.#hls) return -1;
      if (this.#forced >= 0) return this.#forced;
      const ladder = this.#ladder();
      if (ladder.length < 2) return (this.#said = ladder[0]?.at ?? 0);
      const facts = this.#facts(ladder);
      const key = this.#keyOf(facts, ladder);
      if (key !== this.#key) {
        this.#key = key;
        this.#said = ladder[adaptation.next(facts).index].at;
      }
      return this.#said;
    }

    // hls.js writes back what it was told; only what differs is somebody's will.
    set nextAutoLevel(level) {
      if (level !== this.#said && level >= 0 && level < (this.#hls?.levels.length ?? 0)) this.#forced = level;
    }

    // What happens -----------------------------------------------------------------------------------------------

    #forget() {
      clearInterval(this.#timer);
      this.#frag = null;
      this.#last = this.#forced = this.#said = -1;
      this.#key = "";
    }

    #begun(frag) {
      if (frag.type !== MAIN || frag.sn === "initSegment") return;
      this.#frag = frag;
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#watch(), WATCH_MS);
    }

    #loaded(frag) {
      if (frag.type !== MAIN || frag.sn === "initSegment") return;
      clearInterval(this.#timer);
      this.#frag = null;
      const { averageBitrate, bitrate, details } = this.#hls.levels[frag.level] ?? {};
      adaptation.arrived({
        segment: frag.sn - (details?.startSN ?? 0),
        bytes: frag.stats.total || frag.stats.loaded,
        average: averageBitrate || bitrate,
        duration: frag.duration,
      });
      this.#last = frag.level;
      this.#forced = -1;
      this.#key = "";
    }

    /** Look at the segment under way. */
    #watch() {
      const hls = this.#hls;
      const frag = this.#frag;
      const { stats } = frag ?? {};
      if (!hls || !frag || stats.aborted || (stats.total && stats.loaded >= stats.total)) {
        clearInterval(this.#timer);
        return;
      }
      const { media } = hls;
      if (!stats.loading.start || !media || media.paused || media.readyState < 2) return; // before a picture nothing is late
      const elapsed = (performance.now() - stats.loading.start) / 1000;
      this.#reconsider(frag, (facts) => adaptation.giveUp({ ...facts, loaded: stats.loaded, total: stats.total, elapsed }));
    }

    /**
     * The loader found that no node will bring this segment in time.
     * @param {object} frag
     * @param {{rate: number, remaining: number}} how bit/s, bytes
     */
    lower(frag, how) {
      if (this.#hls && frag === this.#frag) this.#reconsider(frag, (facts) => adaptation.lower({ ...facts, ...how }));
    }

    /** Give this segment up for a smaller one if `choose` says so. */
    #reconsider(frag, choose) {
      const hls = this.#hls;
      const { media } = hls;
      const waits = media?.paused && media.readyState >= 2;
      if (!hls.autoLevelEnabled || waits) return;
      const ladder = this.#ladder();
      const level = ladder.findIndex(({ at }) => at === frag.level);
      if (level <= 0) return;
      const choice = choose({
        levels: ladder,
        level,
        segment: frag.sn - (hls.levels[frag.level].details?.startSN ?? 0),
        duration: frag.duration,
        buffer: hls.mainForwardBufferInfo?.len ?? 0,
        speed: Math.abs(media?.playbackRate || 1),
      });
      if (choice) this.#swap(frag, ladder[choice.index].at);
    }

    #swap(frag, level) {
      const hls = this.#hls;
      clearInterval(this.#timer);
      this.#frag = null;
      this.#forced = level;
      hls.nextLoadLevel = level;
      frag.abortRequests();
      hls.trigger(events.FRAG_LOAD_EMERGENCY_ABORTED, { frag, part: null, stats: frag.stats });
    }

    // What there is ----------------------------------------------------------------------------------------------

    /** The renditions to choose from, lowest first: of the sound group and the codecs that play. */
    #ladder() {
      const { levels, loadLevelObj } = this.#hls;
      const like = loadLevelObj ?? levels[0];
      const fits = (level) =>
        level.codecSet === like.codecSet && (level.audioGroups?.[0] ?? "") === (like.audioGroups?.[0] ?? "");
      return levels
        .map((level, at) => ({
          at,
          fits: fits(level),
          average: level.averageBitrate || level.bitrate,
          bitrate: level.bitrate,
          width: level.width,
          height: level.height,
          name: nameOf(level),
        }))
        .filter((level) => level.fits);
    }

    #facts(ladder) {
      const hls = this.#hls;
      const inHand = hls.mainForwardBufferInfo;
      const last = ladder.findIndex(({ at }) => at === this.#last);
      const details = hls.levels[this.#last]?.details ?? hls.latestLevelDetails ?? null;
      const duration = details?.averagetargetduration || details?.targetduration || 4;
      const place = inHand?.end ?? hls.media?.currentTime ?? 0;
      return {
        levels: ladder,
        last,
        segment: Math.max(0, Math.round(place / duration)),
        segments: details?.fragments?.length ?? 0,
        buffer: inHand?.len ?? 0,
        capacity: this.#most(ladder[Math.max(0, last)].bitrate) + duration,
        duration,
        speed: Math.abs(hls.media?.playbackRate || 1),
      };
    }

    /** Seconds of film in hand from which hls.js loads nothing more (its getMaxBufferLength). */
    #most(bitrate) {
      const { maxBufferLength, maxBufferSize, maxMaxBufferLength } = this.#hls.config;
      return Math.min(maxMaxBufferLength, Math.max(maxBufferLength, (8 * maxBufferSize) / bitrate));
    }

    /** What a choice hangs on; while this stays, so does the choice. */
    #keyOf({ last, segment, buffer, speed }, ladder) {
      const { samples } = adaptation.throughput;
      const cap = adaptation.cap(ladder).index;
      return [samples.toFixed(2), last, segment, Math.floor(buffer), speed, cap, ladder.length].join(" ");
    }
  };
}

/** A rendition's name in the package: surround has a variant of the same picture. */
function nameOf({ attrs, height }) {
  return (attrs?.["STABLE-VARIANT-ID"] ?? `v${height}`).replace(/-sur$/, "");
}

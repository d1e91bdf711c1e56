// A line to the site on which it says what changed (docs/live.md), opened anew whenever it breaks.

/** The site beats every 20 s; after this long without a word the line is taken for dead. */
const SILENCE_MS = 50_000;
/** After errors: the site is away, or a proxy lets no lines through. */
const AFTER_ERRORS_MS = [1000, 2000, 5000, 10_000, 30_000, 60_000];
/** The site ended it: a session was changed just now, and is read anew in a moment. */
const AGAIN_MS = 600;
/** A server that does not hold lines says what there is and ends. */
const UNHELD_MS = 15_000;
const FULL_MS = 60_000;

export class Line {
  #url;
  #known;
  #tools;
  #source = null;
  #timer = 0;
  #errors = 0;
  #held = true;

  /**
   * @param {string} url
   * @param {{since?: number, after?: number}} known when the page was made (s since 1970), or the newest news it heard
   * @param {object} tools
   * @param {(news: object, id: number) => void} tools.onNews
   * @param {(hello: {profile: string, whole: boolean}, id: number) => void} tools.onHello
   * @param {() => void} tools.onGone nobody is signed in any more, or nobody has said who is watching
   * @param {(url: string) => EventSource} [tools.connect]
   * @param {() => number} [tools.chance] 0 … 1
   */
  constructor(url, known, tools) {
    this.#url = url;
    this.#known = known;
    this.#tools = { connect: (address) => new EventSource(address), chance: Math.random, ...tools };
  }

  open() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const [[name, value]] = Object.entries(this.#known);
    const source = this.#tools.connect(`${this.#url}?${name}=${value}`);
    this.#source = source;
    const heard = (kind, then) =>
      source.addEventListener(kind, (event) => {
        if (source === this.#source) then(event);
      });
    heard("hello", (event) => this.#hello(event));
    heard("news", (event) => this.#news(event));
    heard("beat", () => this.#watch());
    heard("again", () => this.#later(this.#held ? AGAIN_MS : UNHELD_MS));
    heard("full", () => this.#later(FULL_MS));
    heard("gone", () => {
      this.close();
      this.#tools.onGone();
    });
    heard("error", () => this.#broke());
    this.#watch();
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #hello(event) {
    const hello = JSON.parse(event.data);
    this.#errors = 0;
    this.#held = hello.held;
    this.#note(event);
    this.#tools.onHello(hello, this.#known.after);
  }

  #news(event) {
    this.#note(event);
    this.#tools.onNews(JSON.parse(event.data), Number(event.lastEventId));
  }

  #note(event) {
    this.#known = { after: Math.max(this.#known.after ?? 0, Number(event.lastEventId) || 0) };
    this.#watch();
  }

  /** The line has to say something now and then. */
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), SILENCE_MS);
  }

  #broke() {
    const wait = this.#held ? AFTER_ERRORS_MS[Math.min(this.#errors, AFTER_ERRORS_MS.length - 1)] : UNHELD_MS;
    this.#errors += 1;
    this.#later(wait);
  }

  /** Not all browsers at once, when the site was started anew. */
  #later(ms) {
    this.close();
    this.#timer = setTimeout(() => this.open(), ms * (0.75 + 0.5 * this.#tools.chance()));
  }
}

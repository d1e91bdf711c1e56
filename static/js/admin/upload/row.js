// One upload on the page: made from the template, changed only where something changed.

import { size } from "./format.js";
import { STEPS } from "./standing.js";

export class Row {
  /** `act(name)` is called for the buttons; `choose` by the file that its person chose. */
  constructor(template, words, { act, chosen }) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.words = words;
    this.shown = "";
    this.parts = new Map([...this.element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.parts.get("steps").replaceChildren(
      ...STEPS.map((step) => {
        const item = document.createElement("li");
        item.textContent = words[`step_${step}`];
        return item;
      }),
    );
    this.element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (button) act(button.dataset.act, button);
    });
    this.parts.get("file").addEventListener("change", (event) => {
      const file = event.target.files[0];
      event.target.value = "";
      if (file) chosen(file);
    });
  }

  /** Show what `standing` made of it. `entry` may be null. */
  paint(shown, { name, length, entry, signIn }) {
    const part = (key) => this.parts.get(key);
    this.element.dataset.state = shown.state;
    this.element.dataset.tone = shown.tone;
    put(part("name"), name);
    put(part("about"), [size(length), entry?.title_name || this.words.new_film].join(" · "));
    put(part("text"), shown.text);
    put(part("error"), shown.error);
    part("error").hidden = !shown.error;
    part("text").hidden = !shown.text;
    const bar = part("bar");
    bar.hidden = ["ready", "refused"].includes(shown.state) || (shown.step > 0 && (shown.tone === "bad" || shown.tone === "held"));
    // A step whose end nobody can tell has a bar without a value, which moves.
    if (shown.percent || shown.step === 0) bar.value = shown.percent;
    else bar.removeAttribute("value");
    [...part("steps").children].forEach((item, index) => {
      item.className = index < shown.step ? "done" : index === shown.step ? "now" : "";
      if (index === shown.step) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    this.buttons(shown.buttons, shown.state, { entry, signIn });
    if (entry?.picture && !("drawn" in part("picture").dataset)) this.poster(entry.picture);
  }

  buttons(names, state, links) {
    const key = [...names, state, links.entry?.title_url].join();
    if (key === this.shown) return;
    this.shown = key;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    this.parts.get("buttons").replaceChildren(...names.map((name) => this.button(name, state, links)));
    if (focused) this.element.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  button(name, state, { entry, signIn }) {
    const link = name === "open" || name === "sign_in";
    const made = document.createElement(link ? "a" : "button");
    const main = ["resume", "retry", "choose", "sign_in", "here"].includes(name) || (name === "open" && state === "ready");
    made.className = main ? "nl-button nl-button--main" : "nl-button";
    made.dataset.act = name;
    made.textContent = this.words[name];
    if (link) made.href = name === "open" ? (entry?.title_url ?? "#") : signIn;
    else made.type = "button";
    if (name === "sign_in") made.target = "_blank";
    return made;
  }

  /** Open the file dialogue for this row. */
  choose() {
    this.parts.get("file").click();
  }

  /** Show the picture that the film has by now. */
  poster(address) {
    const picture = new Image();
    picture.addEventListener("load", () => this.draw(picture, picture.naturalWidth, picture.naturalHeight));
    this.parts.get("picture").dataset.drawn = "";
    picture.src = address;
  }

  /** Fill the little screen. */
  draw(picture, wide, high) {
    const canvas = this.parts.get("picture");
    const scale = Math.max(canvas.width / wide, canvas.height / high);
    const [width, height] = [wide * scale, high * scale];
    canvas
      .getContext("2d")
      .drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    canvas.dataset.drawn = "1";
  }

  /** Show a frame of a file that this browser can play. */
  async picture(file) {
    const video = document.createElement("video");
    const address = URL.createObjectURL(file);
    const end = new AbortController();
    const give = () => {
      end.abort();
      video.removeAttribute("src");
      video.load();
      URL.revokeObjectURL(address);
    };
    video.muted = true;
    video.preload = "auto";
    video.addEventListener("error", give, end);
    video.addEventListener(
      "loadedmetadata",
      () => (video.currentTime = Math.min(video.duration / 8, 60) || 0),
      end,
    );
    video.addEventListener(
      "seeked",
      () => {
        this.draw(video, video.videoWidth, video.videoHeight);
        give();
      },
      end,
    );
    video.src = address;
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

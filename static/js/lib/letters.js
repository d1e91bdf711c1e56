// Letters on the screen, for hands that hold a remote control: a sheet of keys at the foot of the page that writes into
// the field it was opened for. What the field does as one types (search) it does here too.

import { language, gettext } from "./words.js";

const LATIN = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
const SIGNS = ["1234567890", "@.-_+/:;,!", "?&#%$€'\"*", "()=[]{}~|"];
//: What a language needs beside a to z: more keys, or letters of its own.
const MORE = { de: "äöüß", fr: "éèêëàâçîïôùûœ", es: "áéíóúüñ¿¡" };
const OWN = {
  ar: ["1234567890", "ضصثقفغعهخحجد", "شسيبلاتنمكطذ", "ئءؤرىةوزظأإآ"],
  hi: ["1234567890", "अआइईउऊएऐओऔंः", "कखगघचछजझटठडढण", "तथदधनपफबभमय", "रलवशषसहािीुूेैोौ्"],
};

/** The rows of keys of a sheet: "own" letters of the language, "latin" or "signs". Pure. */
export function rowsOf(sheet, tag) {
  const base = tag.split("-")[0];
  if (sheet === "signs") return SIGNS;
  if (sheet === "own" && OWN[base]) return OWN[base];
  return MORE[base] ? [...LATIN, MORE[base]] : LATIN;
}

/** The sheets that there are for a language, in the order in which they come round. Pure. */
export function sheetsOf(tag) {
  return OWN[tag.split("-")[0]] ? ["own", "latin", "signs"] : ["latin", "signs"];
}

class Letters {
  #field;
  #dialog = document.createElement("dialog");
  #keys = document.createElement("div");
  #shown = document.createElement("output");
  #sheets;
  #large = false;

  constructor(field) {
    this.#field = field;
    // Addresses and passwords begin with Latin letters.
    const plain = ["email", "url", "password", "tel"].includes(field.type);
    this.#sheets = sheetsOf(plain ? "en" : language());
    this.#dialog.className = "letters";
    this.#dialog.setAttribute("aria-label", nameOf(field) || gettext("Letters"));
    this.#shown.className = "letters__shown";
    this.#keys.className = "letters__keys";
    this.#dialog.append(this.#shown, this.#keys);
    this.#dialog.addEventListener("click", ({ target }) => this.#press(target.closest("button")));
    this.#dialog.addEventListener("keydown", (event) => this.#type(event));
    this.#dialog.addEventListener("close", () => this.#close());
  }

  open() {
    document.body.append(this.#dialog);
    this.#draw();
    this.#dialog.showModal();
    this.#keys.querySelector(".letters__key--letter")?.focus();
  }

  #draw(focus = "") {
    const rows = rowsOf(this.#sheets[0], language()).map((row) => [...row].map((letter) => this.#letter(letter)));
    rows.push([
      key("large", gettext("Capital letters"), "⇧", { pressed: this.#large }),
      key("sheet", gettext("Other letters and signs"), this.#sheets[1] === "signs" ? "#+=" : this.#sheets[1] === "own" ? "…" : "abc"),
      key("space", gettext("Space"), "␣"),
      key("back", gettext("Delete a letter"), "⌫"),
      key("clear", gettext("Clear"), gettext("Clear")),
      key("done", gettext("Done"), gettext("Done")),
    ]);
    this.#keys.replaceChildren(...rows.map(line));
    this.#say();
    if (focus) this.#keys.querySelector(`[data-does="${focus}"]`)?.focus();
  }

  #letter(letter) {
    const shown = this.#large ? letter.toLocaleUpperCase(language()) : letter;
    const button = key("", "", shown);
    button.classList.add("letters__key--letter");
    button.value = shown;
    return button;
  }

  #press(button) {
    if (!button) return;
    const does = button.dataset.does;
    if (!does) this.#write(button.value);
    else if (does === "space") this.#write(" ");
    else if (does === "back") this.#set([...this.#field.value].slice(0, -1).join(""));
    else if (does === "clear") this.#set("");
    else if (does === "done") this.#dialog.close();
    else {
      if (does === "large") this.#large = !this.#large;
      else this.#sheets.push(this.#sheets.shift());
      this.#draw(does);
    }
  }

  /** A keyboard that turns up after all writes too. */
  #type(event) {
    if (event.key === "Backspace") this.#set([...this.#field.value].slice(0, -1).join(""));
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) this.#write(event.key);
    else return;
    event.preventDefault();
  }

  #write(text) {
    const { maxLength, value } = this.#field;
    if (maxLength < 0 || value.length < maxLength) this.#set(value + text);
  }

  #set(value) {
    this.#field.value = value;
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#say();
  }

  #say() {
    const { value, type } = this.#field;
    this.#shown.textContent = type === "password" ? "•".repeat([...value].length) : value;
  }

  #close() {
    this.#dialog.remove();
    this.#field.dispatchEvent(new Event("change", { bubbles: true }));
    this.#field.focus();
  }
}

function line(keys) {
  const row = document.createElement("div");
  row.className = "letters__row";
  row.append(...keys);
  return row;
}

function key(does, name, face, { pressed } = {}) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "letters__key";
  button.textContent = face;
  if (does) button.dataset.does = does;
  if (name && name !== face) button.setAttribute("aria-label", name);
  if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
  return button;
}

function nameOf(field) {
  return field.getAttribute("aria-label") ?? field.labels?.[0]?.textContent.trim() ?? "";
}

/** Open the sheet for a field. */
export function openLetters(field) {
  new Letters(field).open();
}

// Small tools for building the controls: elements, icons, and nothing that a strict CSP forbids.

import { ICONS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Properties that start with "on" are listeners; `class`, `aria-*`, `data-*` and `role` are
 * attributes; everything else is set as a property. Nothing is parsed as markup.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (/^(aria-|data-|role$)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An icon from icons.js; hidden from assistive technology, because its button is labelled. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  svg.classList.add("player-icon");
  for (const { d, fill, text, x, y } of ICONS[name]) {
    const part = document.createElementNS(SVG, text ? "text" : "path");
    if (text) {
      part.textContent = text;
      part.setAttribute("x", x);
      part.setAttribute("y", y);
    } else {
      part.setAttribute("d", d);
      part.classList.add(fill ? "solid" : "line");
    }
    svg.append(part);
  }
  return svg;
}

/** A round button of the control bar. `data-key` is the key that does the same; it is shown behind the label. */
export function iconButton(name, label, onclick, properties = {}) {
  const usual = { type: "button", class: "player-button", "aria-label": label, onclick };
  const button = h("button", { ...usual, ...properties }, icon(name));
  button.title = hinted(button, label);
  if (button.dataset.key) button.setAttribute("aria-keyshortcuts", button.dataset.key);
  return button;
}

function hinted(button, label) {
  return button.dataset.key ? `${label} (${button.dataset.key})` : label;
}

/** Hide a part of the player. When the focus was in it, it goes to the picture, not to the top of the page. */
export function conceal(element) {
  const focused = !element.hidden && element.contains(document.activeElement);
  element.hidden = true;
  if (focused) element.closest("nl-player")?.focusSurface();
}

/** Change a button's icon and label when they differ. */
export function relabel(button, name, label) {
  if (button.dataset.icon === name && button.getAttribute("aria-label") === label) return;
  button.dataset.icon = name;
  button.setAttribute("aria-label", label);
  button.title = hinted(button, label);
  button.querySelector("svg").replaceWith(icon(name));
}

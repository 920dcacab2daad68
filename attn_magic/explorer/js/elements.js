// @ts-check
/**
 * The small elements that the explorer's page is made of.
 */

import { formatLabel } from "./notation.js";

export const NOT_LIVE = "To change numbers, start the kernel to recompute: run the cell in a notebook.";

/**
 * An element with properties ("class", "on…" and ARIA names as attributes) and children; text only ever becomes text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
export function svg(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @type {Record<string, string>} */
export const ICONS = {
  previous: "M15 5 8 12l7 7M5 5v14",
  next: "m9 5 7 7-7 7M19 5v14",
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  undo: "M4 9h10a5 5 0 0 1 0 10H9M8 5 4 9l4 4",
  redo: "M20 9H10a5 5 0 0 0 0 10h5M16 5l4 4-4 4",
  copy: "M12 3v12m-5-5 5 5 5-5M4 20h16",
};

/** @param {string} name */
export function icon(name) {
  const image = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon ${name}` });
  image.append(svg("path", { d: ICONS[name] }));
  return image;
}

/** "W_q" with its index lowered. @param {string} symbol @returns {(Node | string)[]} */
export const mathematics = (symbol) =>
  formatLabel(symbol)
    .split(/_([A-Za-z0-9]+)/)
    .map((piece, place) => (place % 2 ? h("sub", {}, piece) : piece));

/** @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A choice of few, as radio buttons side by side.
 * @param {string} name @param {string} label @param {[string, string][]} choices
 * @param {(value: string) => void} onChoose
 */
export function choice(name, label, choices, onChoose) {
  // Radio buttons of two explorers must not be one group.
  const group = `${name}-${Math.random().toString(36).slice(2)}`;
  const inputs = choices.map(([value]) => h("input", { type: "radio", name: group, value }));
  const labels = choices.map(([, text], index) =>
    h("label", {}, inputs[index], h("span", {}, h("span", {}, ...mathematics(text)))),
  );
  const element = h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, label),
    h("div", { class: "segments" }, ...labels),
  );
  element.addEventListener("change", (event) => onChoose(/** @type {HTMLInputElement} */ (event.target).value));
  return {
    element,
    /** @param {string} value */
    select(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}

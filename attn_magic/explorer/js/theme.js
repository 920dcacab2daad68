// @ts-check
/**
 * Light or dark, as what is around the explorer has it.
 */

import { DARK_INK_ABOVE, relativeLuminance } from "./drawing.js";

/**
 * "dark" or "light": the word of JupyterLab, of VS Code, of Colab, of marimo or of the page; else what lies behind
 * `element`; else the system's.
 * @param {Element} element @param {boolean} systemIsDark
 */
export function themeOf(element, systemIsDark) {
  const { body, documentElement: html } = element.ownerDocument;
  const lab = body.getAttribute("data-jp-theme-light");
  if (lab !== null) return lab === "false" ? "dark" : "light";
  if (body.classList.contains("vscode-light") || body.classList.contains("vscode-high-contrast-light")) return "light";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return "dark";
  const own = [html.getAttribute("theme"), html.getAttribute("data-theme"), body.getAttribute("data-theme")];
  return (
    own.find((word) => word === "dark" || word === "light") ?? themeBehind(element) ?? (systemIsDark ? "dark" : "light")
  );
}

/** What goes with the first colour behind `element` that hides what is behind it. @param {Element} element */
function themeBehind(element) {
  for (let at = around(element); at; at = around(at)) {
    const luminance = luminanceOf(getComputedStyle(at).backgroundColor);
    if (luminance !== null) return luminance > DARK_INK_ABOVE ? "light" : "dark";
  }
  return null;
}

/** What it is drawn in, through the roots of shadow trees. @param {Element} element @returns {Element | null} */
const around = (element) =>
  element.assignedSlot ??
  element.parentElement ??
  /** @type {Partial<ShadowRoot>} */ (element.getRootNode()).host ??
  null;

/**
 * The luminance of a colour as browsers write computed ones, in sRGB or by its lightness; null for one that can be seen
 * through.
 * @param {string} color
 */
export function luminanceOf(color) {
  const [, kind, rest] = /^(\w+)\((.*)\)$/.exec(color) ?? ["", "", ""];
  const [first, second, third, alpha = 1] = rest
    .replace(/^[a-z][\w-]* /, "")
    .split(/[ ,/]+/)
    .map((part) => parseFloat(part) || 0);
  if (kind === "" || alpha < 0.9) return null;
  if (kind.startsWith("ok")) return first ** 3;
  if (kind.startsWith("l")) return ((first + 16) / 116) ** 3;
  const most = kind === "color" ? 1 : 255;
  return relativeLuminance([first / most, second / most, third / most]);
}

/**
 * Keep `element` in the theme of its surroundings.
 * @param {HTMLElement} element @param {MediaQueryList} darkSystem @param {AbortSignal} signal
 */
export function followTheme(element, darkSystem, signal) {
  const update = () => void (element.dataset.theme = themeOf(element, darkSystem.matches));
  const themes = new MutationObserver(update);
  darkSystem.addEventListener("change", update, { signal });
  const attributeFilter = ["data-jp-theme-light", "class", "theme", "data-theme"];
  for (const outer of [document.body, document.documentElement])
    themes.observe(outer, { attributes: true, attributeFilter });
  signal.addEventListener("abort", () => themes.disconnect());
  update();
  whenPlaced(element, update, signal); // only then something is behind it
}

/**
 * Call `act` once `element` has a place on its page: a notebook builds what it shows later.
 * @param {HTMLElement} element @param {() => void} act @param {AbortSignal} signal
 */
export function whenPlaced(element, act, signal) {
  const size = new ResizeObserver(() => {
    if (!element.isConnected) return;
    size.disconnect();
    act();
  });
  size.observe(element);
  signal.addEventListener("abort", () => size.disconnect());
}

// @ts-check
/**
 * Taking along: what Python writes of the run or of a stage, on the clipboard, or offered where a page may not reach
 * that.
 */

import { stageOf } from "./record.js";
import { formatLabel } from "./notation.js";
import { h } from "./elements.js";
import { say } from "./showing.js";
import { ask } from "./changing.js";

/** @import { TraceState } from "./state.js" */

/** The name of each format, and how its files end. @type {Record<string, [string, string]>} */
const FORMATS = {
  pytorch: ["PyTorch", "py"],
  latex: ["LaTeX", "tex"],
  markdown: ["Markdown", "md"],
  csv: ["CSV", "csv"],
  png: ["PNG", "png"],
  svg: ["SVG", "svg"],
};
const SHOWN_FOR = 8000; // milliseconds
const MAX_SELECTED = 100_000; // letters that are shown to be copied by hand; more are a file

/** @param {TraceState} trace @param {string} what @param {string | null} stage */
export function copy(trace, what, stage) {
  ask(
    trace.page,
    { kind: "copy", what, stage },
    (reply, buffers) =>
      reply.ok &&
      writeToClipboard(trace, what, stage, what === "png" ? new Blob(buffers, { type: "image/png" }) : reply.copy),
  );
}

/** @param {TraceState} trace @param {string} what @param {string | null} stage @param {string | Blob} content */
async function writeToClipboard(trace, what, stage, content) {
  const { page } = trace;
  const { copies } = page.toolbar;
  try {
    if (typeof content === "string") await navigator.clipboard.writeText(content);
    else await navigator.clipboard.write([new ClipboardItem({ [content.type]: content })]);
  } catch {
    copies.offer(...offerByHand(what, stage ?? "attention", content));
    const how = copies.element.querySelector("textarea")
      ? "press Ctrl+C for the selected text, or save it as a file"
      : "save it as a file";
    return say(page, `This page may not reach the clipboard: ${how}.`);
  }
  copies.close();
  const done = describeCopy(what, stage && formatLabel(stageOf(trace.record, stage).title), content);
  say(page, done);
  setTimeout(() => page.status.textContent === done && say(page, ""), SHOWN_FOR);
}

/** "Copied 12 lines of PyTorch." @param {string} what @param {string | null} title @param {string | Blob} content */
export function describeCopy(what, title, content) {
  const [format] = FORMATS[what];
  if (typeof content !== "string" || what === "svg") return `Copied ${title} as ${format} picture.`;
  const count = content.trimEnd().split("\n").length;
  const lines = `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}`;
  return `Copied ${lines} of ${format}${title ? `: ${title}` : ""}.`;
}

/**
 * What to do where the clipboard is out of reach: the text selected, or the picture, and a file of it.
 * @param {string} what @param {string} name @param {string | Blob} content
 */
function offerByHand(what, name, content) {
  const [format, ending] = FORMATS[what];
  const address = URL.createObjectURL(
    typeof content === "string" ? new Blob([content], { type: "text/plain" }) : content,
  );
  const file = h("a", { href: address, download: `${name}.${ending}` }, `Save as ${name}.${ending}`);
  if (typeof content !== "string") return [h("img", { src: address, alt: `${name} as a picture` }), file];
  if (content.length > MAX_SELECTED) return [file];
  const text = h("textarea", { readonly: true, rows: 5, "aria-label": `${format} to copy` });
  text.value = content;
  queueMicrotask(() => (text.focus({ preventScroll: true }), text.select()));
  return [text, file];
}

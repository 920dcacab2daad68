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

/** @import { CopyFormat } from "./record.js" */
/** @import { TraceState } from "./state.js" */

const SHOWN_FOR = 8000; // milliseconds
const MAX_SELECTED = 100_000; // letters that are shown to be copied by hand; more are a file

/** @param {TraceState} trace @param {CopyFormat} format @param {string | null} stage */
export function copy(trace, format, stage) {
  const { name } = format;
  ask(trace.page, { kind: "copy", what: name, stage }, (reply, buffers) => {
    const content = reply.copy ?? new Blob(buffers, { type: `image/${name}` });
    if (reply.ok) writeToClipboard(trace, format, stage, content);
  });
}

/** @param {TraceState} trace @param {CopyFormat} format @param {string | null} stage @param {string | Blob} content */
async function writeToClipboard(trace, format, stage, content) {
  const { page } = trace;
  const { copies } = page.toolbar;
  try {
    if (typeof content === "string") await navigator.clipboard.writeText(content);
    else await navigator.clipboard.write([new ClipboardItem({ [content.type]: content })]);
  } catch {
    copies.offer(...offerByHand(format, stage ?? "attention", content));
    const how = copies.element.querySelector("textarea")
      ? "press Ctrl+C for the selected text, or save it as a file"
      : "save it as a file";
    return say(page, `This page may not reach the clipboard: ${how}.`);
  }
  copies.close();
  const done = describeCopy(format, stage && formatLabel(stageOf(trace.record, stage).title), content);
  say(page, done);
  setTimeout(() => page.status.textContent === done && say(page, ""), SHOWN_FOR);
}

/**
 * "Copied 12 lines of PyTorch."
 * @param {{name: string, label: string}} format @param {string | null} title @param {string | Blob} content
 */
export function describeCopy({ name, label }, title, content) {
  if (typeof content !== "string" || name === "svg") return `Copied ${title} as ${label} picture.`;
  const count = content.trimEnd().split("\n").length;
  const lines = `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}`;
  return `Copied ${lines} of ${label}${title ? `: ${title}` : ""}.`;
}

/**
 * What to do where the clipboard is out of reach: the text selected, or the picture, and a file of it.
 * @param {CopyFormat} format @param {string} name @param {string | Blob} content
 */
function offerByHand({ label, ending }, name, content) {
  const address = URL.createObjectURL(
    typeof content === "string" ? new Blob([content], { type: "text/plain" }) : content,
  );
  const file = h("a", { href: address, download: name + ending }, `Save as ${name}${ending}`);
  if (typeof content !== "string") return [h("img", { src: address, alt: `${name} as a picture` }), file];
  if (content.length > MAX_SELECTED) return [file];
  const text = h("textarea", { readonly: true, rows: 5, "aria-label": `${label} to copy` });
  text.value = content;
  queueMicrotask(() => (text.focus({ preventScroll: true }), text.select()));
  return [text, file];
}
